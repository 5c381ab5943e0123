//! The bytes to cut, each chunk as one read of a socket would bring it.

use std::io::Read;

use anyhow::{Context, Result};

use crate::{cli::FrameArgs, hex::typed_hex};

/// All chunks of the command line, or the file's or standard input's bytes as
/// one.
pub(super) fn chunks(arguments: &FrameArgs) -> Result<Vec<Vec<u8>>> {
    if !arguments.chunk.is_empty() {
        return arguments
            .chunk
            .iter()
            .map(|text| typed_hex(text).with_context(|| format!("--chunk {text}")))
            .collect();
    }
    if let Some(text) = &arguments.hex {
        return Ok(vec![
            typed_hex(text).with_context(|| format!("--hex {text}"))?,
        ]);
    }
    let bytes = match &arguments.file {
        Some(path) => {
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?
        }
        None => {
            let mut bytes = Vec::new();
            let mut input = std::io::stdin().lock();
            input
                .read_to_end(&mut bytes)
                .context("cannot read standard input")?;
            bytes
        }
    };
    Ok(vec![bytes])
}
