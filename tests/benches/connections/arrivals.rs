//! What arrived at the stand-in.

use std::{
    fmt,
    time::{Duration, Instant},
};

use harness::Standin;
use serde_json::Value as Json;

use crate::crowd::Crowd;

/// Longest time for samples that were sent to arrive.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until all that was sent has arrived, each sample once and every device's in
/// order.
pub(crate) fn prove(standin: &Standin, crowd: &Crowd) {
    let deadline = Instant::now() + PATIENCE;
    let sent = crowd.sent();
    let mut arrived = Json::Null;
    while arrived["distinct"] != sent {
        assert!(Instant::now() < deadline, "{sent} sent, arrived: {arrived}");
        std::thread::sleep(Duration::from_millis(50));
        arrived = standin.sequence("n");
    }
    for (figure, expected) in [("arrived", sent), ("gapFree", sent), ("outOfOrder", 0)] {
        assert_eq!(arrived[figure], expected, "{figure}: {arrived}");
    }
}

/// From the write to the device's socket to the arrival, of all timed samples.
pub(crate) struct Latency {
    /// In microseconds, ascending.
    sorted: Vec<u64>,
}

/// Of the first so many devices.
pub(crate) fn latency(standin: &Standin, devices: usize) -> Latency {
    let mut sorted: Vec<u64> = (0..devices)
        .flat_map(|device| {
            let path = format!("/devices/D-{device}/telemetry/arrivals?keys=sent");
            let arrivals = standin.get(&path).unwrap_or_default();
            arrivals["sent"].as_array().cloned().unwrap_or_default()
        })
        .map(|pair| {
            // A number, or a text where the stand-in keeps values as texts.
            let sent = pair[1]
                .as_u64()
                .or_else(|| pair[1].as_str()?.parse().ok())
                .unwrap();
            pair[0].as_u64().unwrap().saturating_sub(sent)
        })
        .collect();
    sorted.sort_unstable();
    Latency { sorted }
}

impl Latency {
    /// The time that a share of all was not above, in milliseconds; the share in
    /// thousandths.
    fn at(&self, thousandths: usize) -> f64 {
        let last = self.sorted.len() - 1;
        self.sorted[last * thousandths / 1000] as f64 / 1000.0
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms of {} samples",
            self.at(500),
            self.at(990),
            self.at(999),
            self.sorted.len()
        )
    }
}
