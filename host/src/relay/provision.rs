//! Creates the devices and assets that ThingsBoard does not have yet.

use rand::{RngExt as _, distr::Alphanumeric};
use serde_json::json;
use uuid::Uuid;

use super::{connect::Edge, ids};
use crate::{
    message::{EntityKind, Uplink, now_ms},
    proto::edge::{
        AssetUpdateMsg, DeviceCredentialsUpdateMsg, DeviceUpdateMsg, UpdateMsgType, UplinkMsg,
    },
};

/// Length of a device's random access token: ThingsBoard's own.
const TOKEN_LENGTH: usize = 20;

/// The message that creates the entity of `uplink` under `id`. It travels
/// alone, so that one bad entity does not fail the data of others.
///
/// The profile goes by its name: ThingsBoard finds or creates it. The customer goes
/// by its id, and one that does not exist fails the creation.
pub(super) fn creation(
    uplink: &Uplink,
    id: Uuid,
    edge: &Edge,
    customer: Option<Uuid>,
) -> UplinkMsg {
    let entity = &uplink.entity;
    let (id_msb, id_lsb) = ids::halves(id);
    let mut body = json!({
        "tenantId": { "entityType": "TENANT", "id": edge.tenant },
        "name": entity.name,
        "createdTime": now_ms(),
    });
    if !entity.profile.is_empty() {
        body["type"] = json!(entity.profile);
    }
    if let Some(label) = &entity.label {
        body["label"] = json!(label);
    }
    if let Some(customer) = customer {
        body["customerId"] = json!({ "entityType": "CUSTOMER", "id": customer });
    }
    let msg_type = UpdateMsgType::EntityCreatedRpcMessage.into();
    match entity.kind {
        EntityKind::Device => UplinkMsg {
            device_update_msg: vec![DeviceUpdateMsg {
                msg_type,
                id_msb,
                id_lsb,
                entity: body.to_string(),
            }],
            device_credentials_update_msg: vec![credentials(id)],
            ..UplinkMsg::default()
        },
        EntityKind::Asset => UplinkMsg {
            asset_update_msg: vec![AssetUpdateMsg {
                msg_type,
                id_msb,
                id_lsb,
                entity: body.to_string(),
            }],
            ..UplinkMsg::default()
        },
    }
}

/// Without credentials of ours a device has none, and ThingsBoard's user
/// interface cannot show or change them.
fn credentials(device: Uuid) -> DeviceCredentialsUpdateMsg {
    let token: String = rand::rng()
        .sample_iter(Alphanumeric)
        .take(TOKEN_LENGTH)
        .map(char::from)
        .collect();
    let body = json!({
        "deviceId": { "entityType": "DEVICE", "id": device },
        "credentialsType": "ACCESS_TOKEN",
        "credentialsId": token,
        "credentialsValue": null,
    });
    DeviceCredentialsUpdateMsg {
        entity: body.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;
    use crate::message::Entity;

    fn uplink(kind: EntityKind, name: &str, profile: &str) -> Uplink {
        Uplink {
            integration: "TCP".into(),
            allow_create: true,
            received_ms: 1,
            entity: Entity {
                kind,
                name: name.to_owned(),
                profile: profile.to_owned(),
                label: Some("Hall 3".to_owned()),
                customer: None,
                group: None,
                telemetry: Vec::new(),
                attributes: Vec::new(),
            },
        }
    }

    #[test]
    fn a_creation_names_tenant_profile_and_label() {
        let edge = Edge {
            id: Uuid::from_u128(1),
            tenant: Uuid::from_u128(2),
            name: "edge".to_owned(),
        };
        let id = Uuid::from_u128(3);
        let customer = Some(Uuid::from_u128(9));
        let device = uplink(EntityKind::Device, "SN", "meter");
        let message = creation(&device, id, &edge, customer);
        let body: Json = serde_json::from_str(&message.device_update_msg[0].entity).unwrap();
        assert_eq!(message.device_update_msg[0].id_lsb, 3);
        assert_eq!(
            body["tenantId"]["id"],
            "00000000-0000-0000-0000-000000000002"
        );
        assert_eq!(
            (&body["name"], &body["type"]),
            (&json!("SN"), &json!("meter"))
        );
        assert_eq!(body["label"], "Hall 3");
        assert_eq!(
            body["customerId"],
            json!({"entityType": "CUSTOMER", "id": "00000000-0000-0000-0000-000000000009"})
        );
        assert!(body["createdTime"].as_i64().unwrap() > 1_700_000_000_000);
        let credentials = &message.device_credentials_update_msg[0].entity;
        let credentials: Json = serde_json::from_str(credentials).unwrap();
        assert_eq!(
            credentials["deviceId"]["id"],
            "00000000-0000-0000-0000-000000000003"
        );
        assert_eq!(
            credentials["credentialsId"].as_str().unwrap().len(),
            TOKEN_LENGTH
        );

        let message = creation(&uplink(EntityKind::Asset, "Hall", ""), id, &edge, None);
        let body: Json = serde_json::from_str(&message.asset_update_msg[0].entity).unwrap();
        assert_eq!((body.get("type"), body.get("customerId")), (None, None));
        assert!(message.device_update_msg.is_empty());
    }
}
