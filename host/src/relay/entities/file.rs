//! The names on disk.
//!
//! Only names and ids are kept: everything else about an entity is told by each
//! session's synchronisation.

use std::{path::Path, sync::Arc};

use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition, TableError};
use uuid::Uuid;

use super::names::Names;
use crate::{
    message::EntityKind,
    redb_file::{Changes, Doing, FileError, Journal, Opener, StoreFile},
};

/// The file's name in the data folder.
const NAME: &str = "entities.redb";

/// Kind, name → id.
const NAMES: TableDefinition<'_, (u8, &str), u128> = TableDefinition::new("names");
/// Whose names these are: one entry, [`EDGE`].
const ABOUT: TableDefinition<'_, &str, u128> = TableDefinition::new("about");
const EDGE: &str = "edge";

/// The names on disk.
#[derive(Debug)]
pub(super) struct NamesFile {
    journal: Journal<Key, Uuid>,
}

/// What has an id.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    Edge,
    Name(u8, Box<str>),
}

impl NamesFile {
    /// Opens the file in `folder`. Gives the edge and the names in it, too.
    pub(super) fn open(
        folder: &Path,
        opener: Opener,
    ) -> Result<(Self, Option<Uuid>, Names), FileError> {
        let file = Arc::new(StoreFile::open(folder, NAME, opener, prepare)?);
        let (edge, names) = file.run(Doing::Reading, read)?;
        let journal = Journal::start("entities", file, write)?;
        Ok((Self { journal }, edge, names))
    }

    /// Notes whose names these are.
    pub(super) fn note_edge(&self, edge: Uuid) {
        self.journal.note(Key::Edge, Some(edge));
    }

    /// Notes what is behind a name; None if the name is gone.
    pub(super) fn note(&self, kind: EntityKind, name: &str, id: Option<Uuid>) {
        self.journal.note(Key::Name(number(kind), name.into()), id);
    }

    /// See [`Journal::written`].
    pub(super) async fn written(&self) {
        self.journal.written().await;
    }
}

/// How a kind is written.
fn number(kind: EntityKind) -> u8 {
    match kind {
        EntityKind::Device => 0,
        EntityKind::Asset => 1,
    }
}

fn kind(number: u8) -> Option<EntityKind> {
    [EntityKind::Device, EntityKind::Asset]
        .into_iter()
        .find(|kind| self::number(*kind) == number)
}

/// Makes the tables of a new file. In an old one both must be there.
fn prepare(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_read()?;
    match transaction.open_table(ABOUT) {
        Ok(_) => {
            transaction.open_table(NAMES)?;
            Ok(())
        }
        Err(TableError::TableDoesNotExist(_)) => {
            let transaction = database.begin_write()?;
            transaction.open_table(ABOUT)?;
            transaction.open_table(NAMES)?;
            Ok(transaction.commit()?)
        }
        Err(error) => Err(error.into()),
    }
}

fn read(database: &Database) -> Result<(Option<Uuid>, Names), redb::Error> {
    let transaction = database.begin_read()?;
    let edge = transaction.open_table(ABOUT)?.get(EDGE)?;
    let mut names = Names::default();
    for entry in transaction.open_table(NAMES)?.iter()? {
        let (key, id) = entry?;
        let (number, name) = key.value();
        // A kind of a newer host's is left alone.
        if let Some(kind) = kind(number) {
            names.insert(kind, name, Uuid::from_u128(id.value()));
        }
    }
    Ok((edge.map(|edge| Uuid::from_u128(edge.value())), names))
}

fn write(database: &Database, changes: &Changes<Key, Uuid>) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    {
        let mut about = transaction.open_table(ABOUT)?;
        let mut names = transaction.open_table(NAMES)?;
        for (key, id) in changes {
            match (key, id) {
                (Key::Edge, Some(id)) => about.insert(EDGE, id.as_u128())?,
                (Key::Edge, None) => about.remove(EDGE)?,
                (Key::Name(kind, name), Some(id)) => {
                    names.insert((*kind, &**name), id.as_u128())?
                }
                (Key::Name(kind, name), None) => names.remove((*kind, &**name))?,
            };
        }
    }
    Ok(transaction.commit()?)
}
