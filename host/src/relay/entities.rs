//! Which ThingsBoard entity has which name: learned from the server.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;

use crate::message::EntityKind;

/// The entities that are assigned to this edge.
#[derive(Debug, Default)]
pub(super) struct Entities {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    devices: HashMap<String, Uuid>,
    assets: HashMap<String, Uuid>,
    known: HashMap<Uuid, Known>,
    /// Ids seen in the synchronisation that runs.
    synchronising: Option<HashSet<Uuid>>,
}

/// What the server says of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) kind: EntityKind,
    pub(super) name: String,
    pub(super) profile: String,
}

impl Inner {
    fn names(&mut self, kind: EntityKind) -> &mut HashMap<String, Uuid> {
        match kind {
            EntityKind::Device => &mut self.devices,
            EntityKind::Asset => &mut self.assets,
        }
    }
}

impl Entities {
    /// The id under which data of this name is stored.
    pub(super) fn id(&self, kind: EntityKind, name: &str) -> Option<Uuid> {
        self.lock().names(kind).get(name).copied()
    }

    /// The entity with that id.
    pub(super) fn known(&self, id: Uuid) -> Option<Known> {
        self.lock().known.get(&id).cloned()
    }

    /// Takes in what the server says. Answers the name that the entity had
    /// before, if it was another one: data of that name goes on to the entity,
    /// because a device does not know that somebody renamed it.
    pub(super) fn learn(&self, id: Uuid, entity: Known) -> Option<String> {
        let mut inner = self.lock();
        if let Some(seen) = &mut inner.synchronising {
            seen.insert(id);
        }
        inner.names(entity.kind).insert(entity.name.clone(), id);
        let name = entity.name.clone();
        let before = inner.known.insert(id, entity)?;
        (before.name != name).then_some(before.name)
    }

    /// Lets data of `name` go to an entity that has another name by now.
    pub(super) fn alias(&self, kind: EntityKind, name: &str, id: Uuid) {
        self.lock().names(kind).insert(name.to_owned(), id);
    }

    /// Forgets an entity that was deleted, or taken from this edge.
    pub(super) fn forget(&self, id: Uuid) -> Option<Known> {
        let mut inner = self.lock();
        let known = inner.known.remove(&id)?;
        inner.names(known.kind).retain(|_, named| *named != id);
        Some(known)
    }

    /// Notes that the server starts to send everything.
    pub(super) fn begin_sync(&self) {
        self.lock().synchronising = Some(HashSet::new());
    }

    /// Notes that the server has sent everything; what it left out is no
    /// longer assigned to this edge. Answers how many entities there are.
    pub(super) fn complete_sync(&self) -> usize {
        let mut inner = self.lock();
        if let Some(seen) = inner.synchronising.take() {
            inner.known.retain(|id, _| seen.contains(id));
            inner.devices.retain(|_, id| seen.contains(id));
            inner.assets.retain(|_, id| seen.contains(id));
        }
        inner.known.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: EntityKind = EntityKind::Device;

    fn device(name: &str) -> Known {
        Known {
            kind: DEVICE,
            name: name.to_owned(),
            profile: "default".to_owned(),
        }
    }

    #[test]
    fn devices_and_assets_have_names_of_their_own() {
        let entities = Entities::default();
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(entities.learn(one, device("A")), None);
        let asset = Known {
            kind: EntityKind::Asset,
            ..device("A")
        };
        assert_eq!(entities.learn(two, asset), None);
        assert_eq!(entities.id(DEVICE, "A"), Some(one));
        assert_eq!(entities.id(EntityKind::Asset, "A"), Some(two));
    }

    #[test]
    fn a_renamed_device_keeps_its_data() {
        let entities = Entities::default();
        let id = Uuid::from_u128(1);
        entities.learn(id, device("A"));
        assert_eq!(entities.learn(id, device("B")).as_deref(), Some("A"));
        assert_eq!(entities.learn(id, device("B")), None);
        assert_eq!(entities.id(DEVICE, "A"), Some(id));
        assert_eq!(entities.id(DEVICE, "B"), Some(id));
        assert_eq!(entities.known(id), Some(device("B")));
        assert_eq!(entities.forget(id), Some(device("B")));
        assert_eq!(entities.id(DEVICE, "A"), None);
    }

    #[test]
    fn a_name_that_moves_to_another_device_moves() {
        let entities = Entities::default();
        let (old, new) = (Uuid::from_u128(1), Uuid::from_u128(2));
        entities.learn(old, device("A"));
        entities.learn(new, device("A"));
        assert_eq!(entities.id(DEVICE, "A"), Some(new));
        entities.forget(old);
        assert_eq!(entities.id(DEVICE, "A"), Some(new));
    }

    #[test]
    fn what_a_sync_leaves_out_is_gone() {
        let entities = Entities::default();
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        entities.learn(one, device("A"));
        entities.learn(two, device("B"));
        entities.begin_sync();
        entities.learn(two, device("B"));
        assert_eq!(entities.id(DEVICE, "A"), Some(one));
        assert_eq!(entities.complete_sync(), 1);
        assert_eq!(entities.id(DEVICE, "A"), None);
        assert_eq!(entities.id(DEVICE, "B"), Some(two));
    }
}
