//! Host and stand-in as processes, and the proof that every sample arrived.

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use harness::{Host, HostBuilder, PATIENCE, Standin, converter};
use serde_json::Value as Json;

use super::{line::COUNTER, points::Points};

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
        stage.settle();
        stage
    }

    /// The same after the host was stopped and started again, with what it keeps in its data folder.
    pub(crate) fn restarted(self) -> Self {
        let Self { standin, host } = self;
        let host = host.restart();
        let stage = Self { standin, host };
        stage.settle();
        stage
    }

    fn settle(&self) {
        self.host
            .process
            .wait_for_log("ThingsBoard has sent its devices and assets");
        thread::sleep(SETTLE);
    }

    /// A stand-in that runs already, and a host that need not have reached it.
    pub(crate) fn of(
        standin: Standin,
        binary: Option<&PathBuf>,
        settings: impl FnOnce(HostBuilder) -> HostBuilder,
    ) -> Self {
        // A thousand devices connect within milliseconds. What the default backlog has no room for the kernel may reset.
        let mut host = Host::builder(standin.grpc.port())
            .converter("csv", converter("csv"))
            .client("soBacklogOption = 4096");
        if let Some(binary) = binary {
            host = host.binary(binary);
        }
        Self {
            host: settings(host).start(),
            standin,
        }
    }

    /// Waits until so many devices have sent something; `meanwhile` keeps them going for a moment.
    pub(crate) fn wait_for_devices(&self, devices: usize, mut meanwhile: impl FnMut()) {
        let deadline = Instant::now() + PATIENCE;
        while self.counted()["devices"] != devices as u64 {
            assert!(Instant::now() < deadline, "not all devices were created");
            meanwhile();
        }
    }

    /// Waits for the samples that were sent, each of so many values, and makes sure that of each
    /// device every number arrived once and in its order, and that so many devices sent any.
    pub(crate) fn check(&self, sent: u64, values: u64, devices: Option<usize>) {
        let mut points = Points::of(self.standin.http);
        let deadline = Instant::now() + PATIENCE;
        while points.at_least(sent * values) < sent * values {
            assert!(Instant::now() < deadline, "not all samples arrive");
        }
        let total = self.counted();
        for (figure, expected) in [
            ("arrived", Some(sent)),
            ("distinct", Some(sent)),
            ("missing", Some(0)),
            ("duplicates", Some(0)),
            ("outOfOrder", Some(0)),
            ("devices", devices.map(|devices| devices as u64)),
        ] {
            let told = total[figure].as_u64();
            assert_eq!(expected.or(told), told, "{figure}: {total}");
        }
    }

    fn counted(&self) -> Json {
        self.standin.sequence(COUNTER)
    }
}

/// A stand-in that spends no more than it must: one thread, and of each key one point.
pub(crate) fn standin() -> Standin {
    standin_on(0)
}

/// The same with the Edge service on a port.
pub(crate) fn standin_on(port: u16) -> Standin {
    let arguments = ["--history", "1", "--log", LOG];
    Standin::start_as(port, &arguments, &[("TOKIO_WORKER_THREADS", "1")])
}
