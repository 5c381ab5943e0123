//! Modules in text form, of which each shows one thing.

use std::fs;

use wasmparser::{Payload, Validator};

use super::*;

const UPLINK: &str = r#"
    (func (export "tb:converter/uplink@0.1.0#decode") (param i32 i32) (result i32) (i32.const 0))
"#;
const DOWNLINK: &str = r#"
    (func (export "tb:converter/downlink@0.1.0#encode") (param i32 i32 i32 i32) (result i32)
        (i32.const 0))
"#;
const LIFECYCLE: &str = r#"
    (func (export "tb:converter/lifecycle@0.1.0#on-connect") (result i32) (i32.const 0))
    (func (export "tb:converter/lifecycle@0.1.0#on-idle") (result i32) (i32.const 0))
    (func (export "tb:converter/lifecycle@0.1.0#on-close") (result i32) (i32.const 0))
"#;
const FRAMING: &str = r#"
    (func (export "tb:converter/framing@0.1.0#cut") (param i32 i32) (result i32) (i32.const 0))
"#;
/// All functions of the interface, as the canonical ABI flattens them.
const CONNECTION: &str = r#"
    (import "tb:converter/connection@0.1.0" "session" (func (param i32)))
    (import "tb:converter/connection@0.1.0" "set-session" (func (param i32 i32)))
    (import "tb:converter/connection@0.1.0" "reply" (func (param i32 i32)))
    (import "tb:converter/connection@0.1.0" "close" (func))
    (import "tb:converter/connection@0.1.0" "expect-answer" (func))
    (import "tb:converter/connection@0.1.0" "answer-rpc"
        (func (param i32 i32 i32 i32 i32 i32 i64 i32)))
"#;
const LOG: &str = r#"
    (import "tb:converter/logging@0.1.0" "log" (func (param i32 i32 i32)))
"#;
const SHARED: &str = r#"
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 16))
    (@custom "tb-converter-sdk" "assemblyscript 0.1.0")
"#;

fn module(parts: &[&str]) -> Vec<u8> {
    wat::parse_str(format!("(module {})", parts.concat())).unwrap()
}

/// Names of a component's imports and exports, outermost only.
fn surface_of(component: &[u8]) -> (Vec<String>, Vec<String>) {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0;
    for payload in wasmparser::Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                imports.extend(section.into_iter().map(|i| i.unwrap().name.name.to_owned()));
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                exports.extend(section.into_iter().map(|e| e.unwrap().name.name.to_owned()));
            }
            _ => {}
        }
    }
    (imports, exports)
}

#[test]
fn a_module_becomes_a_component_of_the_interfaces_that_it_exports() {
    const TALK: &str = "tb:converter/connection@0.1.0";
    const TYPES: &str = "tb:converter/types@0.1.0";
    const LOGGING: &str = "tb:converter/logging@0.1.0";
    const UP: &str = "tb:converter/uplink@0.1.0";
    const DOWN: &str = "tb:converter/downlink@0.1.0";
    const LIFE: &str = "tb:converter/lifecycle@0.1.0";
    const CUT: &str = "tb:converter/framing@0.1.0";
    let table: [(&[&str], &[&str], &[&str]); 9] = [
        (&[LOG, SHARED, UPLINK], &[LOGGING, TYPES], &[UP]),
        (&[LOG, SHARED, DOWNLINK], &[LOGGING], &[DOWN]),
        (&[SHARED, UPLINK, DOWNLINK], &[TYPES], &[DOWN, UP]),
        (&[SHARED, DOWNLINK], &[], &[DOWN]),
        (&[CONNECTION, SHARED, UPLINK], &[TALK, TYPES], &[UP]),
        (&[CONNECTION, SHARED, DOWNLINK], &[TALK, TYPES], &[DOWN]),
        (&[SHARED, UPLINK, LIFECYCLE], &[TYPES], &[LIFE, UP]),
        (&[SHARED, UPLINK, FRAMING], &[TYPES], &[CUT, UP]),
        (
            &[
                CONNECTION, LOG, SHARED, UPLINK, DOWNLINK, LIFECYCLE, FRAMING,
            ],
            &[TALK, LOGGING, TYPES],
            &[DOWN, CUT, LIFE, UP],
        ),
    ];
    for (parts, imports, exports) in table {
        let component = component_of(&module(parts)).unwrap();
        Validator::new().validate_all(&component).unwrap();
        let (mut found_imports, mut found_exports) = surface_of(&component);
        found_imports.sort();
        found_exports.sort();
        assert_eq!(found_imports, imports, "{parts:?}");
        assert_eq!(found_exports, exports, "{parts:?}");
    }
}

#[test]
fn text_is_utf16_and_the_name_of_the_sdk_stays() {
    let component = component_of(&module(&[LOG, SHARED, UPLINK])).unwrap();
    let text = options_and_sections(&component);
    assert!(text.contains("UTF16"), "{text}");
    assert!(text.contains("tb-converter-sdk"), "{text}");
}

