//! The database file: how it is made, found to be ours, and set up.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::error::Fault;
use crate::config::Fsync;

/// The database's name in the spool's folder.
pub(super) const NAME: &str = "spool.db";

/// The version of the tables.
const FORMAT: i64 = 1;

/// Memory for pages, in KiB. Blocks are written once and mostly removed unread.
const CACHE_KIB: i64 = 1024;

/// The length to which the log's file is cut when it begins anew.
const MAX_LOG_BYTES: i64 = 16 * 1024 * 1024;

/// Statements that are kept ready: all there are.
const STATEMENTS: usize = 32;

/// A row's `data` comes last: the other columns are read without it.
const TABLES: &str = "
    BEGIN IMMEDIATE;
    CREATE TABLE blocks(
        position INTEGER PRIMARY KEY,
        records INTEGER NOT NULL,
        bytes_before INTEGER NOT NULL,
        stored_ms INTEGER NOT NULL,
        data BLOB NOT NULL
    ) STRICT;
    CREATE TABLE progress(id INTEGER PRIMARY KEY, done_below INTEGER NOT NULL) STRICT;
    INSERT INTO progress(id, done_below) VALUES (1, 1);
    PRAGMA user_version = 1;
    COMMIT;
";

/// The file beside the database in which its log is.
pub(super) fn log_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// Opens the database for this connection alone, and makes the tables of a new
/// one.
pub(super) fn connect(path: &Path, fsync: Fsync) -> Result<Connection, Fault> {
    make_file(path)?;
    let connection = open(path)?;
    // Set before the log is looked at: then its index is in this process's
    // memory, and nobody else gets in.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = match fsync {
        // The log with each commit.
        Fsync::Always => "FULL",
        // The log before it is brought into the file, and the file before the log
        // begins anew.
        Fsync::Interval => "NORMAL",
        Fsync::Never => "OFF",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // Done by us, at a time when nobody waits.
    connection.query_row("PRAGMA wal_autocheckpoint = 0", [], |_| Ok(()))?;
    let limit = format!("PRAGMA journal_size_limit = {MAX_LOG_BYTES}");
    connection.query_row(&limit, [], |_| Ok(()))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    if !has_tables(&connection)? {
        connection.execute_batch(TABLES)?;
    }
    if let Some(folder) = path.parent() {
        sync_folder(folder)?;
    }
    Ok(connection)
}

/// Opens a database that is there for this connection alone, without changing
/// anything, not even when it is closed.
pub(super) fn connect_as_it_is(path: &Path) -> Result<Connection, Fault> {
    let logged = log_of(path).exists();
    let connection = open(path)?;
    // Without a log the database makes an empty one, and removes it when it is
    // closed; a log that is there stays, with all that is in it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, logged)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    Ok(connection)
}

fn open(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // Who holds the file holds it for long.
    connection.busy_timeout(std::time::Duration::ZERO)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    Ok(connection)
}

/// Whether the tables are made yet. An error: they are not those of this
/// version.
pub(super) fn has_tables(connection: &Connection) -> Result<bool, Fault> {
    let format: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match format {
        FORMAT => Ok(true),
        0 if is_empty(connection)? => Ok(false),
        other => Err(Fault::Damage(format!(
            "its format is {other}, and this version writes {FORMAT}"
        ))),
    }
}

fn is_empty(connection: &Connection) -> Result<bool, Fault> {
    let sql = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(tables == 0)
}

/// Records are data of others: nobody but the owner may read them. The database
/// gives its log the same rights.
pub(super) fn make_file(path: &Path) -> io::Result<()> {
    // A file that is there is not opened here: closing it would give up locks
    // that this process holds on it.
    if path.exists() {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
}

pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A new file is durable only with its name.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Bytes that the database and its log take on the disk.
pub(super) fn disk_bytes(database: &Path) -> u64 {
    let of = |path: &Path| {
        let Ok(data) = fs::metadata(path) else {
            return 0;
        };
        #[cfg(unix)]
        return std::os::unix::fs::MetadataExt::blocks(&data) * 512;
        #[cfg(not(unix))]
        data.len()
    };
    of(database) + of(&log_of(database))
}
