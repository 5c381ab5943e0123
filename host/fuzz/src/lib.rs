//! What the fuzz targets share: how an input is a decoder's parameters, a
//! stream and its cuts, and what must hold for every one.
//!
//! The decoders are compiled here from their source files. A dependency on
//! `tb-tcp` would compile wasmtime under a sanitizer, for decoders that use
//! none of it.

mod case;
mod chosen;
pub mod config;
mod marked;
mod parameters;

#[allow(unused_imports, reason = "some is for other rooms of the host")]
#[path = "../../src/framing/mod.rs"]
pub mod framing;

pub use case::Case;
pub use chosen::{Choice, Framing};
pub use marked::Marks;
pub use parameters::{Delimiter, Json, LengthField, Line, Parameters, Reader};
