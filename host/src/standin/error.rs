//! What can stop the stand-in from running, each with what to do about it.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the stand-in could not start or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address could not be listened on.
    #[error(
        "the stand-in cannot listen on {address} for {service}: {source}; \
         stop the program that uses this port or choose another address"
    )]
    Bind {
        /// What the address is for.
        service: &'static str,
        /// The address asked for.
        address: SocketAddr,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// A file for TLS could not be read.
    #[error("the stand-in cannot read {}: {source}; check the path", path.display())]
    TlsFile {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// The files for TLS do not go together.
    #[error("the stand-in cannot speak TLS: {source}; give a certificate and its key, both as PEM")]
    Tls {
        /// What the server reported.
        source: tonic::transport::Error,
    },
    /// The file in the data folder cannot be used.
    #[error("the stand-in cannot use {}: {source}; check the folder and its rights", path.display())]
    DataFile {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// Another stand-in stores its data there.
    #[error("another stand-in uses {}; stop it or name another folder", folder.display())]
    DataInUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The file in the data folder is not as it was written.
    #[error(
        "{} is damaged at byte {offset}: {reason}; move it away to start with nothing",
        path.display()
    )]
    DataDamaged {
        /// The file.
        path: PathBuf,
        /// Where the record begins that cannot be read.
        offset: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The data belong to an edge with another key.
    #[error(
        "{} was written with another routing key; give that key or name another folder",
        path.display()
    )]
    DataTenant {
        /// The file.
        path: PathBuf,
    },
    /// The gRPC server stopped by itself.
    #[error("the stand-in's gRPC server on {address} stopped: {source}; start the stand-in again")]
    Grpc {
        /// Where it listened.
        address: SocketAddr,
        /// What the server reported.
        source: tonic::transport::Error,
    },
    /// The HTTP server stopped by itself.
    #[error("the stand-in's HTTP server on {address} stopped: {source}; start the stand-in again")]
    Http {
        /// Where it listened.
        address: SocketAddr,
        /// What the server reported.
        source: std::io::Error,
    },
}
