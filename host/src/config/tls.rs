//! `[thingsboard.tls]`: how the connection to ThingsBoard is protected.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio_rustls::rustls::pki_types::ServerName;

use super::ConfigError;

/// TLS towards ThingsBoard.
///
/// `RPC_SSL_ENABLED` and `RPC_SSL_CERT` of ThingsBoard's own remote
/// integration are read too and win over the file. Relative paths start at the
/// folder that the process runs in. The files are read at each connection, so
/// renewed certificates are taken up without a restart.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Tls {
    /// Whether to speak TLS, as the server does with
    /// `EDGES_RPC_SSL_ENABLED=true`. Default false, as ThingsBoard's own.
    pub enabled: bool,
    /// PEM file with one or many certificates that are trusted **instead of**
    /// the system's: authorities, or the server's own certificate. Default
    /// none: the system's certificates are trusted.
    pub ca_file: Option<PathBuf>,
    /// PEM file with the client certificate, those of its issuers behind it.
    /// ThingsBoard itself asks for none; a gateway before it may. Default none.
    pub cert_file: Option<PathBuf>,
    /// PEM file with the private key of `certFile`, without a password:
    /// PKCS#8, PKCS#1 (RSA) or SEC1 (elliptic curves). Default none.
    pub key_file: Option<PathBuf>,
    /// The name that the server's certificate must have. Default: `host`. For
    /// connections by address or through a tunnel.
    pub server_name: Option<String>,
}

impl Tls {
    /// The name that the server's certificate must have, if it is reached as
    /// `host`.
    #[must_use]
    pub fn name<'a>(&'a self, host: &'a str) -> &'a str {
        self.server_name.as_deref().unwrap_or(host)
    }

    /// Refuses settings that cannot work whatever the files hold.
    ///
    /// # Errors
    /// The first such setting, with `origin` as where it came from.
    pub(super) fn check(&self, origin: &str, host: &str) -> Result<(), ConfigError> {
        let other_half = |key: &str, given: &Option<PathBuf>, missing: &str| {
            let value = given.as_deref().unwrap_or(Path::new("")).display();
            let remedy = format!(
                "{missing} is not set; a client certificate needs both files, or set neither"
            );
            Err(ConfigError::value(
                origin,
                format!("thingsboard.tls.{key}"),
                value,
                remedy,
            ))
        };
        match (&self.cert_file, &self.key_file) {
            (Some(_), None) => return other_half("certFile", &self.cert_file, "keyFile"),
            (None, Some(_)) => return other_half("keyFile", &self.key_file, "certFile"),
            (Some(_), Some(_)) | (None, None) => {}
        }
        let key = match self.server_name {
            Some(_) => "thingsboard.tls.serverName",
            None => "thingsboard.host",
        };
        let name = self.name(host);
        match ServerName::try_from(name) {
            Err(_) if self.enabled => Err(ConfigError::value(
                origin,
                key,
                name,
                "TLS needs a name to check the certificate against: write a host name or an \
                 address, without a scheme, a port or brackets",
            )),
            _ => Ok(()),
        }
    }

    /// What is odd about settings that work, for the log.
    pub(super) fn warnings(&self, origin: &str) -> Vec<String> {
        let mut warnings = Vec::new();
        let others = [
            ("caFile (RPC_SSL_CERT)", self.ca_file.is_some()),
            ("certFile", self.cert_file.is_some()),
            ("keyFile", self.key_file.is_some()),
            ("serverName", self.server_name.is_some()),
        ];
        if let Some((key, _)) = others.iter().find(|(_, set)| *set && !self.enabled) {
            warnings.push(format!(
                "{origin}: thingsboard.tls.{key} is set, but TLS is off: set \
                 thingsboard.tls.enabled (RPC_SSL_ENABLED) to true"
            ));
        }
        if let Some(path) = &self.key_file
            && is_readable_by_all(path)
        {
            warnings.push(format!(
                "{origin}: thingsboard.tls.keyFile {} can be read by every user of this machine: \
                 chmod o-rwx it",
                path.display()
            ));
        }
        warnings
    }
}

/// Whether others than owner and group may read a file. Groups are used to
/// hand keys to services on purpose.
fn is_readable_by_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    const OTHERS_READ: u32 = 0o004;
    // A file that is not there is named when it is needed.
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & OTHERS_READ != 0)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn said(tls: &Tls, host: &str) -> String {
        match tls.check("tb-tcp.toml", host) {
            Ok(()) => "fine".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn settings_that_cannot_work_are_named() {
        let enabled = Tls {
            enabled: true,
            ..Tls::default()
        };
        let cases = [
            (Tls::default(), "any thing", "fine"),
            (enabled.clone(), "localhost", "fine"),
            (enabled.clone(), "2001:db8::1", "fine"),
            (
                enabled.clone(),
                "https://tb.example",
                "tb-tcp.toml: thingsboard.host = https://tb.example: TLS needs a name to check \
                 the certificate against: write a host name or an address, without a scheme, a \
                 port or brackets",
            ),
            (
                Tls {
                    server_name: Some("tb.example:7070".to_owned()),
                    ..enabled.clone()
                },
                "localhost",
                "tb-tcp.toml: thingsboard.tls.serverName = tb.example:7070: TLS needs a name to \
                 check the certificate against: write a host name or an address, without a \
                 scheme, a port or brackets",
            ),
            (
                Tls {
                    cert_file: Some("a.pem".into()),
                    ..enabled.clone()
                },
                "localhost",
                "tb-tcp.toml: thingsboard.tls.certFile = a.pem: keyFile is not set; a client \
                 certificate needs both files, or set neither",
            ),
            (
                Tls {
                    key_file: Some("a.key".into()),
                    ..enabled
                },
                "localhost",
                "tb-tcp.toml: thingsboard.tls.keyFile = a.key: certFile is not set; a client \
                 certificate needs both files, or set neither",
            ),
        ];
        for (tls, host, expected) in cases {
            assert_eq!(said(&tls, host), expected);
        }
    }

    #[test]
    fn a_key_that_all_may_read_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("client.key");
        fs::write(&key, "").unwrap();
        let tls = Tls {
            enabled: true,
            key_file: Some(key.clone()),
            ..Tls::default()
        };
        for (mode, expected) in [(0o600, 0), (0o640, 0), (0o644, 1), (0o604, 1)] {
            fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(tls.warnings("f").len(), expected, "{mode:o}");
        }
        let expected = format!(
            "f: thingsboard.tls.keyFile {} can be read by every user of this machine: chmod o-rwx \
             it",
            key.display()
        );
        assert_eq!(tls.warnings("f"), [expected]);
    }

    #[test]
    fn files_without_tls_are_reported() {
        let tls = Tls {
            ca_file: Some("ca.pem".into()),
            ..Tls::default()
        };
        assert_eq!(
            tls.warnings("f"),
            [
                "f: thingsboard.tls.caFile (RPC_SSL_CERT) is set, but TLS is off: set \
              thingsboard.tls.enabled (RPC_SSL_ENABLED) to true"
            ]
        );
    }
}
