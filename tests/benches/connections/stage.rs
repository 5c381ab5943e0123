//! Host, stand-in and connections, and the proof of what was sent.

use std::{
    thread,
    time::{Duration, Instant, SystemTime},
};

use harness::{Host, Standin, wait_for};
use measure::process;
use serde_json::Value as Json;

use crate::{
    crowd::{Crowd, Talk},
    load::stage::standin,
};

/// What the host logs of each connection.
const CONNECTED: &str = "device connected";
/// Connections that the host may be behind with: fewer than wait in the port's queue.
const MAX_BEHIND: usize = 2000;
/// Longest time for samples that were sent to arrive.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long the host is left alone before its memory is read.
const SETTLE: Duration = Duration::from_secs(1);
/// Samples that are sent before anything is measured.
const WARM: usize = 1000;

/// A host, what it sends to, and what sends to it.
pub(crate) struct Stage {
    pub(crate) standin: Standin,
    pub(crate) host: Host,
    pub(crate) crowd: Crowd,
}

impl Stage {
    /// A host without connections that has decoded something, so that it has its instances.
    /// `devices` are as many as ever speak; `log` is the host's.
    pub(crate) fn start(devices: usize, log: &str) -> Self {
        let standin = standin();
        let host = Host::builder(standin.grpc.port())
            .environment("TB_TCP_LOG", log)
            .client(&format!(
                "maxConnections = {}\nsoBacklogOption = 4096\nmaxDevicesPerConnection = {devices}",
                devices + 1
            ))
            .start();
        standin.wait_for_edge();
        let mut warm = host.device();
        warm.send(&"warm,default,warm,1\n".repeat(WARM));
        wait_for("the first samples", || {
            let points = standin.get("/edge")?["points"].as_u64()?;
            (points == WARM as u64).then_some(())
        });
        warm.close();
        let crowd = Crowd::new(host.address, devices);
        Self {
            standin,
            host,
            crowd,
        }
    }

    /// Opens connections until there are `count`, no faster than the host takes them. Gives the
    /// time until it had the last one.
    pub(crate) fn open(&mut self, count: usize) -> Duration {
        let host = &self.host;
        // Less the connection that warmed the host up.
        let count_taken = || host.process.count_log(CONNECTED) - 1;
        let start = SystemTime::now();
        while self.crowd.len() < count {
            let open = self.crowd.len();
            let taken = wait_for("the host to take connections", || {
                let taken = count_taken();
                (open < taken + MAX_BEHIND).then_some(taken)
            });
            self.crowd.open(count.min(taken + MAX_BEHIND));
        }
        wait_for("all connections", || (count_taken() >= count).then_some(()));
        assert_eq!(count_taken(), count, "connections that the host has");
        let log = host.process.log();
        let times = log.iter().filter(|line| line["message"] == CONNECTED);
        let last = times.map(time).max().unwrap();
        last.duration_since(start).unwrap()
    }

    /// Sends samples, and waits until all that were ever sent have arrived.
    pub(crate) fn talk(&mut self, talk: &Talk) {
        self.crowd.talk(talk);
        self.prove();
    }

    /// Waits until all that was sent has arrived, each sample once and every device's in order.
    pub(crate) fn prove(&self) {
        let deadline = Instant::now() + PATIENCE;
        let sent = self.crowd.sent();
        let mut arrived = Json::Null;
        while arrived["distinct"] != sent {
            assert!(Instant::now() < deadline, "{sent} sent, arrived: {arrived}");
            thread::sleep(Duration::from_millis(50));
            arrived = self.standin.sequence("n");
        }
        for (figure, expected) in [("arrived", sent), ("gapFree", sent), ("outOfOrder", 0)] {
            assert_eq!(arrived[figure], expected, "{figure}: {arrived}");
        }
    }

    /// Memory of the host after a while of rest, in bytes.
    pub(crate) fn resident(&self) -> f64 {
        thread::sleep(SETTLE);
        process::memory(self.host.process.id()).unwrap().resident as f64
    }

    /// Processor time of the host while `work` is done, in microseconds.
    pub(crate) fn processor<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> (T, f64) {
        let id = self.host.process.id();
        let before = process::cpu(id).unwrap();
        let done = work(self);
        let used = process::cpu(id).unwrap().saturating_sub(before);
        (done, used.as_secs_f64() * 1e6)
    }
}

/// When a line of the log was written.
fn time(line: &Json) -> SystemTime {
    humantime::parse_rfc3339(line["timestamp"].as_str().unwrap()).unwrap()
}
