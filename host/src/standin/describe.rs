//! Entities as downlinks tell them to the edge.

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::entities::{Entity, Kind, Table, halves};
use crate::proto::edge;

impl Table {
    /// The message that tells the edge about an entity.
    pub(super) fn update_message(
        &self,
        entity: &Entity,
        msg_type: edge::UpdateMsgType,
    ) -> edge::DownlinkMsg {
        let mut message = self.bare_message(entity.id, msg_type, self.to_json(entity).to_string());
        message.device_credentials_update_msg = entity
            .credentials
            .iter()
            .map(|credentials| edge::DeviceCredentialsUpdateMsg {
                entity: credentials.to_json().to_string(),
            })
            .collect();
        if self.kind == Kind::Device && msg_type == edge::UpdateMsgType::EntityCreatedRpcMessage {
            let profile = self.profile_id(&entity.profile);
            let profile = self.profile_message(profile);
            message.device_profile_update_msg =
                profile.map_or_else(Vec::new, |profile| profile.device_profile_update_msg);
        }
        message
    }

    /// The message that tells the edge about a profile; none if there is no such profile.
    pub(super) fn profile_message(&self, id: Uuid) -> Option<edge::DownlinkMsg> {
        let name = self.profile_name(id)?;
        let msg_type = edge::UpdateMsgType::EntityCreatedRpcMessage.into();
        let (id_msb, id_lsb) = halves(id);
        let entity = self.profile_json(id, name).to_string();
        let mut message = edge::DownlinkMsg::default();
        match self.kind {
            Kind::Device => message
                .device_profile_update_msg
                .push(edge::DeviceProfileUpdateMsg {
                    msg_type,
                    id_msb,
                    id_lsb,
                    entity,
                }),
            Kind::Asset => message
                .asset_profile_update_msg
                .push(edge::AssetProfileUpdateMsg {
                    msg_type,
                    id_msb,
                    id_lsb,
                    entity,
                }),
        }
        Some(message)
    }

    fn profile_json(&self, id: Uuid, name: &str) -> Json {
        let entity_type = match self.kind {
            Kind::Device => "DEVICE_PROFILE",
            Kind::Asset => "ASSET_PROFILE",
        };
        let mut json = json!({
            "id": {"entityType": entity_type, "id": id.to_string()},
            "createdTime": 0,
            "tenantId": {"entityType": "TENANT", "id": self.tenant.to_string()},
            "name": name,
            "description": null,
            "image": null,
            "default": id == self.default_profile(),
            "defaultRuleChainId": null,
            "defaultDashboardId": null,
            "defaultQueueName": null,
            "defaultEdgeRuleChainId": null,
            "externalId": null,
            "version": null,
        });
        if self.kind == Kind::Device {
            json["type"] = "DEFAULT".into();
            json["transportType"] = "DEFAULT".into();
            json["provisionType"] = "DISABLED".into();
            json["profileData"] = json!({
                "configuration": {"type": "DEFAULT"},
                "transportConfiguration": {"type": "DEFAULT"},
                "provisionConfiguration": {"type": "DISABLED", "provisionDeviceSecret": null},
                "alarms": null,
            });
        }
        json
    }

    /// The message for an entity that is no longer the edge's.
    pub(super) fn removal_message(&self, id: Uuid) -> edge::DownlinkMsg {
        let msg_type = edge::UpdateMsgType::EntityDeletedRpcMessage;
        self.bare_message(id, msg_type, String::new())
    }

    fn bare_message(
        &self,
        id: Uuid,
        msg_type: edge::UpdateMsgType,
        entity: String,
    ) -> edge::DownlinkMsg {
        let (msb, lsb) = halves(id);
        let mut message = edge::DownlinkMsg::default();
        match self.kind {
            Kind::Device => message.device_update_msg.push(edge::DeviceUpdateMsg {
                msg_type: msg_type.into(),
                id_msb: msb,
                id_lsb: lsb,
                entity,
            }),
            Kind::Asset => message.asset_update_msg.push(edge::AssetUpdateMsg {
                msg_type: msg_type.into(),
                id_msb: msb,
                id_lsb: lsb,
                entity,
            }),
        }
        message
    }

    fn to_json(&self, entity: &Entity) -> Json {
        let id =
            |entity_type: &str, id: Uuid| json!({"entityType": entity_type, "id": id.to_string()});
        let mut json = Map::new();
        let mut put = |key: &str, value: Json| json.insert(key.to_owned(), value);
        put("id", id(self.kind.entity_type(), entity.id));
        put("createdTime", entity.created_time.into());
        put("additionalInfo", entity.additional_info.clone());
        put("tenantId", id("TENANT", self.tenant));
        put("customerId", id("CUSTOMER", entity.customer));
        put("name", entity.name.as_str().into());
        put("type", entity.profile.as_str().into());
        put("label", entity.label.clone().into());
        let profile = self.profile_id(&entity.profile);
        match self.kind {
            Kind::Asset => {
                put("assetProfileId", id("ASSET_PROFILE", profile));
            }
            Kind::Device => {
                put("deviceProfileId", id("DEVICE_PROFILE", profile));
                put("firmwareId", entity.firmware_id.clone());
                put("softwareId", entity.software_id.clone());
                let data = entity.device_data.clone().unwrap_or_else(|| {
                    json!({
                        "configuration": {"type": "DEFAULT"},
                        "transportConfiguration": {"type": "DEFAULT"},
                    })
                });
                put("deviceData", data);
            }
        }
        put("externalId", entity.external_id.clone());
        put("version", Json::Null);
        Json::Object(json)
    }
}
