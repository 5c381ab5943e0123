//! What can be wrong with the settings: always the operator's to mend.

use std::path::PathBuf;

/// Settings that cannot be used. Each text names the file, key and value, and
/// the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file is not there or may not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not TOML or JSON, or a value has the wrong type.
    #[error("cannot use {}: {detail}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and what, as the parser says it.
        detail: String,
    },
    /// A value is outside what the setting takes.
    #[error("{origin}: {key} = {value}: {remedy}")]
    Value {
        /// The file or environment variable that the value came from.
        origin: String,
        /// The setting's full name.
        key: String,
        /// The value as given.
        value: String,
        /// What to write instead.
        remedy: String,
    },
    /// A setting that has no default is not given anywhere.
    #[error("{key} is not set: {remedy}")]
    Missing {
        /// The setting's full name.
        key: &'static str,
        /// Where to set it, and where the value comes from.
        remedy: &'static str,
    },
}

impl ConfigError {
    /// A [`ConfigError::Value`].
    pub(super) fn value(
        origin: &str,
        key: impl Into<String>,
        value: impl ToString,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Value {
            origin: origin.to_owned(),
            key: key.into(),
            value: value.to_string(),
            remedy: remedy.into(),
        }
    }
}
