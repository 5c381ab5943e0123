//! What the author of a converter does without a host.

use std::{fs, path::Path};

use harness::{Tool, component, converter, guest, repository};
use serde_json::{Value as Json, json};

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_frame_is_decoded_from_the_terminal() {
    let csv = converter("csv");
    let line = "SN-002,default,temperature,25.7";
    let ways: [&[&str]; 3] = [
        &["--text", line],
        &[
            "--hex",
            "534e2d3030322c64656661756c742c74656d70657261747572652c32352e37",
        ],
        &["--base64", "U04tMDAyLGRlZmF1bHQsdGVtcGVyYXR1cmUsMjUuNw=="],
    ];
    for way in ways {
        let tool = Tool::run(&[&["decode", path(&csv)], way].concat());
        assert_eq!(tool.code, Some(0), "{tool:?}");
        let result: Json = serde_json::from_str(&tool.output).unwrap();
        assert_eq!(
            result,
            json!([{
                "deviceName": "SN-002", "deviceType": "default", "attributes": {},
                "telemetry": [{ "values": { "temperature": 25.7 } }]
            }])
        );
        assert!(tool.error.contains("took"), "{tool:?}");
        assert!(tool.error.contains("; its memory takes "), "{tool:?}");
    }
}

#[test]
fn what_thingsboard_cannot_store_is_an_error_and_what_it_changes_is_noted() {
    let file = guest("misbehaving");
    let long = format!("echo SN-1 {} v", "k".repeat(256));
    let error = "error: the converter returned data that cannot be stored: SN-1: ";
    let cases = [
        (
            long.as_str(),
            "the key kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk… has 256 characters; ThingsBoard \
             stores 255 at most",
        ),
        (
            "echo SN-1 k v\0",
            "k: the text holds a NUL character, which PostgreSQL cannot store, at byte 1",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let frame = folder.path().join("frame");
    for (text, fault) in cases {
        fs::write(&frame, text).unwrap();
        let tool = Tool::run(&["decode", path(&file), "--file", path(&frame)]);
        assert_eq!(tool.code, Some(1), "{tool:?}");
        assert!(tool.error.contains(&format!("{error}{fault}")), "{tool:?}");
    }

    let json = converter("json");
    let frame = r#"{"deviceName":"SN-1","count":20000000.0}"#;
    let tool = Tool::run(&["decode", path(&json), "--text", frame]);
    let note = "note: ThingsBoard will store count as a long, because 2e7 has no fraction";
    assert!(tool.error.contains(note), "{tool:?}");
}

#[test]
fn log_metadata_errors_and_times_are_shown() {
    let file = guest("misbehaving");
    let decode = |text: &str| {
        Tool::run(&[
            "decode",
            path(&file),
            "--json",
            "--metadata",
            "site=north",
            "--text",
            text,
        ])
    };
    let logged = decode("log through the contract").json();
    assert_eq!(
        logged["log"],
        json!([{ "level": "info", "message": "through the contract" }])
    );
    assert!(logged["tookUs"].as_f64().unwrap() > 0.0);
    let read = decode("metadata site").json();
    assert_eq!(
        read["result"][0]["telemetry"][0]["values"],
        json!({ "site": "north" })
    );
    assert_eq!(
        decode("print to WASI").json()["log"][0]["message"],
        "to WASI"
    );

    let failed = decode("panic boom");
    assert_eq!(failed.code, Some(1));
    let document: Json = serde_json::from_str(&failed.output).unwrap();
    let error = document["error"].as_str().unwrap();
    assert!(
        error.contains("lib.rs:") && error.contains("boom"),
        "{error}"
    );
}

#[test]
fn the_readmes_assemblyscript_converter_works() {
    let file = component("readme");
    let decode = |text: &str| Tool::run(&["decode", path(&file), "--json", "--text", text]);
    let result = decode("SN-002;25.7").json();
    assert_eq!(result["result"][0]["deviceName"], "SN-002");
    assert_eq!(
        result["result"][0]["telemetry"][0]["values"],
        json!({ "temperature": 25.7 })
    );
    let failed: Json = serde_json::from_str(&decode("SN-002").output).unwrap();
    assert_eq!(failed["error"], "a semicolon is missing");
}

#[test]
fn a_message_is_encoded_from_the_terminal() {
    let tool = Tool::run(&[
        "encode",
        path(&converter("attributes-json")),
        "--msg",
        r#"{"powerState":"on"}"#,
        "--metadata",
        "deviceName=SN-002",
    ]);
    assert_eq!(tool.code, Some(0), "{tool:?}");
    let result: Json = serde_json::from_str(&tool.output).unwrap();
    assert_eq!(
        result,
        json!([{ "contentType": "TEXT", "data": r#"{"powerState":"on"}"# }])
    );
}

#[test]
fn wrong_arguments_and_files_are_told_apart() {
    let csv = converter("csv");
    let cases: [(&[&str], i32, &str); 5] = [
        (
            &["decode", path(&csv), "--hex", "5"],
            2,
            "--hex 5: 1 hexadecimal digits: a byte has two",
        ),
        (
            &["decode", path(&csv), "--text", "a", "--metadata", "x"],
            2,
            "key=value",
        ),
        (
            &["decode", path(&csv), "--text", "a", "--hex", "00"],
            2,
            "cannot be used with",
        ),
        (
            &["decode", "/nowhere/x.wasm", "--text", "a"],
            1,
            "cannot read /nowhere/x.wasm",
        ),
        (
            &["encode", path(&csv), "--msg", "{}"],
            1,
            "exports uplink only; this needs downlink",
        ),
    ];
    for (arguments, code, expected) in cases {
        let tool = Tool::run(arguments);
        assert_eq!(tool.code, Some(code), "{tool:?}");
        assert!(tool.error.contains(expected), "{tool:?}");
    }
}

#[test]
fn golden_cases_run_on_a_built_file_and_can_be_rewritten() {
    let cases = repository().join("converters/csv");
    let passed = Tool::run(&["test", path(&converter("csv")), "--cases", path(&cases)]);
    assert_eq!(passed.code, Some(0), "{passed:?}");
    assert!(passed.output.contains("cases passed"), "{passed:?}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("version.wasm");
    fs::copy(guest("version_1"), &file).unwrap();
    let none = Tool::run(&["test", path(folder.path())]);
    assert_eq!(none.code, Some(1));
    assert!(none.error.contains("no golden cases found"), "{none:?}");

    let cases = folder.path().join("version.cases");
    fs::create_dir(&cases).unwrap();
    fs::write(cases.join("payload.txt"), "SN-1").unwrap();
    let missing = Tool::run(&["test", path(folder.path())]);
    assert_eq!(missing.code, Some(1));
    assert!(
        missing
            .output
            .contains("payload.txt has no result beside it"),
        "{missing:?}"
    );

    let written = Tool::run(&["test", path(folder.path()), "--update"]);
    assert_eq!(written.code, Some(0), "{written:?}");
    assert!(written.output.contains("wrote") && written.output.contains("result.json"));
    fs::copy(guest("version_2"), &file).unwrap();
    let differs = Tool::run(&["test", path(folder.path()), "--json"]);
    assert_eq!(differs.code, Some(1));
    let report: Json = serde_json::from_str(&differs.output).unwrap();
    assert_eq!(report[0]["failures"][0]["payload"], "payload.txt");
    let detail = report[0]["failures"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("-") && detail.contains("+"), "{detail}");
}
