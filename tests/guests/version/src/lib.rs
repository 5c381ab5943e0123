//! One converter in several versions, for tests of what happens when a `.wasm`
//! file is replaced.
//!
//! They are the examples. A version that is a feature or a variable of the
//! environment would take several builds that write the same file.

use tb_converter::{Context, Entity, Result, UplinkConverter};

/// Decodes `NAME`, and tells which version did it, or `NAME NUMBER`, and tells
/// the number as `seq`.
#[derive(Debug)]
pub struct Version<const NUMBER: u32>;

impl<const NUMBER: u32> UplinkConverter for Version<NUMBER> {
    fn decode(frame: &[u8], _context: &Context) -> Result<Vec<Entity>> {
        let text = tb_converter::text(frame)?;
        let entity = match text.split_once(' ') {
            None => Entity::device(text, "default").telemetry("version", NUMBER),
            Some((name, seq)) => {
                Entity::device(name, "default").telemetry("seq", seq.parse::<i64>()?)
            }
        };
        Ok(vec![entity])
    }
}

/// Decodes nothing.
#[derive(Debug)]
pub struct Clueless;

impl UplinkConverter for Clueless {
    fn decode(_frame: &[u8], _context: &Context) -> Result<Vec<Entity>> {
        Err("no idea".into())
    }
}

/// Decodes every frame into the same wrong data.
#[derive(Debug)]
pub struct Wrong;

impl UplinkConverter for Wrong {
    fn decode(_frame: &[u8], _context: &Context) -> Result<Vec<Entity>> {
        Ok(vec![Entity::device("wrong", "default").telemetry("seq", 0)])
    }
}
