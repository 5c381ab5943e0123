//! The converters' own sources as plain functions: what their components are compared with.
//!
//! The files are those of the crates that become components. An `rlib` of these crates would
//! make the components larger.

#[path = "../../../converters/binary/rust/src/lib.rs"]
pub mod binary;
#[path = "../../../converters/csv/rust/src/lib.rs"]
pub mod csv;
#[path = "../../../converters/json/rust/src/lib.rs"]
pub mod json;
#[path = "../../../converters/teltonika/rust/src/lib.rs"]
pub mod teltonika;
