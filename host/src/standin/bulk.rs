//! Many devices at once.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::admin::Problem;
use super::change::Change;
use super::draft::Draft;
use super::entities::Kind;
use super::hub::State;

/// Devices that there may be when many are made.
const MAX_DEVICES: usize = 1_000_000;
/// Profiles that may be made at once.
const MAX_PROFILES: u32 = 10_000;

/// Devices that are made together. Their names are `prefix` with a number
/// behind it, from 1 on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Bulk {
    pub(super) count: usize,
    pub(super) prefix: String,
    /// None is the default profile.
    pub(super) profile: Option<String>,
    /// The devices take turns with so many profiles, named `profile-1` and so
    /// on; 1 is `profile` itself.
    #[serde(default = "one")]
    pub(super) profiles: u32,
    #[serde(default = "yes")]
    pub(super) assigned: bool,
    /// What the ids follow from, with the names.
    #[serde(default = "Uuid::new_v4")]
    pub(super) seed: Uuid,
    /// The edge is connected and is told.
    #[serde(default)]
    pub(super) told: bool,
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

impl Bulk {
    fn name(&self, number: usize) -> String {
        format!("{}{number}", self.prefix)
    }

    fn draft(&self, number: usize) -> Draft {
        let profile = match self.profiles {
            0 | 1 => self.profile.clone(),
            count => {
                let turn = (number - 1) % count as usize + 1;
                let profile = self.profile.as_deref().unwrap_or("default");
                Some(format!("{profile}-{turn}"))
            }
        };
        Draft::named(self.name(number), profile, None)
    }
}

impl State {
    /// Makes the devices, or none of them.
    pub(super) fn create_many(&mut self, mut bulk: Bulk) -> Result<(), Problem> {
        if self.devices.len().saturating_add(bulk.count) > MAX_DEVICES {
            return Err(Problem::Invalid(format!(
                "there would be more than {MAX_DEVICES} devices; ask for fewer"
            )));
        }
        if bulk.profiles > MAX_PROFILES {
            return Err(Problem::Invalid(format!(
                "there would be more than {MAX_PROFILES} profiles; ask for fewer"
            )));
        }
        // The last one has the longest texts.
        let draft = bulk.draft(bulk.count.max(1));
        draft.check().map_err(Problem::Invalid)?;
        let mut names = (1..=bulk.count).map(|number| bulk.name(number));
        if let Some(name) = names.find(|name| self.devices.id_of(name).is_some()) {
            return Err(Problem::Conflict(format!(
                "a device named {name:?} exists; choose another prefix"
            )));
        }
        bulk.told = bulk.assigned && self.connected();
        self.carry_out(Change::Bulk(bulk))?;
        self.wake();
        Ok(())
    }

    /// Adds the devices of a change.
    pub(super) fn add_many(&mut self, bulk: &Bulk, now_us: i64) -> Result<(), String> {
        for number in 1..=bulk.count {
            let draft = bulk.draft(number);
            let id = Uuid::new_v5(&bulk.seed, draft.name.as_bytes());
            let token = Uuid::new_v5(&id, b"token").simple().to_string();
            self.add(Kind::Device, id, draft, bulk.assigned, token, now_us)?;
            if bulk.told {
                self.outbox.push_assigned((Kind::Device, id));
            }
        }
        Ok(())
    }
}
