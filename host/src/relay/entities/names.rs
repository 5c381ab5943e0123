//! Names and the ids behind them.

use std::collections::HashMap;

use uuid::Uuid;

use crate::message::EntityKind;

/// Devices and assets have names of their own.
#[derive(Debug, Default)]
pub(super) struct Names {
    devices: HashMap<Box<str>, Uuid>,
    assets: HashMap<Box<str>, Uuid>,
}

impl Names {
    pub(super) fn get(&self, kind: EntityKind, name: &str) -> Option<Uuid> {
        match kind {
            EntityKind::Device => self.devices.get(name).copied(),
            EntityKind::Asset => self.assets.get(name).copied(),
        }
    }

    /// Answers the id that the name had before.
    pub(super) fn insert(&mut self, kind: EntityKind, name: &str, id: Uuid) -> Option<Uuid> {
        let names = self.of(kind);
        // The usual case costs no copy of the name.
        if let Some(present) = names.get_mut(name) {
            return Some(std::mem::replace(present, id));
        }
        names.insert(name.into(), id)
    }

    pub(super) fn remove(&mut self, kind: EntityKind, name: &str) -> Option<Uuid> {
        self.of(kind).remove(name)
    }

    /// Keeps the names of which `keep` says so, and tells `gone` the others.
    pub(super) fn retain(
        &mut self,
        keep: impl Fn(Uuid) -> bool,
        mut gone: impl FnMut(EntityKind, &str),
    ) {
        for kind in [EntityKind::Device, EntityKind::Asset] {
            self.of(kind).retain(|name, id| {
                let keep = keep(*id);
                if !keep {
                    gone(kind, name);
                }
                keep
            });
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (EntityKind, &str, Uuid)> {
        let of = |kind, names| {
            let names: &HashMap<Box<str>, Uuid> = names;
            names.iter().map(move |(name, id)| (kind, &**name, *id))
        };
        of(EntityKind::Device, &self.devices).chain(of(EntityKind::Asset, &self.assets))
    }

    /// Takes over the names of `other`.
    pub(super) fn append(&mut self, other: Self) {
        self.devices.extend(other.devices);
        self.assets.extend(other.assets);
    }

    fn of(&mut self, kind: EntityKind) -> &mut HashMap<Box<str>, Uuid> {
        match kind {
            EntityKind::Device => &mut self.devices,
            EntityKind::Asset => &mut self.assets,
        }
    }
}
