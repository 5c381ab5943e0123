//! A running `tb-tcp`, with its log.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;

use crate::{files::binary, wait_for};

/// Variables that would reach into a test from outside.
const ENVIRONMENT: [&str; 18] = [
    "RPC_HOST",
    "RPC_PORT",
    "INTEGRATION_ROUTING_KEY",
    "INTEGRATION_SECRET",
    "RPC_SSL_ENABLED",
    "RPC_SSL_CERT",
    "INTEGRATION_STATISTICS_ENABLED",
    "INTEGRATION_STATISTICS_PERSIST_FREQUENCY",
    "grpc_proxy",
    "GRPC_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "TB_TCP_LOG",
];

/// A `tb-tcp` process. It is killed when dropped.
pub struct Process {
    name: &'static str,
    child: Child,
    log: Arc<Mutex<Vec<Json>>>,
}

impl Process {
    /// Starts `tb-tcp` with `arguments`.
    pub fn start(name: &'static str, arguments: &[&str]) -> Self {
        Self::start_in(Path::new("."), name, arguments, &[])
    }

    /// Starts `tb-tcp` in a folder, with additional environment variables.
    pub fn start_in(
        folder: &Path,
        name: &'static str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        Self::start_binary(&binary(), folder, name, arguments, environment)
    }

    /// Starts another build of `tb-tcp`.
    pub fn start_binary(
        binary: &Path,
        folder: &Path,
        name: &'static str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new(binary);
        for variable in ENVIRONMENT {
            command.env_remove(variable);
        }
        let mut child = command
            .current_dir(folder)
            .args(["--log-format", "json"])
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let sink = log.clone();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // What is no log line is the final error.
                let entry = serde_json::from_str(&line).unwrap_or(Json::String(line));
                sink.lock().unwrap().push(entry);
            }
        });
        Self { name, child, log }
    }

    /// The process's number, for what `/proc` knows of it.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A figure of `/proc/PID/status` in KiB: `VmRSS` is the memory at present,
    /// `VmHWM` the most there was.
    #[track_caller]
    pub fn memory_kib(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        let figure = line.split_whitespace().nth(1).unwrap();
        figure.parse().unwrap()
    }

    /// Processor time that the process has had, in clock ticks of 10 ms.
    #[track_caller]
    pub fn processor_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // The name in brackets may hold spaces; utime and stime are 14 and 15.
        let (_, rest) = stat.rsplit_once(')').unwrap();
        let fields: Vec<_> = rest.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    /// The log so far; lines that are not JSON are strings.
    pub fn log(&self) -> Vec<Json> {
        self.log.lock().unwrap().clone()
    }

    /// Waits for a log line with `text` in its message.
    #[track_caller]
    pub fn wait_for_log(&self, text: &str) -> Json {
        wait_for(&format!("{} logs {text:?}", self.name), || {
            self.find_log(text)
        })
    }

    /// The first log line with `text` in its message.
    pub fn find_log(&self, text: &str) -> Option<Json> {
        let log = self.log.lock().unwrap();
        log.iter()
            .find(|line| message(line).contains(text))
            .cloned()
    }

    /// The field `error` of all log lines with this message.
    #[track_caller]
    pub fn errors(&self, text: &str) -> Vec<String> {
        let log = self.log.lock().unwrap();
        log.iter()
            .filter(|line| message(line) == text)
            .map(|line| line["error"].as_str().unwrap().to_owned())
            .collect()
    }

    /// How many log lines have `text` in their message.
    pub fn count_log(&self, text: &str) -> usize {
        let log = self.log.lock().unwrap();
        log.iter()
            .filter(|line| message(line).contains(text))
            .count()
    }

    /// Asks the process to stop, as service managers do, and waits.
    pub fn terminate(mut self) -> (ExitStatus, Vec<Json>) {
        self.signal_stop();
        let status = self.child.wait().unwrap();
        (status, self.settled_log())
    }

    /// Asks the process to stop.
    pub fn signal_stop(&self) {
        let id = Pid::from_child(&self.child);
        kill_process(id, Signal::TERM).unwrap();
    }

    /// Ends the process with SIGKILL, as a crash does, and returns its log.
    pub fn kill(&mut self) -> Vec<Json> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.settled_log()
    }

    /// Waits for the process to end by itself.
    pub fn wait(mut self) -> (ExitStatus, Vec<Json>) {
        let status = wait_for(&format!("{} ends", self.name), || {
            self.child.try_wait().unwrap()
        });
        (status, self.settled_log())
    }

    /// The log of a process that has ended, down to its last line.
    fn settled_log(&mut self) -> Vec<Json> {
        wait_for("the end of the log", || {
            Arc::strong_count(&self.log).eq(&1).then_some(())
        });
        self.log()
    }
}

/// A log line's message, or the line itself.
fn message(line: &Json) -> &str {
    line.as_str()
        .or_else(|| line["message"].as_str())
        .unwrap_or_default()
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let mut text = format!("--- log of {}\n", self.name);
            for line in self.log() {
                let _ = writeln!(text, "{line}");
            }
            eprintln!("{text}");
        }
    }
}
