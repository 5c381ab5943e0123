//! Reads blocks in their order, around whatever cannot be read.

use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension};

use super::{block::Block, error::Fault, store::block_of};

/// Places where reading is begun anew behind something unreadable.
const MAX_HOLES: usize = 10_000;

/// Hands each whole block that begins at `from` or later to `each`, until that
/// breaks off. The error is that of `each`.
pub(super) fn each_block(
    source: &Connection,
    mut from: i64,
    mut each: impl FnMut(Block) -> Result<ControlFlow<()>, Fault>,
) -> Result<(), Fault> {
    for _ in 0..MAX_HOLES {
        match read_on(source, from, &mut each)? {
            Read::Enough => return Ok(()),
            Read::Until(position) => match behind_hole(source, position) {
                Some(next) => from = next,
                None => return Ok(()),
            },
        }
    }
    Ok(())
}

enum Read {
    /// To the end, or as far as was wanted.
    Enough,
    /// What comes at or behind this position cannot be read.
    Until(i64),
}

/// Reads from `from` on until something cannot be read.
fn read_on(
    source: &Connection,
    from: i64,
    each: &mut impl FnMut(Block) -> Result<ControlFlow<()>, Fault>,
) -> Result<Read, Fault> {
    let sql = "SELECT position, records, bytes_before, stored_ms, data FROM blocks WHERE position >= ? ORDER BY position";
    let mut next = from;
    let Ok(mut statement) = source.prepare_cached(sql) else {
        return Ok(Read::Until(next));
    };
    let Ok(mut rows) = statement.query([from]) else {
        return Ok(Read::Until(next));
    };
    loop {
        match rows.next() {
            Ok(None) => return Ok(Read::Enough),
            Err(_) => return Ok(Read::Until(next)),
            Ok(Some(row)) => {
                let position = row.get(0).unwrap_or(i64::MIN);
                if position < next {
                    // The same again: the tree's branches are crossed.
                    return Ok(Read::Until(next));
                }
                next = position.saturating_add(1);
                if let Some(block) = block_of(row)
                    && each(block)?.is_break()
                {
                    return Ok(Read::Enough);
                }
            }
        }
    }
}

/// The first position behind `from` where reading can begin again.
fn behind_hole(source: &Connection, from: i64) -> Option<i64> {
    let sql = "SELECT position FROM blocks WHERE position >= ? ORDER BY position LIMIT 1";
    let mut statement = source.prepare_cached(sql).ok()?;
    let mut probe = |position: i64| -> Result<Option<i64>, rusqlite::Error> {
        let found = statement
            .query_row([position], |row| row.get(0))
            .optional()?;
        Ok(found.filter(|found| *found >= position))
    };
    // Ever farther until something can be read, then back to where it begins.
    let mut unreadable = from;
    let mut step = 1_i64;
    let mut readable = loop {
        let position = from.checked_add(step)?;
        match probe(position) {
            Ok(Some(found)) => break found,
            Ok(None) | Err(_) => unreadable = position,
        }
        step = step.checked_mul(2)?;
    };
    while readable - unreadable > 1 {
        let middle = unreadable + (readable - unreadable) / 2;
        match probe(middle) {
            Ok(Some(found)) if found < readable => readable = found.max(middle),
            Ok(Some(_)) => readable = middle,
            Ok(None) | Err(_) => unreadable = middle,
        }
    }
    Some(readable)
}
