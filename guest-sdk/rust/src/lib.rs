//! Write converters for `tb-tcp` in Rust.
//!
//! A converter translates between the bytes of one kind of device and
//! ThingsBoard's terms. It is a crate of type `cdylib` that implements
//! [`UplinkConverter`], [`DownlinkConverter`] or both, and ends in [`export!`]:
//!
//! ```
//! use tb_converter::{Context, Entity, Result, UplinkConverter, export};
//!
//! /// Decodes frames such as `SN-002;25.7`.
//! struct Thermometer;
//!
//! impl UplinkConverter for Thermometer {
//!     fn decode(frame: &[u8], context: &Context) -> Result<Vec<Entity>> {
//!         let text = tb_converter::text(frame)?;
//!         let (name, celsius) = text.split_once(';').ok_or("a semicolon is missing")?;
//!         let celsius: f64 = celsius.parse()?;
//!
//!         let mut entity = Entity::device(name, "thermometer").telemetry("temperature", celsius);
//!         if let Some(site) = context.metadata("site") {
//!             entity = entity.attribute("site", site);
//!         }
//!         Ok(vec![entity])
//!     }
//! }
//!
//! export!(uplink = Thermometer);
//!
//! // A converter is plain Rust, so plain `cargo test` tests it:
//! # fn main() -> Result<()> {
//! let context = Context::new().with_metadata("site", "north");
//! let expected = Entity::device("SN-002", "thermometer")
//!     .telemetry("temperature", 25.7)
//!     .attribute("site", "north");
//! assert_eq!(Thermometer::decode(b"SN-002;25.7", &context)?, [expected]);
//! # Ok(())
//! # }
//! ```
//!
//! `cargo build --release --target wasm32-wasip2` makes the `.wasm` that the
//! host loads.
//!
//! What a converter may do and what the host does with it is written in the
//! contract, `wit/converter.wit`. The types here are the contract's, with
//! builders added; this crate holds no device protocol, and nothing in it needs
//! a host: natively [`Context`] is a map and [`log`] is captured.
//!
//! * [`Entity`], [`Sample`], [`KeyValue`], [`Value`]: what a frame says.
//! * [`Message`], [`RpcCall`]: what ThingsBoard says.
//! * [`Context`]: metadata of the integration, the connection or the message; the
//!   session value of the connection, replies, answers to calls.
//! * [`LifecycleConverter`], [`FramingConverter`]: what an uplink converter may add.
//! * [`log`]: lines for the host's log.
//! * [`text()`], [`fields()`], [`ByteReader`], [`bits`], [`checksum`], [`encoding`], [`json`],
//!   [`number`], [`time`]: what decoders need.
//! * [`ByteWriter`]: what encoders need.
//! * `testing` (native only): golden cases, one folder a direction.
//!
//! # What things cost
//!
//! A converter pays for what it uses. These are bytes of `.wasm`, for
//! `wasm32-wasip2` and this repository's profile `converter` (level 2, link-time
//! optimisation, names kept), by which a small converter grew. It decodes text,
//! stores a number and returns an error of its own, and has 78 KB, most of it
//! the standard library's.
//!
//! | use of | bytes |
//! |---|---|
//! | [`ByteReader`]: one number; seven, a text, `skip` and `end` | 1400; 6600 |
//! | [`bits::bit`], [`bits::bits`], [`bits::bits_of`] | 100 to 250 |
//! | [`bits::bcd_digits`], [`bits::bcd_number`] | 800, 1100 |
//! | [`checksum`]: a CRC of 16 bits, of 32 bits (tables of 512 and 1024) | 900, 1400 |
//! | [`checksum::xor`], [`checksum::sum`] | 300 |
//! | [`encoding::bytes_to_hex`], [`encoding::hex_to_bytes`] | 500, 1400 |
//! | [`encoding::bytes_to_base64`], [`encoding::base64_to_bytes`] | 8700, 6400 |
//! | [`fields()`] | 1200 |
//! | [`number::parse`], [`number::parse_double`] | 6500, 5600 |
//! | [`number::parse_long`], [`number::parse_hex`] | 1600, 2200 |
//! | [`ByteWriter`]: one number; eight fields | 100; 800 |
//! | `str::parse::<f64>` in its place | 22 100 |
//! | [`number::scale`], [`number::round`] | 400 |
//! | printing an `f64` with `{}` | 25 000 |
//! | [`time::CivilTime`]: from bytes; from Unix time; that and printing it | 3500; 1800; 3800 |
//! | [`json`] with all of an object's values | 16 600 |
//! | a tree of `serde_json` in its place | 58 900 |
//! | [`Error`]: the first one that is not of [`text()`] | 11 000 |
//!
//! An `rlib` among the `crate-type`s of a converter costs 16 KB, because the
//! compiler then does without link-time optimisation: `["cdylib"]` is enough,
//! also for tests in `src`. `strip = "symbols"` saves 13 KB, and costs the names
//! of functions in the backtraces of traps; panics name their file and line
//! all the same. Level "s" saves 1 KB and is a twentieth slower.

#![deny(missing_docs)]

#[cfg(any(target_arch = "wasm32", test))]
mod arena;
#[allow(
    missing_docs,
    unreachable_pub,
    rust_2018_idioms,
    clippy::all,
    reason = "the macro writes this code"
)]
#[doc(hidden)]
pub mod bindings;
pub mod bits;
pub mod checksum;
mod connection;
mod context;
mod converter;
pub mod encoding;
mod entity;
mod error;
mod export;
mod fields;
pub mod json;
pub mod log;
pub mod number;
mod reader;
mod rpc;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
pub mod time;
mod value;
mod words;
mod writer;

pub use bindings::uplink::tb::converter::types::{Entity, EntityKind, KeyValue, Sample, Value};
#[cfg(not(target_arch = "wasm32"))]
pub use connection::{Actions, RpcAnswer};
pub use context::Context;
pub use converter::{
    DownlinkConverter, FramingConverter, LifecycleConverter, Message, Step, UplinkConverter,
};
pub use error::{Error, Result, text};
pub use fields::{Fields, fields};
pub use reader::ByteReader;
pub use rpc::RpcCall;
pub use writer::ByteWriter;

/// What the expansion of [`export!`] names. No part of the interface.
#[doc(hidden)]
pub mod __private {
    #[cfg(target_arch = "wasm32")]
    pub use crate::export::{
        glue::{WireStep, cut, decode, encode, end, happened},
        kept,
    };

    use crate::{Context, Entity, Message, Result, Step};

    pub type Decode = fn(&[u8], &Context) -> Result<Vec<Entity>>;
    pub type Encode = fn(&Message, &Context) -> Result<Vec<Vec<u8>>>;
    pub type Happened = fn(&Context) -> Result<Vec<Entity>>;
    pub type Cut = fn(&[u8]) -> Result<Step>;
}

/// Compiles the README's converter.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
