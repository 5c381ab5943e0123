//! What the stand-in has, by the numbers in the payload.
//!
//! This is the only place that knows the stand-in's answer.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value as Json;
use ureq::Agent;

/// The telemetry key that holds the numbers.
pub(crate) const KEY: &str = "seq";
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(30);
/// Answers that are kept: those of some minutes.
const KEPT: usize = 10_000;

/// The numbers of one device that the stand-in has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sequence {
    /// Samples, however often they came.
    pub(crate) arrived: u64,
    /// Different numbers.
    pub(crate) distinct: u64,
    /// The highest number.
    pub(crate) max: u64,
    /// Samples whose number had come before.
    pub(crate) duplicates: u64,
    /// Numbers that came for the first time after a higher one.
    pub(crate) out_of_order: u64,
    /// There were so many gaps that the stand-in cannot tell new from repeated
    /// numbers any more.
    pub(crate) lost_count: bool,
}

/// All devices at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrived {
    pub(crate) devices: BTreeMap<String, Sequence>,
}

impl Arrived {
    pub(crate) fn sum(&self, figure: impl Fn(&Sequence) -> u64) -> u64 {
        self.devices.values().map(figure).sum()
    }

    /// Asks the stand-in; none if it does not answer.
    fn ask(agent: &Agent, http: SocketAddr) -> Option<Self> {
        let url = format!("http://{http}/api/sequence?key={KEY}");
        let answer: Json = agent.get(url).call().ok()?.body_mut().read_json().ok()?;
        let devices = answer["devices"].as_object()?;
        let figure = |device: &Json, name: &str| {
            let figure = device[name].as_u64();
            figure.unwrap_or_else(|| panic!("the stand-in says no {name:?}: {device}"))
        };
        let sequence = |device| Sequence {
            arrived: figure(device, "arrived"),
            distinct: figure(device, "distinct"),
            max: figure(device, "max"),
            duplicates: figure(device, "duplicates"),
            out_of_order: figure(device, "outOfOrder"),
            lost_count: device["lostCount"] == true,
        };
        let devices = devices.iter();
        Some(Self {
            devices: devices
                .map(|(name, device)| (name.clone(), sequence(device)))
                .collect(),
        })
    }
}

/// Asks the stand-in all the time.
pub(crate) struct Watch {
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    last: Arrived,
    /// When each question was asked, and how many samples had arrived.
    totals: VecDeque<(Instant, u64)>,
}

impl Watch {
    pub(crate) fn start(http: SocketAddr) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let sink = Arc::downgrade(&seen);
        let agent: Agent = Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(5)))
            .build()
            .into();
        thread::spawn(move || {
            while let Some(seen) = sink.upgrade() {
                let asked = Instant::now();
                if let Some(arrived) = Arrived::ask(&agent, http) {
                    let mut seen = seen.lock().unwrap();
                    seen.totals
                        .push_back((asked, arrived.sum(|device| device.arrived)));
                    if seen.totals.len() > KEPT {
                        seen.totals.pop_front();
                    }
                    seen.last = arrived;
                }
                thread::sleep(PAUSE);
            }
        });
        Self { seen }
    }

    /// The last answer.
    pub(crate) fn last(&self) -> Arrived {
        self.seen.lock().unwrap().last.clone()
    }

    /// At least how many samples arrived between `from` and `to`: as counted by
    /// the last question before and the first one after.
    pub(crate) fn between(&self, from: Instant, to: Instant) -> u64 {
        let seen = self.seen.lock().unwrap();
        let mut before = seen.totals.iter().rev().filter(|(asked, _)| *asked <= from);
        let mut after = seen.totals.iter().filter(|(asked, _)| *asked >= to);
        let last = seen.totals.back();
        let count = |entry: Option<&(Instant, u64)>| entry.map_or(0, |(_, count)| *count);
        count(after.next().or(last)).saturating_sub(count(before.next()))
    }
}
