//! The devices' side: ports, connections, and who is connected.
//!
//! An integration is a listening port with its framing and converters. Each
//! connection is a task with two halves: one reads (socket → frames → converter →
//! spool), one writes (replies, and downlinks → converter → socket). This room knows
//! nothing of gRPC.

mod calls;
mod connection;
mod departed;
mod diagnosis;
mod directory;
mod encoder;
mod error;
mod intake;
mod integration;
mod letters;
mod listener;
mod live;
mod opening;
mod outbox;
mod received;
mod remarks;
mod replies;
mod stream;
mod update_only;
mod writer;

pub use calls::Calls;
pub use directory::{Directory, KeptDownlinks};
pub use error::ServerError;
pub use integration::{Integration, Shared};
pub use live::Live;
pub use update_only::Forwarded;
