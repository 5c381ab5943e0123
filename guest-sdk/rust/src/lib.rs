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
//! * [`Message`]: what ThingsBoard says.
//! * [`Context`]: metadata of the integration, the connection or the message.
//! * [`log`]: lines for the host's log.
//! * `testing` (native only): golden cases, one folder a direction.

#![deny(missing_docs)]

#[allow(
    missing_docs,
    unreachable_pub,
    rust_2018_idioms,
    clippy::all,
    reason = "the macro writes this code"
)]
#[doc(hidden)]
pub mod bindings;
mod context;
mod converter;
mod entity;
mod error;
mod export;
pub mod log;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod value;

pub use bindings::uplink::tb::converter::types::{Entity, EntityKind, KeyValue, Sample, Value};
pub use context::Context;
pub use converter::{DownlinkConverter, Message, UplinkConverter};
pub use error::{Error, Result, text};

/// What the expansion of [`export!`] names. No part of the interface.
#[doc(hidden)]
pub mod __private {
    #[cfg(target_arch = "wasm32")]
    pub use crate::export::glue::{decode, encode};

    use crate::{Context, Entity, Message, Result};

    pub type Decode = fn(&[u8], &Context) -> Result<Vec<Entity>>;
    pub type Encode = fn(&Message, &Context) -> Result<Vec<Vec<u8>>>;
}

/// Compiles the README's converter.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
