//! The runner on folders made for one test each.

#![allow(clippy::expect_used, reason = "a test may end in a panic")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value as Json;
use tempfile::TempDir;

use super::*;

/// Returns what it is told: the metadata `remotePort` decides how a frame is
/// decoded.
struct Probe;

impl UplinkConverter for Probe {
    fn decode(frame: &[u8], context: &Context) -> Result<Vec<Entity>> {
        let text = crate::text(frame)?;
        match text.split(' ').collect::<Vec<_>>()[..] {
            ["none"] => Ok(Vec::new()),
            ["panic"] => panic!("no such device"),
            ["error", ref words @ ..] => Err(words.join(" ").into()),
            ["nameless"] => Ok(vec![Entity::device("", "")]),
            ["metadata", key] => {
                let value = context.metadata(key).ok_or("no such metadata")?;
                Ok(vec![Entity::device("d", "t").attribute(key, value)])
            }
            _ => Ok(vec![Entity::device("d", "t").telemetry("frame", text)]),
        }
    }
}

impl DownlinkConverter for Probe {
    fn encode(msg: &Message, context: &Context) -> Result<Vec<Vec<u8>>> {
        let site = context.integration_metadata("site").unwrap_or_default();
        let metadata = context.metadata_entries().len();
        let line = format!("{} {} {site} {metadata}", msg.msg_type(), msg.body());
        Ok(vec![line.into_bytes(), vec![0xFF]])
    }
}

pub(super) fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = TempDir::new().expect("a temporary folder");
    for (name, text) in files {
        fs::write(dir.path().join(name), text).expect("a file");
    }
    dir
}

/// What the runner says of a folder, without the folder's own name.
pub(super) fn report(files: &[(&str, &str)], check: impl FnOnce(&Path)) -> Option<String> {
    let dir = folder(files);
    let panic = catch_unwind(AssertUnwindSafe(|| check(dir.path()))).err()?;
    let report = panic.downcast_ref::<String>().expect("a report").clone();
    Some(report.replace(&dir.path().display().to_string(), "DIR"))
}

fn uplink(files: &[(&str, &str)]) -> Option<String> {
    report(files, |dir| check_uplink::<Probe>(dir))
}

fn downlink(files: &[(&str, &str)]) -> Option<String> {
    report(files, |dir| check_downlink::<Probe>(dir))
}

const D: &str = r#"{"deviceName":"d","deviceType":"t","telemetry":{"frame":"a b"}}"#;

#[test]
fn payloads_are_read_by_their_extension() {
    let table = [
        ("payload.txt", "a b"),
        ("payload.txt", "a b\n"),
        ("payload.json", "a b\n"),
        ("payload.hex", "61 20\n62\n"),
        ("payload.base64", "YSBi\n"),
    ];
    for (name, text) in table {
        assert_eq!(uplink(&[(name, text), ("result.json", D)]), None, "{name}");
    }
    let two = D.replace("a b", r"a b\n");
    assert_eq!(
        uplink(&[("payload.txt", "a b\n\n"), ("result.json", &two)]),
        None
    );
}

