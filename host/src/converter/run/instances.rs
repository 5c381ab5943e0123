//! The instances of one converter thread.

use std::{collections::HashMap, sync::Arc};

use super::super::{
    component::Converter,
    instance::{Failure, Instance},
};

/// Most instances that one thread keeps; the one that was not used for longest
/// goes. Each takes up to `memoryMarkPercent` of its memory limit.
const MAX_KEPT: usize = 64;

/// One thread's instances, one for each converter. They belong to the thread:
/// nothing is shared or locked over a call.
#[derive(Default)]
pub(super) struct Instances {
    by_name: HashMap<Arc<str>, Kept>,
    clock: u64,
}

struct Kept {
    instance: Instance,
    used: u64,
}

impl Instances {
    /// Runs `call` on an instance of just this version, a fresh one if there
    /// is none that may serve.
    pub(super) fn call<T>(
        &mut self,
        converter: &Arc<Converter>,
        call: impl FnOnce(&mut Instance) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.clock += 1;
        if let Some(kept) = self.by_name.get_mut(&converter.name)
            && kept.instance.is_of(converter)
        {
            kept.used = self.clock;
            let result = call(&mut kept.instance);
            if kept.instance.is_spent() {
                self.by_name.remove(&converter.name);
            }
            return result;
        }
        // Before the new one is made, so that there is room for it.
        self.by_name.remove(&converter.name);
        self.make_room();
        let mut instance = Instance::new(converter)?;
        let result = call(&mut instance);
        if !instance.is_spent() {
            let used = self.clock;
            let kept = Kept { instance, used };
            self.by_name.insert(converter.name.clone(), kept);
        }
        result
    }

    fn make_room(&mut self) {
        if self.by_name.len() < MAX_KEPT {
            return;
        }
        let oldest = self.by_name.iter().min_by_key(|(_, kept)| kept.used);
        if let Some(name) = oldest.map(|(name, _)| name.clone()) {
            self.by_name.remove(&name);
        }
    }
}
