//! The changes of the store, and the one transaction that makes them.

use bytes::Bytes;
use redb::{Database, Durability, ReadableTable, WriteTransaction};

use super::{
    letter::{FailedAgain, Limits},
    record::{Record, size_of_record},
    tables::{LETTERS, TOTALS, Totals, readable},
};
use crate::redb_file;

/// A change of the store.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Keep(Vec<Record>),
    Remove(Vec<u64>),
    FailAgain(Vec<FailedAgain>),
}

impl redb_file::Change for Change {
    fn weight(&self) -> u64 {
        match self {
            Self::Keep(records) => records.iter().map(Record::size).sum(),
            Self::Remove(ids) => size_of_val(ids.as_slice()) as u64,
            Self::FailAgain(tries) => tries.iter().map(|again| again.error.len() as u64).sum(),
        }
    }
}

/// Makes `changes` in order and lets the oldest letters go that are too many then.
/// Gives for each change how many letters it concerned, and how many went.
pub(super) fn write(
    database: &Database,
    changes: &[Change],
    limits: Limits,
) -> Result<(Vec<usize>, u64), redb::Error> {
    let mut transaction = database.begin_write()?;
    // Whoever called lets go of the frame when the call returns. So the commit
    // waits until the disk has it; many calls share one, which makes up for it.
    transaction.set_durability(Durability::Immediate)?;
    let mut totals = Totals::read(&transaction.open_table(TOTALS)?)?;
    let mut concerned = Vec::with_capacity(changes.len());
    let mut dropped = 0;
    for change in changes {
        concerned.push(match change {
            Change::Keep(records) => {
                keep(&transaction, &mut totals, records)?;
                dropped += drop_oldest(&transaction, &mut totals, limits)?;
                records.len()
            }
            Change::Remove(ids) => remove(&transaction, &mut totals, ids)?,
            Change::FailAgain(tries) => fail_again(&transaction, &mut totals, tries)?,
        });
    }
    totals.write(&transaction)?;
    transaction.commit()?;
    Ok((concerned, dropped))
}

fn keep(
    transaction: &WriteTransaction,
    totals: &mut Totals,
    records: &[Record],
) -> Result<(), redb::Error> {
    let mut letters = transaction.open_table(LETTERS)?;
    for record in records {
        letters.insert(
            totals.next_id,
            (record.details.as_slice(), &record.frame[..]),
        )?;
        totals.next_id += 1;
        totals.add(record.size());
    }
    Ok(())
}

/// Lets the oldest letters go until the rest is within `limits`.
fn drop_oldest(
    transaction: &WriteTransaction,
    totals: &mut Totals,
    limits: Limits,
) -> Result<u64, redb::Error> {
    let mut letters = transaction.open_table(LETTERS)?;
    let mut dropped = 0;
    while (totals.letters > limits.max_letters || totals.bytes > limits.max_bytes)
        && let Some((_, record)) = letters.pop_first()?
    {
        totals.subtract(size_of(record.value()));
        dropped += 1;
    }
    Ok(dropped)
}

fn remove(
    transaction: &WriteTransaction,
    totals: &mut Totals,
    ids: &[u64],
) -> Result<usize, redb::Error> {
    let mut letters = transaction.open_table(LETTERS)?;
    let mut removed = 0;
    for id in ids {
        if let Some(record) = letters.remove(id)? {
            totals.subtract(size_of(record.value()));
            removed += 1;
        }
    }
    Ok(removed)
}

fn fail_again(
    transaction: &WriteTransaction,
    totals: &mut Totals,
    tries: &[FailedAgain],
) -> Result<usize, redb::Error> {
    let mut letters = transaction.open_table(LETTERS)?;
    let mut updated = 0;
    for again in tries {
        let Some(record) = letters.get(again.id)?.and_then(|record| {
            let (details, frame) = record.value();
            let mut changed = readable(again.id, details)?;
            changed.fail_again(again);
            totals.subtract(size_of((details, frame)));
            Some(Record {
                details: changed.json(),
                frame: Bytes::copy_from_slice(frame),
            })
        }) else {
            continue;
        };
        totals.add(record.size());
        letters.insert(again.id, (record.details.as_slice(), &record.frame[..]))?;
        updated += 1;
    }
    Ok(updated)
}

fn size_of((details, frame): (&[u8], &[u8])) -> u64 {
    size_of_record(details, frame)
}
