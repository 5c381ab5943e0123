//! A record as it is given out.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::message::{Batch, UplinkRef};

/// A record's place: ascending in the order of appending, from 1 in a new
/// store, and without gaps but for what damage took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub(super) u64);

impl Position {
    /// Before all records.
    pub const FIRST: Self = Self(1);

    /// The place with this number.
    #[must_use]
    pub fn at(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }

    /// The place behind this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// An uplink in the spool.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its place, by which it is acknowledged.
    pub position: Position,
    batch: Arc<Batch>,
    index: usize,
}

impl Record {
    /// The record with this index of a batch.
    pub(crate) fn new(position: Position, batch: Arc<Batch>, index: usize) -> Self {
        debug_assert!(index < batch.len());
        Self {
            position,
            batch,
            index,
        }
    }

    /// What was appended.
    #[must_use]
    pub fn uplink(&self) -> UplinkRef<'_> {
        self.batch.at(self.index)
    }

    /// Its length in the spool, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.uplink().bytes()
    }

    /// The record as the JSON object of one line of `tb-tcp spool export`:
    /// `position`, and what [`Uplink::json`](crate::message::Uplink::json) has.
    #[must_use]
    pub fn json(&self) -> Json {
        let mut line = Map::new();
        line.insert("position".to_owned(), json!(self.position));
        if let Json::Object(uplink) = self.uplink().to_uplink().json() {
            line.extend(uplink);
        }
        Json::Object(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        message::{Sample, Value},
        spool::testing::with_values,
    };

    #[test]
    fn a_line_shows_values_with_their_types() {
        let mut uplink = with_values(
            "meter 1",
            &[
                ("on", Value::Boolean(true)),
                ("count", Value::Long(7)),
                ("level", Value::Double(7.0)),
                ("code", Value::Text("7".to_owned())),
                ("place", Value::Json(r#"{"b":1,"a":[2]}"#.to_owned())),
            ],
        );
        uplink.entity.label = Some("Meter".to_owned());
        uplink.entity.telemetry.insert(
            0,
            Sample {
                ts: Some(5),
                values: Vec::new(),
            },
        );
        uplink.entity.attributes = uplink.entity.telemetry[1].values[..1].to_vec();
        let batch = Arc::new(Batch::of(&[uplink]));
        let record = Record::new(Position(3), batch, 0);
        assert_eq!(
            record.json().to_string(),
            r#"{"position":3,"integration":"TCP","receivedMs":1,"allowCreate":true,"kind":"DEVICE","name":"meter 1","profile":"","label":"Meter","telemetry":[{"ts":5,"values":{}},{"values":{"on":true,"count":7,"level":7.0,"code":"7","place":{"b":1,"a":[2]}}}],"attributes":{"on":true}}"#
        );
    }
}
