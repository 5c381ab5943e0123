//! Telemetry and attributes of one device or asset.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::sequence::{Figures, Sequence};
use super::values::Value;

/// Who may write an attribute, as ThingsBoard divides them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Scope {
    /// Written by the device.
    Client,
    /// Written by the administrator, told to the device.
    Shared,
    /// Written by the administrator, kept from the device.
    Server,
}

impl Scope {
    const ALL: [Self; 3] = [Self::Client, Self::Shared, Self::Server];

    /// The name on the wire.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Client => "CLIENT_SCOPE",
            Self::Shared => "SHARED_SCOPE",
            Self::Server => "SERVER_SCOPE",
        }
    }

    /// The scope of that name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// One value of a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    /// Its time, in Unix milliseconds.
    pub(super) ts: i64,
    pub(super) value: Value,
    /// When it came, in Unix microseconds.
    pub(super) arrived_us: i64,
}

impl Point {
    fn to_json(&self) -> Json {
        json!({"ts": self.ts, "value": self.value.to_json()})
    }

    fn arrival(&self) -> Json {
        json!([self.arrived_us, self.value.to_json()])
    }
}

#[derive(Debug, Default)]
struct Series {
    /// In arrival order: a test wants to see what was sent twice or late,
    /// although ThingsBoard keeps one value for a time.
    points: VecDeque<Point>,
    latest: Option<Point>,
    /// Of all arrivals, also those that are no longer kept.
    sequence: Sequence,
}

#[derive(Debug)]
struct Attribute {
    value: Value,
    updated: i64,
}

/// What was reported about one entity.
#[derive(Debug, Default)]
pub(super) struct Data {
    series: BTreeMap<String, Series>,
    attributes: [BTreeMap<String, Attribute>; Scope::ALL.len()],
}

impl Data {
    /// Adds a point. The latest value is the one with the newest time, not the one that came last.
    /// Of each key the newest `kept` arrivals stay.
    pub(super) fn add_point(&mut self, key: &str, point: Point, kept: usize) {
        let series = match self.series.get_mut(key) {
            Some(series) => series,
            None => self.series.entry(key.to_owned()).or_default(),
        };
        match point.value {
            Value::Long(value) => series.sequence.add(value),
            _ => series.sequence.add_other(),
        }
        if series
            .latest
            .as_ref()
            .is_none_or(|latest| point.ts >= latest.ts)
        {
            series.latest = Some(point.clone());
        }
        series.points.push_back(point);
        while series.points.len() > kept {
            series.points.pop_front();
        }
    }

    /// What was counted of a key whose values are numbers of samples; none if nothing came.
    pub(super) fn sequence(&self, key: &str) -> Option<Figures> {
        self.series.get(key).map(|series| series.sequence.figures())
    }

    /// Stores an attribute unless `sent_ts` shows it to be outdated; true when it was stored.
    ///
    /// Whatever time the sender gave, the stored update time is the server's,
    /// so a time of a device's own clock usually loses.
    pub(super) fn set_attribute(
        &mut self,
        scope: Scope,
        key: &str,
        value: Value,
        sent_ts: Option<i64>,
        now: i64,
    ) -> bool {
        let attributes = &mut self.attributes[scope as usize];
        let outdated = attributes
            .get(key)
            .zip(sent_ts)
            .is_some_and(|(stored, sent)| sent <= stored.updated);
        if !outdated {
            let attribute = Attribute {
                value,
                updated: now,
            };
            attributes.insert(key.to_owned(), attribute);
        }
        !outdated
    }

    /// Removes an attribute; true when it existed.
    pub(super) fn delete_attribute(&mut self, scope: Scope, key: &str) -> bool {
        self.attributes[scope as usize].remove(key).is_some()
    }

    /// Newest point of each key, or of the named keys.
    pub(super) fn latest(&self, keys: Option<&[String]>) -> Json {
        self.points_of(keys, |series| {
            series.latest.iter().map(Point::to_json).collect()
        })
    }

    /// All points of each key, or of the named keys, in arrival order.
    pub(super) fn history(&self, keys: Option<&[String]>) -> Json {
        self.points_of(keys, |series| {
            series.points.iter().map(Point::to_json).collect()
        })
    }

