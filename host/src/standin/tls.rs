//! TLS for the Edge service.

use std::fs;
use std::path::{Path, PathBuf};

use tonic::transport::{Certificate, Identity, ServerTlsConfig};

use super::Error;

/// The files that the stand-in needs to speak TLS, all PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The server's certificate, those of its issuers behind it.
    pub certificate: PathBuf,
    /// The key of `certificate`.
    pub key: PathBuf,
    /// The authority that must have signed the client's certificate. None: the
    /// client is asked for no certificate.
    pub client_authority: Option<PathBuf>,
}

impl TlsFiles {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// [`Error::TlsFile`] when one of them cannot be read.
    pub(super) fn read(&self) -> Result<ServerTlsConfig, Error> {
        let identity = Identity::from_pem(read(&self.certificate)?, read(&self.key)?);
        let config = ServerTlsConfig::new().identity(identity);
        Ok(match &self.client_authority {
            Some(path) => config.client_ca_root(Certificate::from_pem(read(path)?)),
            None => config,
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::TlsFile {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("server.pem"), "").unwrap();
        let mut files = TlsFiles {
            certificate: path("server.pem"),
            key: path("server.key"),
            client_authority: Some(path("clients.pem")),
        };
        let said = |files: &TlsFiles| files.read().map(drop).unwrap_err().to_string();
        for name in ["server.key", "clients.pem"] {
            let start = format!("the stand-in cannot read {}: ", path(name).display());
            assert!(said(&files).starts_with(&start), "{}", said(&files));
            fs::write(path(name), "").unwrap();
        }
        files.certificate = path("missing.pem");
        assert!(said(&files).contains("missing.pem"), "{}", said(&files));
    }
}
