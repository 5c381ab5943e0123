//! Golden cases and other help for a converter's tests. Native only.
//!
//! A test of a converter is a folder for each direction and one line for each
//! folder:
//!
//! ```no_run
//! # use tb_converter::{Context, Entity, Result, UplinkConverter};
//! # struct Csv;
//! # impl UplinkConverter for Csv {
//! #     fn decode(_: &[u8], _: &Context) -> Result<Vec<Entity>> { Ok(Vec::new()) }
//! # }
//! tb_converter::testing::check_uplink::<Csv>("../uplink");
//! ```
//!
//! # The layout of a folder
//!
//! It is the layout of ThingsBoard's public library of data converters, so that
//! its cases run here as they are. Every rule stands in this section; whoever
//! runs the same folders against a built `.wasm` follows it too.
//!
//! **Files.** A case is a payload and a result, and may have metadata. The
//! first case has plain names; others share a suffix, a number or a word:
//!
//! | file | holds |
//! |---|---|
//! | `payload.txt`, `payload.json` | the payload's bytes, minus **one** line feed at the end of the file |
//! | `payload.hex` | the payload in hexadecimal; white space is free |
//! | `payload.base64` | the payload in padded Base64; white space is free |
//! | `result.json` | what the converter returns, or its error |
//! | `metadata.json` | an object of strings; a case without its own has this one, or none |
//! | `integrationMetadata.json` | for downlinks: the same of the integration |
//! | `payload_1.txt`, `result_1.json`, `metadata_1.json` … | the case `1` |
//!
//! `converter.json`, `README.md`, dot files and folders are passed over. Any
//! other file, a payload without a result, a result or metadata without a
//! payload, two payloads of one case and a folder without a case are failures:
//! a test that cannot fail is a defect.
//!
//! **Uplink.** The payload is the frame, the metadata are what
//! [`Context::metadata`] knows. The result has the shape of ThingsBoard's
//! converters: one object, or an array of them in the order of the entities.
//! `null`, `{}` and `[]` are a result without entities.
//!
//! | field | means |
//! |---|---|
//! | `deviceName` or `assetName` | the name; exactly one of them |
//! | `deviceType`, `assetType` | the profile; absent is empty |
//! | `deviceLabel`, `assetLabel`, `customerName`, `groupName` | optional fields of the same purpose |
//! | `attributes` | an object of keys and values |
//! | `telemetry` | an object of keys and values, `{"ts": …, "values": {…}}`, or an array of either |
//!
//! `ts` is in milliseconds; absent is the time of reception. Other fields are
//! failures. The type of a value counts: `69` is a long, `69.0` a double, `"69"`
//! text, an object or array JSON, and `null` is no value. The order of keys does
//! not count, the order of samples does, and a sample without values is as none.
//!
//! **Downlink.** The payload is the message's body. The metadata are the
//! message's, except for the key `msgType`, which is the message's type (and
//! `ATTRIBUTES_UPDATED` if absent). The result is
//! `{"contentType": …, "data": "…"}`, or an array of them in the order of the
//! frames. `JSON` and `TEXT` are compared as the bytes of `data`, `BINARY` as
//! those that `data` holds in Base64. `metadata` in a result is passed over, as
//! TCP has no use for it. `null`, `{}` and `[]` are a result without frames.
//!
//! **Errors**, in both directions, are `{"error": "the whole text"}`.

mod cases;
mod contract;
mod diff;
mod shape;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde_json::{Value as Json, json};

use self::cases::Case;
use crate::error::describe;
use crate::log::Level;
use crate::{Context, DownlinkConverter, Entity, Message, Result, UplinkConverter};

/// The key of a downlink's `metadata.json` that holds the message's type.
const MSG_TYPE_KEY: &str = "msgType";

/// The type of a message whose case gives none: what a changed shared
/// attribute, the commonest downlink, arrives as.
const DEFAULT_MSG_TYPE: &str = "ATTRIBUTES_UPDATED";

thread_local! {
    static LOGGED: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
}

/// Runs an uplink converter on the cases of a folder.
///
/// A relative `dir` is relative to the package, where `cargo test` runs.
///
/// # Panics
///
/// Panics if a case fails, with a diff for each that does, and if the folder
/// breaks the [layout's](self) rules.
#[track_caller]
pub fn check_uplink<C: UplinkConverter>(dir: impl AsRef<Path>) {
    check_uplink_with(dir, C::decode);
}

/// Runs a downlink converter on the cases of a folder.
///
/// # Panics
///
/// As [`check_uplink`] does.
#[track_caller]
pub fn check_downlink<C: DownlinkConverter>(dir: impl AsRef<Path>) {
    check_downlink_with(dir, C::encode);
}

