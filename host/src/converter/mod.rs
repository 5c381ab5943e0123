//! Runs converters: WebAssembly components after `wit/converter.wit`.
//!
//! A `.wasm` file of the watched folder becomes a [`Converter`]: compiled,
//! type-checked against the contract, and tried once, off the async threads.
//! Only then does it take the place of its predecessor ([`Registry`]). Calls
//! run on the threads of [`Workers`], each with instances of its own, under a
//! deadline and a memory limit. This room knows nothing of sockets or of
//! ThingsBoard's protocol.

mod bindings;
mod call;
mod check;
mod component;
mod engine;
mod error;
mod folder;
mod instance;
mod registry;
mod state;
mod stdio;
mod watch;
mod workers;

pub use bindings::types::{Entity, EntityKind, KeyValue, Sample, Value};
pub use call::{CallContext, Metadata};
pub use component::{Converter, Direction};
pub use engine::ConverterEngine;
pub use error::{CallError, LoadError};
pub use registry::{Registry, Selection, SelectionError};
pub use watch::Watcher;
pub use workers::{Stopped, Workers};
