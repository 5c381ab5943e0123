//! The attributes of the devices that a converter asked for.

use std::collections::{BTreeMap, HashMap, VecDeque};

use tokio::time::Instant;
use uuid::Uuid;

use super::{ANSWER_TIMEOUT, REFRESH, Scope};
use crate::message::Metadata;

/// Devices of which attributes are kept; the one asked for first makes room.
const MAX_DEVICES: usize = 1000;
/// Attributes of one scope that are kept, in bytes; more are left out.
const MAX_BYTES: usize = 64 * 1024;

type Pairs = BTreeMap<String, String>;

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Cache {
    devices: HashMap<Uuid, [Entry; 3]>,
    oldest: VecDeque<Uuid>,
}

/// One scope of one device.
#[derive(Debug, Default)]
struct Entry {
    pairs: Pairs,
    asked: Option<Instant>,
    answered: bool,
}

impl Entry {
    /// Until when an answer may come.
    fn waits_until(&self) -> Option<Instant> {
        let asked = self.asked.filter(|_| !self.answered)?;
        Some(asked + ANSWER_TIMEOUT)
    }

    fn extend(&mut self, pairs: Pairs) {
        self.pairs.extend(pairs);
        let mut bytes = 0;
        self.pairs.retain(|key, value| {
            bytes += key.len() + value.len();
            bytes <= MAX_BYTES
        });
    }
}

impl Cache {
    /// Which of these scopes have to be asked for. They count as asked for then.
    pub(super) fn ask(&mut self, id: Uuid, scopes: &[Scope], now: Instant) -> Vec<Scope> {
        if !self.devices.contains_key(&id) {
            if self.oldest.len() >= MAX_DEVICES
                && let Some(oldest) = self.oldest.pop_front()
            {
                self.devices.remove(&oldest);
            }
            self.oldest.push_back(id);
        }
        let entries = self.devices.entry(id).or_default();
        let mut missing = Vec::new();
        for scope in scopes {
            let entry = &mut entries[*scope as usize];
            if entry.asked.is_none_or(|asked| now - asked >= REFRESH) {
                entry.asked = Some(now);
                entry.answered = false;
                missing.push(*scope);
            }
        }
        missing
    }

    /// Notes when the server has taken the question; None if it has not, so that
    /// the next reader asks again.
    pub(super) fn asked(&mut self, id: Uuid, scopes: &[Scope], when: Option<Instant>) {
        if let Some(entries) = self.devices.get_mut(&id) {
            for scope in scopes {
                entries[*scope as usize].asked = when;
            }
        }
    }

    /// Whether the device's attributes are kept.
    pub(super) fn has(&self, id: Uuid) -> bool {
        self.devices.contains_key(&id)
    }

    /// Takes in what the server sends of a scope. Answers whether this is the
    /// answer to a question and says nothing new.
    pub(super) fn update(&mut self, id: Uuid, scope: Scope, pairs: Pairs, now: Instant) -> bool {
        let Some(entries) = self.devices.get_mut(&id) else {
            return false;
        };
        let entry = &mut entries[scope as usize];
        let waited_for = entry.waits_until().is_some_and(|until| now <= until);
        if !waited_for {
            entry.extend(pairs);
            return false;
        }
        // All of the scope, unless a change came before the answer; then the
        // answer follows, and holds the change.
        let known = entry.pairs == pairs;
        entry.answered = true;
        entry.pairs.clear();
        entry.extend(pairs);
        known
    }

    /// Takes in single attributes.
    pub(super) fn merge(&mut self, id: Uuid, scope: Scope, pairs: Pairs) {
        if let Some(entries) = self.devices.get_mut(&id) {
            entries[scope as usize].extend(pairs);
        }
    }

    pub(super) fn delete(&mut self, id: Uuid, scope: Scope, keys: &[String]) {
        if let Some(entries) = self.devices.get_mut(&id) {
            let pairs = &mut entries[scope as usize].pairs;
            for key in keys {
                pairs.remove(key);
            }
        }
    }

    /// Until when to wait for the answers of these scopes; None if there are none
    /// to wait for.
    pub(super) fn waits_until(&self, id: Uuid, scopes: &[Scope]) -> Option<Instant> {
        let entries = self.devices.get(&id)?;
        let scopes = scopes.iter();
        scopes
            .filter_map(|scope| entries[*scope as usize].waits_until())
            .max()
    }

    /// The attributes of these scopes as metadata.
    pub(super) fn metadata(&self, id: Uuid, scopes: &[Scope]) -> Metadata {
        let Some(entries) = self.devices.get(&id) else {
            return Metadata::new();
        };
        let of = |scope: &Scope| {
            let prefix = scope.prefix();
            let pairs = entries[*scope as usize].pairs.iter();
            pairs.map(move |(key, value)| (format!("{prefix}{key}"), value.clone()))
        };
        scopes.iter().flat_map(of).collect()
    }
}
