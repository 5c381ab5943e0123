//! Telemetry and attributes of one device or asset.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::delays::Delays;
use super::sequence::{Figures, Sequence};
use super::values::Value;
use crate::proto::transport::{KeyValueProto, TsKvListProto};

/// What ThingsBoard notes about a device's activity among its attributes; an
/// edge that asks for attributes does not get them.
const ACTIVITY: [&str; 5] = [
    "active",
    "lastConnectTime",
    "lastDisconnectTime",
    "lastActivityTime",
    "inactivityAlarmTime",
];

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
    /// Of each key the newest `kept` arrivals stay. What `delays` count is not stored.
    pub(super) fn add_point(
        &mut self,
        key: &str,
        point: Point,
        kept: usize,
        delays: Option<&mut Delays>,
    ) {
        if delays.is_some_and(|delays| delays.take(key, &point)) {
            return;
        }
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

    /// All attributes of a scope as a downlink carries them.
    pub(super) fn attributes_to_wire(&self, scope: Scope) -> Vec<KeyValueProto> {
        let attributes = self.attributes[scope as usize].iter();
        attributes
            .filter(|(key, _)| !ACTIVITY.contains(&key.as_str()))
            .map(|(key, attribute)| attribute.value.to_wire(key))
            .collect()
    }

    /// The newest point of each key as a downlink carries it, by time.
    pub(super) fn latest_to_wire(&self) -> Vec<TsKvListProto> {
        let mut lists = BTreeMap::<i64, Vec<KeyValueProto>>::new();
        for (key, series) in &self.series {
            if let Some(point) = &series.latest {
                let list = lists.entry(point.ts).or_default();
                list.push(point.value.to_wire(key));
            }
        }
        let lists = lists.into_iter();
        lists.map(|(ts, kv)| TsKvListProto { ts, kv }).collect()
    }

    /// The type with which the newest value of each key, or of the named keys, is stored.
    pub(super) fn types(&self, keys: Option<&[String]>) -> Json {
        let named = self.series.iter();
        let named = named.filter(|(key, _)| keys.is_none_or(|keys| keys.contains(key)));
        let types = named.filter_map(|(key, series)| {
            let point = series.latest.as_ref()?;
            Some((key.clone(), Json::from(point.value.type_name())))
        });
        Json::Object(types.collect())
    }

    /// The type with which each attribute is stored, by scope.
    pub(super) fn attribute_types(&self) -> Json {
        self.scopes(|attribute| attribute.value.type_name().into())
    }

    /// All attributes by scope.
    pub(super) fn attributes(&self) -> Json {
        self.scopes(|attribute| attribute.value.to_json())
    }

    fn scopes(&self, show: impl Fn(&Attribute) -> Json) -> Json {
        let scopes = Scope::ALL.into_iter().map(|scope| {
            let attributes: Map<String, Json> = self.attributes[scope as usize]
                .iter()
                .map(|(key, attribute)| (key.clone(), show(attribute)))
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
mod tests;
