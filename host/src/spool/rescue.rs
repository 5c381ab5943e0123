//! Opens a store, and saves what can be read of one that is damaged.

use std::{
    fs, io,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use rusqlite::OptionalExtension;
use tracing::{error, warn};

use super::{
    aside::{move_aside, move_log_aside},
    block::{self, Block, Head},
    error::Fault,
    log_end,
    open::{connect_as_it_is, log_of, make_file, sync_folder},
    status::Damage,
    store::{Change, Store},
    walk::each_block,
};
use crate::config::Fsync;

/// Bytes of blocks that are copied in one transaction.
const COPIED_AT_ONCE: usize = 4 * 1024 * 1024;

/// Opens the store; if it cannot be used, saves what is whole of it.
pub(super) fn open_or_rescue(path: &Path, fsync: Fsync) -> Result<(Store, Option<Damage>), Fault> {
    finish_earlier(path)?;
    // Before the database looks at its log: it forgets what is behind damage.
    let end = log_end::look(&log_of(path))?;
    match Store::open(path, fsync) {
        Ok(store) => {
            let damage = end.damage().map(|what| Damage {
                what,
                moved_to: None,
                lost: 0,
            });
            if let Some(damage) = &damage {
                warn!(
                    file = %log_of(path).display(),
                    error = damage.what,
                    "the spool was not closed properly; all that was stored before is there"
                );
            }
            Ok((store, damage))
        }
        Err(Fault::Damage(what)) => {
            rescue(path, fsync, &what).map(|(store, damage)| (store, Some(damage)))
        }
        Err(fault) => Err(fault),
    }
}

/// Copies what is whole to a new store, which takes the place of the damaged
/// one. That one is moved aside.
pub(super) fn rescue(path: &Path, fsync: Fsync, what: &str) -> Result<(Store, Damage), Fault> {
    let new = new_name(path);
    remove(&new)?;
    let copied = copy(path, &new)?;
    let moved_to = move_aside(path)?;
    fs::rename(&new, path)?;
    if let Some(folder) = path.parent() {
        sync_folder(folder)?;
    }
    let store = Store::open(path, fsync)?;
    error!(
        file = %path.display(),
        moved_to = %moved_to.display(),
        error = what,
        records_kept = copied.kept,
        records_known_lost = copied.lost,
        "the spool is damaged; what could be read was copied to a new one, and the damaged one was \
         moved aside; check its disk"
    );
    let damage = Damage {
        what: what.to_owned(),
        moved_to: Some(moved_to),
        lost: copied.lost,
    };
    Ok((store, damage))
}

/// The name of a store that is being copied.
pub(super) fn new_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// A process that ended while it saved a store left it at one of two points:
/// the copy is not whole, or it only lacks its name.
fn finish_earlier(path: &Path) -> io::Result<()> {
    let new = new_name(path);
    if !new.exists() {
        return Ok(());
    }
    if path.exists() {
        return remove(&new);
    }
    move_log_aside(path)?;
    fs::rename(&new, path)
}

fn remove(path: &Path) -> io::Result<()> {
    for file in [path.to_owned(), log_of(path)] {
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// What was copied.
#[derive(Debug, Default)]
struct Copied {
    /// Records.
    kept: u64,
    /// Records between those that were kept.
    lost: u64,
}

/// Copies the whole blocks of the store at `from` to a new one.
fn copy(from: &Path, to: &Path) -> Result<Copied, Fault> {
    let mut target = Target {
        store: Store::open(to, Fsync::Interval)?,
        change: Change::default(),
        bytes: 0,
        copied: Copied::default(),
        expected: None,
    };
    // What cannot be opened at all holds nothing that can be read.
    if let Ok(source) = make_file(from)
        .map_err(Fault::from)
        .and_then(|()| connect_as_it_is(from))
    {
        let sql = "SELECT done_below FROM progress WHERE id = 1";
        let done_below: Option<i64> = source
            .query_row(sql, [], |row| row.get(0))
            .optional()
            .unwrap_or_default();
        let done_below = done_below.and_then(|below| u64::try_from(below).ok());
        target.change.done_below = done_below;
        target.expected = done_below.filter(|below| *below > 1);
        each_block(&source, 0, |block| {
            target.add(block)?;
            Ok(ControlFlow::Continue(()))
        })?;
    }
    target.flush()?;
    Ok(target.copied)
}

/// Where the blocks go.
struct Target {
    store: Store,
    change: Change,
    bytes: usize,
    copied: Copied,
    /// The position of the next block, if nothing is missing.
    expected: Option<u64>,
}

impl Target {
    fn add(&mut self, block: Block) -> Result<(), Fault> {
        let head = block.head;
        if self.expected.is_some_and(|expected| head.end() <= expected) {
            // Done with, or there already.
            return Ok(());
        }
        let missing = self
            .expected
            .map_or(0, |expected| head.first.saturating_sub(expected));
        self.copied.lost += missing;
        self.copied.kept += head.records;
        self.expected = Some(head.end());
        let last = self.change.blocks.last();
        let bytes_before = last.map_or(self.store.end_bytes(), |(last, data)| {
            last.bytes_before + block::counted(data.len())
        });
        let head = Head {
            bytes_before,
            ..head
        };
        let mut data = block.into_data();
        block::seal(&head, &mut data);
        self.bytes += data.len();
        self.change.blocks.push((head, data));
        match self.bytes >= COPIED_AT_ONCE {
            true => self.flush(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<(), Fault> {
        let change = std::mem::take(&mut self.change);
        self.bytes = 0;
        if change.blocks.is_empty() && change.done_below.is_none() {
            return Ok(());
        }
        self.store.commit(&change)?;
        if self.store.wants_checkpoint(false) {
            self.store.checkpoint()?;
        }
        Ok(())
    }
}
