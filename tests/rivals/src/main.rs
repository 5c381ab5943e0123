//! Embedded scripts, timed for `just bench decode`, which runs this program as a child and takes turns
//! with it: `tb-tcp-rivals quickjs`, `tb-tcp-rivals vrl` or `tb-tcp-rivals vrl-fixed`.
//!
//! One line of standard input is a request, and each is answered with one line:
//!
//! | request | answer |
//! |---|---|
//! | `name` | what runs the scripts, with its version |
//! | `load FORMAT KIND HEX` | `ok`: the script of this format (`csv`, `json` …) runs from now on, on this frame, which it gets as `text` or as `bytes`; `none` if there is no such script |
//! | `check` | what the script makes of the frame, as JSON |
//! | `turn CALLS` | the nanoseconds of processor time that so many calls took |
//!
//! An answer that begins with `error:` ends the run. `v8.mjs` answers the same requests with Node.

mod quickjs;
mod remap;

use std::{
    env,
    error::Error,
    io::{self, BufRead as _, Write as _},
    process::ExitCode,
    time::Duration,
};

use remap::Vrl;
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value as Json;

type Failure = Box<dyn Error>;

/// What runs scripts.
trait Engine {
    /// Its name and version.
    fn name(&self) -> String;
    /// Takes the script of a format, and the frame to run it on; false if it has none.
    fn load(&mut self, format: &str, frame: Frame) -> Result<bool, Failure>;
    /// What the script makes of the frame.
    fn check(&mut self) -> Result<Json, Failure>;
    /// Nanoseconds of processor time of so many calls: from the frame's bytes to a result that Rust code can read, which is freed.
    fn turn(&mut self, calls: u64) -> Result<u128, Failure>;
}

/// A frame, as the script gets it.
#[derive(Clone, Debug)]
enum Frame {
    /// Its bytes become text for each call; bytes that are none would fail it.
    Text(Vec<u8>),
    /// Its bytes are handed over.
    Bytes(Vec<u8>),
}

fn main() -> ExitCode {
    let engine = env::args().nth(1).unwrap_or_default();
    let outcome = match engine.as_str() {
        "quickjs" => quickjs::QuickJs::new().and_then(|mut engine| serve(&mut engine)),
        "vrl" => serve(&mut Vrl::new(remap::GENERAL, "")),
        "vrl-fixed" => serve(&mut Vrl::new(remap::FIXED, ", keys known")),
        _ => Err("the name of an engine is wanted: quickjs, vrl or vrl-fixed".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(engine: &mut dyn Engine) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let answer = answer(engine, &line?).unwrap_or_else(|error| {
            let text = error.to_string().replace('\n', " ");
            format!("error: {text}")
        });
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(())
}

fn answer(engine: &mut dyn Engine, request: &str) -> Result<String, Failure> {
    let words: Vec<&str> = request.split(' ').collect();
    match words[..] {
        ["name"] => Ok(engine.name()),
        ["load", format, kind, hex] => {
            let bytes = bytes(hex)?;
            let frame = match kind {
                "text" => Frame::Text(bytes),
                "bytes" => Frame::Bytes(bytes),
                other => return Err(format!("{other} is no kind of frame").into()),
            };
            let loaded = engine.load(format, frame)?;
            Ok(if loaded { "ok" } else { "none" }.to_owned())
        }
        ["check"] => Ok(engine.check()?.to_string()),
        ["turn", calls] => Ok(engine.turn(calls.parse()?)?.to_string()),
        _ => Err(format!("{request:?} is no request").into()),
    }
}

/// What this thread has had so far. What else the machine does adds nothing to it.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The version of a crate that this was built with.
fn version(name: &str) -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let start = format!("\nname = \"{name}\"\nversion = \"");
    let rest = lock.split_once(&start).map(|(_, rest)| rest);
    rest.and_then(|rest| rest.split('"').next())
        .unwrap_or("of an unknown version")
}

fn bytes(hex: &str) -> Result<Vec<u8>, Failure> {
    let digit = |one: u8| char::from(one).to_digit(16).ok_or("not hexadecimal");
    let pairs = hex.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Ok(u8::try_from(digit(*high)? << 4 | digit(*low)?)?),
            _ => Ok(0),
        })
        .collect()
}
