//! What an administrator changes of a device or an asset that is there.

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use super::admin::Problem;
use super::change::Change;
use super::draft::Draft;
use super::entities::{Kind, NO_CUSTOMER};
use super::hub::State;
use crate::proto::edge::UpdateMsgType;

/// What is to be different; the rest stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Edit {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) profile: Option<String>,
    /// A label, or its removal.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub(super) label: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) customer: Option<Uuid>,
}

/// The same over HTTP: a customer has a title, and null takes something away.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NewEdit {
    name: Option<String>,
    r#type: Option<String>,
    #[serde(deserialize_with = "given")]
    label: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    customer: Option<Option<String>>,
}

impl NewEdit {
    /// Another name.
    pub(super) fn name(name: String) -> Self {
        Self {
            name: Some(name),
            ..Self::default()
        }
    }
}

/// Reads a field that is there, so that null is something else than its absence.
pub(super) fn given<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

impl State {
    /// The id of a customer's title, and [`NO_CUSTOMER`] for none.
    pub(super) fn find_customer(&self, title: Option<&str>) -> Result<Uuid, Problem> {
        let Some(title) = title else {
            return Ok(NO_CUSTOMER);
        };
        let id = self.customers.id_of(title);
        id.ok_or_else(|| Problem::NotFound(format!("there is no customer named {title:?}")))
    }

    /// Changes an entity. A connected edge hears of it now, another one with
    /// its next synchronisation.
    pub(super) fn edit(&mut self, kind: Kind, id: Uuid, new: NewEdit) -> Result<(), Problem> {
        let table = self.table(kind);
        let Some(entity) = table.get(id) else {
            return Ok(());
        };
        if let Some(name) = &new.name
            && table.id_of(name).is_some_and(|owner| owner != id)
        {
            let noun = kind.noun();
            return Err(Problem::Conflict(format!("a {noun} named {name:?} exists")));
        }
        let customer = match &new.customer {
            Some(title) => Some(self.find_customer(title.as_deref())?),
            None => None,
        };
        let name = new.name.as_ref().unwrap_or(&entity.name);
        let label = new.label.clone().flatten();
        let draft = Draft::named(name.clone(), new.r#type.clone(), label);
        draft.check().map_err(Problem::Invalid)?;
        let profile = new.r#type.filter(|name| !name.is_empty());
        self.carry_out(Change::Edit {
            kind,
            id,
            edit: Edit {
                name: new.name,
                profile,
                label: new.label,
                customer,
            },
        })?;
        let table = self.table(kind);
        let entity = table.get(id).filter(|entity| entity.assigned);
        if let Some(entity) = entity.filter(|_| self.connected()) {
            let message = table.update_message(entity, UpdateMsgType::EntityUpdatedRpcMessage);
            self.push_event(message);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn null_and_absence_differ_and_come_back_from_the_journal() {
        for (edit, expected) in [
            (Edit::default(), json!({})),
            (
                Edit {
                    label: Some(None),
                    ..Edit::default()
                },
                json!({"label": null}),
            ),
            (
                Edit {
                    name: Some("a".to_owned()),
                    label: Some(Some("l".to_owned())),
                    ..Edit::default()
                },
                json!({"name": "a", "label": "l"}),
            ),
        ] {
            let json = serde_json::to_value(&edit).unwrap();
            assert_eq!(json, expected);
            assert_eq!(serde_json::from_value::<Edit>(json).unwrap(), edit);
        }
    }
}
