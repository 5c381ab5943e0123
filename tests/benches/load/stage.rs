//! Host and stand-in as processes, and the proof that every sample arrived.

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use harness::{Host, HostBuilder, PATIENCE, Standin, converter, wait_for};
use serde_json::Value as Json;

use super::{
    line::{COUNTER, VALUES},
    points::Points,
};

/// How long the host is left alone before its idle memory is read.
const SETTLE: Duration = Duration::from_secs(1);
/// Of the stand-in's log, what is not written for each device.
const LOG: &str = "warn,tb_tcp=info,tb_tcp::standin::uplink=warn";

/// A host that serves the csv converter, and ThingsBoard's stand-in.
pub(crate) struct Stage {
    /// The stand-in.
    pub(crate) standin: Standin,
    /// The host.
    pub(crate) host: Host,
    /// How much has arrived.
    pub(crate) points: Points,
}

impl Stage {
    /// Starts both, with another binary for the host if one is given.
    pub(crate) fn start(binary: Option<&PathBuf>) -> Self {
        Self::start_with(binary, |host| host)
    }

    /// The same with settings of the host.
    pub(crate) fn start_with(
        binary: Option<&PathBuf>,
        settings: impl FnOnce(HostBuilder) -> HostBuilder,
    ) -> Self {
        let stage = Self::of(standin(), binary, settings);
        stage.standin.wait_for_edge();
        thread::sleep(SETTLE);
        stage
    }

    /// A stand-in that runs already, and a host that need not have reached it.
    pub(crate) fn of(
        standin: Standin,
        binary: Option<&PathBuf>,
        settings: impl FnOnce(HostBuilder) -> HostBuilder,
    ) -> Self {
        let mut host = Host::builder(standin.grpc.port()).converter("csv", converter("csv"));
        if let Some(binary) = binary {
            host = host.binary(binary);
        }
        Self {
            host: settings(host).start(),
            points: Points::of(standin.http),
            standin,
        }
    }

    /// Samples that have arrived.
    pub(crate) fn arrived(&mut self) -> u64 {
        self.points.now() / VALUES
    }

    /// Waits until so many devices have sent something; `meanwhile` is done again and again.
    pub(crate) fn wait_for_devices(
        &mut self,
        devices: usize,
        mut meanwhile: impl FnMut(&mut Self),
    ) {
        let deadline = Instant::now() + PATIENCE;
        while self.counted()["devices"] != devices as u64 {
            assert!(Instant::now() < deadline, "not all devices were created");
            let pause = Instant::now() + Duration::from_millis(100);
            while Instant::now() < pause {
                meanwhile(self);
                thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Waits for the samples that were sent, and makes sure that of each device every number
    /// arrived once and in its order.
    pub(crate) fn check(&self, sent: u64, devices: usize) {
        let total = wait_for("all samples arrive", || {
            let total = self.counted();
            (total["distinct"].as_u64()? >= sent).then_some(total)
        });
        for (figure, expected) in [
            ("arrived", sent),
            ("distinct", sent),
            ("missing", 0),
            ("duplicates", 0),
            ("outOfOrder", 0),
            ("devices", devices as u64),
        ] {
            assert_eq!(total[figure], expected, "{figure}: {total}");
        }
    }

    fn counted(&self) -> Json {
        self.standin.sequence(COUNTER)
    }
}

/// A stand-in that spends no more than it must: one thread, and of each key one point.
pub(crate) fn standin() -> Standin {
    let arguments = ["--history", "1", "--log", LOG];
    Standin::start_as(0, &arguments, &[("TOKIO_WORKER_THREADS", "1")])
}
