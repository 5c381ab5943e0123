//! The devices' side: ports, connections, and who is connected.
//!
//! An integration is a listening port with its framing and converters. Each
//! connection has one task that reads (socket → frames → converter → spool)
//! and one that writes (downlinks → converter → socket). This room knows
//! nothing of gRPC.

mod connection;
mod directory;
mod error;
mod integration;
mod listener;
mod writer;

pub use directory::Directory;
pub use error::ServerError;
pub use integration::{Integration, Shared};
