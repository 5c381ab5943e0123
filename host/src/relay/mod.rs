//! Between the host and ThingsBoard: what was accepted waits in the [`Spool`],
//! and a session of ThingsBoard's Edge service carries it over and brings back
//! what is meant for devices. This room knows nothing of sockets or wasm.

mod backoff;
mod client;
mod connect;
mod dial;
mod downlink;
mod entities;
mod error;
mod exchange;
mod failure;
mod ids;
mod provision;
mod reader;
mod rename;
mod sender;
mod session;
mod spool;
mod uplink;

pub use client::Relay;
pub use dial::{DialError, ProxyError, TlsError};
pub use error::SessionError;
pub use spool::Spool;
