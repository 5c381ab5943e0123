//! One version of a converter: compiled, checked and tried.

use std::{fmt, sync::Arc};

use sha2::{Digest, Sha256};
use wasmtime::component::{Component, InstancePre};

use super::{
    bindings::{downlink, uplink},
    engine::ConverterEngine,
    error::LoadError,
    instance::Instance,
    state::GuestState,
};
use crate::hex::hex;

/// A direction that a converter can export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the device: `tb:converter/uplink`.
    Uplink,
    /// To the device: `tb:converter/downlink`.
    Downlink,
}

impl fmt::Display for Direction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Uplink => "uplink",
            Self::Downlink => "downlink",
        })
    }
}

/// A loaded version of a converter.
pub struct Converter {
    pub(super) name: Arc<str>,
    version: String,
    pub(super) engine: ConverterEngine,
    pub(super) pre: InstancePre<GuestState>,
    pub(super) uplink: Option<uplink::GuestIndices>,
    pub(super) downlink: Option<downlink::GuestIndices>,
}

impl fmt::Debug for Converter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Converter({}@{})", self.name, self.version)
    }
}

impl Converter {
    /// Compiles `wasm`, checks it against the contract, and makes one instance
    /// to see that it starts. Takes tens of milliseconds and blocks.
    ///
    /// # Errors
    /// Says what is wrong with the file.
    pub fn load(engine: &ConverterEngine, name: &str, wasm: &[u8]) -> Result<Arc<Self>, LoadError> {
        check_preamble(wasm)?;
        let component = Component::new(&engine.engine, wasm)
            .map_err(|error| LoadError::Invalid(one_line(&error)))?;
        let pre = engine
            .linker
            .instantiate_pre(&component)
            .map_err(|error| LoadError::WrongImport(one_line(&error)))?;
        let (uplink, no_uplink) = found(uplink::GuestIndices::new(&pre));
        let (downlink, no_downlink) = found(downlink::GuestIndices::new(&pre));
        if uplink.is_none() && downlink.is_none() {
            let detail = match (no_uplink, no_downlink) {
                (Some(text), _) | (None, Some(text)) => format!(" ({text})"),
                (None, None) => String::new(),
            };
            return Err(LoadError::NoExport(detail));
        }
        let converter = Self {
            name: name.into(),
            version: version(wasm),
            engine: engine.clone(),
            pre,
            uplink,
            downlink,
        };
        let converter = Arc::new(converter);
        Instance::new(&converter).map_err(|error| LoadError::Instantiate(error.to_string()))?;
        Ok(converter)
    }

    /// The file's name without `.wasm`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first eight hex digits of the file's SHA-256.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether it exports `direction`.
    #[must_use]
    pub fn exports(&self, direction: Direction) -> bool {
        match direction {
            Direction::Uplink => self.uplink.is_some(),
            Direction::Downlink => self.downlink.is_some(),
        }
    }

    /// The directions that it exports, for people.
    #[must_use]
    pub fn directions(&self) -> &'static str {
        match (self.uplink.is_some(), self.downlink.is_some()) {
            (true, true) => "uplink and downlink",
            (true, false) => "uplink",
            (false, _) => "downlink",
        }
    }
}

/// The version of a file's content.
pub(super) fn version(wasm: &[u8]) -> String {
    hex(&Sha256::digest(wasm)[..4])
}

/// Tells files that are no components apart before the compiler sees them, for
/// a clearer answer.
fn check_preamble(wasm: &[u8]) -> Result<(), LoadError> {
    const MAGIC: &[u8] = b"\0asm";
    let start = &wasm[..wasm.len().min(8)];
    if wasm.len() < 8 && (MAGIC.starts_with(start) || start.starts_with(MAGIC)) {
        return Err(LoadError::Invalid(format!("{} bytes only", wasm.len())));
    }
    if !wasm.starts_with(MAGIC) {
        return Err(LoadError::NotWasm { start: hex(start) });
    }
    // Version 1, layer 0 is a core module; layer 1 is a component.
    if wasm[6..8] == [0, 0] {
        return Err(LoadError::CoreModule);
    }
    Ok(())
}

fn found<T>(lookup: wasmtime::Result<T>) -> (Option<T>, Option<String>) {
    match lookup {
        Ok(indices) => (Some(indices), None),
        Err(error) => (None, Some(one_line(&error))),
    }
}

/// An error and its causes on one line.
pub(super) fn one_line(error: &wasmtime::Error) -> String {
    format!("{error:#}")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConverterSettings;

    #[test]
    fn files_that_are_no_converters_are_told_apart() {
        let engine = ConverterEngine::new(&ConverterSettings::default()).unwrap();
        // An empty component: valid, but without exports.
        let empty = b"\0asm\x0d\0\x01\0".as_slice();
        let cases: [(&[u8], &str); 6] = [
            (b"", "damaged or incomplete: 0 bytes only"),
            (b"\0as", "damaged or incomplete: 3 bytes only"),
            (
                b"hello, world",
                "not a WebAssembly file: it starts with 68656c6c6f2c2077",
            ),
            (
                b"\0asm\x01\0\0\0",
                "a core WebAssembly module, not a component",
            ),
            (b"\0asm\x0d\0\x01\0\x07\xff", "damaged or incomplete: "),
            (
                empty,
                "it does not fit tb:converter@0.1.0: it exports neither",
            ),
        ];
        for (wasm, expected) in cases {
            let text = Converter::load(&engine, "x", wasm).unwrap_err().to_string();
            assert!(text.starts_with(expected), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_the_contract_is_named() {
        let engine = ConverterEngine::new(&ConverterSettings::default()).unwrap();
        let cases = [
            // An ability of a later contract, or another host's.
            (
                r#"(component (import "tb:converter/connection@0.1.0" (instance
                    (export "reply" (func (param "bytes" (list u8)))))))"#,
                &[
                    "tb:converter/connection@0.1.0",
                    "build it against this host's wit/",
                ],
            ),
            // A function that the host has, with another type.
            (
                r#"(component (import "tb:converter/context@0.1.0" (instance
                    (export "metadata" (func (param "key" u32) (result string))))))"#,
                &["tb:converter/context@0.1.0", "metadata"],
            ),
            // The right interface without the function.
            (
                r#"(component (instance $empty)
                    (export "tb:converter/uplink@0.1.0" (instance $empty)))"#,
                &["it exports neither tb:converter/uplink nor", "decode"],
            ),
        ];
        for (text, expected) in cases {
            let wasm = wat::parse_str(text).unwrap();
            let said = Converter::load(&engine, "x", &wasm)
                .unwrap_err()
                .to_string();
            for part in expected {
                assert!(said.contains(part), "{part:?} is not in {said:?}");
            }
        }
    }
}
