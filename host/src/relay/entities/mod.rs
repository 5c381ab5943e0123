//! Which ThingsBoard entity has which name: learned from the server, and kept on
//! disk for the names that the server does not tell.
//!
//! A device goes on sending its name after somebody renamed it in ThingsBoard, and
//! if that happened while the host was not running, only what was kept tells
//! whose name it was. Nothing else is taken from the disk: data for an id that no
//! longer exists is acknowledged and lost, so an id counts once the server has
//! told it in the synchronisation of a session.

mod file;
mod names;
mod spoken;

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tracing::warn;
use uuid::Uuid;

use self::{file::NamesFile, names::Names, spoken::SpokenNames};
use crate::{
    message::EntityKind,
    redb_file::{FileError, Opener, open_database},
    relay::ids,
};

/// The entities that are assigned to this edge.
#[derive(Debug)]
pub struct Entities {
    file: NamesFile,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Whose entities these are; None for a new file.
    edge: Option<Uuid>,
    names: Names,
    known: HashMap<Uuid, Known>,
    spoken: SpokenNames,
    /// What this run created and no synchronisation has told since, with the name.
    created: HashMap<Uuid, String>,
    /// Ids seen in the synchronisation that runs.
    synchronising: Option<HashSet<Uuid>>,
    /// Names of earlier runs that the server has not told in this one.
    remembered: Names,
}

/// Whom a downlink is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Addressee {
    /// What the server says of it.
    pub(super) known: Known,
    /// The name by which the entity calls itself, which is another one if somebody
    /// renamed it in ThingsBoard.
    pub(super) speaks_as: String,
}

/// What a synchronisation came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Synchronised {
    /// How many entities there are.
    pub(super) entities: usize,
    /// Names of the file's whose entities have other names by now, and those.
    pub(super) renamed: Vec<(String, String)>,
    /// Names of entities that this run created, and the server does not have.
    pub(super) missing: Vec<String>,
}

/// What the server says of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) kind: EntityKind,
    pub(super) name: String,
    pub(super) profile: String,
}

impl Inner {
    /// Lets data of `name` go to `id`.
    fn point(&mut self, file: &NamesFile, kind: EntityKind, name: &str, id: Uuid) {
        let remembered = self.remembered.remove(kind, name);
        let before = self.names.insert(kind, name, id).or(remembered);
        if before != Some(id) {
            file.note(kind, name, Some(id));
        }
    }
}

impl Entities {
    /// Opens what was kept in `folder`, the file `entities.redb`; makes both where
    /// they are missing. A damaged file is moved aside, which the log tells, and a
    /// new one is started: ids are made from names, so what this host created is
    /// found again. Blocks while the disk reads.
    ///
    /// # Errors
    /// Another process has the file open, or it cannot be made, opened or written.
    pub fn open(folder: &Path) -> Result<Self, FileError> {
        Self::open_with(folder, Box::new(open_database))
    }

    fn open_with(folder: &Path, opener: Opener) -> Result<Self, FileError> {
        let (file, edge, remembered) = NamesFile::open(folder, opener)?;
        let inner = Inner {
            edge,
            remembered,
            ..Inner::default()
        };
        Ok(Self {
            file,
            inner: Mutex::new(inner),
        })
    }

    /// The id under which data of this name, which an entity has just sent, are
    /// stored.
    pub(super) fn id(&self, kind: EntityKind, name: &str) -> Option<Uuid> {
        let mut inner = self.lock();
        let id = inner.names.get(kind, name)?;
        inner.spoken.heard(id, name);
        Some(id)
    }

    /// Whom a downlink for that id is for.
    pub(super) fn addressee(&self, id: Uuid) -> Option<Addressee> {
        let inner = self.lock();
        let known = inner.known.get(&id)?.clone();
        let speaks_as = inner.spoken.get(id).unwrap_or(&known.name).to_owned();
        Some(Addressee { known, speaks_as })
    }

