//! Credentials of devices, and whose they are: no two devices share an id.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::entities::random_letters;

/// The type of credentials that say none.
const ACCESS_TOKEN: &str = "ACCESS_TOKEN";
/// Letters of a token made here.
const TOKEN_LETTERS: usize = 20;

/// The owner of each credentials id.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    owners: HashMap<String, Uuid>,
    ids: HashMap<Uuid, String>,
}

/// Credentials that a device has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    device: Uuid,
    r#type: Option<String>,
    id: String,
    value: Option<String>,
    created_time: i64,
}

impl Stored {
    /// The JSON of ThingsBoard's `DeviceCredentials`.
    pub(super) fn to_json(&self) -> Json {
        let own_id = Uuid::new_v5(&self.device, b"credentials").to_string();
        json!({
            "id": {"id": own_id},
            "createdTime": self.created_time,
            "deviceId": {"entityType": "DEVICE", "id": self.device.to_string()},
            "credentialsType": self.r#type.as_deref().unwrap_or(ACCESS_TOKEN),
            "credentialsId": self.id,
            "credentialsValue": self.value,
            "version": null,
        })
    }
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
    r#type: Option<String>,
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
            r#type: json.credentials_type,
            id: json.credentials_id,
            value: json.credentials_value,
        })
    }

    /// An access token, which the server makes for an administrator's device.
    pub(super) fn token(device: Uuid, token: String) -> Self {
        Self {
            device,
            r#type: None,
            id: Some(token),
            value: None,
        }
    }
}

/// A token for a new device.
pub(super) fn new_token() -> String {
    random_letters(TOKEN_LETTERS)
}

impl Credentials {
    /// Claims the credentials for their device.
    pub(super) fn claim(&mut self, draft: Draft, now: i64) -> Result<Stored, String> {
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
        Ok(Stored {
            device: draft.device,
            r#type: draft.r#type,
            id,
            value: draft.value,
            created_time: now,
        })
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
        let json = credentials.claim(draft(1, "token"), 5).unwrap().to_json();
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
