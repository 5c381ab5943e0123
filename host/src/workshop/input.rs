//! Where the bytes of a frame and the pairs of metadata come from.

use std::{fs, io::Read};

use anyhow::{Context, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use bytes::Bytes;

use crate::{
    cli::{CallArgs, FrameInput},
    converter::Metadata,
    hex::typed_hex,
};

/// The frame that the arguments name; standard input if they name none.
pub(super) fn frame(input: &FrameInput) -> Result<Vec<u8>> {
    if let Some(text) = &input.text {
        return Ok(text.clone().into_bytes());
    }
    if let Some(text) = &input.hex {
        return typed_hex(text).with_context(|| format!("--hex {text}"));
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

/// The session value that the arguments give; empty as that of a new connection if
/// they give none.
pub(super) fn session(arguments: &CallArgs) -> Result<Bytes> {
    match (&arguments.session, &arguments.session_hex) {
        (Some(text), _) => Ok(text.clone().into()),
        (None, Some(hex)) => typed_hex(hex)
            .map(Bytes::from)
            .with_context(|| format!("--session-hex {hex}")),
        (None, None) => Ok(Bytes::new()),
    }
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
                    hex: some("53:4e 0x0A"),
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
                "1 hexadecimal digits: a byte has two",
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
