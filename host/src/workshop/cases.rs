//! `tb-tcp test`: golden cases on built converters.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value as Json, json};
use tb_converter::testing::Report;

use super::open::{apart, engine, limits, load, name_of};
use crate::{
    cli::TestArgs,
    converter::{run_cases, update_cases},
    output::line,
};

/// Runs the golden cases of each file that the arguments name.
///
/// # Errors
/// A file or folder that cannot be read, a converter that cannot be loaded, no
/// cases at all.
pub fn test(arguments: &TestArgs) -> Result<ExitCode> {
    let files = files(&arguments.path)?;
    ensure!(
        arguments.cases.is_none() || files.len() == 1,
        "--cases is for one file; {} were found",
        files.len()
    );
    let settings = limits(arguments.config.as_deref())?;
    let engine = engine()?;
    let (mut outcomes, mut tested, mut failed) = (Vec::new(), 0, false);
    for file in &files {
        let cases = match &arguments.cases {
            Some(cases) => cases.clone(),
            None => beside(file),
        };
        if !cases.is_dir() {
            say(
                arguments,
                &format!(
                    "{}: no cases; they belong into {}",
                    name_of(file),
                    cases.display()
                ),
            )?;
            continue;
        }
        tested += 1;
        let outcome = apart(|| {
            let converter = load(&engine, file, &settings)?;
            if arguments.update {
                let changed = update_cases(&converter, &cases)
                    .map_err(|report| anyhow::anyhow!("{report}"))?;
                for result in &changed {
                    say(arguments, &format!("wrote {}", result.display()))?;
                }
            }
            Ok(run_cases(&converter, &cases))
        })?;
        failed |= outcome.is_err();
        if !arguments.json {
            print(&name_of(file), &outcome)?;
        }
        outcomes.push(document(&name_of(file), &outcome));
    }
    if arguments.json {
        line(Json::Array(outcomes))?;
    }
    ensure!(
        tested > 0,
        "no golden cases found: lay them into NAME.cases beside NAME.wasm, or name their folder \
         with --cases"
    );
    Ok(match failed {
        false => ExitCode::SUCCESS,
        true => ExitCode::FAILURE,
    })
}

fn say(arguments: &TestArgs, text: &str) -> io::Result<()> {
    match arguments.json {
        true => Ok(()),
        false => line(text),
    }
}

/// `path` itself, or the `.wasm` files in it.
fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut files: Vec<_> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()?;
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "wasm")
    });
    files.sort();
    ensure!(!files.is_empty(), "{} holds no .wasm file", path.display());
    Ok(files)
}

fn beside(file: &Path) -> PathBuf {
    file.with_extension("cases")
}

fn print(name: &str, outcome: &Result<usize, Report>) -> io::Result<()> {
    match outcome {
        Ok(passed) => line(format_args!("{name}: {passed} cases passed")),
        Err(report) => line(format_args!("{name}: {report}")),
    }
}

fn document(name: &str, outcome: &Result<usize, Report>) -> Json {
    match outcome {
        Ok(passed) => json!({ "converter": name, "passed": passed, "failures": [] }),
        Err(Report::Folder(fault)) => json!({ "converter": name, "error": fault }),
        Err(report) => {
            let failures: Vec<_> = report
                .failures()
                .iter()
                .map(|failure| {
                    json!({
                        "payload": failure.payload_file,
                        "result": failure.result_file,
                        "detail": failure.detail,
                        "keepsState": failure.keeps_state,
                    })
                })
                .collect();
            json!({
                "converter": name,
                "passed": report.total() - report.failed(),
                "failures": failures,
            })
        }
    }
}
