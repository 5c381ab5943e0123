//! Answers what operators ask about dead letters: out of the running host's
//! store, or of the one that no host has open.

use std::collections::VecDeque;

use crate::{
    control::{
        LetterFilter, LetterList, LetterSummary, MAX_LISTED, Removed, Request, Response,
        SUMMARY_BYTES,
    },
    dead_letters::{DeadLetters, Filter, Letter, Origin, StoreError},
    hex::hex,
};

/// Letters that are taken out of the store at once.
const PAGE: usize = 1000;

/// Answers requests that need nothing but the store.
///
/// # Errors
/// Says in words what is wrong.
pub(super) async fn answer(store: &DeadLetters, request: Request) -> Result<Response, String> {
    match request {
        Request::DeadLetters { filter, limit } => {
            let list = read(store, move |store| {
                list(store, &filter, limit.min(MAX_LISTED))
            });
            Ok(Response::Letters(list.await?))
        }
        Request::DeadLetter { id } => match read(store, move |store| store.get(id)).await? {
            Some(letter) => Ok(Response::Letter(summary(&letter, usize::MAX))),
            None => Err(format!("there is no dead letter {id}")),
        },
        Request::RemoveDeadLetters { filter, ids } => {
            let ids = match ids.is_empty() {
                true => read(store, move |store| ids_of(store, &filter)).await?,
                false => ids,
            };
            let letters = remove(store, &ids)
                .await
                .map_err(|error| error.to_string())?;
            Ok(Response::Removed(Removed { letters }))
        }
        Request::Converters
        | Request::Rollback { .. }
        | Request::ReplayDeadLetters { .. }
        | Request::SpoolStatus
        | Request::SpoolRecords { .. } => Err("this needs a running host".to_owned()),
    }
}

/// Reads the store where blocking is allowed.
async fn read<T: Send + 'static>(
    store: &DeadLetters,
    read: impl FnOnce(&DeadLetters) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, String> {
    let store = store.clone();
    let result = tokio::task::spawn_blocking(move || read(&store)).await;
    result
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())
}

pub(super) fn filter(filter: &LetterFilter) -> Filter {
    Filter {
        integration: filter.integration.clone(),
        converter: filter.converter.clone(),
        ..Filter::default()
    }
}

/// The newest letters that match, newest first.
fn list(
    store: &DeadLetters,
    wanted: &LetterFilter,
    limit: usize,
) -> Result<LetterList, StoreError> {
    let whole = store.summary()?;
    let mut newest = VecDeque::new();
    let mut total = 0;
    each_page(store, &filter(wanted), |letters| {
        for letter in letters {
            total += 1;
            newest.push_front(summary(&letter, SUMMARY_BYTES));
            newest.truncate(limit);
        }
    })?;
    Ok(LetterList {
        letters: newest.into(),
        total,
        bytes: whole.bytes,
        dropped: whole.dropped,
    })
}

fn ids_of(store: &DeadLetters, wanted: &LetterFilter) -> Result<Vec<u64>, StoreError> {
    let mut ids = Vec::new();
    each_page(store, &filter(wanted), |letters| {
        ids.extend(letters.iter().map(|letter| letter.id));
    })?;
    Ok(ids)
}

async fn remove(store: &DeadLetters, ids: &[u64]) -> Result<u64, StoreError> {
    let mut removed = 0;
    for some in ids.chunks(PAGE) {
        removed += store.remove(some.to_vec()).await? as u64;
    }
    Ok(removed)
}

fn each_page(
    store: &DeadLetters,
    filter: &Filter,
    mut each: impl FnMut(Vec<Letter>),
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let letters = store.page(filter, after, PAGE)?;
        let Some(last) = letters.last() else {
            return Ok(());
        };
        after = Some(last.id);
        each(letters);
    }
}

fn summary(letter: &Letter, shown: usize) -> LetterSummary {
    let summary = LetterSummary {
        id: letter.id,
        received_ms: letter.received_ms,
        integration: letter.integration.clone(),
        peer: String::new(),
        converter: String::new(),
        version: String::new(),
        session_hex: String::new(),
        entity: None,
        tries: letter.tries,
        error: letter.error.clone(),
        frame_length: letter.frame.len(),
        frame_hex: hex(&letter.frame[..letter.frame.len().min(shown)]),
    };
    match letter.origin.clone() {
        Origin::Converter {
            peer,
            converter,
            version,
            session_hex,
            ..
        } => LetterSummary {
            peer: peer.to_string(),
            converter,
            version,
            session_hex,
            ..summary
        },
        Origin::ThingsBoard { entity } => LetterSummary {
            entity: Some(entity),
            ..summary
        },
    }
}
