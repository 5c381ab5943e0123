//! ThingsBoard's messages for devices, in the terms of its downlink converters.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde_json::{Map, Value as Json, json};

use super::entities::Addressee;
use crate::{
    message::{Downlink, Metadata},
    proto::{
        edge::{DeviceRpcCallMsg, EntityDataProto},
        transport::{KeyValueProto, KeyValueType},
    },
};

/// What an edge is told of an entity's attributes. Telemetry and attributes of
/// other scopes are nothing for the device.
pub(super) fn from_entity_data(data: &EntityDataProto, device: &Addressee) -> Vec<Downlink> {
    const SHARED: &str = "SHARED_SCOPE";
    let mut downlinks = Vec::new();
    let updated = data
        .attributes_updated_msg
        .as_ref()
        .or(data.post_attributes_msg.as_ref());
    if let Some(attributes) = updated
        && data.post_attribute_scope == SHARED
        && !attributes.kv.is_empty()
    {
        let msg: Map<String, Json> = attributes
            .kv
            .iter()
            .map(|pair| (pair.key.clone(), json_value(pair)))
            .collect();
        downlinks.push(attributes_downlink(
            device,
            "ATTRIBUTES_UPDATED",
            json!(msg),
        ));
    }
    if let Some(deleted) = &data.attribute_delete_msg
        && deleted.scope == SHARED
        && !deleted.attribute_names.is_empty()
    {
        let msg = json!({ "attributes": deleted.attribute_names });
        downlinks.push(attributes_downlink(device, "ATTRIBUTES_DELETED", msg));
    }
    downlinks
}

fn attributes_downlink(device: &Addressee, msg_type: &str, msg: Json) -> Downlink {
    let mut metadata = device_metadata(device);
    metadata.insert("scope".to_owned(), "SHARED_SCOPE".to_owned());
    Downlink {
        device: device.speaks_as.clone(),
        msg: msg.to_string(),
        msg_type: msg_type.to_owned(),
        metadata: Arc::new(metadata),
        expires: None,
        outcome: None,
    }
}

/// A remote procedure call. Its outcome is for the caller to fill in.
pub(super) fn from_rpc(call: &DeviceRpcCallMsg, device: &Addressee) -> Option<Downlink> {
    let request = call.request_msg.as_ref()?;
    let params = serde_json::from_str(&request.params).unwrap_or_else(|_| json!(request.params));
    let uuid = super::ids::uuid(call.request_uuid_msb, call.request_uuid_lsb);
    let mut metadata = device_metadata(device);
    metadata.insert("requestUUID".to_owned(), uuid.to_string());
    metadata.insert("requestId".to_owned(), call.request_id.to_string());
    metadata.insert(
        "expirationTime".to_owned(),
        call.expiration_time.to_string(),
    );
    metadata.insert("oneway".to_owned(), call.oneway.to_string());
    let expires = u64::try_from(call.expiration_time)
        .ok()
        .map(|time| SystemTime::UNIX_EPOCH + Duration::from_millis(time));
    Some(Downlink {
        device: device.speaks_as.clone(),
        msg: json!({ "method": request.method, "params": params }).to_string(),
        msg_type: "RPC_CALL_FROM_SERVER_TO_DEVICE".to_owned(),
        metadata: Arc::new(metadata),
        expires,
        outcome: None,
    })
}

fn device_metadata(device: &Addressee) -> Metadata {
    Metadata::from([
        ("deviceName".to_owned(), device.known.name.clone()),
        ("deviceType".to_owned(), device.known.profile.clone()),
    ])
}

