//! One converter in two versions, for tests of what happens when a `.wasm` file
//! is replaced.
//!
//! The two are the examples `version_1` and `version_2`. A version that is a
//! feature or a variable of the environment would take two builds that write
//! the same file.

use tb_converter::{Context, Entity, Result, UplinkConverter};

/// Decodes a device's name, and tells which version did it.
#[derive(Debug)]
pub struct Version<const NUMBER: u32>;

impl<const NUMBER: u32> UplinkConverter for Version<NUMBER> {
    fn decode(frame: &[u8], _context: &Context) -> Result<Vec<Entity>> {
        let name = tb_converter::text(frame)?;
        Ok(vec![
            Entity::device(name, "default").telemetry("version", NUMBER),
        ])
    }
}