#[test]
fn a_case_without_metadata_shares_those_of_the_folder() {
    let result =
        |value| format!(r#"{{"deviceName":"d","deviceType":"t","attributes":{{"k":"{value}"}}}}"#);
    let files = [
        ("metadata.json", r#"{"k":"shared"}"#),
        ("payload_1.txt", "metadata k"),
        ("result_1.json", &result("shared")),
        ("payload_2.txt", "metadata k"),
        ("result_2.json", &result("own")),
        ("metadata_2.json", r#"{"k":"own"}"#),
    ];
    assert_eq!(uplink(&files), None);
}

#[test]
fn errors_and_empty_results_are_results() {
    let table = [
        ("none", "[]"),
        ("none", "{}"),
        ("none", "null"),
        ("error no such thing", r#"{"error":"no such thing"}"#),
    ];
    for (payload, result) in table {
        assert_eq!(
            uplink(&[("payload.txt", payload), ("result.json", result)]),
            None,
            "{result}"
        );
    }
}

#[test]
fn a_failure_names_its_files_and_shows_the_difference() {
    let table = [
        (
            "b",
            r#"{"deviceName":"d","deviceType":"t","telemetry":{"frame":"a"}}"#,
            "        {\n          \"values\": {\n-           \"frame\": \"a\"\n+           \"frame\": \"b\"\n          }\n        }\n",
        ),
        (
            "error x",
            r#"{"error":"y"}"#,
            "  {\n-   \"error\": \"y\"\n+   \"error\": \"x\"\n  }\n",
        ),
        (
            "panic",
            "[]",
            "the case cannot pass: the converter panicked: no such device\n",
        ),
        (
            "nameless",
            "[]",
            "the case cannot pass: the host refuses the entity \"\": its name is empty\n",
        ),
        (
            "none",
            r#"{"deviceNam":"d"}"#,
            "result_x.json: neither deviceName nor assetName\n",
        ),
        (
            "none",
            r#"{"deviceName":"d","typo":1}"#,
            "result_x.json: unknown field typo\n",
        ),
    ];
    for (payload, result, failure) in table {
        let files = [
            ("payload.txt", "a b"),
            ("result.json", D),
            ("payload_x.txt", payload),
            ("result_x.json", result),
        ];
        let expected = format!(
            "1 of 2 cases in DIR failed (- expected, + found)\n\npayload_x.txt -> result_x.json\n{failure}"
        );
        assert_eq!(uplink(&files), Some(expected));
    }
}

#[test]
fn a_folder_that_proves_nothing_is_a_failure() {
    let table: [(&[(&str, &str)], &str); 10] = [
        (&[], "DIR: no case, not even a payload"),
        (
            &[("README.md", ""), (".x", ""), ("metadata.json", "{}")],
            "DIR: no case, not even a payload",
        ),
        (
            &[("payload.txt", "")],
            "DIR: payload.txt has no result beside it; tb-tcp test --update writes what the \
             converter gives now",
        ),
        (
            &[("result_1.json", "{}")],
            "DIR: result_1.json has no payload beside it",
        ),
        (
            &[("metadata_1.json", "{}")],
            "DIR: metadata_1.json has no payload beside it",
        ),
        (
            &[("payload.bin", "")],
            "DIR: payload.bin is no file of a case",
        ),
        (
            &[("results.json", "")],
            "DIR: results.json is no file of a case",
        ),
        (
            &[("payload.hex", ""), ("payload.txt", "")],
            "DIR: payload.hex and payload.txt are of one case",
        ),
        (
            &[("payload.hex", "0"), ("result.json", "{}")],
            "DIR/payload.hex: 1 hexadecimal digits are no whole bytes",
        ),
        (
            &[
                ("payload.txt", ""),
                ("result.json", "{}"),
                ("metadata.json", r#"{"k":1}"#),
            ],
            "DIR/metadata.json: k is not a string",
        ),
    ];
    for (files, expected) in table {
        assert_eq!(uplink(files).as_deref(), Some(expected));
    }
}

#[test]
fn a_downlink_has_a_type_and_the_metadata_of_both_sides() {
    let table = [
        ("{}", "ATTRIBUTES_UPDATED {}  0"),
        (r#"{"deviceName":"d"}"#, "ATTRIBUTES_UPDATED {}  1"),
        (r#"{"deviceName":"d","msgType":"X"}"#, "X {}  1"),
    ];
    for (metadata, line) in table {
        let result = format!(
            r#"[{{"contentType":"TEXT","data":"{line}","metadata":{{"topic":"t"}}}},{{"contentType":"BINARY","data":"/w=="}}]"#
        );
        let files = [
            ("payload.json", "{}\n"),
            ("metadata.json", metadata),
            ("result.json", &result),
        ];
        assert_eq!(downlink(&files), None, "{metadata}");
    }
    let integration = [
        ("payload.json", "{}\n"),
        ("integrationMetadata.json", r#"{"site":"north"}"#),
        (
            "result.json",
            r#"[{"contentType":"JSON","data":"ATTRIBUTES_UPDATED {} north 0"},{"contentType":"BINARY","data":"/w=="}]"#,
        ),
    ];
    assert_eq!(downlink(&integration), None);
}

#[test]
fn the_result_of_a_downlink_is_checked() {
    let table = [
        (
            r#"{"contentType":"XML","data":""}"#,
            "contentType is XML, not JSON, TEXT or BINARY",
        ),
        (r#"{"contentType":"JSON","data":{}}"#, "data is no string"),
        (r#"{"data":""}"#, "contentType is no string"),
        (
            r#"{"contentType":"TEXT","data":"","topic":""}"#,
            "unknown field topic",
        ),
        ("[7]", "7 is no object"),
    ];
    for (result, fault) in table {
        let report = downlink(&[("payload.json", "{}"), ("result.json", result)]);
        let expected = format!("payload.json -> result.json\nresult.json: {fault}\n");
        assert!(
            report
                .as_ref()
                .is_some_and(|report| report.ends_with(&expected)),
            "{report:?}"
        );
    }
}

#[test]
fn results_are_compared_in_one_normal_form() {
    let same = [
        // The three ways to write telemetry, and the order of keys.
        (
            r#"{"assetName":"a","telemetry":{"x":1,"y":2}}"#,
            r#"[{"telemetry":[{"values":{"y":2,"x":1}}],"assetType":"","assetName":"a"}]"#,
        ),
        (
            r#"{"deviceName":"d","telemetry":{"ts":5,"values":{"x":1}}}"#,
            r#"{"deviceName":"d","telemetry":[{"ts":5,"values":{"x":1}},{}]}"#,
        ),
        (
            r#"{"deviceName":"d"}"#,
            r#"{"deviceName":"d","telemetry":{},"attributes":{}}"#,
        ),
        (
            r#"{"deviceName":"d","attributes":{"j":{"a":1,"b":[2]}}}"#,
            r#"{"deviceName":"d","attributes":{"j":{"b":[2],"a":1}}}"#,
        ),
    ];
    for (a, b) in same {
        assert_eq!(normal(a), normal(b));
    }
    let different = [
        (
            r#"{"deviceName":"d","telemetry":{"x":69}}"#,
            r#"{"deviceName":"d","telemetry":{"x":69.0}}"#,
        ),
        (
            r#"{"deviceName":"d","telemetry":{"x":69}}"#,
            r#"{"deviceName":"d","telemetry":{"x":"69"}}"#,
        ),
        (
            r#"{"deviceName":"d","telemetry":{"x":[1]}}"#,
            r#"{"deviceName":"d","telemetry":{"x":"[1]"}}"#,
        ),
        (r#"{"deviceName":"d"}"#, r#"{"assetName":"d"}"#),
        (
            r#"{"deviceName":"d"}"#,
            r#"{"deviceName":"d","deviceLabel":""}"#,
        ),
        (
            r#"[{"deviceName":"d"},{"deviceName":"e"}]"#,
            r#"[{"deviceName":"e"},{"deviceName":"d"}]"#,
        ),
    ];
    for (a, b) in different {
        assert_ne!(normal(a), normal(b));
    }
    let faulty = [
        (
            r#"{"deviceName":"d","assetName":"a"}"#,
            "deviceName and assetName in one object",
        ),
        (
            r#"{"deviceName":"d","assetType":"a"}"#,
            "unknown field assetType",
        ),
        (
            r#"{"deviceName":"d","telemetry":{"x":null}}"#,
            "null is no value for x",
        ),
        (
            r#"{"deviceName":"d","telemetry":{"ts":"5","values":{}}}"#,
            "ts is \"5\", no milliseconds",
        ),
        (
            r#"{"deviceName":"d","attributes":[]}"#,
            "attributes is no object",
        ),
        (r#"{"deviceName":7}"#, "deviceName is no string"),
    ];
    for (json, fault) in faulty {
        assert_eq!(normal(json), Err(fault.to_owned()));
    }
}

fn normal(text: &str) -> std::result::Result<Json, String> {
    shape::normal_uplink(&serde_json::from_str(text).expect("JSON"))
}

#[test]
fn lines_of_the_log_are_kept_in_order() {
    let _ = logged();
    crate::log::info!("first {}", 1);
    crate::log::error!("second");
    let expected = [
        (Level::Info, "first 1".to_owned()),
        (Level::Error, "second".to_owned()),
    ];
    assert_eq!(logged(), expected);
    assert_eq!(logged(), []);
}
