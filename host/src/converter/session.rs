//! What a connection keeps between two calls, for the converter.
//!
//! Frames of a connection are decoded one after the other, but a message may be
//! encoded at the same time. Nobody locks the value over a call: a call that has
//! read it replaces it only if it is still the same, and is made once more
//! otherwise. A converter is a function of what it reads, and what a call asks
//! for happens only when it is over, so nothing is done twice.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// The session value of one connection. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Session(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Counts the changes.
    version: u64,
    value: Bytes,
}

/// Another call has changed the value since it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Changed;

impl Session {
    /// A session that holds `value`, as one that was kept with a frame.
    #[must_use]
    pub fn new(value: Bytes) -> Self {
        let state = State { version: 0, value };
        Self(Arc::new(Mutex::new(state)))
    }

    /// The present value; empty if none was set.
    #[must_use]
    pub fn value(&self) -> Bytes {
        self.lock().value.clone()
    }

    /// The present value and its version.
    pub(super) fn read(&self) -> (Bytes, u64) {
        let state = self.lock();
        (state.value.clone(), state.version)
    }

    /// Sets the value, unless it is another than that of version `read`. A call
    /// that did not read it has nothing to be wrong about.
    pub(super) fn replace(&self, value: Bytes, read: Option<u64>) -> Result<(), Changed> {
        let mut state = self.lock();
        if read.is_some_and(|version| version != state.version) {
            return Err(Changed);
        }
        *state = State {
            version: state.version + 1,
            value,
        };
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_read_an_older_value_replaces_nothing() {
        let session = Session::new(Bytes::from_static(b"a"));
        let (value, first) = session.read();
        assert_eq!(value, "a");
        assert_eq!(
            session.replace(Bytes::from_static(b"b"), Some(first)),
            Ok(())
        );
        let late = session.replace(Bytes::from_static(b"c"), Some(first));
        assert_eq!(late, Err(Changed));
        assert_eq!(session.value(), "b");
        assert_eq!(session.replace(Bytes::from_static(b"d"), None), Ok(()));
        assert_eq!(session.value(), "d");
    }
}
