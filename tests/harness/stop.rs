//! Threads of a scope.

use std::sync::atomic::{AtomicBool, Ordering};

/// Tells the threads of a scope to end, however it is left: a scope waits for them even if its
/// own work has failed.
pub struct StopAtEnd<'scope>(pub &'scope AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
