//! Hot reload: keeps the registry in step with the converters folder.
//!
//! One thread of its own waits for changes, and reads, compiles and tries what
//! changed. Whatever fails leaves the version before it serving.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, ModifyKind},
};
use tokio::sync::oneshot;
use tracing::{error, info, warn};

use super::{
    component::{Converter, version},
    engine::ConverterEngine,
    folder::{self, Fingerprint, Found},
    registry::Registry,
};

/// How long the folder must be quiet after a write that may not be the last.
const QUIET: Duration = Duration::from_millis(100);
/// Longest that unceasing writes can put a look at the folder off.
const PATIENCE: Duration = Duration::from_secs(2);
/// A file that cannot be used is reported once it has not changed for this
/// long: until then somebody may still be writing it.
const SETTLED: Duration = Duration::from_secs(1);
/// The folder is looked at this often without any event: some file systems
/// report none, and a listing costs nothing.
const RESCAN: Duration = Duration::from_secs(5);

/// Watches a folder as long as it lives.
pub struct Watcher {
    // Dropping the watcher closes the channel, which ends the thread.
    _notify: RecommendedWatcher,
}

/// What the thread is told of an event: whether the file is likely complete.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Complete,
    MayContinue,
}

impl Watcher {
    /// Loads every converter of `folder` into `registry`, then follows the
    /// folder. Resolves when the first look is done.
    ///
    /// # Errors
    /// The folder is not there or cannot be watched.
    pub async fn start(
        folder: PathBuf,
        engine: ConverterEngine,
        registry: Arc<Registry>,
    ) -> io::Result<Self> {
        let (changes, changed) = mpsc::channel();
        let mut notify = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let change = match event {
                Ok(event) => relevance(event.kind),
                // Lost events; the folder tells.
                Err(_) => Some(Change::MayContinue),
            };
            if let Some(change) = change {
                // Fails only while the process stops.
                let _ = changes.send(change);
            }
        })
        .map_err(io::Error::other)?;
        notify
            .watch(&folder, RecursiveMode::NonRecursive)
            .map_err(io::Error::other)?;
        let (looked, first_look) = oneshot::channel();
        let runtime = tokio::runtime::Handle::current();
        let mut loader = Loader {
            folder,
            engine,
            registry,
            files: BTreeMap::new(),
        };
        thread::Builder::new()
            .name("converter-watch".to_owned())
            .spawn(move || {
                let _context = runtime.enter();
                let unsettled = loader.look();
                let _ = looked.send(());
                loader.follow(&changed, unsettled);
            })?;
        let _ = first_look.await;
        Ok(Self { _notify: notify })
    }
}

/// Whether an event can mean a change of content, and a finished one.
fn relevance(kind: EventKind) -> Option<Change> {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(_))
        | EventKind::Remove(_) => Some(Change::Complete),
        EventKind::Access(_) => None,
        _ => Some(Change::MayContinue),
    }
}

/// What is known of one file name.
struct Known {
    fingerprint: Fingerprint,
    /// The content's version, once a good one was read.
    version: Option<String>,
    outcome: Outcome,
}

#[derive(PartialEq, Eq)]
enum Outcome {
    /// Serves, or was found to be the same as what serves.
    Good,
    /// Could not be used and was reported.
    Reported,
    /// Could not be used, but was written a moment ago.
    Suspect,
    /// Was removed.
    Gone,
}

struct Loader {
    folder: PathBuf,
    engine: ConverterEngine,
    registry: Arc<Registry>,
    files: BTreeMap<String, Known>,
}

