//! TLS towards the server: rustls, with ring for the cryptography.

mod client_certificate;
mod error;
mod files;
mod handshake;
mod name;
mod trust;

#[cfg(test)]
mod tests;

pub(super) use client_certificate::ClientCertificate;
pub use error::TlsError;
pub(super) use handshake::handshake;
