//! `updateOnlyKeys`: values that are forwarded only when they changed.
//!
//! What was forwarded is remembered by hashes that cover entity, key, type and
//! value, so one entry takes the same space whatever it stands for. A value
//! counts as forwarded when the spool has accepted it; until then it is on its
//! way. If two connections have values of the same pair on their way at a time,
//! nobody knows which of them ThingsBoard gets last: none is remembered, and the
//! next one is forwarded whatever it is.

mod memory;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _, RandomState},
    mem::discriminant,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use self::memory::Memory;
use crate::message::{Entity, EntityKind, KeyValue, Uplink, Value};

/// The listed keys of an integration, and what was forwarded of them.
#[derive(Debug)]
pub(super) struct UpdateOnly {
    /// In order.
    keys: Vec<String>,
    limit: usize,
    /// Seeded by chance, so that no device can choose names and values of equal hashes.
    hashes: RandomState,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    forwarded: Memory,
    /// The pairs that the spool is to accept. As many as the batches that wait for
    /// it bring.
    on_the_way: HashMap<u64, OnTheWay>,
}

/// Values of one pair on their way to the spool.
#[derive(Debug)]
struct OnTheWay {
    batches: usize,
    /// Whether there was another batch at any time.
    contested: bool,
}

/// What passed of a batch. Dropped without [`Forwarded::accepted`], its values
/// count as not forwarded.
#[derive(Debug)]
#[must_use]
pub struct Forwarded {
    owner: Arc<UpdateOnly>,
    /// The last value of each pair.
    values: HashMap<u64, u64>,
    is_accepted: bool,
}

/// Telemetry and attributes of the same key are two things.
#[derive(Clone, Copy, Hash)]
enum Part {
    Telemetry,
    Attributes,
}

impl UpdateOnly {
    /// Forwards the values of `keys` only when they changed, and remembers
    /// `limit` of them.
    pub(super) fn new(keys: &[String], limit: usize) -> Self {
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        let state = State {
            forwarded: Memory::new(limit),
            on_the_way: HashMap::new(),
        };
        Self {
            keys,
            limit,
            hashes: RandomState::new(),
            state: Mutex::new(state),
        }
    }

    /// Whether the settings are the same.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.keys == other.keys && self.limit == other.limit
    }

    /// Leaves out the values that did not change, and whatever is empty then.
    pub(super) fn filter(self: &Arc<Self>, uplinks: &mut Vec<Uplink>) -> Forwarded {
        let mut forwarded = Forwarded {
            owner: self.clone(),
            values: HashMap::new(),
            is_accepted: false,
        };
        if uplinks.iter().any(|uplink| self.concerns(&uplink.entity)) {
            let mut state = self.lock();
            uplinks.retain_mut(|uplink| {
                let values = &mut forwarded.values;
                self.filter_entity(&mut state, &mut uplink.entity, values)
            });
        }
        forwarded
    }

    fn concerns(&self, entity: &Entity) -> bool {
        let samples = entity.telemetry.iter().map(|sample| &sample.values);
        samples
            .chain([&entity.attributes])
            .flatten()
            .any(|pair| self.lists(&pair.key))
    }

    fn lists(&self, key: &str) -> bool {
        self.keys
            .binary_search_by(|listed| listed.as_str().cmp(key))
            .is_ok()
    }

    /// Whether anything is left. Entities that came without values stay: they may
    /// be there to be created.
    fn filter_entity(
        &self,
        state: &mut State,
        entity: &mut Entity,
        values: &mut HashMap<u64, u64>,
    ) -> bool {
        let mut of_entity = self.hashes.build_hasher();
        let is_device = entity.kind == EntityKind::Device;
        (is_device, &entity.name).hash(&mut of_entity);
        let mut left_out = false;
        let mut passes = |part, pair: &KeyValue| {
            if !self.lists(&pair.key) {
                return true;
            }
            let (pair, value) = hashes(of_entity.clone(), part, pair);
            let passes = state.admit(pair, value, values);
            left_out |= !passes;
            passes
        };
        for sample in &mut entity.telemetry {
            sample.values.retain(|pair| passes(Part::Telemetry, pair));
        }
        entity
            .attributes
            .retain(|pair| passes(Part::Attributes, pair));
        if !left_out {
            return true;
        }
        entity.telemetry.retain(|sample| !sample.values.is_empty());
        !(entity.telemetry.is_empty() && entity.attributes.is_empty())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under the lock can leave it half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether a value is to be forwarded; then it is on its way with `batch`.
    fn admit(&mut self, pair: u64, value: u64, batch: &mut HashMap<u64, u64>) -> bool {
        if let Some(last) = batch.get_mut(&pair) {
            let changed = *last != value;
            *last = value;
            return changed;
        }
        if let Some(on_the_way) = self.on_the_way.get_mut(&pair) {
            on_the_way.batches += 1;
            on_the_way.contested = true;
        } else if self.forwarded.value(pair) == Some(value) {
            return false;
        } else {
            self.forwarded.forget(pair);
            let first = OnTheWay {
                batches: 1,
                contested: false,
            };
            self.on_the_way.insert(pair, first);
        }
        batch.insert(pair, value);
        true
    }

    /// A value is no longer on its way.
    fn settle(&mut self, pair: u64, value: u64, is_accepted: bool) {
        let Some(on_the_way) = self.on_the_way.get_mut(&pair) else {
            return;
        };
        on_the_way.batches -= 1;
        if on_the_way.batches > 0 {
            return;
        }
        let is_known = is_accepted && !on_the_way.contested;
        self.on_the_way.remove(&pair);
        if is_known {
            self.forwarded.remember(pair, value);
        }
    }
}

impl Forwarded {
    /// The spool has accepted the batch.
    pub fn accepted(mut self) {
        self.is_accepted = true;
    }
}

impl Drop for Forwarded {
    fn drop(&mut self) {
        if self.values.is_empty() {
            return;
        }
        let mut state = self.owner.lock();
        for (pair, value) in self.values.drain() {
            state.settle(pair, value, self.is_accepted);
        }
    }
}

/// What a value is of, and the value with its type. The second hash covers what
/// the first does: should two pairs have the same, their values differ.
fn hashes(mut hasher: DefaultHasher, part: Part, pair: &KeyValue) -> (u64, u64) {
    (part, &pair.key).hash(&mut hasher);
    let name = hasher.finish();
    discriminant(&pair.value).hash(&mut hasher);
    match &pair.value {
        Value::Boolean(flag) => flag.hash(&mut hasher),
        Value::Long(number) => number.hash(&mut hasher),
        // Zero has two signs, which nobody means.
        Value::Double(number) => (number + 0.0).to_bits().hash(&mut hasher),
        Value::Text(text) | Value::Json(text) => text.hash(&mut hasher),
    }
    (name, hasher.finish())
}
