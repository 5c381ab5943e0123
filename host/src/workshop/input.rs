//! Where the bytes of a frame and the pairs of metadata come from.

use std::{fs, io::Read};

use anyhow::{Context, Result, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{cli::FrameInput, converter::Metadata};

/// The frame that the arguments name; standard input if they name none.
pub(super) fn frame(input: &FrameInput) -> Result<Vec<u8>> {
    if let Some(text) = &input.text {
        return Ok(text.clone().into_bytes());
    }
    if let Some(text) = &input.hex {
        return hex(text).with_context(|| format!("--hex {text}"));
    }
    if let Some(text) = &input.base64 {
        let dense: String = text.split_whitespace().collect();
        return STANDARD
            .decode(dense)
            .with_context(|| format!("--base64 {text}: not Base64"));
    }
    if let Some(file) = &input.file {
        return fs::read(file).with_context(|| format!("cannot read {}", file.display()));
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .read_to_end(&mut bytes)
        .context("cannot read standard input")?;
    Ok(bytes)
}

fn hex(text: &str) -> Result<Vec<u8>> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|char| !char.is_whitespace())
        .map(|char| {
            char.to_digit(16)
                .with_context(|| format!("{char:?} is not a hexadecimal digit"))
        })
        .collect::<Result<_>>()?;
    ensure!(
        digits.len().is_multiple_of(2),
        "half a byte: {} digits",
        digits.len()
    );
    let pairs = digits.chunks(2);
    pairs
        .map(|pair| Ok(u8::try_from(pair[0] * 16 + pair[1])?))
        .collect()
}

/// `key=value` pairs.
pub(super) fn metadata(pairs: &[String]) -> Result<Metadata> {
    pairs
        .iter()
        .map(|pair| {
            let (key, value) = pair
                .split_once('=')
                .with_context(|| format!("{pair:?}: write metadata as key=value"))?;
            Ok((key.to_owned(), value.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input() -> FrameInput {
        FrameInput {
            text: None,
            hex: None,
            base64: None,
            file: None,
        }
    }

    #[test]
    fn each_way_gives_the_bytes() {
        let some = |text: &str| Some(text.to_owned());
        let cases = [
            (
                FrameInput {
                    text: some("SN\u{e9}"),
                    ..input()
                },
                b"SN\xc3\xa9".to_vec(),
            ),
            (
                FrameInput {
                    hex: some("53 4e 0A"),
                    ..input()
                },
                b"SN\n".to_vec(),
            ),
            (
                FrameInput {
                    base64: some("U04="),
                    ..input()
                },
                b"SN".to_vec(),
            ),
        ];
        for (input, expected) in cases {
            assert_eq!(frame(&input).unwrap(), expected, "{input:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let some = |text: &str| Some(text.to_owned());
        let cases = [
            (
                FrameInput {
                    hex: some("5"),
                    ..input()
                },
                "half a byte: 1 digits",
            ),
            (
                FrameInput {
                    hex: some("5x"),
                    ..input()
                },
                "'x' is not a hexadecimal digit",
            ),
            (
                FrameInput {
                    base64: some("!"),
                    ..input()
                },
                "not Base64",
            ),
            (
                FrameInput {
                    file: Some("/nowhere/x".into()),
                    ..input()
                },
                "cannot read /nowhere/x",
            ),
        ];
        for (input, expected) in cases {
            let said = format!("{:#}", frame(&input).unwrap_err());
            assert!(said.contains(expected), "{said}");
        }
        let said = metadata(&["site".to_owned()]).unwrap_err().to_string();
        assert!(said.contains("key=value"), "{said}");
    }
}
