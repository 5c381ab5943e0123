//! The devices and assets of the tenant.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;

pub(super) use self::ids::{halves, random_letters, whole};
use super::credentials;
use super::data::Data;
use super::draft::{Draft, ProfileChoice, Refusal};
use super::edit::Edit;

mod ids;

/// ThingsBoard's id for "no customer".
pub(super) const NO_CUSTOMER: Uuid = Uuid::from_u128(0x13814000_1dd2_11b2_8080_808080808080);
/// The profile of an entity without a type.
const DEFAULT_PROFILE: &str = "default";
/// Letters that make a name unique.
const SUFFIX_LETTERS: usize = 15;

/// What an entity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// A device.
    Device,
    /// An asset.
    Asset,
}

impl Kind {
    /// For sentences.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Asset => "asset",
        }
    }

    /// For the beginning of sentences.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Device => "Device",
            Self::Asset => "Asset",
        }
    }

    /// The entity type on the wire.
    pub(super) fn entity_type(self) -> &'static str {
        match self {
            Self::Device => "DEVICE",
            Self::Asset => "ASSET",
        }
    }
}

/// One device or asset.
#[derive(Debug)]
pub(super) struct Entity {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) profile: String,
    pub(super) label: Option<String>,
    /// Whose it is; [`NO_CUSTOMER`] without one.
    pub(super) customer: Uuid,
    pub(super) created_time: i64,
    /// Whether the edge may see it.
    pub(super) assigned: bool,
    pub(super) credentials: Option<credentials::Stored>,
    pub(super) data: Data,
    /// The number of the next remote procedure call; counts from 0.
    pub(super) next_call: i32,
    pub(super) additional_info: Json,
    pub(super) firmware_id: Json,
    pub(super) software_id: Json,
    pub(super) external_id: Json,
    pub(super) device_data: Option<Json>,
}

/// What storing a draft did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Saved {
    /// The entity is new.
    pub(super) created: bool,
    /// The name was taken, so it got another one.
    pub(super) renamed: bool,
}

/// All entities of one kind.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) kind: Kind,
    pub(super) tenant: Uuid,
    entities: HashMap<Uuid, Entity>,
    names: BTreeMap<String, Uuid>,
    /// Profiles by id. They are never removed, as in ThingsBoard.
    profiles: BTreeMap<Uuid, String>,
}

impl Table {
    pub(super) fn new(kind: Kind, tenant: Uuid) -> Self {
        let mut table = Self {
            kind,
            tenant,
            entities: HashMap::new(),
            names: BTreeMap::new(),
            profiles: BTreeMap::new(),
        };
        let id = table.profile_id(DEFAULT_PROFILE);
        table.profiles.insert(id, DEFAULT_PROFILE.to_owned());
        table
    }

    pub(super) fn get(&self, id: Uuid) -> Option<&Entity> {
        self.entities.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: Uuid) -> Option<&mut Entity> {
        self.entities.get_mut(&id)
    }

    pub(super) fn id_of(&self, name: &str) -> Option<Uuid> {
        self.names.get(name).copied()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.entities.len()
    }

    /// All profiles, ordered by id.
    pub(super) fn profiles(&self) -> impl Iterator<Item = Uuid> {
        self.profiles.keys().copied()
    }

    /// The name of a profile.
    pub(super) fn profile_name(&self, id: Uuid) -> Option<&str> {
        self.profiles.get(&id).map(String::as_str)
    }

    /// The tenant's default profile.
    pub(super) fn default_profile(&self) -> Uuid {
        self.profile_id(DEFAULT_PROFILE)
    }

