//! Faults that meet only messages with certain content.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Fault;
use crate::proto::edge::{UpdateMsgType, UplinkMsg};
use crate::standin::entities::whole;

/// Targets at a time.
pub(in crate::standin) const MAX_TARGETS: usize = 100;

/// What happens to a message that is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::standin) enum Action {
    /// Refused, and not processed.
    Reject,
    /// Not answered, and not processed.
    Ignore,
    /// Processed, but not answered.
    StoreOnly,
}

/// Which messages are met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::standin) enum Aim {
    /// Those with data of the device or asset of that name.
    Device(String),
    /// Those with telemetry or attributes of that key.
    Key(String),
    /// Those that create or change the device or asset of that name.
    CreationOf(String),
}

impl Aim {
    pub(super) fn meets(&self, message: &UplinkMsg, id_of: impl Fn(&str) -> Vec<Uuid>) -> bool {
        match self {
            Self::Device(name) => {
                let ids = id_of(name);
                let mut data = message.entity_data.iter();
                data.any(|data| ids.contains(&whole(data.entity_id_msb, data.entity_id_lsb)))
            }
            Self::Key(key) => message.entity_data.iter().any(|data| {
                let telemetry = data.post_telemetry_msg.iter();
                let points = telemetry.flat_map(|post| &post.ts_kv_list);
                let attributes = data.post_attributes_msg.iter();
                let attributes = attributes.chain(&data.attributes_updated_msg);
                points
                    .flat_map(|list| &list.kv)
                    .chain(attributes.flat_map(|post| &post.kv))
                    .any(|kv| kv.key == *key)
            }),
            Self::CreationOf(name) => {
                let devices = message.device_update_msg.iter();
                let devices = devices.map(|update| (update.msg_type(), &update.entity));
                let assets = message.asset_update_msg.iter();
                let assets = assets.map(|update| (update.msg_type(), &update.entity));
                devices
                    .chain(assets)
                    .filter(|(kind, _)| *kind != UpdateMsgType::EntityDeletedRpcMessage)
                    .any(|(_, entity)| name_in(entity).as_ref() == Some(name))
            }
        }
    }
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

fn name_in(entity: &str) -> Option<String> {
    let named = serde_json::from_str::<Named>(entity).ok()?;
    Some(named.name)
}

/// A fault for certain messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::standin) struct Target {
    pub(in crate::standin) aim: Aim,
    pub(in crate::standin) action: Action,
    /// How many more messages it meets; none is without end.
    pub(in crate::standin) times: Option<u64>,
    /// How many it met.
    pub(in crate::standin) met: u64,
}

impl Target {
    pub(in crate::standin) fn new(aim: Aim, action: Action, times: Option<u64>) -> Self {
        Self {
            aim,
            action,
            times,
            met: 0,
        }
    }

    pub(super) fn is_active(&self) -> bool {
        self.times != Some(0)
    }

    /// Counts a message that is met.
    pub(super) fn hit(&mut self) -> Fault {
        self.met += 1;
        if let Some(times) = &mut self.times {
            *times = times.saturating_sub(1);
        }
        match self.action {
            Action::Reject => Fault::Reject,
            Action::Ignore => Fault::Ignore,
            Action::StoreOnly => Fault::StoreOnly,
        }
    }
}

/// Messages to aim at.
#[cfg(test)]
pub(super) mod testing {
    use super::*;
    use crate::proto::edge::EntityDataProto;
    use crate::proto::transport::{KeyValueProto, PostTelemetryMsg, TsKvListProto};
    use crate::standin::entities::halves;

    pub(in super::super) fn telemetry(id: Uuid, key: &str) -> UplinkMsg {
        let (entity_id_msb, entity_id_lsb) = halves(id);
        let kv = vec![KeyValueProto {
            key: key.to_owned(),
            ..KeyValueProto::default()
        }];
        let data = EntityDataProto {
            entity_id_msb,
            entity_id_lsb,
            post_telemetry_msg: Some(PostTelemetryMsg {
                ts_kv_list: vec![TsKvListProto { ts: 1, kv }],
            }),
            ..EntityDataProto::default()
        };
        UplinkMsg {
            entity_data: vec![data],
            ..UplinkMsg::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::telemetry;
    use super::*;
    use crate::proto::edge::{AssetUpdateMsg, DeviceUpdateMsg, EntityDataProto};
    use crate::proto::transport::{KeyValueProto, PostAttributeMsg};

    const ONE: Uuid = Uuid::from_u128(1);

    fn update(msg_type: UpdateMsgType, entity: &str) -> UplinkMsg {
        UplinkMsg {
            device_update_msg: vec![DeviceUpdateMsg {
                msg_type: msg_type.into(),
                entity: entity.to_owned(),
                ..DeviceUpdateMsg::default()
            }],
            ..UplinkMsg::default()
        }
    }

    #[test]
    fn aims_meet_what_they_name() {
        let asset = UplinkMsg {
            asset_update_msg: vec![AssetUpdateMsg {
                entity: r#"{"name":"D-1"}"#.to_owned(),
                ..AssetUpdateMsg::default()
            }],
            ..UplinkMsg::default()
        };
        let attribute = UplinkMsg {
            entity_data: vec![EntityDataProto {
                attributes_updated_msg: Some(PostAttributeMsg {
                    kv: vec![KeyValueProto {
                        key: "k".to_owned(),
                        ..KeyValueProto::default()
                    }],
                    shared: false,
                }),
                ..EntityDataProto::default()
            }],
            ..UplinkMsg::default()
        };
        let created = UpdateMsgType::EntityCreatedRpcMessage;
        let deleted = UpdateMsgType::EntityDeletedRpcMessage;
        let device = || Aim::Device("D-1".to_owned());
        let key = || Aim::Key("k".to_owned());
        let creation = || Aim::CreationOf("D-1".to_owned());
        for (aim, message, met) in [
            (device(), telemetry(ONE, "t"), true),
            (device(), telemetry(Uuid::from_u128(2), "t"), false),
            (device(), UplinkMsg::default(), false),
            (key(), telemetry(ONE, "k"), true),
            (key(), telemetry(ONE, "kk"), false),
            (key(), attribute, true),
            (creation(), update(created, r#"{"name":"D-1"}"#), true),
            (creation(), update(created, r#"{"name":"D-2"}"#), false),
            (creation(), update(deleted, r#"{"name":"D-1"}"#), false),
            (creation(), update(created, "{"), false),
            (creation(), asset, true),
        ] {
            let id_of = |name: &str| if name == "D-1" { vec![ONE] } else { vec![] };
            assert_eq!(aim.meets(&message, id_of), met, "{aim:?}: {message:?}");
        }
    }

    #[test]
    fn a_target_is_used_up_or_stays() {
        let mut twice = Target::new(Aim::Key(String::new()), Action::Ignore, Some(2));
        assert_eq!((twice.hit(), twice.is_active()), (Fault::Ignore, true));
        assert_eq!((twice.hit(), twice.is_active()), (Fault::Ignore, false));
        let mut forever = Target::new(Aim::Key(String::new()), Action::StoreOnly, None);
        assert_eq!(forever.hit(), Fault::StoreOnly);
        assert!(forever.is_active());
        assert_eq!((twice.met, forever.met), (2, 1));
    }
}
