//! The checked-in figures.

use std::{fs, path::PathBuf, process::Command};

use harness::repository;
use measure::Cell;
use serde_json::{Map, Value as Json, json};

/// By how much a count may differ, as a part of the recorded one.
pub(crate) const TOLERANCE: f64 = 0.05;

/// The instructions of a call, and what they were counted with.
pub(crate) struct Recorded(Json);

/// What became of one part.
pub(crate) enum Verdict {
    /// It costs what it did.
    Kept { was: u64, is: u64 },
    /// It costs more or less.
    Differs { was: u64, is: u64 },
    /// It is new.
    Unknown { is: u64 },
}

impl Verdict {
    pub(crate) fn text(&self) -> String {
        let digits = |count: u64| Cell::Count(count).label();
        let change = |was: u64, is: u64| 100.0 * (is as f64 / was as f64 - 1.0);
        match *self {
            Self::Kept { was, is } => {
                format!(
                    "{} instructions a call ({:+.1} %)",
                    digits(is),
                    change(was, is)
                )
            }
            Self::Differs { was, is } => format!(
                "{} instructions a call, {} were recorded ({:+.1} %)",
                digits(is),
                digits(was),
                change(was, is)
            ),
            Self::Unknown { is } => {
                format!("{} instructions a call, none were recorded", digits(is))
            }
        }
    }
}

impl Recorded {
    /// Figures of this compiler and processor.
    pub(crate) fn of(counted: &[(&str, u64)]) -> Self {
        let counts = counted.iter();
        let counts: Map<_, _> = counts
            .map(|(key, count)| ((*key).to_owned(), json!(count)))
            .collect();
        Self(json!({ "compiler": rustc(), "processor": processor(), "instructions": counts }))
    }

    pub(crate) fn read() -> Result<Self, String> {
        let text = fs::read_to_string(file()).map_err(|error| {
            format!(
                "cannot read {}: {error}; `./justw guard --record` writes it",
                file().display()
            )
        })?;
        let json = serde_json::from_str(&text);
        let json = json.map_err(|error| {
            format!(
                "{} is not JSON: {error}; `./justw guard --record` writes it anew",
                file().display()
            )
        })?;
        Ok(Self(json))
    }

    pub(crate) fn write(&self) -> Result<(), String> {
        let text = format!("{:#}\n", self.0);
        fs::write(file(), text)
            .map_err(|error| format!("cannot write {}: {error}", file().display()))
    }

    /// Why the figures say nothing about this machine.
    pub(crate) fn does_not_apply(&self) -> Option<String> {
        let (was, is) = (self.0["processor"].as_str()?, processor());
        (was != is).then(|| format!("they were recorded for {was}, and this processor is {is}"))
    }

    /// The compiler that they were recorded with.
    pub(crate) fn compiler(&self) -> &str {
        self.0["compiler"].as_str().unwrap_or("an unknown compiler")
    }

    pub(crate) fn verdict(&self, key: &str, is: u64) -> Verdict {
        let Some(was) = self.0["instructions"][key].as_u64() else {
            return Verdict::Unknown { is };
        };
        match (is as f64 - was as f64).abs() <= was as f64 * TOLERANCE {
            true => Verdict::Kept { was, is },
            false => Verdict::Differs { was, is },
        }
    }
}

fn file() -> PathBuf {
    repository().join("tests/benches/guard/instructions.json")
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| "an unknown compiler".to_owned())
}

/// What of the processor decides which instructions are chosen.
fn processor() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    match std::is_x86_feature_detected!("avx2") {
        true => "x86_64 with AVX2",
        false => "x86_64 without AVX2",
    }
    #[cfg(not(target_arch = "x86_64"))]
    std::env::consts::ARCH
}
