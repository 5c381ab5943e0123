//! Runs converters: WebAssembly components after `wit/converter.wit`.
//!
//! A `.wasm` file of the watched folder becomes a [`Converter`]: compiled,
//! type-checked against the contract, and tried, off the async threads. Only
//! then does it take the place of its predecessor ([`Registry`]). Calls run on
//! the threads of [`Workers`], each with instances of its own, under a deadline
//! and other limits. This room knows nothing of sockets or of ThingsBoard's
//! protocol.
//!
//! - `folder`: what the watched folder holds, and which version of it serves
//! - `engine`, `component`, `contract`, `aot`, `file_cache`: from a file to code
//! - `golden`: a converter's own cases, run before it goes live; `trial`: single calls
//! - `instance`, `state`, `call`, `stdio`, `deadline`, `check`: one call
//! - `cutter`: a stream, cut by the converter
//! - `session`, `actions`: what it keeps for its connection, and what it asks for there
//! - `run`: which thread and instance a call gets

mod actions;
mod aot;
mod call;
#[cfg(test)]
mod catalogue;
mod check;
mod check_value;
mod component;
mod contract;
mod cutter;
mod deadline;
mod engine;
mod error;
mod file_cache;
mod folder;
mod golden;
mod instance;
mod lift;
mod lifted;
#[cfg(feature = "native-decoder")]
mod native;
mod pack;
mod registry;
mod run;
mod session;
mod single;
mod state;
mod stdio;
mod trial;
mod whole_file;

use crate::bindings;

pub use crate::message::{Entity, EntityKind, KeyValue, Metadata, Sample, Value};
pub use actions::{Actions, RpcAnswer};
pub use call::{CallContext, Missed};
pub use component::{Converter, Direction, Stats};
pub use cutter::{CutError, Cuts, Cutter, Next};
pub use engine::ConverterEngine;
pub use error::{CallError, LoadError};
pub use file_cache::FileCache;
pub use folder::{ConverterInfo, FileState, RollbackError, RolledBack, Watcher};
pub use golden::{check_cases, run_cases, update_cases};
pub use instance::{Event, Output};
pub use registry::{Registry, Selection, SelectionError};
pub use run::{Decoded, Here, Overruns, Pace, Progress, Stopped, Undecoded, Workers};
pub use session::Session;
pub use trial::{Trial, Tried};
