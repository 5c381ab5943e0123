//! The catalogue of everything that a converter's author or an operator can be
//! told: one case a text, whole.

use std::time::Duration;

use super::{component::Converter, engine::ConverterEngine, error::CallError};
use crate::config::ConverterSettings;

/// What loading `wasm` says, under a memory limit of 1 MiB.
fn load(wasm: &[u8]) -> String {
    let engine = ConverterEngine::new(None).unwrap();
    let settings = ConverterSettings {
        memory_limit_mib: 1,
        ..ConverterSettings::default()
    };
    Converter::load(&engine, "x", wasm, settings.limits("x"))
        .unwrap_err()
        .to_string()
}

#[test]
fn files_that_are_no_components() {
    let cases: [(&[u8], &str); 6] = [
        (
            b"",
            "damaged or incomplete: 0 bytes only; copy the file again",
        ),
        (
            b"\0as",
            "damaged or incomplete: 3 bytes only; copy the file again",
        ),
        (
            b"hello, world",
            "not a WebAssembly file: it starts with 68656c6c6f2c2077; copy the .wasm that the \
             build made",
        ),
        (
            b"\0asm\x01\0\0\0",
            "a core WebAssembly module, not a component: build it for the target wasm32-wasip2, \
             or turn it into a component with tb-tcp componentize",
        ),
        (
            b"\0asm\x0d\0\x01\0\x07\xff",
            "damaged or incomplete: failed to parse WebAssembly module: unexpected end-of-file (at \
             offset 0xa); copy the file again",
        ),
        (
            b"\0asm\x0d\0\x01\0\xff\x01\x00",
            "damaged or incomplete: failed to parse WebAssembly module: malformed section id (at \
             offset 0x8); copy the file again",
        ),
    ];
    for (wasm, expected) in cases {
        assert_eq!(load(wasm), expected);
    }
}

#[test]
fn components_that_do_not_fit_the_contract() {
    const NOT_OURS: &str = "(built without a tb-converter SDK); build it with the SDK and the wit/ \
                            of this host, and import nothing beyond them and WASI 0.2";
    let cases = [
        (
            "nothing at all",
            "(component)",
            "it exports neither tb:converter/uplink@0.1.0 nor tb:converter/downlink@0.1.0, but \
             nothing of tb:converter",
        ),
        (
            "a later contract",
            r#"(component (instance $empty)
                (export "tb:converter/uplink@0.2.0" (instance $empty)))"#,
            "it exports neither tb:converter/uplink@0.1.0 nor tb:converter/downlink@0.1.0, but \
             tb:converter/uplink@0.2.0",
        ),
        (
            "an interface without its function",
            r#"(component (instance $empty)
                (export "tb:converter/downlink@0.1.0" (instance $empty)))"#,
            "it exports tb:converter/downlink@0.1.0 without its function encode",
        ),
        (
            "an interface without one of its functions",
            r#"(component
                (core module $m (func (export "f") (result i32) unreachable)
                    (memory (export "m") 1))
                (core instance $i (instantiate $m))
                (func $f (result (result (error string)))
                    (canon lift (core func $i "f") (memory (core memory $i "m"))))
                (instance $life (export "on-connect" (func $f)) (export "on-close" (func $f)))
                (export "tb:converter/lifecycle@0.1.0" (instance $life)))"#,
            "it exports tb:converter/lifecycle@0.1.0 without its function on-idle",
        ),
        (
            "a function with another type",
            r#"(component
                (core module $m
                    (memory (export "memory") 1)
                    (func (export "decode") (param i32) (result i32) i32.const 0))
                (core instance $i (instantiate $m))
                (func $decode (param "frame" u32) (result u32)
                    (canon lift (core func $i "decode")))
                (instance $uplink (export "decode" (func $decode)))
                (export "tb:converter/uplink@0.1.0" (instance $uplink)))"#,
            "a function has another type in tb:converter/uplink@0.1.0: expected `list` found \
             `u32`",
        ),
        (
            "an interface of a later contract, or of another host",
            r#"(component (import "tb:converter/storage@0.1.0" (instance
                (export "reply" (func (param "bytes" (list u8)))))))"#,
            "it imports tb:converter/storage@0.1.0, which this host does not have; it has \
             tb:converter/types@0.1.0, tb:converter/context@0.1.0, tb:converter/connection@0.1.0, \
             tb:converter/logging@0.1.0",
        ),
        (
            "a function of a later contract",
            r#"(component (import "tb:converter/context@0.1.0" (instance
                (export "session" (func (result (list u8)))))))"#,
            "it imports the function session of tb:converter/context@0.1.0, which this host does \
             not have",
        ),
        (
            "a function of ours with another type",
            r#"(component (import "tb:converter/context@0.1.0" (instance
                (export "metadata" (func (param "key" u32) (result string))))))"#,
            "it imports tb:converter/context@0.1.0 (metadata), which this host does not have in \
             this form: ",
        ),
        (
            "what no converter gets",
            r#"(component (import "wasi:http/outgoing-handler@0.2.0" (instance
                (export "handle" (func)))))"#,
            "it imports wasi:http/outgoing-handler@0.2.0 (handle), which this host does not have \
             in this form: ",
        ),
    ];
    for (what, text, expected) in cases {
        let said = load(&wat::parse_str(text).unwrap());
        let expected = format!("it does not fit tb:converter@0.1.0: {expected}");
        assert!(said.starts_with(&expected), "{what}: {said}");
        assert!(said.ends_with(NOT_OURS), "{what}: {said}");
    }
}

