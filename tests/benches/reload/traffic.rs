//! Devices that speak while a converter is replaced: one probe that shows which version
//! decodes, and others whose lines say when they were sent.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    thread::{self, Scope},
    time::{Duration, Instant},
};

use harness::{Host, Standin, wait_for};

use super::load::steady::now_us;

/// Lines a second of each device.
pub(super) const RATE: u32 = 500;
/// The devices besides the probe.
pub(super) const OTHERS: usize = 4;
/// How long nothing has to come until it is said to be lost.
const SETTLED: Duration = Duration::from_secs(5);

/// What was sent, and when to stop.
#[derive(Default)]
pub(super) struct Traffic {
    stop: AtomicBool,
    sent: AtomicU64,
}

impl Traffic {
    /// Starts the devices. The probe sends `line` over and over; the others are on the
    /// integration `others`, and the value of their lines is the time at which they are sent.
    pub(super) fn start<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        host: &Host,
        line: &'static str,
    ) {
        let mut probe = host.device_of("probe");
        scope.spawn(move || {
            self.pace(|| probe.send(line));
            probe.close();
        });
        for number in 0..OTHERS {
            let mut device = host.device_of("others");
            scope.spawn(move || {
                self.pace(|| device.send(&format!("other-{number} {}\n", now_us())));
                device.close();
            });
        }
    }

    /// Lets the devices end.
    pub(super) fn stop(&self) {
        self.stop.store(true, Relaxed);
    }

    /// Makes sure that every line has arrived; each has one value.
    pub(super) fn check(&self, standin: &Standin, host: &Host) {
        let sent = self.sent.load(Relaxed);
        let mut last = (0, Instant::now());
        wait_for("the last lines", || {
            let arrived = standin.get("/edge")?["points"].as_u64()?;
            if arrived != last.0 {
                last = (arrived, Instant::now());
            }
            (arrived >= sent || last.1.elapsed() > SETTLED).then_some(())
        });
        assert_eq!(last.0, sent, "lines that arrived, of those that were sent");
        assert_eq!(host.dead_letters(), 0, "lines that could not be decoded");
    }

    fn pace(&self, mut send: impl FnMut()) {
        let mut next = Instant::now();
        while !self.stop.load(Relaxed) {
            send();
            self.sent.fetch_add(1, Relaxed);
            next += Duration::from_secs(1) / RATE;
            thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }
}

/// When each value of a device's key came, in Unix microseconds, and what it was.
pub(super) fn arrivals(standin: &Standin, device: &str, key: &str) -> Vec<(u64, u64)> {
    let path = format!("/devices/{device}/telemetry/arrivals?keys={key}");
    let arrivals = standin.get(&path).unwrap();
    let pairs = arrivals[key].as_array().unwrap().iter();
    pairs
        .map(|pair| (pair[0].as_u64().unwrap(), pair[1].as_u64().unwrap()))
        .collect()
}
