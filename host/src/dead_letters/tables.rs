//! The tables.
//!
//! One holds the letters by their number, the other the totals, which each
//! transaction brings up to date: nothing is ever counted by reading all.

use redb::{
    Database, ReadableDatabase, ReadableTable, TableDefinition, TableError, WriteTransaction,
};
use tracing::warn;

use super::record::Details;

/// Number → details as JSON, frame.
pub(super) const LETTERS: TableDefinition<'_, u64, (&[u8], &[u8])> =
    TableDefinition::new("letters");
/// The totals by name.
pub(super) const TOTALS: TableDefinition<'_, &str, u64> = TableDefinition::new("totals");

/// The number of the next letter, kept so that a number never comes back.
const NEXT_ID: &str = "nextId";
const COUNT: &str = "letters";
const BYTES: &str = "bytes";

/// Makes the tables of a new file. In an old one all of them must be there.
pub(super) fn prepare(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_read()?;
    match transaction.open_table(TOTALS) {
        Ok(totals) => {
            Totals::read(&totals)?;
            transaction.open_table(LETTERS)?;
            Ok(())
        }
        Err(TableError::TableDoesNotExist(_)) => {
            let transaction = database.begin_write()?;
            transaction.open_table(LETTERS)?;
            Totals::NONE.write(&transaction)?;
            Ok(transaction.commit()?)
        }
        Err(error) => Err(error.into()),
    }
}

/// The details of a letter; None, and a line in the log, if they are none. The
/// letter stays until it is removed or the oldest: it must not hide the others.
pub(super) fn readable(id: u64, details: &[u8]) -> Option<Details> {
    Details::parse(details)
        .inspect_err(|error| {
            warn!(
                letter = id, error = %error,
                "a dead letter is left out: its details are not what this version writes"
            );
        })
        .ok()
}

/// What the second table holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) next_id: u64,
    pub(super) letters: u64,
    pub(super) bytes: u64,
}

impl Totals {
    const NONE: Self = Self {
        next_id: 1,
        letters: 0,
        bytes: 0,
    };

    pub(super) fn read(table: &impl ReadableTable<&'static str, u64>) -> Result<Self, redb::Error> {
        let value = |name: &'static str| {
            let missing = || redb::Error::Corrupted(format!("it does not say {name}"));
            table
                .get(name)?
                .map(|value| value.value())
                .ok_or_else(missing)
        };
        Ok(Self {
            next_id: value(NEXT_ID)?,
            letters: value(COUNT)?,
            bytes: value(BYTES)?,
        })
    }

    pub(super) fn write(&self, transaction: &WriteTransaction) -> Result<(), redb::Error> {
        let mut table = transaction.open_table(TOTALS)?;
        table.insert(NEXT_ID, self.next_id)?;
        table.insert(COUNT, self.letters)?;
        table.insert(BYTES, self.bytes)?;
        Ok(())
    }

    pub(super) fn add(&mut self, size: u64) {
        self.letters = self.letters.saturating_add(1);
        self.bytes = self.bytes.saturating_add(size);
    }

    pub(super) fn subtract(&mut self, size: u64) {
        self.letters = self.letters.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(size);
    }
}
