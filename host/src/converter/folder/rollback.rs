//! Going back to the version of a converter that served before.

use tracing::warn;

use super::{
    super::error::LoadError,
    loader::{Loader, Look, Outcome},
    scan::Found,
    status::FileState,
};

/// What an operator reads of a converter that was rolled back.
const ROLLED_BACK: &str = "the file's content was rolled back from and is not loaded again; copy \
     another one, or remove the file and copy it again";

/// A rollback that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolledBack {
    /// The version that served before.
    pub from: String,
    /// The one that serves now.
    pub to: String,
}

/// Why a rollback is not possible. The operator's to mend.
#[derive(Debug, thiserror::Error)]
pub enum RollbackError {
    /// No converter of that name serves.
    #[error("there is no converter {0}; tb-tcp converters lists them")]
    Unknown(String),
    /// No version before the one that serves was kept.
    #[error("no version of {name} before {version} is kept")]
    Oldest {
        /// The converter.
        name: String,
        /// The version that serves.
        version: String,
    },
    /// The version before cannot be used any more.
    #[error("version {version} of {name} cannot be loaded: {fault}")]
    Unusable {
        /// The converter.
        name: String,
        /// The version before the one that serves.
        version: String,
        /// Why.
        fault: LoadError,
    },
    /// The choice could not be stored, so it would not outlast a restart.
    #[error("cannot note the rollback in the data folder: {0}")]
    Write(std::io::Error),
    /// The host stops.
    #[error("the host stops")]
    Stopping,
}

impl Loader {
    /// Leaves content alone that was rolled back from.
    pub(super) fn stay_rolled_back(&mut self, name: &str, file: &Found) -> Look {
        if self.serving(name).is_none() {
            let chosen = self.kept.chosen(name);
            self.load_kept(name, chosen.as_deref());
        }
        self.remember(name, file, Outcome::Good);
        let detail = ROLLED_BACK;
        let state = match self.serving(name) {
            Some(_) => FileState::RolledBack,
            None => FileState::Failed,
        };
        self.post(name, state, Some(detail.to_owned()));
        Look::Settled
    }

    /// Goes back to the version that served before.
    pub(super) fn rollback(&mut self, name: &str) -> Result<RolledBack, RollbackError> {
        let serving = self
            .serving(name)
            .ok_or_else(|| RollbackError::Unknown(name.to_owned()))?;
        let from = serving.version().to_owned();
        let to = self
            .previous(name)
            .into_iter()
            .next()
            .ok_or_else(|| RollbackError::Oldest {
                name: name.to_owned(),
                version: from.clone(),
            })?;
        let converter = self
            .load_version(name, &to)
            .map_err(|fault| RollbackError::Unusable {
                name: name.to_owned(),
                version: to.clone(),
                fault,
            })?;
        // What the file holds now is what must not come back by itself.
        let rejected = self.kept.rejected(name).unwrap_or_else(|| from.clone());
        self.kept
            .reject(name, &rejected, &to)
            .map_err(RollbackError::Write)?;
        self.registry.publish(converter);
        warn!(converter = name, from, to, "rolled back");
        self.post(name, FileState::RolledBack, Some(ROLLED_BACK.to_owned()));
        Ok(RolledBack { from, to })
    }

    /// The kept versions older than the serving one, newest first.
    pub(super) fn previous(&self, name: &str) -> Vec<String> {
        let serving = self.serving(name);
        let versions = self.kept.history(name).into_iter().map(|kept| kept.version);
        match serving {
            None => versions.collect(),
            Some(serving) => versions
                .skip_while(|version| version != serving.version())
                .skip(1)
                .collect(),
        }
    }
}
