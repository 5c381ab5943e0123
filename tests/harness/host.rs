//! `tb-tcp run` as a process.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::{
    device::Device,
    files::{binary, converter},
    process::Process,
    standin::{KEY, SECRET, Standin},
    tool::Tool,
    wait_for,
};

/// The settings file's name.
const CONFIG: &str = "tb-tcp.toml";
/// What the host logs when an integration listens.
const STARTED: &str = "integration started";

/// A host with folders of its own.
pub struct Host {
    /// The process, for its log.
    pub process: Process,
    /// Where the first integration listens.
    pub address: SocketAddr,
    /// The watched folder.
    pub converters: PathBuf,
    /// The settings file.
    pub config: PathBuf,
    /// What outlasts the process.
    pub data: PathBuf,
    folder: TempDir,
    binary: PathBuf,
}

/// Settings of a host to be.
pub struct HostBuilder {
    thingsboard: String,
    top: String,
    limits: String,
    statistics: String,
    integration: String,
    client: String,
    port: u16,
    converters: Vec<(String, PathBuf)>,
    without_folder: bool,
    environment: Vec<(String, String)>,
    binary: PathBuf,
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
            limits: String::new(),
            statistics: "to = 'none'".to_owned(),
            without_folder: false,
            integration: String::new(),
            client: String::new(),
            port: 0,
            converters: Vec::new(),
            environment: Vec::new(),
            binary: binary(),
        }
    }

    /// Stops the process and starts it again in the same folders.
    #[track_caller]
    pub fn restart(self) -> Self {
        let Self {
            process,
            folder,
            binary,
            ..
        } = self;
        process.terminate();
        Self::started(start(&binary, folder.path(), &[]), folder, binary)
    }

    /// Ends the process with SIGKILL, as a crash does, and returns its log.
    pub fn kill(&mut self) -> Vec<Json> {
        self.process.kill()
    }

    /// Starts a killed process again, in the same folders and on the same port.
    /// [`Host::wait_until_started`] waits for it.
    #[track_caller]
    pub fn start_again(&mut self) {
        let text = fs::read_to_string(&self.config).unwrap();
        let port = format!("port = {}\nbindAddress", self.address.port());
        // A host that took a free port has to come back to it.
        fs::write(
            &self.config,
            text.replacen("port = 0\nbindAddress", &port, 1),
        )
        .unwrap();
        self.process = start(&self.binary, self.folder.path(), &[]);
    }

    /// Waits until the first integration listens.
    #[track_caller]
    pub fn wait_until_started(&self) {
        self.process.wait_for_log(STARTED);
    }

    #[track_caller]
    fn started(process: Process, folder: TempDir, binary: PathBuf) -> Self {
        let started = process.wait_for_log(STARTED);
        let path = |name| folder.path().join(name);
        Self {
            address: local_address(&started),
            converters: path("converters"),
            config: path(CONFIG),
            data: path("data"),
            folder,
            process,
            binary,
        }
    }

    /// Replaces a part of the settings file, which must be there.
    #[track_caller]
    pub fn change_settings(&self, from: &str, to: &str) {
        let text = fs::read_to_string(&self.config).unwrap();
        assert!(text.contains(from), "{from:?} is not in {text}");
        self.write_settings(&text.replace(from, to));
    }

    /// Replaces the settings file at once: the host never reads half of it.
    pub fn write_settings(&self, text: &str) {
        let new = self.folder.path().join("new.toml");
        fs::write(&new, text).unwrap();
        fs::rename(new, &self.config).unwrap();
    }

    /// Runs one of the tools that talk to this host, with `--json`.
    #[track_caller]
    pub fn tool(&self, arguments: &[&str]) -> Tool {
        let config = self.config.to_str().unwrap();
        let arguments = [arguments, &["--config", config, "--json"]].concat();
        Tool::run(&arguments)
    }

    /// The entry of one converter in the list of `tb-tcp converters`.
    #[track_caller]
    pub fn converter(&self, name: &str) -> Option<Json> {
        let list = self.tool(&["converters"]).json();
        let list = list.as_array().unwrap();
        list.iter().find(|entry| entry["name"] == name).cloned()
    }

    /// How many dead letters there are.
    #[track_caller]
    pub fn dead_letters(&self) -> u64 {
        let list = self.tool(&["dead-letters"]).json();
        list["total"].as_u64().unwrap()
    }

    /// Waits until so many records in the spool are not acknowledged. The stand-in shows a
    /// value before it acknowledges it.
    pub fn wait_for_records(&self, records: u64) {
        wait_for(&format!("{records} records wait in the spool"), || {
            let status = self.tool(&["spool", "status"]).json();
            (status["records"] == records).then_some(())
        });
    }

    /// A device that connects to the integration `name`.
    #[track_caller]
    pub fn device_of(&self, name: &str) -> Device {
        let started = wait_for("the integration listens", || {
            let log = self.process.log();
            log.into_iter()
                .find(|line| line["message"] == STARTED && line["integration"] == name)
        });
        Device::connect(local_address(&started))
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

    /// Lines of `[converters]`.
    #[must_use]
    pub fn limits(mut self, lines: &str) -> Self {
        self.limits.push_str(lines);
        self.limits.push('\n');
        self
    }

    /// Lines of `[statistics]`. Unless set there are none, so that tests can count
    /// what ThingsBoard gets.
    #[must_use]
    pub fn statistics(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.statistics);
        self
    }

    /// Does not make the converters folder.
    #[must_use]
    pub fn without_folder(mut self) -> Self {
        self.without_folder = true;
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

    /// A variable of the process's environment, until it is restarted.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Another build of `tb-tcp`, until it is restarted.
    #[must_use]
    pub fn binary(mut self, binary: impl Into<PathBuf>) -> Self {
        self.binary = binary.into();
        self
    }

    /// Starts the host and waits until it listens.
    #[track_caller]
    pub fn start(self) -> Host {
        let binary = self.binary.clone();
        let (folder, process) = self.spawn();
        Host::started(process, folder, binary)
    }

    /// Starts the process, which may end by itself.
    pub fn spawn(self) -> (TempDir, Process) {
        let folder = tempfile::tempdir().unwrap();
        let (environment, binary) = (self.environment.clone(), self.binary.clone());
        self.prepare(folder.path());
        let process = start(&binary, folder.path(), &environment);
        (folder, process)
    }

    /// Writes the settings and copies the converters.
    fn prepare(self, folder: &Path) {
        let converters = folder.join("converters");
        if !self.without_folder {
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
        }
        let text = format!(
            "dataFolder = '{}'\n{}\n[thingsboard]\n{}\n[converters]\nfolder = '{}'\n{}\n\
             [statistics]\n{}\n[[integrations]]\n{}\n\
             [integrations.clientConfiguration]\nport = {}\nbindAddress = '127.0.0.1'\n{}\n",
            folder.join("data").display(),
            self.top,
            self.thingsboard,
            converters.display(),
            self.limits,
            self.statistics,
            self.integration,
            self.port,
            self.client
        );
        fs::write(folder.join(CONFIG), text).unwrap();
    }
}

fn start(binary: &Path, folder: &Path, environment: &[(String, String)]) -> Process {
    let config = folder.join(CONFIG);
    let arguments = ["run", "--config", config.to_str().unwrap()];
    let environment = environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let environment: Vec<_> = environment.collect();
    Process::start_binary(binary, Path::new("."), "host", &arguments, &environment)
}

fn local_address(started: &Json) -> SocketAddr {
    started["address"].as_str().unwrap().parse().unwrap()
}