fn json_value(pair: &KeyValueProto) -> Json {
    match pair.r#type() {
        KeyValueType::BooleanV => json!(pair.bool_v),
        KeyValueType::LongV => json!(pair.long_v),
        KeyValueType::DoubleV => json!(pair.double_v),
        KeyValueType::StringV => json!(pair.string_v),
        KeyValueType::JsonV => {
            serde_json::from_str(&pair.json_v).unwrap_or_else(|_| json!(pair.json_v))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        message::EntityKind,
        proto::{
            edge::{AttributeDeleteMsg, RpcRequestMsg},
            transport::PostAttributeMsg,
        },
        relay::entities::Known,
    };

    fn device() -> Addressee {
        Addressee {
            known: Known {
                kind: EntityKind::Device,
                name: "SN-002".to_owned(),
                profile: "thermometer".to_owned(),
            },
            speaks_as: "2".to_owned(),
        }
    }

    fn update(scope: &str) -> EntityDataProto {
        let mut power = KeyValueProto {
            key: "powerState".to_owned(),
            string_v: "on".to_owned(),
            ..KeyValueProto::default()
        };
        power.set_type(KeyValueType::StringV);
        let mut limit = KeyValueProto {
            key: "limit".to_owned(),
            long_v: 7,
            ..KeyValueProto::default()
        };
        limit.set_type(KeyValueType::LongV);
        EntityDataProto {
            attributes_updated_msg: Some(PostAttributeMsg {
                kv: vec![power, limit],
                shared: false,
            }),
            post_attribute_scope: scope.to_owned(),
            ..EntityDataProto::default()
        }
    }

    #[test]
    fn shared_attributes_become_a_message_with_metadata() {
        let downlinks = from_entity_data(&update("SHARED_SCOPE"), &device());
        assert_eq!(downlinks.len(), 1);
        assert_eq!(downlinks[0].msg, r#"{"powerState":"on","limit":7}"#);
        assert_eq!(downlinks[0].msg_type, "ATTRIBUTES_UPDATED");
        assert_eq!(downlinks[0].device, "2", "where its data come from");
        let metadata: Vec<_> = downlinks[0].metadata.iter().collect();
        let text = |text: &str| text.to_owned();
        assert_eq!(
            metadata,
            [
                (&text("deviceName"), &text("SN-002")),
                (&text("deviceType"), &text("thermometer")),
                (&text("scope"), &text("SHARED_SCOPE")),
            ]
        );
        assert!(from_entity_data(&update("SERVER_SCOPE"), &device()).is_empty());
    }

    #[test]
    fn deletions_name_the_attributes() {
        let data = EntityDataProto {
            attribute_delete_msg: Some(AttributeDeleteMsg {
                scope: "SHARED_SCOPE".to_owned(),
                attribute_names: vec!["a".to_owned(), "b".to_owned()],
            }),
            ..EntityDataProto::default()
        };
        let downlinks = from_entity_data(&data, &device());
        assert_eq!(downlinks[0].msg, r#"{"attributes":["a","b"]}"#);
        assert_eq!(downlinks[0].msg_type, "ATTRIBUTES_DELETED");
    }

    #[test]
    fn calls_carry_method_params_and_expiry() {
        for (params, expected) in [
            (r#"{"pin":7}"#, r#"{"method":"set","params":{"pin":7}}"#),
            (r#""on""#, r#"{"method":"set","params":"on"}"#),
            ("null", r#"{"method":"set","params":null}"#),
            ("not json", r#"{"method":"set","params":"not json"}"#),
        ] {
            let call = DeviceRpcCallMsg {
                expiration_time: 1000,
                oneway: true,
                request_uuid_lsb: 5,
                request_id: 3,
                request_msg: Some(RpcRequestMsg {
                    method: "set".to_owned(),
                    params: params.to_owned(),
                }),
                ..DeviceRpcCallMsg::default()
            };
            let downlink = from_rpc(&call, &device()).unwrap();
            assert_eq!(downlink.msg, expected);
            assert_eq!(downlink.msg_type, "RPC_CALL_FROM_SERVER_TO_DEVICE");
            assert_eq!(downlink.metadata["oneway"], "true");
            assert_eq!(downlink.metadata["requestId"], "3");
            assert_eq!(downlink.metadata["expirationTime"], "1000");
            assert_eq!(
                downlink.metadata["requestUUID"],
                "00000000-0000-0000-0000-000000000005"
            );
            assert!(downlink.is_expired());
        }
        assert!(from_rpc(&DeviceRpcCallMsg::default(), &device()).is_none());
    }
}
