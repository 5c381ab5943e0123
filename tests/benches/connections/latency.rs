//! From a write to a device's socket to the stand-in, while most connections are silent.
//!
//! A sample says when it was written; the stand-in compares that with its clock, which is the
//! same, when it takes the message, and counts.

use measure::{Cell, Report, Table};
use serde_json::{Value as Json, json};

use crate::{crowd::Talk, load::steady::SENT, stage::Stage};

/// Connections that talk.
const TALKERS: usize = 1000;
/// Samples a second, each with a write of its own: a load that keeps no queue full.
const RATE: usize = 1000;
const SECONDS: usize = 5;

/// What the stand-in counted.
pub(crate) struct Latency {
    talkers: usize,
    connections: usize,
    delays: Json,
}

impl Latency {
    /// Lets some of the open connections talk, whose devices ThingsBoard has already.
    pub(crate) fn measure(stage: &mut Stage, quick: bool) -> Self {
        let connections = stage.crowd.len();
        let talkers = TALKERS.min(connections);
        let samples = RATE * if quick { 1 } else { SECONDS };
        stage.standin.must_post("/delays", &json!({ "key": SENT }));
        stage.crowd.talk_timed(&Talk {
            connections: talkers,
            devices: talkers,
            burst: 1,
            bursts_per_second: RATE,
            bursts: samples,
        });
        stage.prove();
        let delays = stage.standin.get("/delays").unwrap();
        assert_eq!(delays["count"], samples, "samples with a time: {delays}");
        Self {
            talkers,
            connections,
            delays,
        }
    }

    fn ms(&self, figure: &str) -> f64 {
        self.delays[figure].as_f64().unwrap() / 1000.0
    }
}

/// Adds the table, and the key figure of the last run.
pub(crate) fn report<K: ToString>(report: &mut Report, runs: &[(K, Latency)]) {
    let title = format!("From the device's socket to the stand-in, {RATE} samples a second");
    let mut table = Table::new("latency", title, "connections that talk").columns([
        ("p50", "p50"),
        ("p99", "p99"),
        ("p999", "p99.9"),
        ("max", "longest"),
        ("samples", "samples"),
    ]);
    for (key, run) in runs {
        let times = ["p50", "p99", "p999", "max"].map(|figure| Cell::figure(run.ms(figure), "ms"));
        let samples = Cell::Count(run.delays["count"].as_u64().unwrap());
        let [talkers, connections] =
            [run.talkers, run.connections].map(|number| Cell::Count(number as u64).label());
        let label = format!("{talkers} of {connections}");
        table.row(key.to_string(), label, times.into_iter().chain([samples]));
    }
    report.table(table);
    if let Some((_, most)) = runs.last() {
        report.key_figure("p99Milliseconds", most.ms("p99"));
    }
}
