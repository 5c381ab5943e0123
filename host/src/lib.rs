//! `tb-tcp`: a TCP integration for ThingsBoard whose converters are
//! WebAssembly components.
//!
//! Devices speak raw TCP in formats of their own. This crate cuts each byte
//! stream into frames, lets a converter turn every frame into telemetry and
//! attributes, and relays them to ThingsBoard over gRPC; messages for devices
//! come back the same way. It is the library behind the `tb-tcp` binary, not a
//! general framework.
//!
//! # Layout
//! In the order of the data's way:
//! - [`server`]: ports, connections, and who is connected
//! - [`framing`]: bytes → frames
//! - [`converter`]: frames → entities, messages → bytes, in WebAssembly
//! - [`dead_letters`]: frames that could not be decoded; [`replay`] decodes them again
//! - [`redb_file`]: the database file under each store of the data folder
//! - [`message`]: what the rooms hand to each other
//! - [`spool`]: what was accepted, on disk until ThingsBoard has it
//! - [`relay`]: the session with ThingsBoard
//! - [`statistics`]: what the integrations did, told to ThingsBoard
//! - [`standin`]: a local ThingsBoard for demos and tests
//! - [`frame`]: shows and guesses how bytes are cut
//! - [`componentize`]: core modules → components
//! - [`scaffold`]: the folder of a new converter
//! - [`workshop`]: golden cases and single calls, for whoever writes a converter
//! - [`demo`]: the tutorial, played against the stand-in
//! - [`device`]: devices that hold a written conversation
//! - [`control`]: what operators ask of a running host
//! - [`output`]: standard output, which may be closed
//! - [`config`], [`cli`], [`run`]: settings, commands, and how all is put together
//! - [`allocator`]: the C library's memory
//! - [`proto`]: the generated gRPC messages

// `allocator`, `converter::aot` and `converter::lift` say why they need some.
#![deny(unsafe_code)]
// They panic when nobody reads any more; `output` does not.
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

pub mod allocator;
mod bindings;
pub mod cli;
pub mod componentize;
pub mod config;
pub mod control;
pub mod converter;
mod damaged_file;
pub mod dead_letters;
pub mod demo;
pub mod device;
pub mod frame;
pub mod framing;
mod hex;
mod log_budget;
pub mod message;
pub mod output;
pub mod proto;
pub mod redb_file;
pub mod relay;
pub mod replay;
pub mod run;
pub mod scaffold;
pub mod server;
pub mod spool;
pub mod standin;
pub mod statistics;
pub mod workshop;
