//! Answers what operators ask about the spool: out of the running host's, or of
//! the one that no host has open.

use crate::{
    config::Settings,
    control::{
        ControlError, MAX_RECORD_BYTES, MAX_RECORDS, Request, Response, SpoolDropped, SpoolPage,
        SpoolStatus,
    },
    spool::{Page, Position, Spool, SpoolError, Status, View},
};

/// Answers with what the running host knows.
///
/// # Errors
/// Says in words what is wrong.
pub(super) async fn answer(
    spool: &Spool,
    settings: &Settings,
    request: Request,
) -> Result<Response, String> {
    match request {
        Request::SpoolStatus => {
            let status = spool.status();
            let dropped = SpoolDropped {
                full: status.dropped_full,
                expired: status.dropped_expired,
                damaged: status.dropped_damaged,
            };
            Ok(Response::Spool(SpoolStatus {
                running: true,
                exists: true,
                dropped: Some(dropped),
                disk_error: status.disk_error.clone(),
                ..figures(settings, &status, spool.end())
            }))
        }
        Request::SpoolRecords {
            from,
            before,
            limit,
        } => {
            let records = spool.page(Position::at(from), limit.min(MAX_RECORDS));
            let records = records.await.map_err(|error| error.to_string())?;
            let next = records.last().map(|last| last.position.next());
            let page = Page {
                records,
                next,
                unreadable: Vec::new(),
            };
            Ok(Response::SpoolRecords(lines(&page, before)))
        }
        _ => Err("this is no question about the spool".to_owned()),
    }
}

/// Answers without a running host, and changes nothing. Blocks.
///
/// # Errors
/// [`ControlError::StoreInUse`]: a process has the store open.
/// [`ControlError::Refused`]: the store cannot be read.
pub(super) fn answer_offline(
    settings: &Settings,
    request: &Request,
) -> Result<Response, ControlError> {
    let folder = settings.spool.folder(&settings.data_folder);
    let view = View::open(&folder).map_err(refused)?;
    match *request {
        Request::SpoolStatus => {
            let Some(view) = view else {
                let (status, next) = (Status::default(), Position::FIRST);
                let status = figures(settings, &status, next);
                return Ok(Response::Spool(SpoolStatus {
                    max_bytes: settings.spool.max_bytes(),
                    ..status
                }));
            };
            let status = view.status(settings.spool.max_bytes());
            let (status, next) = status.map_err(refused)?;
            Ok(Response::Spool(SpoolStatus {
                exists: true,
                damage: view.damage().map(str::to_owned),
                ..figures(settings, &status, next)
            }))
        }
        Request::SpoolRecords {
            from,
            before,
            limit,
        } => {
            let page = view.map(|view| view.page(Position::at(from), limit.min(MAX_RECORDS)));
            let page = page.transpose().map_err(refused)?.unwrap_or_default();
            Ok(Response::SpoolRecords(lines(&page, before)))
        }
        _ => Err(ControlError::Refused {
            message: "this needs a running host".to_owned(),
        }),
    }
}

fn refused(error: SpoolError) -> ControlError {
    let message = error.to_string();
    match error {
        SpoolError::InUse(_) => ControlError::StoreInUse { message },
        SpoolError::Open { .. } | SpoolError::Read { .. } | SpoolError::Stopped => {
            ControlError::Refused { message }
        }
    }
}

/// What is the same with and without a host.
fn figures(settings: &Settings, status: &Status, next: Position) -> SpoolStatus {
    let folder = settings.spool.folder(&settings.data_folder);
    SpoolStatus {
        folder: folder.display().to_string(),
        records: status.records,
        bytes: status.bytes,
        max_bytes: status.max_bytes,
        disk_bytes: status.disk_bytes,
        oldest_age_ms: status.oldest_age_ms,
        next_position: next.get(),
        ..SpoolStatus::default()
    }
}

/// The records of `page` up to `before` as lines, as many as one answer takes.
fn lines(page: &Page, before: Option<u64>) -> SpoolPage {
    let end = before.unwrap_or(u64::MAX);
    let mut answer = SpoolPage {
        next: page.next.map(Position::get).filter(|next| *next < end),
        ..SpoolPage::default()
    };
    let mut bytes = 0;
    for record in &page.records {
        let position = record.position.get();
        if position >= end {
            answer.next = None;
            break;
        }
        if bytes >= MAX_RECORD_BYTES {
            answer.next = Some(position);
            break;
        }
        let line = record.json().to_string();
        bytes += line.len();
        answer.lines.push(line);
    }
    // What lies behind is counted by the next answer.
    let end = answer.next.unwrap_or(end);
    let missing = page.unreadable.iter().filter(|range| range.start < end);
    answer.unreadable = missing.map(|range| range.end - range.start).sum();
    answer
}

#[cfg(test)]
mod tests;
