//! End-to-end tests. Run them with `./justw test`, which builds what they need.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod contract;
mod downlink;
mod framing;
mod golden;
mod hot_reload;
mod relay;
mod sandbox;
mod settings;
mod shutdown;
mod uplink;