    /// All entities, ordered by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Entity> {
        self.names.values().filter_map(|id| self.entities.get(id))
    }

    /// Creates or replaces the entity of that id. A name that another one has
    /// is not an error: the newcomer is stored under a name of its own.
    pub(super) fn save(&mut self, id: Uuid, draft: Draft, now: i64) -> Result<Saved, Refusal> {
        let profile = self.find_profile(draft.profile)?;
        let renamed = self.id_of(&draft.name).is_some_and(|owner| owner != id);
        let name = if renamed {
            self.unique(id, &draft.name)
        } else {
            draft.name
        };

        let old = self.entities.remove(&id);
        let created = old.is_none();
        let entity = match old {
            // Everything the draft does not carry is wiped, except what an edge cannot set.
            Some(old) => {
                self.names.remove(&old.name);
                Entity {
                    name: name.clone(),
                    profile,
                    label: draft.label,
                    customer: draft.customer.unwrap_or(old.customer),
                    additional_info: draft.additional_info,
                    firmware_id: draft.firmware_id,
                    software_id: draft.software_id,
                    external_id: draft.external_id,
                    device_data: draft.device_data.or(old.device_data),
                    ..old
                }
            }
            None => Entity {
                id,
                name: name.clone(),
                profile,
                label: draft.label,
                customer: draft.customer.unwrap_or(NO_CUSTOMER),
                created_time: draft.created_time.unwrap_or(now),
                assigned: false,
                credentials: None,
                data: Data::default(),
                next_call: 0,
                additional_info: draft.additional_info,
                firmware_id: draft.firmware_id,
                software_id: draft.software_id,
                external_id: draft.external_id,
                device_data: draft.device_data,
            },
        };
        self.entities.insert(id, entity);
        self.names.insert(name, id);
        Ok(Saved { created, renamed })
    }

    /// Changes what the edit names. An id that nobody has is left alone, and
    /// so is everything when the name is another one's.
    pub(super) fn edit(&mut self, id: Uuid, edit: Edit) {
        let taken = |name: &String| self.names.get(name).is_some_and(|owner| *owner != id);
        if edit.name.as_ref().is_some_and(taken) {
            return;
        }
        // A profile that is named is found or made.
        let profile = edit.profile.map(ProfileChoice::Name);
        let profile = profile.and_then(|choice| self.find_profile(choice).ok());
        let Some(entity) = self.entities.get_mut(&id) else {
            return;
        };
        if let Some(name) = edit.name {
            self.names.remove(&entity.name);
            self.names.insert(name.clone(), id);
            entity.name = name;
        }
        entity.profile = profile.unwrap_or_else(|| std::mem::take(&mut entity.profile));
        entity.label = edit.label.unwrap_or_else(|| entity.label.take());
        entity.customer = edit.customer.unwrap_or(entity.customer);
    }

    /// Takes all entities away from the edge.
    pub(super) fn unassign_all(&mut self) {
        for entity in self.entities.values_mut() {
            entity.assigned = false;
        }
    }

    pub(super) fn remove(&mut self, id: Uuid) -> Option<Entity> {
        let entity = self.entities.remove(&id)?;
        self.names.remove(&entity.name);
        Some(entity)
    }

    fn find_profile(&mut self, choice: ProfileChoice) -> Result<String, Refusal> {
        match choice {
            ProfileChoice::Default => Ok(DEFAULT_PROFILE.to_owned()),
            ProfileChoice::Name(name) => {
                self.profiles.insert(self.profile_id(&name), name.clone());
                Ok(name)
            }
            ProfileChoice::Id(id) => self.profiles.get(&id).cloned().ok_or_else(|| {
                let noun = self.kind.noun();
                Refusal::Part(format!(
                    "the {noun} refers to the unknown {noun} profile {id}"
                ))
            }),
        }
    }

    /// Profiles have ids that follow from their names.
    pub(super) fn profile_id(&self, name: &str) -> Uuid {
        let text = format!("{} profile: {name}", self.kind.noun());
        Uuid::new_v5(&self.tenant, text.as_bytes())
    }

    /// A name that nobody has. ThingsBoard takes letters at random; here they
    /// follow from the id, so that stored data make the same name again.
    fn unique(&self, id: Uuid, name: &str) -> String {
        let mut seed = Uuid::new_v5(&id, name.as_bytes());
        loop {
            let letters = seed.as_bytes().iter().take(SUFFIX_LETTERS).map(|byte| {
                let letter = char::from(b'a' + byte % 26);
                match byte < &128 {
                    true => letter,
                    false => letter.to_ascii_uppercase(),
                }
            });
            let candidate = format!("{name}_{}", letters.collect::<String>());
            if !self.names.contains_key(&candidate) {
                return candidate;
            }
            seed = Uuid::new_v5(&seed, name.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests;
