//! End-to-end tests. Run them with `./justw test`, which builds what they need.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod contract;
mod conversations;
mod dead_letters;
mod device;
mod downlink;
mod entities;
mod folder;
mod framing;
mod golden;
mod guest_memory;
mod guide;
mod hostile;
mod hot_reload;
mod isolation;
mod other_languages;
mod protocols;
mod relay;
mod sandbox;
mod scaffold;
mod settings;
mod settings_reload;
mod shutdown;
mod spool;
mod statistics;
mod talking_back;
mod tls;
mod troubleshooting;
mod update_only;
mod uplink;
mod workshop;
