//! What the folder's thread tells of each converter.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use super::super::{component::Converter, registry::Registry};

/// How a converter stands to its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// The file's content serves.
    Serves,
    /// The file cannot be used; the version before it serves.
    Broken,
    /// The file was removed; its last version serves.
    Removed,
    /// An operator rolled back; the file's content does not serve.
    RolledBack,
    /// The file cannot be used, and nothing serves under its name.
    Failed,
}

/// One converter, for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConverterInfo {
    /// The file's name without `.wasm`.
    pub name: String,
    /// `uplink`, `downlink`, `uplink and downlink`; empty if nothing serves.
    pub kind: String,
    /// The version that serves; empty if none does.
    pub version: String,
    /// Size of its file, in bytes.
    pub bytes: u64,
    /// When it was loaded, in Unix milliseconds.
    pub loaded_ms: i64,
    /// Calls since.
    pub calls: u64,
    /// Those of them that failed.
    pub errors: u64,
    /// How it stands to the file.
    pub state: FileState,
    /// More on the state, in words.
    pub detail: Option<String>,
    /// Versions that a rollback can go to, newest first.
    pub previous: Vec<String>,
}

/// The part of it that only the folder's thread knows.
#[derive(Clone, Debug)]
pub(super) struct Posted {
    pub(super) state: FileState,
    pub(super) detail: Option<String>,
    pub(super) previous: Vec<String>,
}

/// Where the folder's thread posts it.
#[derive(Debug, Default)]
pub(super) struct Board {
    posted: Mutex<BTreeMap<String, Posted>>,
}

impl Board {
    pub(super) fn post(&self, name: &str, posted: Posted) {
        let mut all = self.posted.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(name.to_owned(), posted);
    }

    pub(super) fn remove(&self, name: &str) {
        let mut all = self.posted.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(name);
    }

    pub(super) fn converters(&self, registry: &Registry) -> Vec<ConverterInfo> {
        let all = self.posted.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .map(|(name, posted)| info(name, posted, registry.serving(name).as_deref()))
            .collect()
    }
}

fn info(name: &str, posted: &Posted, serving: Option<&Converter>) -> ConverterInfo {
    ConverterInfo {
        name: name.to_owned(),
        kind: serving.map(Converter::kind).unwrap_or_default(),
        version: serving
            .map(Converter::version)
            .unwrap_or_default()
            .to_owned(),
        bytes: serving.map_or(0, |converter| converter.bytes() as u64),
        loaded_ms: serving.map_or(0, Converter::loaded_ms),
        calls: serving.map_or(0, |converter| converter.stats().calls()),
        errors: serving.map_or(0, |converter| converter.stats().errors()),
        state: posted.state,
        detail: posted.detail.clone(),
        previous: posted.previous.clone(),
    }
}