impl Loader {
    fn follow(&mut self, changed: &mpsc::Receiver<Change>, mut unsettled: bool) {
        loop {
            let wait = if unsettled { SETTLED / 2 } else { RESCAN };
            match changed.recv_timeout(wait) {
                Ok(change) => settle(changed, change),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
            unsettled = self.look();
        }
    }

    /// Takes over what changed in the folder. Says whether some file needs
    /// another look soon.
    fn look(&mut self) -> bool {
        let found = match folder::scan(&self.folder) {
            Ok(found) => found,
            Err(source) => {
                warn!(
                    folder = %self.folder.display(), error = %source,
                    "cannot list the converters folder; the loaded converters keep serving"
                );
                return false;
            }
        };
        self.note_removed(&found);
        let mut unsettled = false;
        for (name, file) in found {
            unsettled |= self.look_at(&name, &file);
        }
        unsettled
    }

    fn note_removed(&mut self, found: &BTreeMap<String, Found>) {
        for (name, known) in &mut self.files {
            if !found.contains_key(name) && known.outcome != Outcome::Gone {
                known.outcome = Outcome::Gone;
                if known.version.is_some() {
                    warn!(
                        converter = name,
                        "file was removed; the loaded version keeps serving until the process stops"
                    );
                }
            }
        }
    }

    fn look_at(&mut self, name: &str, file: &Found) -> bool {
        if let Some(known) = self.files.get(name) {
            let settled = matches!(known.outcome, Outcome::Good | Outcome::Reported);
            if settled && known.fingerprint == file.fingerprint {
                return false;
            }
        }
        let started = Instant::now();
        let wasm = match folder::read_unchanged(file) {
            Ok(Some(wasm)) => wasm,
            // Still being written.
            Ok(None) => return true,
            Err(source) => return self.fail(name, file, &source.into()),
        };
        let serving = self.files.get(name).and_then(|known| known.version.clone());
        if serving.as_deref() == Some(&version(&wasm)) {
            self.remember(name, file, serving, Outcome::Good);
            return false;
        }
        match Converter::load(&self.engine, name, &wasm) {
            Ok(converter) => {
                let version = converter.version().to_owned();
                let kind = converter.directions();
                self.registry.publish(converter);
                info!(
                    converter = name,
                    version,
                    kind,
                    bytes = wasm.len(),
                    took_ms = started.elapsed().as_millis(),
                    replaces = serving.as_deref().unwrap_or("nothing"),
                    "converter loaded"
                );
                self.remember(name, file, Some(version), Outcome::Good);
                false
            }
            Err(fault) => self.fail(name, file, &fault),
        }
    }

    /// Reports a file that cannot be used, unless it is too fresh to judge.
    fn fail(&mut self, name: &str, file: &Found, fault: &super::LoadError) -> bool {
        let serving = self.files.get(name).and_then(|known| known.version.clone());
        if file.fingerprint.is_fresh(SETTLED) {
            self.remember(name, file, serving, Outcome::Suspect);
            return true;
        }
        let file_name = display(&file.path);
        match &serving {
            Some(version) => error!(
                converter = name, file = file_name, serving = version, error = %fault,
                "converter cannot be loaded; the version before it keeps serving"
            ),
            None => error!(
                converter = name, file = file_name, error = %fault,
                "converter cannot be loaded"
            ),
        }
        self.remember(name, file, serving, Outcome::Reported);
        false
    }

    fn remember(&mut self, name: &str, file: &Found, version: Option<String>, outcome: Outcome) {
        let known = Known {
            fingerprint: file.fingerprint.clone(),
            version,
            outcome,
        };
        self.files.insert(name.to_owned(), known);
    }
}

fn display(path: &Path) -> String {
    path.display().to_string()
}

/// Waits until a series of changes is over, or has lasted too long.
fn settle(changed: &mpsc::Receiver<Change>, first: Change) {
    let start = Instant::now();
    let mut last = first;
    while last == Change::MayContinue && start.elapsed() < PATIENCE {
        match changed.recv_timeout(QUIET) {
            Ok(change) => last = change,
            Err(_) => break,
        }
    }
    // What came meanwhile is seen by the same look.
    while changed.try_recv().is_ok() {}
}
