//! Telemetry and attributes in an uplink message, and what is asked of them.

use tracing::debug;
use uuid::Uuid;

use super::Parts;
use crate::proto::edge::{AttributesRequestMsg, DownlinkMsg, EntityDataProto};
use crate::proto::transport::{KeyValueProto, PostAttributeMsg, PostTelemetryMsg};
use crate::standin::data::{Data, Point, Scope};
use crate::standin::entities::{Kind, halves, whole};
use crate::standin::hub::State;
use crate::standin::values::Value;

/// Entity types that a message may name although nothing is stored for them here.
const OTHER_TYPES: [&str; 12] = [
    "TENANT",
    "CUSTOMER",
    "USER",
    "DASHBOARD",
    "ALARM",
    "RULE_CHAIN",
    "RULE_NODE",
    "ENTITY_VIEW",
    "DEVICE_PROFILE",
    "ASSET_PROFILE",
    "OTA_PACKAGE",
    "TENANT_PROFILE",
];

/// What data belong to.
#[derive(Debug, Clone, Copy)]
enum Owner {
    Entity(Kind),
    Edge,
    /// Something that has none here.
    Other,
}

impl Owner {
    fn of(entity_type: &str) -> Result<Self, String> {
        match entity_type {
            "DEVICE" => Ok(Self::Entity(Kind::Device)),
            "ASSET" => Ok(Self::Entity(Kind::Asset)),
            "EDGE" => Ok(Self::Edge),
            other if OTHER_TYPES.contains(&other) => Ok(Self::Other),
            other => Err(format!("{other:?} is not an entity type")),
        }
    }

    fn data(self, state: &mut State, id: Uuid) -> Option<&mut Data> {
        match self {
            Self::Entity(kind) => Some(&mut state.table_mut(kind).get_mut(id)?.data),
            Self::Edge if id == state.edge.id => Some(&mut state.edge.data),
            Self::Edge | Self::Other => None,
        }
    }
}

impl Parts<'_> {
    pub(super) fn entity_data(&mut self, part: EntityDataProto) -> Result<(), String> {
        let owner = Owner::of(&part.entity_type)?;
        let id = whole(part.entity_id_msb, part.entity_id_lsb);
        let (now, arrived_us) = (self.now, self.now_us);
        let kept = self.state.kept_points;
        if owner.data(self.state, id).is_none() {
            debug!(%id, kind = part.entity_type, "data of an unknown entity are skipped");
            return Ok(());
        }
        let mut points = 0;
        if let Some(telemetry) = part.post_telemetry_msg {
            self.unanswered |= telemetry.ts_kv_list.is_empty();
            let typed = typed_points(&telemetry)?;
            points = typed.len() as u64;
            let mut delays = self.state.delays.take();
            if let Some(data) = owner.data(self.state, id) {
                for (ts, key, value) in typed {
                    let point = Point {
                        ts,
                        value,
                        arrived_us,
                    };
                    data.add_point(key, point, kept, delays.as_mut());
                }
            }
            self.state.delays = delays;
        }
        let Some(data) = owner.data(self.state, id) else {
            return Ok(());
        };
        for attributes in [part.post_attributes_msg, part.attributes_updated_msg]
            .into_iter()
            .flatten()
        {
            let scope = scope(&part.post_attribute_scope)?;
            for (key, value) in typed(&attributes.kv)? {
                if !data.set_attribute(scope, key, value, part.attribute_ts, now) {
                    debug!(%id, key, "an outdated attribute is dropped");
                }
            }
        }
        if let Some(delete) = part.attribute_delete_msg {
            let scope = scope(&delete.scope)?;
            for key in &delete.attribute_names {
                data.delete_attribute(scope, key);
            }
        }
        if let Owner::Entity(_) = owner {
            self.state.points += points;
        }
        Ok(())
    }

    /// Sends all attributes of a scope behind the answer, and the newest
    /// telemetry behind them. What there is none of is not sent.
    pub(super) fn attributes_request(&mut self, part: &AttributesRequestMsg) -> Result<(), String> {
        let owner = Owner::of(&part.entity_type)?;
        let scope = scope(&part.scope)?;
        let id = whole(part.entity_id_msb, part.entity_id_lsb);
        let Some(data) = owner.data(self.state, id) else {
            debug!(%id, kind = part.entity_type, "attributes of an unknown entity are not sent");
            return Ok(());
        };
        let mut answers = Vec::new();
        let kv = data.attributes_to_wire(scope);
        if !kv.is_empty() {
            answers.push(EntityDataProto {
                attributes_updated_msg: Some(PostAttributeMsg { kv, shared: false }),
                post_attribute_scope: scope.name().to_owned(),
                attribute_ts: Some(self.now),
                ..EntityDataProto::default()
            });
        }
        answers.extend(
            data.latest_to_wire()
                .into_iter()
                .map(|list| EntityDataProto {
                    post_telemetry_msg: Some(PostTelemetryMsg {
                        ts_kv_list: vec![list],
                    }),
                    ..EntityDataProto::default()
                }),
        );
        let (entity_id_msb, entity_id_lsb) = halves(id);
        for answer in answers {
            self.state.push_event(DownlinkMsg {
                entity_data: vec![EntityDataProto {
                    entity_id_msb,
                    entity_id_lsb,
                    entity_type: part.entity_type.clone(),
                    ..answer
                }],
                ..DownlinkMsg::default()
            });
        }
        Ok(())
    }
}

fn scope(name: &str) -> Result<Scope, String> {
    Scope::parse(name).ok_or_else(|| format!("{name:?} is not an attribute scope"))
}

/// All points of a message, typed before the first is stored.
fn typed_points(telemetry: &PostTelemetryMsg) -> Result<Vec<(i64, &str, Value)>, String> {
    let mut points = Vec::new();
    for list in &telemetry.ts_kv_list {
        points.extend(
            typed(&list.kv)?
                .into_iter()
                .map(|(key, value)| (list.ts, key, value)),
        );
    }
    Ok(points)
}

fn typed(kvs: &[KeyValueProto]) -> Result<Vec<(&str, Value)>, String> {
    let mut values = Vec::with_capacity(kvs.len());
    for kv in kvs {
        values.extend(Value::from_wire(kv)?.map(|value| (kv.key.as_str(), value)));
    }
    Ok(values)
}
