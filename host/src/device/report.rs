//! What `tb-tcp device` says about many copies.

use std::{collections::BTreeMap, io, io::Write, sync::atomic::Ordering::Relaxed, time::Duration};

use serde_json::{Value as Json, json};

use super::{
    crowd::{Model, sum},
    failure::FailedCopy,
    tally::Latencies,
};

/// Failures that are shown.
const SHOWN: usize = 10;

/// What became of all copies.
pub(super) struct Report {
    pub(super) copies: u64,
    pub(super) finished: u64,
    pub(super) failed: u64,
    /// Ended by `--for` or a signal, or not started by then.
    pub(super) stopped: u64,
    pub(super) took: Duration,
    seed: u64,
    connects: u64,
    sent: (u64, u64),
    received: (u64, u64),
    answers: Latencies,
    kinds: BTreeMap<&'static str, u64>,
    failures: Vec<FailedCopy>,
    files: Vec<Json>,
}

impl Report {
    pub(super) fn new<V>(models: &[Model<V>], copies: u32, took: Duration, seed: u64) -> Self {
        let answers = Latencies::default();
        let mut kinds = BTreeMap::new();
        let mut failures = Vec::new();
        let mut files = Vec::new();
        for model in models {
            let tally = &model.tally;
            answers.absorb(&tally.answers);
            for (kind, count) in tally.kinds() {
                *kinds.entry(kind.name()).or_default() += count;
            }
            failures.append(&mut tally.first());
            let (finished, failed) = (tally.finished.load(Relaxed), tally.failed.load(Relaxed));
            files.push(json!({
                "file": model.file,
                "copies": copies,
                "finished": finished,
                "failed": failed,
                "stopped": u64::from(copies).saturating_sub(finished + failed),
            }));
        }
        failures.truncate(SHOWN);
        let finished = sum(models, |tally| &tally.finished);
        let failed = sum(models, |tally| &tally.failed);
        let copies = u64::from(copies) * u64::try_from(models.len()).unwrap_or(1);
        Self {
            copies,
            finished,
            failed,
            stopped: copies.saturating_sub(finished + failed),
            took,
            seed,
            connects: sum(models, |tally| &tally.connects),
            sent: (
                sum(models, |tally| &tally.sent),
                sum(models, |tally| &tally.sent_bytes),
            ),
            received: (
                sum(models, |tally| &tally.heard),
                sum(models, |tally| &tally.received_bytes),
            ),
            answers,
            kinds,
            failures,
            files,
        }
    }

    /// The failures that are shown, the first ones.
    pub(super) fn failures(&self) -> &[FailedCopy] {
        &self.failures
    }

    /// One JSON object.
    pub(super) fn json(&self) -> Json {
        let failures = self.failures.iter().map(|failed| {
            json!({
                "file": failed.file,
                "line": failed.line,
                "copy": failed.copy,
                "kind": failed.failure.kind.name(),
                "text": failed.failure.text,
                "expected": failed.failure.expected,
                "came": failed.failure.came,
            })
        });
        json!({
            "copies": self.copies,
            "finished": self.finished,
            "failed": self.failed,
            "stopped": self.stopped,
            "seconds": self.took.as_secs_f64(),
            "seed": self.seed,
            "connections": self.connects,
            "sent": { "messages": self.sent.0, "bytes": self.sent.1 },
            "received": { "messages": self.received.0, "bytes": self.received.1 },
            "answersMs": {
                "count": self.answers.count(),
                "p50": milliseconds(self.answers.percentile(50)),
                "p99": milliseconds(self.answers.percentile(99)),
                "max": milliseconds(self.answers.longest()),
            },
            "failureKinds": self.kinds,
            "failures": failures.collect::<Vec<_>>(),
            "files": self.files,
        })
    }

    /// Some lines for people, without the failures.
    pub(super) fn print(&self, output: &mut impl Write) -> io::Result<()> {
        writeln!(
            output,
            "{} copies: {} finished, {} failed, {} stopped, in {:.1} s (--seed {} repeats it)",
            self.copies,
            self.finished,
            self.failed,
            self.stopped,
            self.took.as_secs_f64(),
            self.seed,
        )?;
        if self.files.len() > 1 {
            for file in &self.files {
                writeln!(
                    output,
                    "  {}: {} finished, {} failed, {} stopped",
                    file["file"].as_str().unwrap_or_default(),
                    file["finished"],
                    file["failed"],
                    file["stopped"],
                )?;
            }
        }
        let (messages, bytes) = self.sent;
        writeln!(
            output,
            "sent:     {messages} messages, {bytes} bytes, over {} connections",
            self.connects
        )?;
        let (messages, bytes) = self.received;
        writeln!(output, "received: {messages} messages, {bytes} bytes")?;
        if self.answers.count() > 0 {
            writeln!(
                output,
                "answers:  p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms, of {}",
                milliseconds(self.answers.percentile(50)),
                milliseconds(self.answers.percentile(99)),
                milliseconds(self.answers.longest()),
                self.answers.count(),
            )?;
        }
        if !self.kinds.is_empty() {
            let kinds: Vec<_> = self
                .kinds
                .iter()
                .map(|(kind, count)| format!("{count} {kind}"))
                .collect();
            writeln!(output, "failures: {}", kinds.join(", "))?;
        }
        Ok(())
    }
}

/// How it goes, in one line.
pub(super) fn progress<V>(models: &[Model<V>], elapsed: Duration) -> String {
    let count =
        |counter: fn(&super::tally::Tally) -> &std::sync::atomic::AtomicU64| sum(models, counter);
    format!(
        "{:>4} s: {} started, {} connected, {} finished, {} failed; {} messages sent, {} received",
        elapsed.as_secs(),
        count(|tally| &tally.started),
        count(|tally| &tally.connected),
        count(|tally| &tally.finished),
        count(|tally| &tally.failed),
        count(|tally| &tally.sent),
        count(|tally| &tally.heard),
    )
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