/// Runs any function that decodes on the cases of a folder: a built `.wasm`, or
/// a variant of a converter.
///
/// # Panics
///
/// As [`check_uplink`] does.
#[track_caller]
pub fn check_uplink_with(
    dir: impl AsRef<Path>,
    mut decode: impl FnMut(&[u8], &Context) -> Result<Vec<Entity>>,
) {
    conclude(run(dir.as_ref(), shape::normal_uplink, |case| {
        let decoded = decode(&case.payload, &context(case));
        match decoded {
            Ok(entities) => contract::check(&entities).map(|()| shape::of_entities(&entities)),
            Err(error) => Ok(json!({ "error": describe(&error) })),
        }
    }));
}

/// Runs any function that encodes on the cases of a folder.
///
/// # Panics
///
/// As [`check_uplink`] does.
#[track_caller]
pub fn check_downlink_with(
    dir: impl AsRef<Path>,
    mut encode: impl FnMut(&Message, &Context) -> Result<Vec<Vec<u8>>>,
) {
    conclude(run(dir.as_ref(), shape::normal_downlink, |case| {
        let body = crate::text(&case.payload).map_err(|error| error.to_string())?;
        let msg_type = case
            .metadata
            .get(MSG_TYPE_KEY)
            .map_or(DEFAULT_MSG_TYPE, String::as_str);
        let mut context = context(case).of_downlink();
        context.remove_metadata(MSG_TYPE_KEY);
        match encode(&Message::new(body, msg_type), &context) {
            Ok(frames) => Ok(shape::of_frames(&frames)),
            Err(error) => Ok(json!({ "error": describe(&error) })),
        }
    }));
}

/// Bytes written in hexadecimal, with or without white space.
///
/// ```
/// assert_eq!(tb_converter::testing::hex("00 0F 0a"), [0, 15, 10]);
/// ```
///
/// # Panics
///
/// Panics if the text is not hexadecimal or has half a byte.
#[must_use]
#[track_caller]
pub fn hex(text: &str) -> Vec<u8> {
    match cases::hex(text) {
        Ok(bytes) => bytes,
        Err(error) => panic!("{error}"),
    }
}

/// Takes what was [logged](crate::log) on this thread since the last call,
/// oldest first.
#[must_use]
pub fn logged() -> Vec<(Level, String)> {
    LOGGED.take()
}

pub(crate) fn capture(level: Level, line: &str) {
    LOGGED.with_borrow_mut(|lines| lines.push((level, line.to_owned())));
}

fn context(case: &Case) -> Context {
    let mut context = Context::new();
    for (key, value) in &case.metadata {
        context = context.with_metadata(key, value);
    }
    for (key, value) in &case.integration_metadata {
        context = context.with_integration_metadata(key, value);
    }
    context
}

#[track_caller]
fn conclude(outcome: std::result::Result<usize, String>) {
    match outcome {
        Ok(count) => println!("{count} cases passed"),
        Err(report) => panic!("{report}"),
    }
}

/// Runs each case of a folder. `normal` brings an expected result into the
/// shape that `call` returns.
///
/// Returns how many cases passed, or a report on those that did not.
fn run(
    dir: &Path,
    normal: impl Fn(&Json) -> std::result::Result<Json, String>,
    mut call: impl FnMut(&Case) -> std::result::Result<Json, String>,
) -> std::result::Result<usize, String> {
    let cases = cases::read(dir)?;
    let mut failures = Vec::new();
    for case in &cases {
        let failure = match normal(&case.expected) {
            Err(fault) => Some(format!("{}: {fault}\n", case.result_file)),
            Ok(expected) => match guarded(|| call(case)) {
                Err(fault) => Some(format!("the case cannot pass: {fault}\n")),
                Ok(found) if found != expected => Some(diff::diff(&expected, &found)),
                Ok(_) => None,
            },
        };
        if let Some(failure) = failure {
            failures.push(format!(
                "{} -> {}\n{failure}",
                case.payload_file, case.result_file
            ));
        }
    }
    if failures.is_empty() {
        return Ok(cases.len());
    }
    Err(format!(
        "{} of {} cases in {} failed (- expected, + found)\n\n{}",
        failures.len(),
        cases.len(),
        dir.display(),
        failures.join("\n")
    ))
}

/// Calls the converter such that a panic costs one case, as it costs one frame
/// in the host.
fn guarded(
    call: impl FnOnce() -> std::result::Result<Json, String>,
) -> std::result::Result<Json, String> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|payload| {
        let message = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("a value that is not text");
        Err(format!("the converter panicked: {message}"))
    })
}

#[cfg(test)]
mod tests;