#[test]
fn the_sdk_that_a_converter_was_built_with_is_named() {
    let text = r#"(component
        (core module (@custom "tb-converter-sdk" "rust 9.9.9"))
        (import "tb:converter/storage@0.1.0" (instance
            (export "reply" (func (param "bytes" (list u8)))))))"#;
    let said = load(&wat::parse_str(text).unwrap());
    assert!(
        said.contains("(built with tb-converter for rust 9.9.9)"),
        "{said}"
    );
}

#[test]
fn components_that_do_not_start() {
    let component = |module: &str| {
        format!(
            r#"(component
                (core module $m {module}
                    (memory (export "memory") 1)
                    (func (export "decode") (param i32 i32) (result i32) unreachable)
                    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
                (core instance $i (instantiate $m)))"#
        )
    };
    let cases = [
        (
            "(func $start unreachable) (start $start)",
            "an instance cannot be made: the converter panicked: it said nothing; the SDK's \
             export! macro reports the message and source line",
        ),
        (
            "(func $start (loop br 0)) (start $start)",
            "an instance cannot be made: the converter took longer than callTimeoutMs = 100 and \
             was stopped",
        ),
        (
            "(memory 32)",
            "an instance cannot be made: the converter needs more than memoryLimitMib = 1 and was \
             stopped",
        ),
    ];
    for (module, expected) in cases {
        let whole = component(module);
        // Only what exports something of ours is started.
        let exporting = whole.replace(
            "(core instance $i (instantiate $m)))",
            r#"(core instance $i (instantiate $m))
               (instance $none)
               (func $decode (param "frame" (list u8)) (result (result (error string)))
                    (canon lift (core func $i "decode") (memory (core memory $i "memory"))
                        (realloc (core func $i "realloc"))))
               (instance $uplink (export "decode" (func $decode)))
               (export "tb:converter/uplink@0.1.0" (instance $uplink)))"#,
        );
        assert_eq!(load(&wat::parse_str(&exporting).unwrap()), expected);
    }
}

#[test]
fn calls_that_gave_nothing() {
    let cases = [
        (CallError::Refused("no comma".to_owned()), "no comma"),
        (
            CallError::BadResult("SN: k = NaN: …".to_owned()),
            "the converter returned data that cannot be stored: SN: k = NaN: …",
        ),
        (
            CallError::Panicked("panicked at src/lib.rs:7:5: boom".to_owned()),
            "the converter panicked: panicked at src/lib.rs:7:5: boom",
        ),
        (
            CallError::TimedOut(Duration::from_millis(100)),
            "the converter took longer than callTimeoutMs = 100 and was stopped",
        ),
        (
            CallError::OutOfMemory(16 << 20),
            "the converter needs more than memoryLimitMib = 16 and was stopped",
        ),
        (
            CallError::TooMuchOutput(1 << 20),
            "the converter handed over more than maxOutputKib = 1024 at once and was stopped",
        ),
        (
            CallError::TooManyEntities {
                count: 1001,
                limit: 1000,
            },
            "the converter returned 1001 entities; maxEntitiesPerFrame = 1000",
        ),
        (
            CallError::TooManyValues {
                count: 10_001,
                limit: 10_000,
            },
            "the converter returned 10001 values; maxValuesPerFrame = 10000",
        ),
        (
            CallError::StackOverflow,
            "the converter recursed too deep and was stopped",
        ),
        (
            CallError::Trapped("wasm trap: integer divide by zero".to_owned()),
            "the converter failed: wasm trap: integer divide by zero",
        ),
        (
            CallError::NotExported("tb:converter/uplink@0.1.0"),
            "the converter does not export tb:converter/uplink@0.1.0",
        ),
        (
            CallError::NotTried,
            "the host stopped before the frame was decoded",
        ),
    ];
    for (error, expected) in cases {
        assert_eq!(error.to_string(), expected);
    }
}
