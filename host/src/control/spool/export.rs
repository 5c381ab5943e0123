//! Writes out everything that waits, page by page.

use std::{fmt::Write as _, io::Write};

use anyhow::{Result, bail};
use serde_json::json;

use super::{destination::Destination, progress::Progress};
use crate::{
    cli::ExportArgs,
    control::{
        ControlError, MAX_RECORDS, Request, Response, SpoolPage, SpoolStatus,
        print::{count, escape, escape_json},
    },
    output::{Output, remark},
};

/// An answer to something else than was asked.
const NO_ANSWER: &str = "the host answers something else than was asked; is it another version?";

/// Exports what waits at the moment, oldest first. No more than one page is in
/// memory. Ends early, and with success, if nobody reads `output` any more.
pub(super) async fn export(
    arguments: &ExportArgs,
    as_json: bool,
    output: &mut Output<impl Write>,
    ask: impl AsyncFn(Request) -> Result<Response, ControlError>,
) -> Result<()> {
    let mut to = Destination::open(arguments.output.as_deref(), arguments.force, output)?;
    let Response::Spool(status) = ask(Request::SpoolStatus).await? else {
        bail!(NO_ANSWER);
    };
    let most = arguments.limit.unwrap_or(u64::MAX);
    let mut progress = Progress::of(status.records.min(most), arguments.output.is_some());
    let (mut from, mut records, mut unreadable) = (1, 0, 0);
    while status.exists && records < most {
        let page = ask(Request::SpoolRecords {
            from,
            before: Some(status.next_position),
            limit: usize::try_from(most - records)
                .map_or(MAX_RECORDS, |left| left.min(MAX_RECORDS)),
        });
        let Response::SpoolRecords(page) = page.await? else {
            bail!(NO_ANSWER);
        };
        to.write(&text(&page))?;
        if to.closed() {
            return Ok(());
        }
        records += page.lines.len() as u64;
        unreadable += page.unreadable;
        progress.show(records);
        match page.next {
            // One that does not go on would go on for ever.
            Some(next) if next > from => from = next,
            _ => break,
        }
    }
    progress.end();
    match to.finish()? {
        None if !status.exists => remark(format_args!(
            "tb-tcp: there is no spool in {}",
            escape(&status.folder)
        )),
        None => {}
        Some((file, output)) => {
            let file = file.display().to_string();
            match as_json {
                true => {
                    let report = json!({"file": file, "records": records});
                    writeln!(output, "{}", escape_json(&report.to_string()))?;
                }
                false => {
                    let records = count(records, "record", "records");
                    writeln!(output, "{records} written to {}.", escape(&file))?;
                }
            }
        }
    }
    report_damage(&status, unreadable)
}

/// The records, a line each.
fn text(page: &SpoolPage) -> String {
    let mut text = String::new();
    for line in &page.lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", escape_json(line));
    }
    text
}

fn report_damage(status: &SpoolStatus, unreadable: u64) -> Result<()> {
    let what = match (&status.damage, unreadable) {
        (None, 0) => return Ok(()),
        (Some(damage), 0) => escape(damage),
        (damage, _) => {
            let missing = count(unreadable, "record", "records");
            match damage {
                None => format!("{missing} cannot be read"),
                Some(damage) => format!("{}; {missing} cannot be read", escape(damage)),
            }
        }
    };
    bail!(
        "the spool in {} is damaged: {what}; what can be read was exported, and nothing was changed",
        escape(&status.folder)
    )
}
