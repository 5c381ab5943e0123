//! Calls outside a host's threads, one after the other: golden cases and
//! trials.

use std::sync::Arc;

use super::{
    component::Converter,
    error::CallError,
    instance::{Failure, Instance},
};

/// A converter with one instance at a time, which serves as long as it may.
pub(super) struct Single {
    converter: Arc<Converter>,
    instance: Option<Instance>,
}

impl Single {
    pub(super) fn new(converter: Arc<Converter>) -> Self {
        Self {
            converter,
            instance: None,
        }
    }

    /// Makes a call, which is given all of its time, on the instance that is
    /// there or on a new one.
    pub(super) fn call<T>(
        &mut self,
        call: impl FnOnce(&mut Instance) -> Result<T, Failure>,
    ) -> Result<T, CallError> {
        let mut instance = match self.instance.take() {
            Some(instance) => instance,
            None => Instance::new(&self.converter)?,
        };
        let result = call(&mut instance);
        if !instance.is_spent() {
            self.instance = Some(instance);
        }
        result.map_err(|failure| match failure {
            Failure::Final(error) => error,
            // Cannot be: the call has all of its time.
            Failure::Unfinished => CallError::TimedOut(self.converter.limits.call_timeout),
        })
    }

    /// Whether the last call left no instance that may serve again.
    pub(super) fn is_spent(&self) -> bool {
        self.instance.is_none()
    }
}
