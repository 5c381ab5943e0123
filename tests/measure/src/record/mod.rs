//! Results that are kept: the part's section of `docs/benchmarks.md`, its plots beside it, and a line
//! of the history.
//!
//! - `section`: the text between the part's markers
//! - `history`: `docs/benchmarks/history.jsonl`

mod history;
mod section;

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use crate::report::{Block, Report};

const DOCUMENT: &str = "docs/benchmarks.md";
const FOLDER: &str = "docs/benchmarks";
const HISTORY: &str = "docs/benchmarks/history.jsonl";

/// The results were measured and cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Standard output is closed or full.
    #[error("cannot print the results: {0}")]
    Print(#[source] io::Error),
    /// A file cannot be read.
    #[error("cannot read {}: {source}; --record works in a checkout of the repository", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The document has no place for the part, or several, or one that does not end.
    #[error(
        "{} has not one section for {part}: put the lines {} and {}, in this order, where the results belong",
        path.display(), section::begin(part), section::end(part)
    )]
    NoSection {
        /// The document.
        path: PathBuf,
        /// The part.
        part: String,
    },
    /// A plot cannot be drawn.
    #[error("cannot draw the plot {key}: {reason}; this is a defect of the benchmark")]
    Draw {
        /// The plot.
        key: String,
        /// What the drawing library said.
        reason: String,
    },
}

/// Keeps the report in the documents below `root`.
pub(crate) fn record(report: &Report, root: &Path) -> Result<(), RecordError> {
    let date = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let day = date.split('T').next().unwrap_or_default();
    let commit = commit(root);
    let document = root.join(DOCUMENT);
    let text = read(&document)?;
    let new = section::replace(&text, &report.part, &report.section(day, &commit));
    let new = new.ok_or_else(|| RecordError::NoSection {
        path: document.clone(),
        part: report.part.clone(),
    })?;
    let folder = root.join(FOLDER);
    fs::create_dir_all(&folder).map_err(|source| RecordError::Write {
        path: folder.clone(),
        source,
    })?;
    for block in &report.blocks {
        if let Block::Plot(plot) = block {
            let svg = plot.svg().map_err(|error| RecordError::Draw {
                key: plot.key.clone(),
                reason: error.to_string(),
            })?;
            write(&folder.join(plot_file(&report.part, &plot.key)), &svg)?;
        }
    }
    let history = root.join(HISTORY);
    let known = match history.exists() {
        true => read(&history)?,
        false => String::new(),
    };
    let line = history::line(day, &report.part, &commit, &report.key_figures);
    write(&history, &history::append(&known, &report.part, &line))?;
    write(&document, &new)
}

/// The file of a plot, in the folder.
pub(crate) fn plot_file(part: &str, key: &str) -> String {
    format!("{part}-{key}.svg")
}

/// The commit that is checked out, with `-dirty` behind it if files differ from it: others than documents,
/// in which parts that were measured before this one have put their results.
fn commit(root: &Path) -> String {
    let Some(commit) = git(root, &["rev-parse", "--short=10", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let changed = ["status", "--porcelain", "--untracked-files=no", "--"];
    let changed = git(root, &[&changed[..], &[".", ":!docs"]].concat());
    match changed.as_deref() {
        Some("") => commit,
        _ => format!("{commit}-dirty"),
    }
}

/// What git says, none if it fails.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    let output = git.arg("-C").arg(root).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn read(path: &Path) -> Result<String, RecordError> {
    fs::read_to_string(path).map_err(|source| RecordError::Read {
        path: path.to_owned(),
        source,
    })
}

fn write(path: &Path, text: &str) -> Result<(), RecordError> {
    fs::write(path, text).map_err(|source| RecordError::Write {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report;

    const EMPTY: &str = "# Benchmarks\n\n<!-- bench:sums -->\n<!-- /bench:sums -->\n\nEnd.\n";

    #[test]
    fn documents_do_not_make_a_commit_dirty() {
        let folder = documents(EMPTY);
        let root = folder.path();
        assert_eq!(commit(root), "unknown");
        let source = root.join("source.rs");
        fs::write(&source, "one").unwrap();
        git(root, &["init"]).unwrap();
        git(root, &["add", "--all"]).unwrap();
        let author = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
        let arguments = [&author[..], &["commit", "--message=First"]].concat();
        git(root, &arguments).unwrap();
        let clean = commit(root);
        assert_eq!(clean.len(), 10);
        fs::write(root.join(DOCUMENT), "changed").unwrap();
        assert_eq!(commit(root), clean);
        fs::write(&source, "two").unwrap();
        assert_eq!(commit(root), format!("{clean}-dirty"));
    }

    fn documents(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("docs")).unwrap();
        fs::write(folder.path().join(DOCUMENT), text).unwrap();
        folder
    }

    #[test]
    fn a_report_is_recorded_and_replaced() {
        let root = documents(EMPTY);
        for cost in [1.5, 2.5] {
            record(&report(cost), root.path()).unwrap();
        }
        let document = read(&root.path().join(DOCUMENT)).unwrap();
        assert!(document.starts_with("# Benchmarks\n\n<!-- bench:sums -->\n\n2"));
        assert!(document.contains(", commit unknown, `just bench sums`, 1 processor"));
        assert!(document.contains("| ten     |      2.50 |"));
        assert!(!document.contains("1.50"));
        assert!(
            document.ends_with(
                "![Growth](benchmarks/sums-growth.svg)\n\n<!-- /bench:sums -->\n\nEnd.\n"
            )
        );
        let plot = read(&root.path().join(FOLDER).join("sums-growth.svg")).unwrap();
        assert!(plot.starts_with("<svg "));
        let history = read(&root.path().join(HISTORY)).unwrap();
        let costs: Vec<_> = history
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|line| line["figures"]["fewMicroseconds"].as_f64())
            .collect();
        assert_eq!(costs, [Some(1.5), Some(2.5)]);
    }

    #[test]
    fn without_a_section_nothing_is_written() {
        let root = documents("# Benchmarks\n");
        let error = record(&report(1.0), root.path()).unwrap_err().to_string();
        assert!(
            error.ends_with(
                "has not one section for sums: put the lines <!-- bench:sums --> and \
                 <!-- /bench:sums -->, in this order, where the results belong"
            ),
            "{error}"
        );
        assert!(!root.path().join(FOLDER).exists());
    }

    #[test]
    fn outside_a_checkout_it_is_said() {
        let root = tempfile::tempdir().unwrap();
        let error = record(&report(1.0), root.path()).unwrap_err().to_string();
        assert!(error.starts_with("cannot read "), "{error}");
        assert!(
            error.ends_with("--record works in a checkout of the repository"),
            "{error}"
        );
    }
}