/// The canonical options and custom sections of a component, as text.
fn options_and_sections(component: &[u8]) -> String {
    let mut text = String::new();
    for payload in wasmparser::Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            Payload::ComponentCanonicalSection(section) => {
                for function in section {
                    text += &format!("{:?}\n", function.unwrap());
                }
            }
            Payload::CustomSection(section) => text += &format!("{}\n", section.name()),
            _ => {}
        }
    }
    text
}

#[test]
fn a_module_that_carries_its_types_keeps_them() {
    let both = module(&[SHARED, UPLINK, DOWNLINK]);
    let typed = encode::with_types(&both, &["uplink-converter"]).unwrap();
    let (_, exports) = surface_of(&component_of(&typed).unwrap());
    assert_eq!(exports, ["tb:converter/uplink@0.1.0"]);
}

#[test]
fn a_file_of_which_no_component_can_be_made_is_told_why() {
    let component = component_of(&module(&[SHARED, UPLINK])).unwrap();
    let damaged = module(&[SHARED, UPLINK])[..60].to_vec();
    let table = [
        (b"".to_vec(), "it is not a WebAssembly file"),
        (b"hello, world".to_vec(), "it is not a WebAssembly file"),
        (
            component,
            "it is a component already; copy it into the converters folder as it is",
        ),
        (damaged, "it is damaged or incomplete: "),
        (
            module(&[SHARED]),
            r#"it exports neither decode nor encode of tb:converter@0.1.0 but ["cabi_realloc"]; export"#,
        ),
        (
            module(&[r#"(memory (export "memory") 1)"#]),
            "it exports neither decode nor encode of tb:converter@0.1.0 but no function; export",
        ),
        (
            module(&[
                r#"(import "env" "abort" (func (param i32 i32 i32 i32)))"#,
                SHARED,
                UPLINK,
            ]),
            "it imports env.abort, which no host has; compile it with the SDK: for AssemblyScript \
             with an asconfig.json that extends tb-converter/asconfig.json",
        ),
        (
            module(&[
                r#"(import "wasi_snapshot_preview1" "fd_write" (func))"#,
                SHARED,
                UPLINK,
            ]),
            "it imports wasi_snapshot_preview1.fd_write, which no host has; compile it without WASI",
        ),
        (
            module(&[
                r#"(import "env" "seed" (func (result f64)))"#,
                SHARED,
                UPLINK,
            ]),
            "it imports env.seed, which no host has; a converter has no random numbers",
        ),
        (
            module(&[
                r#"(import "env" "console.log" (func (param i32)))"#,
                SHARED,
                UPLINK,
            ]),
            "it imports env.console.log, which no host has; use log.info",
        ),
        (
            module(&[r#"(import "x" "y" (func))"#, SHARED, UPLINK]),
            "it imports x.y, which no host has; import nothing but connection, context and",
        ),
        (
            module(&[SHARED, LIFECYCLE, DOWNLINK]),
            "it exports lifecycle of tb:converter@0.1.0 and not decode, and the host asks",
        ),
        (
            module(&[SHARED, FRAMING]),
            "it exports framing of tb:converter@0.1.0 and not decode, and the host asks",
        ),
        (
            module(&[
                SHARED,
                UPLINK,
                r#"(func (export "tb:converter/lifecycle@0.1.0#on-idle") (result i32) (i32.const 0))"#,
            ]),
            "it does not fit tb:converter@0.1.0: ",
        ),
        (
            module(&[
                r#"(import "tb:converter/connection@0.1.0" "reply" (func (param i32)))"#,
                SHARED,
                UPLINK,
            ]),
            "it does not fit tb:converter@0.1.0: ",
        ),
        (
            module(&[
                r#"(import "tb:converter/logging@0.1.0" "shout" (func))"#,
                SHARED,
                UPLINK,
            ]),
            "it does not fit tb:converter@0.1.0: ",
        ),
        (
            module(&[
                SHARED,
                r#"(func (export "tb:converter/uplink@0.1.0#decode"))"#,
            ]),
            "it does not fit tb:converter@0.1.0: ",
        ),
    ];
    for (file, expected) in table {
        let fault = component_of(&file).unwrap_err().to_string();
        assert!(fault.starts_with(expected), "{fault}");
        assert!(!fault.contains('\n'), "{fault}");
    }
}

#[test]
fn a_file_is_written_whole_or_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let [core, bad, out] = ["core.wasm", "bad.wasm", "out.wasm"].map(|n| folder.path().join(n));
    fs::write(&core, module(&[SHARED, UPLINK])).unwrap();
    fs::write(&bad, "hello").unwrap();

    let size = componentize(&core, &out).unwrap();
    let written = fs::read(&out).unwrap();
    assert_eq!(written.len(), size);
    assert_eq!(written, component_of(&fs::read(&core).unwrap()).unwrap());

    let error = componentize(&bad, &out).unwrap_err().to_string();
    assert!(error.contains("bad.wasm: it is not a"), "{error}");
    assert_eq!(fs::read(&out).unwrap(), written);
    // Nothing unfinished stays behind.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);

    let error = componentize(&folder.path().join("none"), &out).unwrap_err();
    assert!(error.to_string().starts_with("cannot read "), "{error}");
    let error = componentize(&core, &folder.path().join("no/folder.wasm")).unwrap_err();
    assert!(error.to_string().starts_with("cannot write "), "{error}");
}
