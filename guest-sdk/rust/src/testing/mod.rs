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
//! The same cases can prove the built `.wasm`: [`run_uplink_on`] and
//! [`run_downlink_on`] run them on instances of it, and [`directions`] finds
//! them.
//!
//! # The layout of a folder
//!
//! It is the layout of ThingsBoard's public library of data converters, so that
//! its cases run here as they are. Every rule stands in this section and the
//! next; whoever runs the same folders against a built `.wasm` follows it too.
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
//! | `session.txt`, `session.hex`, … | the connection's session value that the call meets, written as a payload; a case without its own has this one, or none |
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
//! **On the connection.** A call that asks for something there has a result of another
//! shape: an object with `entities` (or `frames`), which holds the above and may be left out,
//! `reply`, `session`, `close`, `expectsAnswer` and `answers`. Bytes are text, or hexadecimal
//! under the names `replyHex` and `sessionHex`. An answer has `deviceName`, `requestId` unless it is for the
//! oldest call, and either `response`, any JSON, or `error`. What is not in the result must not
//! be asked for.
//!
//! ```json
//! {
//!   "entities": [{ "deviceName": "352887071911998", "deviceType": "gt06" }],
//!   "replyHex": "7878050100048e710d0a",
//!   "session": "352887071911998",
//!   "answers": [{ "deviceName": "352887071911998", "requestId": 7, "response": "OK" }]
//! }
//! ```
//!
//! **Errors**, in both directions, are `{"error": "the whole text"}`.
//!
//! # Both directions
//!
//! A folder with all cases of a converter, such as `NAME.cases` beside
//! `NAME.wasm`, has a folder `uplink`, a folder `downlink` or both; other
//! folders are passed over. A folder with neither of the two that has payloads
//! itself is a folder of uplinks. [`directions`] follows this rule. No cases at
//! all, and files of a case beside the folder of a direction, are failures.
//!
//! # Hidden state
//!
//! A converter is a function of frame or message, metadata and session: an instance may
//! be new at any call, or have served others. So each case is run more than
//! once, and a result that differs is a failure that says so, whatever was
//! expected.
//!
//! * [`check_uplink`], [`check_uplink_with`], [`run_uplink`] and their like for
//!   downlinks run all cases in order of their suffixes, and then in reverse
//!   order. A native `static` cannot be renewed: a trace that a case meets in
//!   both orders stays hidden.
//! * [`check_uplink_on`], [`run_uplink_on`] and their like run each case on a
//!   fresh instance, then all in order on one used instance, and then all in
//!   reverse order on the same. This finds every case that passes only because
//!   of an earlier one.

mod actions;
mod cases;
mod contract;
mod diff;
mod directions;
mod frames;
mod report;
mod run;
mod shape;
mod update;

use std::cell::RefCell;
use std::path::Path;

pub use self::directions::{Directions, directions};
pub use self::frames::frames;
pub use self::report::{Failure, Report};
pub use self::run::{run_downlink, run_downlink_on, run_uplink, run_uplink_on};
pub use self::shape::{downlink_result, uplink_result};
pub use self::update::{update_downlink, update_uplink};
use crate::log::Level;
use crate::{Context, DownlinkConverter, Entity, Message, Result, UplinkConverter};

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

/// Runs any function that decodes on the cases of a folder, such as a variant
/// of a converter: [`run_uplink`] as a test.
///
/// # Panics
///
/// As [`check_uplink`] does.
#[track_caller]
pub fn check_uplink_with(
    dir: impl AsRef<Path>,
    decode: impl FnMut(&[u8], &Context) -> Result<Vec<Entity>>,
) {
    conclude(run_uplink(dir, decode));
}

/// Runs any function that encodes on the cases of a folder: [`run_downlink`] as
/// a test.
///
/// # Panics
///
/// As [`check_uplink`] does.
#[track_caller]
pub fn check_downlink_with(
    dir: impl AsRef<Path>,
    encode: impl FnMut(&Message, &Context) -> Result<Vec<Vec<u8>>>,
) {
    conclude(run_downlink(dir, encode));
}

/// Runs the cases of a folder on fresh instances of a built `.wasm` and on a
/// used one: [`run_uplink_on`] as a test.
///
/// # Panics
///
/// As [`check_uplink`] does.
#[track_caller]
pub fn check_uplink_on(
    dir: impl AsRef<Path>,
    fresh: impl FnMut(&[u8], &Context) -> Result<Vec<Entity>>,
    used: impl FnMut(&[u8], &Context) -> Result<Vec<Entity>>,
) {
    conclude(run_uplink_on(dir, fresh, used));
}

/// Runs the cases of a folder on fresh instances of a built `.wasm` and on a
/// used one: [`run_downlink_on`] as a test.
///
/// # Panics
///
/// As [`check_uplink`] does.
#[track_caller]
pub fn check_downlink_on(
    dir: impl AsRef<Path>,
    fresh: impl FnMut(&Message, &Context) -> Result<Vec<Vec<u8>>>,
    used: impl FnMut(&Message, &Context) -> Result<Vec<Vec<u8>>>,
) {
    conclude(run_downlink_on(dir, fresh, used));
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
/// oldest first. A converter logs in each [run](self#hidden-state) of a case.
#[must_use]
pub fn logged() -> Vec<(Level, String)> {
    LOGGED.take()
}

pub(crate) fn capture(level: Level, line: &str) {
    LOGGED.with_borrow_mut(|lines| lines.push((level, line.to_owned())));
}

#[track_caller]
fn conclude(outcome: std::result::Result<usize, Report>) {
    match outcome {
        Ok(count) => println!("{count} cases passed"),
        Err(report) => panic!("{report}"),
    }
}

#[cfg(test)]
mod state_tests;
#[cfg(test)]
mod tests;
