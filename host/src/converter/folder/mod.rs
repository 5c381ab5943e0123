//! Hot reload: keeps the registry in step with the converters folder.
//!
//! One thread of its own waits for changes, and reads, compiles and tries what
//! changed. Whatever fails leaves the version before it serving.

mod events;
mod kept;
mod loader;
mod rollback;
mod scan;
mod status;

use std::{
    io,
    path::Path,
    sync::{Arc, mpsc},
    thread,
};

use tokio::sync::oneshot;

use self::{events::Wake, kept::KeptVersions, loader::Loader, status::Board};
pub use self::{
    rollback::{RollbackError, RolledBack},
    status::{ConverterInfo, FileState},
};
use super::{engine::ConverterEngine, registry::Registry};
use crate::config::ConverterSettings;

/// Watches the converters folder as long as it lives.
pub struct Watcher {
    wake: mpsc::Sender<Wake>,
    board: Arc<Board>,
    registry: Arc<Registry>,
}

impl Watcher {
    /// Loads every converter of the folder into `registry`, then follows the
    /// folder. The last good versions are kept in `kept`. Resolves when the
    /// first look is done.
    ///
    /// # Errors
    /// `kept` cannot be made, or the operating system gives no thread.
    pub async fn start(
        settings: ConverterSettings,
        kept: &Path,
        engine: ConverterEngine,
        registry: Arc<Registry>,
    ) -> io::Result<Self> {
        let kept = KeptVersions::open(kept)?;
        let (wake, wakes) = mpsc::channel();
        let board = Arc::new(Board::default());
        let mut loader = Loader::new(settings, engine, registry.clone(), kept, board.clone());
        let (looked, first_look) = oneshot::channel();
        let runtime = tokio::runtime::Handle::current();
        let events = wake.clone();
        thread::Builder::new()
            .name("converter-watch".to_owned())
            .spawn(move || {
                let _context = runtime.enter();
                events::follow(&mut loader, &wakes, &events, looked);
            })?;
        let _ = first_look.await;
        Ok(Self {
            wake,
            board,
            registry,
        })
    }

    /// Goes back to the version of `name` that served before the one that
    /// serves now. The content of the folder's file is not loaded again until
    /// it changes.
    ///
    /// # Errors
    /// Says why there is nothing to go back to.
    pub async fn rollback(&self, name: &str) -> Result<RolledBack, RollbackError> {
        let (reply, answer) = oneshot::channel();
        let wake = Wake::Rollback(name.to_owned(), reply);
        self.wake.send(wake).map_err(|_| RollbackError::Stopping)?;
        answer.await.map_err(|_| RollbackError::Stopping)?
    }

    /// Takes over the limits of `settings`, for the loaded converters too.
    pub fn apply(&self, settings: ConverterSettings) {
        // Fails only while the process stops.
        let _ = self.wake.send(Wake::Settings(Box::new(settings)));
    }

    /// What is known of every converter, by name.
    #[must_use]
    pub fn converters(&self) -> Vec<ConverterInfo> {
        self.board.converters(&self.registry)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.wake.send(Wake::Stop);
    }
}
