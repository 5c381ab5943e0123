//! Reads certificates and keys: PEM, of bounded size.

use std::{fs::File, io::Read as _, path::Path};

use tokio_rustls::rustls::{
    self, Error, InconsistentKeys, RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject as _},
    sign::CertifiedKey,
};

use super::TlsError;

/// Largest file that is read, in bytes. The system's bundle has some 200 KiB.
const MOST: u64 = 4 * 1024 * 1024;

const CA_FILE: &str = "thingsboard.tls.caFile (RPC_SSL_CERT)";
const CERT_FILE: &str = "thingsboard.tls.certFile";
const KEY_FILE: &str = "thingsboard.tls.keyFile";

const CERTIFICATE_REMEDY: &str = "it must begin with -----BEGIN CERTIFICATE-----; openssl x509 \
     -inform der -in FILE -out NEW converts DER, openssl pkcs12 -in FILE -nokeys -out NEW a key \
     store";
const KEY_REMEDY: &str = "it must begin with -----BEGIN PRIVATE KEY-----, BEGIN RSA PRIVATE KEY \
     or BEGIN EC PRIVATE KEY; openssl pkey -inform der -in FILE -out NEW converts DER, openssl \
     pkcs12 -in FILE -nocerts -noenc -out NEW a key store";

/// The certificates of a file.
pub(super) type Certificates = Vec<CertificateDer<'static>>;

/// What `caFile` holds: to be trusted.
pub(super) fn authorities(path: &Path) -> Result<(RootCertStore, Certificates), TlsError> {
    let certificates = certificates(CA_FILE, path)?;
    let mut roots = RootCertStore::empty();
    for (index, certificate) in certificates.iter().enumerate() {
        roots
            .add(certificate.clone())
            .map_err(|error| TlsError::Damaged {
                setting: CA_FILE,
                path: shown(path),
                detail: format!("certificate {}: {error}", index + 1),
            })?;
    }
    Ok((roots, certificates))
}

/// The certificates that the system trusts. `SSL_CERT_FILE` and `SSL_CERT_DIR`
/// say where they are, if they are set.
pub(super) fn system_authorities() -> Result<RootCertStore, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Some systems carry certificates that are too odd for rustls.
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        let errors = found.errors.first();
        return Err(TlsError::NoSystemRoots {
            detail: errors.map_or_else(String::new, |error| format!(" ({error})")),
        });
    }
    Ok(roots)
}

/// The client certificate with its key.
pub(super) fn client_certificate(
    certificate: &Path,
    key: &Path,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, TlsError> {
    let chain = certificates(CERT_FILE, certificate)?;
    let found = private_key(key)?;
    CertifiedKey::from_der(chain, found, provider).map_err(|error| match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::NoPair {
            key: shown(key),
            certificate: shown(certificate),
        },
        Error::InvalidCertificate(_) => TlsError::Damaged {
            setting: CERT_FILE,
            path: shown(certificate),
            detail: error.to_string(),
        },
        _ => TlsError::Damaged {
            setting: KEY_FILE,
            path: shown(key),
            detail: "the key is damaged, or of a kind other than RSA, P-256, P-384 and Ed25519"
                .to_owned(),
        },
    })
}

fn certificates(setting: &'static str, path: &Path) -> Result<Certificates, TlsError> {
    let bytes = read(setting, path)?;
    let found: Result<Certificates, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| damaged_pem(setting, path, &error))?;
    match found.is_empty() {
        true => Err(TlsError::Empty {
            setting,
            path: shown(path),
            wanted: "certificate",
            remedy: CERTIFICATE_REMEDY,
        }),
        false => Ok(found),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let bytes = read(KEY_FILE, path)?;
    let has = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    if has(b"BEGIN ENCRYPTED PRIVATE KEY") || has(b"Proc-Type: 4,ENCRYPTED") {
        return Err(TlsError::EncryptedKey { path: shown(path) });
    }
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::Empty {
            setting: KEY_FILE,
            path: shown(path),
            wanted: "private key",
            remedy: KEY_REMEDY,
        },
        error => damaged_pem(KEY_FILE, path, &error),
    })
}

/// The error's own text may quote a line of the file.
fn damaged_pem(setting: &'static str, path: &Path, error: &pem::Error) -> TlsError {
    let detail = match error {
        pem::Error::MissingSectionEnd { .. } => "an -----END line is missing",
        pem::Error::IllegalSectionStart { .. } => "a -----BEGIN line is damaged",
        pem::Error::Base64Decode(_) => "its text is not Base64",
        _ => "it is no PEM",
    };
    TlsError::Damaged {
        setting,
        path: shown(path),
        detail: detail.to_owned(),
    }
}

fn read(setting: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MOST).read_to_end(&mut bytes))
        .map_err(|source| TlsError::Read {
            setting,
            path: shown(path),
            source,
        })?;
    Ok(bytes)
}

/// The path as an operator finds it, wherever the process runs.
pub(super) fn shown(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.display().to_string()
}

/// The cryptography. ring builds with a C compiler alone, as a plain Debian 12
/// has it, in a quarter of the time that aws-lc-rs takes.
pub(super) fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}
