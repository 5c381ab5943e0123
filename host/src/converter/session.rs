//! What a connection keeps between two calls, for the converter.
//!
//! Frames of a connection are decoded one after the other, but a message may be
//! encoded at the same time. Nobody locks the value over a call: a call that has
//! read it replaces it only if it is still the same, and is made once more
//! otherwise. A converter is a function of what it reads, and what a call asks
//! for happens only when it is over, so nothing is done twice.
//!
//! Of two directions that never rest, one might always come too late. A call that
//! has lost some times [holds](Session::hold) the value for its last try.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// The session value of one connection. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Session(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    released: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Counts the changes.
    version: u64,
    value: Bytes,
    held: bool,
}

/// As long as it lives, only [`Hold::replace`] replaces the value.
pub(super) struct Hold<'a>(&'a Session);

/// Another call has changed the value since it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Changed;

impl Session {
    /// A session that holds `value`, as one that was kept with a frame.
    #[must_use]
    pub fn new(value: Bytes) -> Self {
        let state = State {
            value,
            ..State::default()
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            ..Shared::default()
        }))
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
    /// that did not read it has nothing to be wrong about. Waits for a hold.
    pub(super) fn replace(&self, value: Bytes, read: Option<u64>) -> Result<(), Changed> {
        self.lock_when_free().replace(value, read)
    }

    /// Makes all other calls wait that would replace the value: for who can say that it will
    /// soon be done.
    pub(super) fn hold(&self) -> Hold<'_> {
        self.lock_when_free().held = true;
        Hold(self)
    }

    fn lock_when_free(&self) -> MutexGuard<'_, State> {
        self.0
            .released
            .wait_while(self.lock(), |state| state.held)
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn replace(&mut self, value: Bytes, read: Option<u64>) -> Result<(), Changed> {
        if read.is_some_and(|version| version != self.version) {
            return Err(Changed);
        }
        self.version += 1;
        self.value = value;
        Ok(())
    }
}

impl Hold<'_> {
    /// [`Session::replace`] for who holds the value.
    pub(super) fn replace(&self, value: Bytes, read: Option<u64>) -> Result<(), Changed> {
        self.0.lock().replace(value, read)
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.0.lock().held = false;
        self.0.0.released.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, Ordering::Relaxed},
        thread,
    };

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

    #[test]
    fn who_holds_the_value_is_not_overtaken() {
        let session = Session::default();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let restless = scope.spawn(|| {
                let mut replaced = 0_u32;
                while !done.load(Relaxed) {
                    let (_, read) = session.read();
                    let late = session.replace(Bytes::from_static(b"theirs"), Some(read));
                    replaced += u32::from(late.is_ok());
                }
                replaced
            });
            while session.value().is_empty() {}
            let overtaken = (0..10_000).find_map(|_| {
                let hold = session.hold();
                let (_, read) = session.read();
                thread::yield_now();
                let mine = hold.replace(Bytes::from_static(b"mine"), Some(read));
                let found = (mine, session.value());
                (found != (Ok(()), "mine".into())).then_some(found)
            });
            // Nobody waits for a hold that is gone.
            while session.value() == "mine" {}
            // The scope waits for the other one, whatever was found.
            done.store(true, Relaxed);
            assert_eq!(overtaken, None);
            assert!(restless.join().unwrap() > 1);
        });
    }
}
