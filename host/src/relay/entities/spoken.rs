//! What renamed entities call themselves.
//!
//! A device goes on with the name it has when somebody renames it in ThingsBoard,
//! and by that name it is found when there is something for it.

use std::collections::HashMap;

use uuid::Uuid;

/// The names of entities that ThingsBoard has under another one. Few are.
#[derive(Debug, Default)]
pub(super) struct SpokenNames {
    names: HashMap<Uuid, Box<str>>,
}

impl SpokenNames {
    pub(super) fn get(&self, id: Uuid) -> Option<&str> {
        self.names.get(&id).map(|name| &**name)
    }

    /// The entity calls itself so.
    pub(super) fn set(&mut self, id: Uuid, name: &str) {
        self.names.insert(id, name.into());
    }

    /// Notes that data came under `name`; of an entity that was never renamed
    /// there is nothing to note.
    pub(super) fn heard(&mut self, id: Uuid, name: &str) {
        if self.names.is_empty() {
            return;
        }
        if let Some(spoken) = self.names.get_mut(&id)
            && **spoken != *name
        {
            *spoken = name.into();
        }
    }

    /// Notes that the entity was `before` in ThingsBoard, and so for itself,
    /// unless it is known to call itself otherwise.
    pub(super) fn renamed(&mut self, id: Uuid, before: &str) {
        self.names.entry(id).or_insert_with(|| before.into());
    }

    pub(super) fn forget(&mut self, id: Uuid) {
        self.names.remove(&id);
    }

    pub(super) fn retain(&mut self, keep: impl Fn(Uuid) -> bool) {
        self.names.retain(|id, _| keep(*id));
    }
}
