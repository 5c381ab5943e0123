//! `tb-tcp run` as a process.

use std::{fs, net::SocketAddr, path::PathBuf};

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::{
    device::Device,
    files::converter,
    process::Process,
    standin::{KEY, SECRET, Standin},
};

/// A host with a converters folder of its own.
pub struct Host {
    /// The process, for its log.
    pub process: Process,
    /// Where the first integration listens.
    pub address: SocketAddr,
    /// The watched folder.
    pub converters: PathBuf,
    _folder: TempDir,
}

/// Settings of a host to be.
pub struct HostBuilder {
    thingsboard: String,
    top: String,
    integration: String,
    client: String,
    port: u16,
    converters: Vec<(String, PathBuf)>,
}

impl Host {
    /// A host for `standin` with the csv and attributes-json converters.
    pub fn start(standin: &Standin) -> Self {
        Self::builder(standin.grpc.port()).start()
    }

    /// A host that connects to the Edge service on `port` of this machine.
    pub fn builder(port: u16) -> HostBuilder {
        HostBuilder {
            thingsboard: format!(
                "host = '127.0.0.1'\nport = {port}\nroutingKey = '{KEY}'\nsecret = '{SECRET}'\n\
                 reconnectDelayMs = 50\nmaxReconnectDelayMs = 200\n"
            ),
            top: String::new(),
            integration: String::new(),
            client: String::new(),
            port: 0,
            converters: Vec::new(),
        }
    }

    /// A device that connects to the first integration.
    pub fn device(&self) -> Device {
        Device::connect(self.address)
    }
}

impl HostBuilder {
    /// Lines of `[thingsboard]`, replacing those of the same keys.
    #[must_use]
    pub fn thingsboard(mut self, key: &str, value: &str) -> Self {
        let kept: Vec<_> = self
            .thingsboard
            .lines()
            .filter(|line| !line.starts_with(&format!("{key} = ")))
            .collect();
        self.thingsboard = format!("{}\n{key} = {value}\n", kept.join("\n"));
        self
    }

    /// Lines at the top of the file.
    #[must_use]
    pub fn top(mut self, lines: &str) -> Self {
        self.top.push_str(lines);
        self.top.push('\n');
        self
    }

    /// Lines of the integration.
    #[must_use]
    pub fn integration(mut self, lines: &str) -> Self {
        self.integration.push_str(lines);
        self.integration.push('\n');
        self
    }

    /// Lines of the integration's `clientConfiguration`.
    #[must_use]
    pub fn client(mut self, lines: &str) -> Self {
        self.client.push_str(lines);
        self.client.push('\n');
        self
    }

    /// The port of the first integration; a free one unless set.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// A file for the converters folder, instead of the two of the tutorial.
    #[must_use]
    pub fn converter(mut self, name: &str, file: PathBuf) -> Self {
        self.converters.push((name.to_owned(), file));
        self
    }

    /// Starts the host and waits until it listens.
    #[track_caller]
    pub fn start(self) -> Host {
        let (folder, process) = self.spawn();
        let started = process.wait_for_log("integration started");
        Host {
            address: local_address(&started),
            converters: folder.path().join("converters"),
            _folder: folder,
            process,
        }
    }

    /// Starts the process, which may end by itself.
    pub fn spawn(self) -> (TempDir, Process) {
        let folder = tempfile::tempdir().unwrap();
        let converters = folder.path().join("converters");
        fs::create_dir(&converters).unwrap();
        let mut files = self.converters;
        if files.is_empty() {
            files = ["csv", "attributes-json"]
                .map(|name| (name.to_owned(), converter(name)))
                .to_vec();
        }
        for (name, file) in files {
            fs::copy(file, converters.join(name).with_extension("wasm")).unwrap();
        }
        let config = folder.path().join("tb-tcp.toml");
        let text = format!(
            "{}\n[thingsboard]\n{}\n[converters]\nfolder = '{}'\n[[integrations]]\n{}\n\
             [integrations.clientConfiguration]\nport = {}\nbindAddress = '127.0.0.1'\n{}\n",
            self.top,
            self.thingsboard,
            converters.display(),
            self.integration,
            self.port,
            self.client
        );
        fs::write(&config, text).unwrap();
        let arguments = ["run", "--config", config.to_str().unwrap()];
        let process = Process::start("host", &arguments);
        (folder, process)
    }
}

fn local_address(started: &Json) -> SocketAddr {
    started["address"].as_str().unwrap().parse().unwrap()
}