    /// The id of the entity that calls itself so.
    pub(super) fn called(&self, kind: EntityKind, name: &str) -> Option<Uuid> {
        self.lock().names.get(kind, name)
    }

    /// Notes that the server has acknowledged the creation of an entity. It does
    /// so without one, too: if the tenant has as many as it may.
    pub(super) fn created(&self, id: Uuid, entity: Known) {
        let name = entity.name.clone();
        self.learn(id, entity);
        self.lock().created.insert(id, name);
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
        inner.point(&self.file, entity.kind, &entity.name, id);
        let name = entity.name.clone();
        let before = inner.known.insert(id, entity)?;
        if before.name == name {
            return None;
        }
        inner.spoken.renamed(id, &before.name);
        Some(before.name)
    }

    /// Lets data of `name` go to an entity that has another name by now.
    pub(super) fn alias(&self, kind: EntityKind, name: &str, id: Uuid) {
        let mut inner = self.lock();
        inner.point(&self.file, kind, name, id);
        inner.spoken.set(id, name);
    }

    /// Forgets an entity that was deleted, or taken from this edge.
    pub(super) fn forget(&self, id: Uuid) -> Option<Known> {
        let mut inner = self.lock();
        let known = inner.known.remove(&id)?;
        inner.spoken.forget(id);
        inner.created.remove(&id);
        let gone = |kind, name: &str| self.file.note(kind, name, None);
        inner.names.retain(|named| named != id, gone);
        Some(known)
    }

    /// Notes that the server of `edge` starts to send everything. What was kept
    /// for another edge is forgotten.
    pub(super) fn begin_sync(&self, edge: Uuid) {
        let mut inner = self.lock();
        if inner.edge != Some(edge) {
            if let Some(other) = inner.edge {
                warn!(
                    %edge, %other,
                    "this is another edge than before; the devices of the other one are forgotten"
                );
            }
            let gone = |kind, name: &str| self.file.note(kind, name, None);
            inner.names.retain(|_| false, gone);
            inner.remembered.retain(|_| false, gone);
            inner.known.clear();
            inner.spoken = SpokenNames::default();
            inner.created.clear();
            inner.edge = Some(edge);
            self.file.note_edge(edge);
        }
        inner.synchronising = Some(HashSet::new());
    }

    /// Notes that the server has sent everything; what it left out is no
    /// longer assigned to this edge.
    pub(super) fn complete_sync(&self) -> Synchronised {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let mut outcome = Synchronised::default();
        if let Some(seen) = inner.synchronising.take() {
            inner.known.retain(|id, _| seen.contains(id));
            let known = &inner.known;
            let gone = |kind, name: &str| self.file.note(kind, name, None);
            inner.names.retain(|id| known.contains_key(&id), gone);
            inner.spoken.retain(|id| known.contains_key(&id));
            let mut remembered = std::mem::take(&mut inner.remembered);
            remembered.retain(|id| known.contains_key(&id), gone);
            for (kind, name, id) in remembered.iter() {
                let Some(known) = inner.known.get(&id).filter(|known| known.name != name) else {
                    continue;
                };
                outcome.renamed.push((name.to_owned(), known.name.clone()));
                // Of several names the one that made the id is what the device
                // called itself at first.
                let made = inner.edge.map(|edge| ids::entity_id(edge, kind, name));
                if made == Some(id) {
                    inner.spoken.set(id, name);
                } else {
                    inner.spoken.renamed(id, name);
                }
            }
            inner.names.append(remembered);
            let created = std::mem::take(&mut inner.created);
            let missing = created.into_iter().filter(|(id, _)| !seen.contains(id));
            outcome.missing = missing.map(|(_, name)| name).collect();
        }
        outcome.entities = inner.known.len();
        outcome
    }

    /// Waits until all names are on disk, which takes no time if they are. Awaited
    /// before data go out, it makes sure that a name under which data were sent is
    /// never created anew. If the disk refuses, the log says so and this returns
    /// all the same.
    pub(super) async fn written(&self) {
        self.file.written().await;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
