//! What the author of a converter does without a host: `tb-tcp test`,
//! `tb-tcp decode` and `tb-tcp encode`.

mod call;
mod cases;
mod input;
mod notes;
mod open;

/// Arguments that cannot be used: the caller's to mend.
#[derive(Debug, thiserror::Error)]
#[error("{0:#}")]
pub struct WrongArguments(anyhow::Error);

pub use call::{decode, encode};
pub use cases::test;
pub(crate) use open::with_converter;
