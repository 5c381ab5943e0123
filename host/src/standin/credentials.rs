//! Credentials of devices, and whose they are: no two devices share an id.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::entities::random_letters;

/// Letters of a token made here.
const TOKEN_LETTERS: usize = 20;

/// The owner of each credentials id.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    owners: HashMap<String, Uuid>,
    ids: HashMap<Uuid, String>,
}

#[derive(Deserialize)]
struct DeviceRef {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialsJson {
    device_id: DeviceRef,
    credentials_type: Option<String>,
    credentials_id: Option<String>,
    credentials_value: Option<String>,
}

/// Credentials as an edge sends them.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) device: Uuid,
    r#type: String,
    id: Option<String>,
    value: Option<String>,
}

impl Draft {
    /// Reads the JSON of an uplink; an error fails the whole message.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let json: CredentialsJson = serde_json::from_str(text)
            .map_err(|error| format!("cannot read the device credentials: {error}"))?;
        let device = Uuid::parse_str(&json.device_id.id)
            .map_err(|error| format!("the credentials' device id is not a UUID: {error}"))?;
        Ok(Self {
            device,
            r#type: json
                .credentials_type
                .unwrap_or_else(|| "ACCESS_TOKEN".to_owned()),
            id: json.credentials_id,
            value: json.credentials_value,
        })
    }

    /// An access token of random letters, which the server makes for an administrator's device.
    pub(super) fn token(device: Uuid) -> Self {
        Self {
            device,
            r#type: "ACCESS_TOKEN".to_owned(),
            id: Some(random_letters(TOKEN_LETTERS)),
            value: None,
        }
    }
}

impl Credentials {
    /// Claims the credentials for their device and gives their full JSON.
    pub(super) fn claim(&mut self, draft: Draft, now: i64) -> Result<Json, String> {
        let id = draft
            .id
            .filter(|id| !id.trim().is_empty())
            .ok_or("the device credentials need a credentialsId")?;
        if self
            .owners
            .get(&id)
            .is_some_and(|owner| *owner != draft.device)
        {
            return Err("another device has these credentials already".to_owned());
        }
        self.release(draft.device);
        self.owners.insert(id.clone(), draft.device);
        self.ids.insert(draft.device, id.clone());
        let device = draft.device.to_string();
        let own_id = Uuid::new_v5(&draft.device, b"credentials").to_string();
        Ok(json!({
            "id": {"id": own_id},
            "createdTime": now,
            "deviceId": {"entityType": "DEVICE", "id": device},
            "credentialsType": draft.r#type,
            "credentialsId": id,
            "credentialsValue": draft.value,
            "version": null,
        }))
    }

    /// Frees the credentials of a device that goes away.
    pub(super) fn release(&mut self, device: Uuid) {
        if let Some(id) = self.ids.remove(&device) {
            self.owners.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(device: u128, id: &str) -> Draft {
        let device = Uuid::from_u128(device).to_string();
        let json = json!({"deviceId": {"id": device}, "credentialsId": id});
        Draft::parse(&json.to_string()).unwrap()
    }

    #[test]
    fn an_id_has_one_owner() {
        let mut credentials = Credentials::default();
        let json = credentials.claim(draft(1, "token"), 5).unwrap();
        assert_eq!(json["credentialsId"], "token");
        assert_eq!(json["credentialsType"], "ACCESS_TOKEN");
        assert!(credentials.claim(draft(1, "token"), 5).is_ok());
        assert!(credentials.claim(draft(2, "token"), 5).is_err());
        assert!(credentials.claim(draft(1, "other"), 5).is_ok());
        assert!(credentials.claim(draft(2, "token"), 5).is_ok());
        credentials.release(Uuid::from_u128(2));
        assert!(credentials.claim(draft(3, "token"), 5).is_ok());
    }

    #[test]
    fn an_empty_id_and_unreadable_json_are_errors() {
        let mut credentials = Credentials::default();
        assert!(credentials.claim(draft(1, " "), 5).is_err());
        assert!(Draft::parse("{}").is_err());
        assert!(Draft::parse(r#"{"deviceId":{"id":"x"}}"#).is_err());
    }
}
