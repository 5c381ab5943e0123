//! The bytes to cut, each chunk as one read of a socket would bring it.

use std::io::Read;

use anyhow::{Context, Result, bail};

use crate::cli::FrameArgs;

/// All chunks of the command line, or the file's or standard input's bytes as
/// one.
pub(super) fn chunks(arguments: &FrameArgs) -> Result<Vec<Vec<u8>>> {
    if !arguments.chunk.is_empty() {
        return arguments
            .chunk
            .iter()
            .map(|text| unhex(text).with_context(|| format!("--chunk {text}")))
            .collect();
    }
    if let Some(text) = &arguments.hex {
        return Ok(vec![unhex(text).with_context(|| format!("--hex {text}"))?]);
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

/// Bytes from hex; blanks, colons and a `0x` may stand between.
fn unhex(text: &str) -> Result<Vec<u8>> {
    let digits: Vec<u32> = text
        .replace("0x", "")
        .chars()
        .filter(|character| !character.is_whitespace() && *character != ':')
        .map(|character| {
            character
                .to_digit(16)
                .with_context(|| format!("{character:?} is no hex digit"))
        })
        .collect::<Result<_>>()?;
    if !digits.len().is_multiple_of(2) {
        bail!("{} hex digits: a byte has two", digits.len());
    }
    Ok(digits
        .chunks_exact(2)
        .filter_map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_as_people_write_it() {
        for text in ["000cfF", "00 0c ff", "00:0C:FF", "0x00 0x0c 0xff"] {
            assert_eq!(unhex(text).unwrap(), [0, 12, 255], "{text}");
        }
        for (text, expected) in [
            ("0", "1 hex digits: a byte has two"),
            ("0g", "'g' is no hex digit"),
        ] {
            assert_eq!(unhex(text).unwrap_err().to_string(), expected);
        }
    }
}
