//! The database: blocks in the order of their positions.

use std::path::Path;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::{
    block::{Block, Head},
    error::Fault,
    open::connect,
};
use crate::config::Fsync;

/// Blocks that one transaction removes: others wait for it meanwhile.
const REMOVED_AT_ONCE: i64 = 1000;

/// Log of the database that is brought into its file when there is nothing else
/// to do.
const LOG_SOON: u64 = 4 * 1024 * 1024;
/// Log that is brought into the file before anything else is written.
const LOG_NOW: u64 = 16 * 1024 * 1024;

/// A file of an empty spool that is larger is made small again.
const KEPT_PAGES: i64 = 4096;

/// Pages that a commit writes beside the data: the tree's, and the rest of the
/// last one.
const EXTRA_PAGES: u64 = 2;
/// A page in the log.
const LOGGED_PAGE: u64 = 4096 + 24;

/// Reads from the block that holds a position on.
pub(super) const READ: &str = "SELECT position, records, bytes_before, stored_ms, data FROM blocks \
     WHERE position >= coalesce((SELECT position FROM blocks WHERE position <= ?1 \
     ORDER BY position DESC LIMIT 1), ?1) ORDER BY position";

/// The open database, and what it holds without looking.
pub(super) struct Store {
    connection: Connection,
    /// The oldest block.
    head: Option<Head>,
    /// The position behind the last record.
    end: u64,
    /// The bytes of all blocks that were ever stored.
    end_bytes: u64,
    /// Everything below was done with when it was last written down.
    done_below: u64,
    /// Written to the log since it was last brought into the file, near enough.
    logged: u64,
}

/// A change of the store, all or nothing.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// New blocks, each with the bytes that it counts. They begin where the store
    /// ends.
    pub(super) blocks: Vec<(Head, Vec<u8>)>,
    /// Removes what lies wholly below, the oldest first, and not all at once if
    /// it is much.
    pub(super) done_below: Option<u64>,
}

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Whole blocks, in order.
    pub(super) blocks: Vec<Block>,
    /// Everything below this position was looked at.
    pub(super) end: u64,
}

impl Store {
    /// Opens the file, or makes it. What it holds is found with a few reads,
    /// however much it is; only the log, of some MiB, is read whole.
    pub(super) fn open(path: &Path, fsync: Fsync) -> Result<Self, Fault> {
        Self::of(connect(path, fsync)?)
    }

    /// What the open database holds.
    pub(super) fn of(connection: Connection) -> Result<Self, Fault> {
        let mut store = Self {
            connection,
            head: None,
            end: 1,
            end_bytes: 0,
            done_below: 1,
            logged: 0,
        };
        let done_below = "SELECT done_below FROM progress WHERE id = 1";
        let done_below = store.connection.query_row(done_below, [], |row| row.get(0));
        store.done_below = unsigned(done_below?)?.max(1);
        store.head = store.outermost("SELECT position, records, bytes_before, stored_ms, length(data) FROM blocks ORDER BY position LIMIT 1")?.map(|(head, _)| head);
        let last = store.outermost("SELECT position, records, bytes_before, stored_ms, length(data) FROM blocks ORDER BY position DESC LIMIT 1")?;
        if let Some((last, length)) = last {
            store.end = last.end();
            store.end_bytes = last
                .bytes_before
                .saturating_add(super::block::counted(length));
        }
        store.end = store.end.max(store.done_below);
        Ok(store)
    }

