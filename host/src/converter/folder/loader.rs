//! Loads what changed in the converters folder, and keeps the last good version
//! of everything else serving.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use tracing::{error, info, warn};

use super::{
    super::{
        component::{Converter, version},
        engine::ConverterEngine,
        error::LoadError,
        golden::check_cases,
        registry::Registry,
    },
    kept::KeptVersions,
    scan::{self, Fingerprint, Found},
    status::{Board, FileState, Posted},
};
use crate::{config::ConverterSettings, message::millis};

/// A file that cannot be used is reported once it has not changed for this
/// long: until then somebody may still be writing it.
const SETTLED: Duration = Duration::from_secs(1);
/// How often a long first look says how far it is.
const PROGRESS: Duration = Duration::from_secs(2);

/// Whether the folder needs another look soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Settled,
    Again,
}

/// What is known of one file name.
struct Known {
    fingerprint: Fingerprint,
    /// State of the golden cases that the file was refused with.
    cases: Option<Fingerprint>,
    outcome: Outcome,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Serves, or was found to be the same as what serves.
    Good,
    /// Could not be used and was reported.
    Reported,
    /// Could not be used, but was written a moment ago.
    Suspect,
    /// Was removed.
    Gone,
}

pub(super) struct Loader {
    settings: ConverterSettings,
    engine: ConverterEngine,
    pub(super) registry: Arc<Registry>,
    pub(super) kept: KeptVersions,
    board: Arc<Board>,
    files: BTreeMap<String, Known>,
    /// Whether the folder could not be listed at the last look.
    folder_missing: bool,
}

impl Loader {
    pub(super) fn new(
        settings: ConverterSettings,
        engine: ConverterEngine,
        registry: Arc<Registry>,
        kept: KeptVersions,
        board: Arc<Board>,
    ) -> Self {
        Self {
            settings,
            engine,
            registry,
            kept,
            board,
            files: BTreeMap::new(),
            folder_missing: false,
        }
    }

    pub(super) fn settings(&self) -> &ConverterSettings {
        &self.settings
    }

    /// Takes over other limits, for what is loaded too.
    pub(super) fn apply(&mut self, settings: ConverterSettings) {
        for converter in self.registry.all() {
            let limits = settings.limits(converter.name());
            if limits != *converter.limits() {
                self.registry.publish(converter.with_limits(limits));
            }
        }
        // Another folder takes a restart.
        self.settings = ConverterSettings {
            folder: self.settings.folder.clone(),
            ..settings
        };
    }

    /// Takes over what changed in the folder.
    pub(super) fn look(&mut self) -> Look {
        let found = match scan::scan(&self.settings.folder) {
            Ok(found) => found,
            Err(source) => {
                if !self.folder_missing {
                    warn!(
                        folder = %self.settings.folder.display(), error = %source,
                        "cannot list the converters folder; what is loaded keeps serving, and the \
                         folder is taken up when it is there"
                    );
                }
                self.folder_missing = true;
                return Look::Again;
            }
        };
        self.folder_missing = false;
        self.note_removed(&found);
        let mut again = false;
        let (count, mut said) = (found.len(), Instant::now());
        for (number, (name, file)) in found.into_iter().enumerate() {
            again |= self.look_at(&name, &file) == Look::Again;
            if said.elapsed() >= PROGRESS {
                info!("looked at {} of {count} converters", number + 1);
                said = Instant::now();
            }
        }
        if again { Look::Again } else { Look::Settled }
    }

    fn note_removed(&mut self, found: &BTreeMap<String, Found>) {
        let gone: Vec<_> = self
            .files
            .iter()
            .filter(|(name, known)| !found.contains_key(*name) && known.outcome != Outcome::Gone)
            .map(|(name, _)| name.clone())
            .collect();
        for name in gone {
            if let Some(known) = self.files.get_mut(&name) {
                known.outcome = Outcome::Gone;
            }
            // Whoever removes a file and copies it again wants it.
            if let Err(source) = self.kept.accept(&name) {
                warn!(converter = name, error = %source, "cannot forget a rollback");
            }
            if self.serving(&name).is_none() {
                self.board.remove(&name);
                continue;
            }
            warn!(
                converter = name,
                "file was removed; the loaded version keeps serving until the process stops"
            );
            self.post(&name, FileState::Removed, None);
        }
    }