    /// The same points as pairs of the time of arrival, in Unix microseconds,
    /// and the value.
    pub(super) fn arrivals(&self, keys: Option<&[String]>) -> Json {
        self.points_of(keys, |series| {
            series.points.iter().map(Point::arrival).collect()
        })
    }

    /// All attributes by scope.
    pub(super) fn attributes(&self) -> Json {
        let scopes = Scope::ALL.into_iter().map(|scope| {
            let attributes: Map<String, Json> = self.attributes[scope as usize]
                .iter()
                .map(|(key, attribute)| (key.clone(), attribute.value.to_json()))
                .collect();
            (scope.name().to_owned(), Json::Object(attributes))
        });
        Json::Object(scopes.collect())
    }

    fn points_of(&self, keys: Option<&[String]>, show: impl Fn(&Series) -> Vec<Json>) -> Json {
        let shown = self
            .series
            .iter()
            .filter(|(key, _)| keys.is_none_or(|keys| keys.contains(key)))
            .map(|(key, series)| (key.clone(), Json::Array(show(series))));
        Json::Object(shown.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(data: &mut Data, key: &str, ts: i64, value: Value) {
        let point = Point {
            ts,
            value,
            arrived_us: ts * 10,
        };
        data.add_point(key, point, 3);
    }

    #[test]
    fn latest_goes_by_time_and_history_by_arrival() {
        let mut data = Data::default();
        add(&mut data, "t", 20, Value::Long(1));
        add(&mut data, "t", 10, Value::Long(2));
        add(&mut data, "t", 20, Value::Long(3));
        add(&mut data, "u", 5, Value::Bool(true));
        assert_eq!(
            data.latest(None),
            json!({"t": [{"ts": 20, "value": 3}], "u": [{"ts": 5, "value": true}]})
        );
        assert_eq!(
            data.history(Some(&["t".to_owned()])),
            json!({"t": [
                {"ts": 20, "value": 1},
                {"ts": 10, "value": 2},
                {"ts": 20, "value": 3},
            ]})
        );
        assert_eq!(
            data.arrivals(Some(&["t".to_owned()])),
            json!({"t": [[200, 1], [100, 2], [200, 3]]})
        );
    }

    #[test]
    fn the_oldest_arrival_makes_room_and_still_counts() {
        let mut data = Data::default();
        for number in 1..=4 {
            add(&mut data, "t", number, Value::Long(number));
        }
        add(&mut data, "t", 5, Value::Bool(true));
        let history = data.history(None);
        let points = history["t"].as_array().unwrap();
        assert_eq!((points.len(), &points[0]["ts"]), (3, &json!(3)));
        assert_eq!(
            data.sequence("t").unwrap().to_json(),
            json!({
                "arrived": 4, "distinct": 4, "max": 4, "gapFree": 4,
                "missing": 0, "duplicates": 0, "outOfOrder": 0, "other": 1,
            })
        );
        assert_eq!(data.sequence("u"), None);
    }

    #[test]
    fn an_attribute_time_must_be_newer_than_the_stored_update() {
        let mut data = Data::default();
        let mut set = |value, sent, now| {
            data.set_attribute(Scope::Client, "k", Value::Long(value), sent, now)
        };
        // (value, time sent, server's clock, stored)
        for (value, sent, now, stored) in [
            (1, Some(7), 100, true),
            (2, Some(99), 110, false),
            (3, Some(100), 110, false),
            (4, Some(101), 110, true),
            (5, Some(109), 120, false),
            (6, None, 110, true),
        ] {
            assert_eq!(set(value, sent, now), stored, "value {value}");
        }
        assert_eq!(
            data.attributes(),
            json!({"CLIENT_SCOPE": {"k": 6}, "SHARED_SCOPE": {}, "SERVER_SCOPE": {}})
        );
        assert!(data.delete_attribute(Scope::Client, "k"));
        assert!(!data.delete_attribute(Scope::Client, "k"));
    }

    #[test]
    fn scopes_have_their_wire_names() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.name()), Some(scope));
        }
        assert_eq!(Scope::parse("client_scope"), None);
        assert_eq!(Scope::parse(""), None);
    }
}
