//! The instances of one converter thread.

use std::sync::Arc;

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
    /// The last used one first, which mostly is used again.
    kept: Vec<Instance>,
}

impl Instances {
    /// Runs `call` on an instance of just this version, a fresh one if there
    /// is none that may serve.
    pub(super) fn call<T>(
        &mut self,
        converter: &Arc<Converter>,
        call: impl FnOnce(&mut Instance) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let serving = self.serving(converter)?;
        let result = call(serving);
        if serving.is_spent() {
            self.kept.remove(0);
        }
        result
    }

    /// What the memories of all of them take, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        self.kept.iter().map(Instance::memory_bytes).sum()
    }

    /// The instance that serves `converter`, in front of the others.
    fn serving(&mut self, converter: &Arc<Converter>) -> Result<&mut Instance, Failure> {
        let of_name = |instance: &Instance| instance.name() == converter.name();
        match self.kept.iter().position(|kept| kept.is_of(converter)) {
            Some(place) => self.kept[..=place].rotate_right(1),
            None => {
                // Of another version. Before the new one is made, so that there is room for it.
                self.kept.retain(|kept| !of_name(kept));
                self.kept.truncate(MAX_KEPT - 1);
                self.kept.insert(0, Instance::new(converter)?);
            }
        }
        Ok(&mut self.kept[0])
    }
}