    fn look_at(&mut self, name: &str, file: &Found) -> Look {
        let cases = self.cases_folder(name);
        if let Some(known) = self.files.get(name) {
            let settled = match known.outcome {
                Outcome::Good => true,
                Outcome::Reported => known.cases == scan::tree(&cases),
                Outcome::Suspect | Outcome::Gone => false,
            };
            if settled && known.fingerprint == file.fingerprint {
                return Look::Settled;
            }
        }
        let started = Instant::now();
        let wasm = match scan::read_unchanged(file) {
            Ok(Some(wasm)) => wasm,
            // Still being written.
            Ok(None) => return Look::Again,
            Err(source) => return self.fail(name, file, &source.into()),
        };
        let (content, serving) = (version(&wasm), self.serving(name));
        if self.kept.rejected(name).as_deref() == Some(&content) {
            return self.stay_rolled_back(name, file);
        }
        if serving
            .as_deref()
            .is_some_and(|serving| serving.version() == content)
        {
            self.remember(name, file, Outcome::Good);
            self.post(name, FileState::Serves, None);
            return Look::Settled;
        }
        match self.load(name, &wasm) {
            Ok(converter) => {
                self.go_live(name, &wasm, converter.clone());
                info!(
                    converter = name,
                    version = converter.version(),
                    kind = converter.kind(),
                    bytes = wasm.len(),
                    took_ms = millis(started.elapsed()),
                    replaces = serving.as_deref().map_or("nothing", Converter::version),
                    "converter loaded"
                );
                self.remember(name, file, Outcome::Good);
                self.post(name, FileState::Serves, None);
                Look::Settled
            }
            Err(fault) => self.fail(name, file, &fault),
        }
    }

    /// Compiles and tries a file's content.
    fn load(&self, name: &str, wasm: &[u8]) -> Result<Arc<Converter>, LoadError> {
        let limits = self.settings.limits(name);
        let converter = Converter::load(&self.engine, name, wasm, limits)?;
        let cases = self.cases_folder(name);
        if cases.is_dir() {
            let passed = check_cases(&converter, &cases)?;
            info!(converter = name, passed, "golden cases passed");
        }
        Ok(converter)
    }

    /// Where the golden cases of a converter may be.
    fn cases_folder(&self, name: &str) -> PathBuf {
        self.settings.folder.join(format!("{name}.cases"))
    }

    fn go_live(&self, name: &str, wasm: &[u8], converter: Arc<Converter>) {
        // Before it is kept, which waits for the disk.
        self.registry.publish(converter.clone());
        let kept = self
            .kept
            .keep(name, converter.version(), wasm)
            .and_then(|()| self.kept.accept(name));
        if let Err(source) = kept {
            warn!(
                converter = name, error = %source,
                "this version cannot be kept in the data folder: a rollback to it will not be possible"
            );
        }
    }

    /// Reports a file that cannot be used, unless it is too fresh to judge.
    fn fail(&mut self, name: &str, file: &Found, fault: &LoadError) -> Look {
        if file.fingerprint.is_fresh(SETTLED) {
            self.remember(name, file, Outcome::Suspect);
            return Look::Again;
        }
        let path = file.path.display().to_string();
        let serving = self.serving(name).or_else(|| self.load_kept(name, None));
        let state = match serving {
            Some(serving) => {
                error!(
                    converter = name, file = path, serving = serving.version(), error = %fault,
                    "converter cannot be loaded; the version before it keeps serving"
                );
                FileState::Broken
            }
            None => {
                error!(
                    converter = name, file = path, error = %fault,
                    "converter cannot be loaded"
                );
                FileState::Failed
            }
        };
        self.remember(name, file, Outcome::Reported);
        self.post(name, state, Some(fault.to_string()));
        Look::Settled
    }

    /// Makes a kept version serve where nothing does: the newest, or just
    /// `wanted`.
    pub(super) fn load_kept(&self, name: &str, wanted: Option<&str>) -> Option<Arc<Converter>> {
        let rejected = self.kept.rejected(name);
        let history = self.kept.history(name).into_iter();
        let mut candidates = history
            .map(|kept| kept.version)
            .filter(|version| match wanted {
                Some(wanted) => version == wanted,
                None => rejected.as_ref() != Some(version),
            });
        let version = candidates.next()?;
        match self.load_version(name, &version) {
            Ok(converter) => {
                info!(converter = name, version, "kept version loaded");
                self.registry.publish(converter.clone());
                Some(converter)
            }
            Err(fault) => {
                warn!(converter = name, version, error = %fault, "kept version cannot be loaded");
                None
            }
        }
    }

    pub(super) fn load_version(
        &self,
        name: &str,
        version: &str,
    ) -> Result<Arc<Converter>, LoadError> {
        let wasm = self.kept.read(name, version)?;
        Converter::load(&self.engine, name, &wasm, self.settings.limits(name))
    }

    pub(super) fn serving(&self, name: &str) -> Option<Arc<Converter>> {
        self.registry.serving(name)
    }

    pub(super) fn post(&self, name: &str, state: FileState, detail: Option<String>) {
        let posted = Posted {
            state,
            detail,
            previous: self.previous(name),
        };
        self.board.post(name, posted);
    }

    pub(super) fn remember(&mut self, name: &str, file: &Found, outcome: Outcome) {
        let known = Known {
            fingerprint: file.fingerprint.clone(),
            cases: scan::tree(&self.cases_folder(name)),
            outcome,
        };
        self.files.insert(name.to_owned(), known);
    }
}
