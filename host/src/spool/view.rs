//! A look into a store that no host has open. Nothing of it is changed,
//! whatever is wrong with it: no damage is moved aside, nothing expires.

use std::{
    ops::{ControlFlow, Range},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OptionalExtension};

use super::{
    block::counted,
    error::{Fault, SpoolError},
    handle::MAX_PAGE_BYTES,
    log_end,
    open::{NAME, connect_as_it_is, disk_bytes, has_tables, log_of},
    reader::decode,
    record::{Position, Record},
    rescue::new_name,
    state::wall_clock,
    status::Status,
    store::{Store, signed},
    walk::each_block,
};

/// A store that is looked at. Nobody else can open it meanwhile, so it must not
/// be held for long: a host that starts waits for some seconds.
pub struct View {
    path: PathBuf,
    held: Held,
    damage: Option<String>,
}

enum Held {
    Whole(Store),
    /// Some of it can be read, perhaps.
    Damaged(Connection),
}

/// Records, and how to go on.
#[derive(Debug, Default)]
pub struct Page {
    /// Oldest first.
    pub records: Vec<Record>,
    /// Where the next page begins; none: this was the last.
    pub next: Option<Position>,
    /// The positions between these, or behind the last one, that damage took.
    pub unreadable: Vec<Range<u64>>,
}

impl Page {
    /// Notes what is missing before `first`, if it is known what should be there.
    fn miss(&mut self, expected: Option<u64>, first: u64) {
        if let Some(expected) = expected
            && expected < first
        {
            self.unreadable.push(expected..first);
        }
    }
}

impl View {
    /// The store in `folder`; none if there is none, or none yet. Blocks.
    ///
    /// # Errors
    /// [`SpoolError::InUse`]: a host has it open, or another tool.
    /// [`SpoolError::Open`]: it cannot be opened. Damage is no error.
    pub fn open(folder: &Path) -> Result<Option<Self>, SpoolError> {
        let Some(path) = find(folder).map_err(|fault| fault.opening(folder))? else {
            return Ok(None);
        };
        let opened = Self::open_file(&path);
        opened.map_err(|fault| fault.opening(&path))
    }

    fn open_file(path: &Path) -> Result<Option<Self>, Fault> {
        let lost = log_end::look(&log_of(path))?.loss();
        let connection = connect_as_it_is(path)?;
        let whole = has_tables(&connection).and_then(|there| match there {
            true => Store::of(connection).map(Some),
            false => Ok(None),
        });
        let (held, what) = match whole {
            Ok(Some(store)) => (Held::Whole(store), None),
            Ok(None) if lost.is_none() => return Ok(None),
            Ok(None) => (Held::Damaged(connect_as_it_is(path)?), None),
            Err(Fault::Damage(what)) => (Held::Damaged(connect_as_it_is(path)?), Some(what)),
            Err(fault) => return Err(fault),
        };
        let damage: Vec<String> = [what, lost].into_iter().flatten().collect();
        Ok(Some(Self {
            path: path.to_owned(),
            held,
            damage: (!damage.is_empty()).then(|| damage.join("; ")),
        }))
    }

    /// What is wrong with it, as far as that shows before all is read.
    #[must_use]
    pub fn damage(&self) -> Option<&str> {
        self.damage.as_deref()
    }

    /// How much it holds, where `max_bytes` is its limit, and the place of the
    /// next new record. Quick, unless the store is damaged: then what can be
    /// read is counted.
    ///
    /// # Errors
    /// [`SpoolError::Read`]: the disk does not give it.
    pub fn status(&self, max_bytes: u64) -> Result<(Status, Position), SpoolError> {
        let content = match &self.held {
            Held::Whole(store) => Content {
                records: store.end().saturating_sub(store.done_below()),
                bytes: store.bytes(),
                oldest_ms: store.head().map(|head| head.stored_ms),
                end: store.end(),
            },
            Held::Damaged(connection) => {
                count(connection).map_err(|fault| fault.reading(&self.path))?
            }
        };
        let now = wall_clock()();
        let age = |oldest: i64| u64::try_from(now.saturating_sub(oldest)).unwrap_or(0);
        let status = Status {
            records: content.records,
            bytes: content.bytes,
            max_bytes,
            disk_bytes: disk_bytes(&self.path),
            oldest_age_ms: content.oldest_ms.map(age),
            ..Status::default()
        };
        Ok((status, Position(content.end)))
    }