    fn outermost(&self, sql: &str) -> Result<Option<(Head, usize)>, Fault> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let length = usize::try_from(unsigned(row.get(4)?)?).unwrap_or(usize::MAX);
        Ok(Some((head_of(row)?, length)))
    }

    /// The oldest block.
    pub(super) fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// The position behind the last record.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// The bytes of all blocks that were ever stored.
    pub(super) fn end_bytes(&self) -> u64 {
        self.end_bytes
    }

    /// Everything below is done with.
    pub(super) fn done_below(&self) -> u64 {
        self.head
            .map_or(self.end, |head| self.done_below.max(head.first))
    }

    /// What the blocks in the store count.
    pub(super) fn bytes(&self) -> u64 {
        let removed = self.head.map_or(self.end_bytes, |head| head.bytes_before);
        self.end_bytes.saturating_sub(removed)
    }

    /// Goes on behind `end`, where the positions before it are in use already.
    pub(super) fn skip_to(&mut self, end: u64) {
        self.end = self.end.max(end);
    }

    /// Makes `change`; says whether there is more to remove.
    pub(super) fn commit(&mut self, change: &Change) -> Result<bool, Fault> {
        // A statement alone is a transaction, for half the price of one with
        // words around it.
        if let ([block], None) = (change.blocks.as_slice(), change.done_below) {
            self.insert(block)?;
            self.note(change, None);
            return Ok(false);
        }
        self.cached("BEGIN IMMEDIATE")?.execute([])?;
        let made = self.make(change).and_then(|removal| {
            self.cached("COMMIT")?.execute([])?;
            Ok(removal)
        });
        match made {
            Ok(removal) => {
                let more = removal.as_ref().is_some_and(|removal| removal.more);
                self.note(change, removal);
                Ok(more)
            }
            Err(fault) => {
                // The database may have given it up by itself.
                let _ = self.connection.execute_batch("ROLLBACK");
                Err(fault)
            }
        }
    }

    fn make(&self, change: &Change) -> Result<Option<Removal>, Fault> {
        let removal = change.done_below.map(|below| self.remove(below));
        let removal = removal.transpose()?;
        for block in &change.blocks {
            self.insert(block)?;
        }
        match removal {
            // The oldest block may be one of the new ones.
            Some(removal) => Ok(Some(Removal {
                head: self.first()?,
                ..removal
            })),
            None => Ok(None),
        }
    }

    fn insert(&self, (head, data): &(Head, Vec<u8>)) -> Result<(), Fault> {
        let sql = "INSERT INTO blocks(position, records, bytes_before, stored_ms, data) VALUES (?, ?, ?, ?, ?)";
        self.cached(sql)?.execute(params![
            signed(head.first),
            signed(head.records),
            signed(head.bytes_before),
            head.stored_ms,
            data
        ])?;
        Ok(())
    }

    fn remove(&self, below: u64) -> Result<Removal, Fault> {
        // A block that is done with in part stays whole.
        let sql = "SELECT position, records, bytes_before, stored_ms FROM blocks WHERE position < ? ORDER BY position DESC LIMIT 1";
        let straddling = self.one(sql, below)?.filter(|block| block.end() > below);
        let cut = signed(straddling.map_or(below, |block| block.first));
        let sql =
            "SELECT position FROM blocks WHERE position < ? ORDER BY position LIMIT 1 OFFSET ?";
        let limit: Option<i64> = self
            .cached(sql)?
            .query_row((cut, REMOVED_AT_ONCE), |row| row.get(0))
            .optional()?;
        self.cached("DELETE FROM blocks WHERE position < ?")?
            .execute([limit.unwrap_or(cut)])?;
        self.cached("UPDATE progress SET done_below = ? WHERE id = 1")?
            .execute([signed(below)])?;
        Ok(Removal {
            more: limit.is_some(),
            below,
            head: None,
        })
    }

    /// Takes over what was written.
    fn note(&mut self, change: &Change, removal: Option<Removal>) {
        for (head, data) in &change.blocks {
            self.head.get_or_insert(*head);
            self.end = head.end();
            self.end_bytes = head
                .bytes_before
                .saturating_add(super::block::counted(data.len()));
            self.logged += (data.len() as u64).next_multiple_of(LOGGED_PAGE);
        }
        self.logged += EXTRA_PAGES * LOGGED_PAGE;
        if let Some(removal) = removal {
            self.head = removal.head;
            self.done_below = self.done_below.max(removal.below);
            self.end = self.end.max(removal.below);
            self.logged += EXTRA_PAGES * LOGGED_PAGE;
        }
    }

    /// Whole blocks from the one that holds `from` on, `max_bytes` of them or
    /// one. Blocks that are damaged are left out.
    pub(super) fn read(&self, from: u64, max_bytes: usize) -> Result<Found, Fault> {
        let mut statement = self.cached(READ)?;
        let mut rows = statement.query([signed(from)])?;
        let mut found = Found::default();
        let mut bytes = 0;
        let mut before = None;
        while let Some(row) = rows.next()? {
            let position: i64 = row.get(0)?;
            if before.is_some_and(|before| before >= position) {
                return Err(Fault::Damage("its blocks are out of order".to_owned()));
            }
            before = Some(position);
            let Some(block) = block_of(row) else {
                continue;
            };
            bytes += block.data().len();
            found.end = block.head.end();
            found.blocks.push(block);
            if bytes >= max_bytes {
                return Ok(found);
            }
        }
        found.end = self.end;
        Ok(found)
    }

    /// Where to cut to set `bytes` free.
    pub(super) fn cut_for(&self, bytes: u64) -> Result<u64, Fault> {
        let start = self.head.map_or(0, |head| head.bytes_before);
        self.cut(|block| block.bytes_before.saturating_sub(start) < bytes)
    }

    /// Where to cut to be rid of what was stored before `stored_ms`; a thousand
    /// blocks at most.
    pub(super) fn cut_expired(&self, stored_ms: i64) -> Result<u64, Fault> {
        let mut blocks = 0;
        self.cut(|block| {
            blocks += 1;
            blocks <= REMOVED_AT_ONCE && block.stored_ms < stored_ms
        })
    }

    /// The first block that is not to go.
    fn cut(&self, mut goes: impl FnMut(&Head) -> bool) -> Result<u64, Fault> {
        let sql = "SELECT position, records, bytes_before, stored_ms FROM blocks ORDER BY position";
        let mut statement = self.cached(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let block = head_of(row)?;
            if !goes(&block) {
                return Ok(block.first);
            }
        }
        Ok(self.end)
    }

    /// Whether the log is so long that it should be brought into the file.
    pub(super) fn wants_checkpoint(&self, idle: bool) -> bool {
        self.logged >= if idle { LOG_SOON } else { LOG_NOW }
    }

    /// Brings the log into the file and begins it anew. Waits for the disk,
    /// unless the policy is never to.
    pub(super) fn checkpoint(&mut self) -> Result<(), Fault> {
        let sql = "PRAGMA wal_checkpoint(PASSIVE)";
        self.connection.query_row(sql, [], |_| Ok(()))?;
        // The log begins anew with the next commit. Done here, nobody waits for
        // it; and the old log ends to be read at a start, where damage in it could
        // bring back a part of what the file has newer.
        self.cached("UPDATE progress SET done_below = done_below WHERE id = 1")?
            .execute([])?;
        self.logged = 0;
        Ok(())
    }

    /// Gives the file's space back if the store is empty and the file is large.
    pub(super) fn shrink(&mut self) -> Result<(), Fault> {
        if self.head.is_some() {
            return Ok(());
        }
        let sql = "PRAGMA freelist_count";
        let free: i64 = self.cached(sql)?.query_row([], |row| row.get(0))?;
        if free > KEPT_PAGES {
            self.connection.execute_batch("VACUUM")?;
            self.checkpoint()?;
        }
        Ok(())
    }

    fn first(&self) -> Result<Option<Head>, Fault> {
        let sql = "SELECT position, records, bytes_before, stored_ms FROM blocks WHERE position >= ? ORDER BY position LIMIT 1";
        self.one(sql, 0)
    }

    fn one(&self, sql: &str, position: u64) -> Result<Option<Head>, Fault> {
        let mut statement = self.cached(sql)?;
        let mut rows = statement.query([signed(position)])?;
        rows.next()?.map(head_of).transpose()
    }

    fn cached(&self, sql: &str) -> Result<CachedStatement<'_>, Fault> {
        Ok(self.connection.prepare_cached(sql)?)
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// What a removal did.
struct Removal {
    below: u64,
    more: bool,
    /// The oldest block afterwards.
    head: Option<Head>,
}

/// The numbers of a row.
pub(super) fn head_of(row: &Row<'_>) -> Result<Head, Fault> {
    Ok(Head {
        first: unsigned(row.get(0)?)?,
        records: unsigned(row.get(1)?)?,
        bytes_before: unsigned(row.get(2)?)?,
        stored_ms: row.get(3)?,
    })
}

/// The block of a row with its data, if it is whole.
pub(super) fn block_of(row: &Row<'_>) -> Option<Block> {
    let head = head_of(row).ok()?;
    let data = row.get(4).ok()?;
    Block::check(head, data)
}

fn unsigned(number: i64) -> Result<u64, Fault> {
    u64::try_from(number).map_err(|_| Fault::Damage(format!("it holds the number {number}")))
}

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
