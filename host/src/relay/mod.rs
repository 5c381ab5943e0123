//! Between the spool and ThingsBoard: a session of ThingsBoard's Edge service
//! carries over what the spool holds and brings back what is meant for devices.
//! This room knows nothing of sockets or wasm.

mod attributes;
mod backoff;
mod calls;
mod client;
mod connect;
mod creation;
mod customers;
mod dial;
mod double;
mod downlink;
mod entities;
mod error;
mod exchange;
mod failure;
mod ids;
mod lanes;
mod memory;
mod provision;
mod reader;
mod rename;
mod repeats;
mod reports;
mod request;
mod sender;
mod session;
mod undeliverable;
mod uplink;
mod values;

pub use attributes::Attributes;
pub use client::Relay;
pub use dial::{DialError, ProxyError, TlsError};
pub use entities::Entities;
pub use error::SessionError;
pub use reports::Reports;
