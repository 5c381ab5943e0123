//! The JSON of a device or an asset as an edge sends it, read and checked.

use serde::Deserialize;
use serde_json::Value as Json;
use uuid::Uuid;

use super::entities::Kind;

/// Longest name, type or label.
const MAX_TEXT: usize = 255;

/// Why a part of an uplink message was not carried out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// This part fails, the others of the message still run.
    Part(String),
    /// Nothing behind this part runs.
    Message(String),
}

/// The profile a draft asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ProfileChoice {
    /// An existing one by id.
    Id(Uuid),
    /// Found or created by name.
    Name(String),
    /// The tenant's default.
    Default,
}

impl ProfileChoice {
    fn named(name: Option<String>) -> Self {
        name.filter(|name| !name.is_empty())
            .map_or(Self::Default, Self::Name)
    }
}

/// A device or an asset to be stored.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) profile: ProfileChoice,
    pub(super) label: Option<String>,
    /// Whose it is to be, which is for the caller to check. None keeps what is.
    pub(super) customer: Option<Uuid>,
    pub(super) created_time: Option<i64>,
    pub(super) additional_info: Json,
    pub(super) firmware_id: Json,
    pub(super) software_id: Json,
    pub(super) external_id: Json,
    pub(super) device_data: Option<Json>,
}

#[derive(Deserialize)]
struct IdRef {
    id: String,
}

impl IdRef {
    fn uuid(&self) -> Result<Uuid, Refusal> {
        Uuid::parse_str(&self.id)
            .map_err(|error| Refusal::Message(format!("{:?} is not a UUID: {error}", self.id)))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntityJson {
    tenant_id: Option<IdRef>,
    customer_id: Option<IdRef>,
    device_profile_id: Option<IdRef>,
    asset_profile_id: Option<IdRef>,
    name: Option<String>,
    r#type: Option<String>,
    label: Option<String>,
    created_time: Option<i64>,
    #[serde(default)]
    additional_info: Json,
    #[serde(default)]
    firmware_id: Json,
    #[serde(default)]
    software_id: Json,
    #[serde(default)]
    external_id: Json,
    device_data: Option<Json>,
}

impl Draft {
    /// What an administrator's form fills in.
    pub(super) fn named(name: String, r#type: Option<String>, label: Option<String>) -> Self {
        Self {
            name,
            profile: ProfileChoice::named(r#type),
            label,
            customer: None,
            created_time: None,
            additional_info: Json::Null,
            firmware_id: Json::Null,
            software_id: Json::Null,
            external_id: Json::Null,
            device_data: None,
        }
    }

    /// Reads the JSON of an uplink. Text that is not such JSON stops the whole
    /// message; everything that only a check finds refuses just this entity.
    pub(super) fn parse(kind: Kind, text: &str, tenant: Uuid) -> Result<Self, Refusal> {
        let json: EntityJson = serde_json::from_str(text).map_err(|error| {
            Refusal::Message(format!("cannot read the {}: {error}", kind.noun()))
        })?;
        let tenant_given = json.tenant_id.as_ref().map(IdRef::uuid).transpose()?;
        let customer = json.customer_id.as_ref().map(IdRef::uuid).transpose()?;
        let profile = match kind {
            Kind::Device => &json.device_profile_id,
            Kind::Asset => &json.asset_profile_id,
        };
        let profile = profile.as_ref().map(IdRef::uuid).transpose()?;

        match tenant_given {
            Some(given) if given == tenant => {}
            Some(given) => return Err(Refusal::Part(format!("there is no tenant {given}"))),
            None => {
                return Err(Refusal::Part(format!(
                    "{} should be assigned to tenant!",
                    kind.title()
                )));
            }
        }
        let draft = Self {
            name: json.name.unwrap_or_default(),
            profile: match profile {
                Some(id) => ProfileChoice::Id(id),
                None => ProfileChoice::named(json.r#type),
            },
            label: json.label,
            customer,
            created_time: json.created_time,
            additional_info: json.additional_info,
            firmware_id: json.firmware_id,
            software_id: json.software_id,
            external_id: json.external_id,
            device_data: json.device_data,
        };
        draft.check().map_err(Refusal::Part)?;
        Ok(draft)
    }

    /// The rules for the texts, whoever sends them.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.name.trim().is_empty() {
            return Err("the name must not be blank".to_owned());
        }
        let profile = match &self.profile {
            ProfileChoice::Name(name) => Some(name.as_str()),
            ProfileChoice::Id(_) | ProfileChoice::Default => None,
        };
        for (field, text) in [
            ("name", Some(self.name.as_str())),
            ("type", profile),
            ("label", self.label.as_deref()),
        ] {
            let text = text.unwrap_or_default();
            if text.chars().count() > MAX_TEXT {
                return Err(format!("the {field} is longer than {MAX_TEXT} characters"));
            }
            if text.contains('\0') {
                return Err(format!("the {field} holds a NUL character"));
            }
            if looks_like_markup(text) {
                return Err(format!("the {field} looks like HTML"));
            }
        }
        Ok(())
    }
}

/// A coarse stand-in for the server's check against scripts in names.
fn looks_like_markup(text: &str) -> bool {
    text.split('<').skip(1).any(|rest| {
        rest.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/' || first == '!')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TENANT: Uuid = Uuid::from_u128(7);

    fn parse(json: &Json) -> Result<Draft, Refusal> {
        Draft::parse(Kind::Device, &json.to_string(), TENANT)
    }

    #[test]
    fn the_minimal_device_is_read() {
        let draft = parse(&json!({
            "tenantId": {"entityType": "TENANT", "id": TENANT.to_string()},
            "name": "SN-1", "type": "meter", "label": "cellar", "createdTime": 5,
            "unknown": [1],
        }))
        .unwrap();
        assert_eq!(draft.name, "SN-1");
        assert_eq!(draft.profile, ProfileChoice::Name("meter".to_owned()));
        assert_eq!(draft.label.as_deref(), Some("cellar"));
        assert_eq!(draft.created_time, Some(5));
    }

    #[test]
    fn checks_refuse_only_the_part() {
        let tenant = json!({"id": TENANT.to_string()});
        for (json, reason) in [
            (json!({"name": "a"}), "Device should be assigned to tenant!"),
            (
                json!({"tenantId": tenant, "name": " "}),
                "the name must not be blank",
            ),
            (json!({"tenantId": tenant}), "the name must not be blank"),
            (
                json!({"tenantId": tenant, "name": "x".repeat(256)}),
                "the name is longer than 255 characters",
            ),
            (
                json!({"tenantId": tenant, "name": "a", "label": "<script>"}),
                "the label looks like HTML",
            ),
            (
                json!({"tenantId": tenant, "name": "a\u{0}b"}),
                "the name holds a NUL character",
            ),
        ] {
            let refusal = parse(&json).unwrap_err();
            assert_eq!(refusal, Refusal::Part(reason.to_owned()), "{json}");
        }
        assert!(parse(&json!({"tenantId": tenant, "name": "a < b > c"})).is_ok());
    }

    #[test]
    fn unreadable_json_stops_the_message() {
        for text in [
            "",
            "{",
            "[]",
            r#"{"name":5}"#,
            r#"{"tenantId":{"id":"x"},"name":"a"}"#,
        ] {
            let refusal = Draft::parse(Kind::Device, text, TENANT).unwrap_err();
            assert!(
                matches!(refusal, Refusal::Message(_)),
                "{text}: {refusal:?}"
            );
        }
    }
}
