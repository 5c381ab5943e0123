//! Embedded scripts in processes of their own, which take their turns when they are asked to.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use harness::{repository, target};
use tb_converter::encoding::bytes_to_hex;

use crate::{
    Candidate, Decoder,
    workloads::{Outcome, Workload},
};

/// The engines that could be started, and those that could not.
pub(crate) struct Rivals {
    engines: Vec<Engine>,
    left_out: Vec<String>,
}

/// A process that runs scripts; `tests/rivals` says what it is asked and answers.
struct Engine {
    key: &'static str,
    name: String,
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Rivals {
    /// Starts what is there.
    pub(crate) fn start() -> Self {
        let built = target().join("rivals/release/tb-tcp-rivals");
        let script = repository().join("tests/rivals/v8.mjs");
        let mut rivals = Self {
            engines: Vec::new(),
            left_out: Vec::new(),
        };
        for key in ["vrl", "vrl-fixed", "quickjs"] {
            let reason = "`tests/rivals` is not built, which `just bench decode` does";
            rivals.add(key, Command::new(&built).arg(key), reason);
        }
        let reason = "there is no Node 20 or newer";
        rivals.add("v8", Command::new("node").arg(script), reason);
        rivals
    }

    fn add(&mut self, key: &'static str, command: &mut Command, reason: &str) {
        match Engine::start(key, command) {
            Some(engine) => self.engines.push(engine),
            None => self
                .left_out
                .push(format!("`{key}` is left out: {reason}.")),
        }
    }

    /// Those that have a script for the workload's format.
    pub(crate) fn candidates(&mut self, workload: &Workload) -> Vec<Candidate<'_>> {
        let kind = if workload.is_text { "text" } else { "bytes" };
        let hex = bytes_to_hex(&workload.frame);
        let load = format!("load {} {kind} {hex}", workload.format);
        let engines = self.engines.iter_mut();
        engines
            .filter_map(|engine| {
                let loaded = engine.ask(&load) == "ok";
                let (key, name) = (engine.key, engine.name.clone());
                loaded.then(|| Candidate::new(key, &name, engine))
            })
            .collect()
    }

    /// What a figure of an embedded script holds.
    pub(crate) fn what_is_timed(&self) -> &'static str {
        "An embedded script's figure holds a call from the frame's bytes to the result, and freeing it. QuickJS's result \
         is read into values of Rust; V8's stays an object of V8's, which no host could use yet, and its compiler and collector work on other threads, too, whose time is \
         counted."
    }

    /// A sentence for each that is not there.
    pub(crate) fn left_out(&self) -> &[String] {
        &self.left_out
    }
}

impl Engine {
    fn start(key: &'static str, command: &mut Command) -> Option<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let requests = child.stdin.take()?;
        let answers = BufReader::new(child.stdout.take()?);
        let mut engine = Self {
            key,
            name: String::new(),
            child,
            requests,
            answers,
        };
        engine.name = engine.try_ask("name").filter(|name| !name.is_empty())?;
        Some(engine)
    }

    fn try_ask(&mut self, request: &str) -> Option<String> {
        writeln!(self.requests, "{request}").ok()?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).ok()?;
        Some(answer.trim_end().to_owned())
    }

    #[track_caller]
    fn ask(&mut self, request: &str) -> String {
        let answer = self.try_ask(request).unwrap();
        assert!(
            !answer.is_empty() && !answer.starts_with("error:"),
            "{}: {answer}",
            self.name
        );
        answer
    }
}

impl Decoder for Engine {
    fn check(&mut self) -> Outcome {
        Outcome::of_script(serde_json::from_str(&self.ask("check")).unwrap())
    }

    fn turn(&mut self, calls: u64) -> Duration {
        Duration::from_nanos(self.ask(&format!("turn {calls}")).parse().unwrap())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