    /// Records from `from` on, `max_records` at most, and no more than some MiB.
    /// What cannot be read is left out and counted.
    ///
    /// # Errors
    /// [`SpoolError::Read`]: the disk does not give them.
    pub fn page(&self, from: Position, max_records: usize) -> Result<Page, SpoolError> {
        let (connection, done_below, end) = match &self.held {
            Held::Whole(store) => (
                store.connection(),
                Some(store.done_below()),
                Some(store.end()),
            ),
            Held::Damaged(connection) => (connection, done_below(connection), None),
        };
        let from = from.get().max(done_below.unwrap_or(0));
        let mut page = Page::default();
        let mut bytes = 0;
        // The position of the next record, if nothing is missing.
        let mut expected = (done_below.is_some() || from > Position::FIRST.get()).then_some(from);
        each_block(connection, block_with(connection, from), |block| {
            let head = block.head;
            if head.end() <= expected.unwrap_or(from) {
                return Ok(ControlFlow::Continue(()));
            }
            // What cannot be decoded is missing like what cannot be read.
            let Ok(records) = decode(block) else {
                return Ok(ControlFlow::Continue(()));
            };
            page.miss(expected, head.first);
            expected = Some(head.end());
            for record in records {
                if record.position.get() < from {
                    continue;
                }
                if page.records.len() >= max_records || bytes >= MAX_PAGE_BYTES {
                    page.next = Some(record.position);
                    return Ok(ControlFlow::Break(()));
                }
                bytes += record.bytes();
                page.records.push(record);
            }
            Ok(ControlFlow::Continue(()))
        })
        .map_err(|fault| fault.reading(&self.path))?;
        if let (None, Some(end)) = (page.next, end) {
            page.miss(expected, end);
        }
        Ok(page)
    }
}

/// What a store holds.
#[derive(Default)]
struct Content {
    records: u64,
    bytes: u64,
    oldest_ms: Option<i64>,
    end: u64,
}

/// The database's file. One that was being saved when the process ended may lack
/// nothing but its name.
fn find(folder: &Path) -> Result<Option<PathBuf>, Fault> {
    let path = folder.join(NAME);
    for candidate in [path.clone(), new_name(&path)] {
        if candidate.try_exists()? {
            return Ok(Some(candidate));
        }
    }
    Ok(None)
}

/// Counts what can be read.
fn count(connection: &Connection) -> Result<Content, Fault> {
    let below = done_below(connection).unwrap_or(0);
    let mut content = Content {
        end: below.max(Position::FIRST.get()),
        ..Content::default()
    };
    each_block(connection, 0, |block| {
        let head = block.head;
        let new = head.end().saturating_sub(head.first.max(content.end));
        let bytes = counted(block.data().len());
        if new > 0 && decode(block).is_ok() {
            content.records += new;
            content.bytes += bytes;
            content.oldest_ms.get_or_insert(head.stored_ms);
            content.end = head.end();
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(content)
}

/// Up to where a damaged store knows what is done with, if it does.
fn done_below(connection: &Connection) -> Option<u64> {
    let sql = "SELECT done_below FROM progress WHERE id = 1";
    let found: Option<i64> = connection.query_row(sql, [], |row| row.get(0)).ok()?;
    u64::try_from(found?).ok()
}

/// Where the block begins that holds `position`.
fn block_with(connection: &Connection, position: u64) -> i64 {
    let sql = "SELECT position FROM blocks WHERE position <= ? ORDER BY position DESC LIMIT 1";
    let position = signed(position);
    let found = connection.query_row(sql, [position], |row| row.get(0));
    found.optional().ok().flatten().unwrap_or(position)
}
