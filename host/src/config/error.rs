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
    /// The error without lines of the file, which may hold a secret: for places
    /// that more people can read than the log.
    #[must_use]
    pub fn outline(&self) -> String {
        let Self::Parse { path, detail } = self else {
            return self.to_string();
        };
        let file = path.display();
        // The parser says where in the first line, then shows the place.
        let place = detail.lines().next();
        match place.filter(|line| line.starts_with("TOML parse error at ")) {
            Some(place) => format!("cannot use {file}: {place}; the host's log says more"),
            None => format!("cannot use {file}; the host's log says why"),
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::without_secret;

    #[test]
    fn an_outline_shows_nothing_of_the_file() {
        let parse = |text: &str| ConfigError::Parse {
            path: "a.toml".into(),
            detail: without_secret(
                text,
                &toml::from_str::<super::super::Settings>(text).unwrap_err(),
            ),
        };
        for (text, place) in [
            ("[thingsboard]\nsecret = 's3cret\n", "line 2, column 17"),
            ("[thingsboard]\nsecret = 53cret\n", "line 2, column 12"),
            ("thingsboard = { secret = 53 }", "line 1, column 26"),
        ] {
            let error = parse(text);
            let expected = format!(
                "cannot use a.toml: TOML parse error at {place}, which is not shown because it \
                 holds a secret: write the secret in quotes"
            );
            assert_eq!(error.to_string(), expected);
            let outline = format!("{expected}; the host's log says more");
            assert_eq!(error.outline(), outline);
        }
        let shown = parse("[thingsboard]\nport = 'x'\n").to_string();
        assert!(shown.contains("port = 'x'"), "{shown}");
        let other = ConfigError::Parse {
            path: "a.json".into(),
            detail: "invalid type: integer `53`, expected a string".to_owned(),
        };
        assert_eq!(
            other.outline(),
            "cannot use a.json; the host's log says why"
        );
        let value = ConfigError::value("a.toml", "key", 7, "write 8");
        assert_eq!(value.outline(), "a.toml: key = 7: write 8");
    }
}
