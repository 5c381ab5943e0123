//! What is said of a folder that did not pass.

use std::fmt;
use std::path::PathBuf;

/// Said once, below the failures, if one of them is hidden state.
const STATE_NOTE: &str = "\
The converter keeps state between calls, as a rule in a static, a thread_local or a global. The host
does not promise to keep it: any call may go to a new instance, or to one that served others. A result
may depend on frame or message and metadata only; the clock, random numbers and the order of a HashMap
are state too.";

/// Why the cases of a folder did not pass. Its text is for whoever writes the
/// converter: a diff for each case that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// The folder breaks the [layout's](super) rules, or cannot be read. No
    /// case was run. The text names the folder and the file.
    Folder(String),
    /// Cases failed.
    Cases {
        /// The folder.
        dir: PathBuf,
        /// How many cases the folder has, at least 1.
        total: usize,
        /// The cases that failed, at least one, ordered as they were run.
        failures: Vec<Failure>,
    },
}

/// A case that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The name of the payload's file, which names the case.
    pub payload_file: String,
    /// The name of the file with the expected result.
    pub result_file: String,
    /// Whether the result depends on what the converter did before, whatever
    /// was expected.
    pub keeps_state: bool,
    /// What is wrong, one or more whole lines: as a rule a diff, `-` before
    /// what was expected and `+` before what was found.
    pub detail: String,
}

impl Report {
    /// The cases that failed; none if no case was run.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        match self {
            Self::Folder(_) => &[],
            Self::Cases { failures, .. } => failures,
        }
    }

    /// How many cases failed; 0 if none was run.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.failures().len()
    }

    /// How many cases were run.
    #[must_use]
    pub fn total(&self) -> usize {
        match self {
            Self::Folder(_) => 0,
            Self::Cases { total, .. } => *total,
        }
    }

    /// Whether a case showed that the converter keeps state between calls.
    #[must_use]
    pub fn keeps_state(&self) -> bool {
        self.failures().iter().any(|failure| failure.keeps_state)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dir, total) = match self {
            Self::Folder(fault) => return f.write_str(fault),
            Self::Cases { dir, total, .. } => (dir.display(), total),
        };
        let failed = self.failed();
        writeln!(
            f,
            "{failed} of {total} cases in {dir} failed (- expected, + found)"
        )?;
        for failure in self.failures() {
            write!(f, "\n{failure}")?;
        }
        if self.keeps_state() {
            write!(f, "\n{STATE_NOTE}\n")?;
        }
        Ok(())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (payload, result) = (&self.payload_file, &self.result_file);
        write!(f, "{payload} -> {result}\n{}", self.detail)
    }
}

impl std::error::Error for Report {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_counts_what_failed() {
        let failure = |keeps_state| Failure {
            payload_file: "payload_x.txt".to_owned(),
            result_file: "result_x.json".to_owned(),
            keeps_state,
            detail: "- 1\n+ 2\n".to_owned(),
        };
        let report = |failures| Report::Cases {
            dir: "DIR".into(),
            total: 3,
            failures,
        };
        let table = [
            (Report::Folder("DIR: no case".to_owned()), 0, 0, false),
            (report(vec![failure(false)]), 1, 3, false),
            (report(vec![failure(false), failure(true)]), 2, 3, true),
        ];
        for (report, failed, total, keeps_state) in table {
            assert_eq!(report.failed(), failed);
            assert_eq!(report.total(), total);
            assert_eq!(report.keeps_state(), keeps_state);
            assert_eq!(report.to_string().contains(STATE_NOTE), keeps_state);
        }
    }
}
