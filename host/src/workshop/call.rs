//! `tb-tcp decode` and `tb-tcp encode`: one call, with what ThingsBoard's *Test
//! payload decoder* shows, and the converter's log and time.

use std::{
    fs,
    io::{self, Write},
    path::Path,
    process::ExitCode,
    thread,
    time::{Duration, SystemTime},
};

use anyhow::{Result, bail};
use serde_json::{Value as Json, json};
use tb_converter::testing::{downlink_result, uplink_result};

use super::{
    WrongArguments, input, notes,
    open::{apart, engine, limits, load},
};
use crate::{
    cli::{CallArgs, DecodeArgs, EncodeArgs},
    converter::{Converter, Direction, Trial, Tried},
    output::{Output, remark},
};

/// How often `--watch` looks at the file.
const WATCH_INTERVAL: Duration = Duration::from_millis(200);

/// Decodes the frame that the arguments give.
///
/// # Errors
/// Arguments that cannot be used, or a file that cannot be loaded.
pub fn decode(arguments: &DecodeArgs) -> Result<ExitCode> {
    let frame = input::frame(&arguments.frame).map_err(WrongArguments)?;
    let metadata = input::metadata(&arguments.call.metadata).map_err(WrongArguments)?;
    let session = input::session(&arguments.call).map_err(WrongArguments)?;
    run(&arguments.call, Direction::Uplink, |trial| {
        shown(
            trial.decode(&frame, &metadata, &session),
            |entities, asked| uplink_result(&entities, asked),
        )
    })
}

/// Encodes the message that the arguments give.
///
/// # Errors
/// As [`decode`].
pub fn encode(arguments: &EncodeArgs) -> Result<ExitCode> {
    let metadata = input::metadata(&arguments.call.metadata).map_err(WrongArguments)?;
    let integration = input::metadata(&arguments.integration_metadata).map_err(WrongArguments)?;
    let message = (arguments.msg.as_str(), arguments.msg_type.as_str());
    let session = input::session(&arguments.call).map_err(WrongArguments)?;
    run(&arguments.call, Direction::Downlink, |trial| {
        shown(
            trial.encode(message, &metadata, &integration, &session),
            |frames, asked| downlink_result(&frames, asked),
        )
    })
}

fn shown<T>(tried: Tried<T>, show: impl FnOnce(T, &tb_converter::Actions) -> Json) -> Tried<Json> {
    Tried {
        result: tried.result.map(|value| show(value, &tried.actions)),
        actions: tried.actions,
        log: tried.log,
        took: tried.took,
        memory_bytes: tried.memory_bytes,
    }
}

fn run(
    arguments: &CallArgs,
    direction: Direction,
    call: impl Fn(&mut Trial) -> Tried<Json> + Send + Sync,
) -> Result<ExitCode> {
    let settings = limits(arguments.config.as_deref())?;
    let engine = engine()?;
    let mut output = Output::standard();
    loop {
        let state = modified(&arguments.file);
        let outcome = apart(|| {
            let converter = load(&engine, &arguments.file, &settings)?;
            if !converter.exports(direction) {
                bail!(
                    "{} exports {} only; this needs {direction}",
                    arguments.file.display(),
                    converter.directions()
                );
            }
            let mut trial = Trial::new(converter.clone());
            let first = call(&mut trial);
            // Once more on the instance that is there now: that is the pace at
            // which devices are served.
            let warm = first.result.is_ok().then(|| call(&mut trial).took);
            Ok(print(
                &mut output,
                arguments.json,
                &converter,
                &first,
                warm,
            )?)
        });
        match outcome {
            // Nobody watches any more.
            Ok(code) if !arguments.watch || output.closed() => return Ok(code),
            Err(error) if !arguments.watch => return Err(error),
            Ok(_) => {}
            Err(error) => remark(format_args!("tb-tcp: {error:#}")),
        }
        remark(format_args!(
            "waiting for {} to change ...",
            arguments.file.display()
        ));
        while modified(&arguments.file) == state {
            thread::sleep(WATCH_INTERVAL);
        }
        // Whoever writes it may not be done.
        thread::sleep(WATCH_INTERVAL);
    }
}

fn modified(file: &Path) -> Option<(u64, SystemTime)> {
    let metadata = fs::metadata(file).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

/// The result goes to standard output, the rest to standard error.
fn print(
    output: &mut impl Write,
    as_json: bool,
    converter: &Converter,
    tried: &Tried<Json>,
    warm: Option<Duration>,
) -> io::Result<ExitCode> {
    if as_json {
        writeln!(output, "{}", document(converter, tried, warm))?;
    } else {
        for (level, line) in &tried.log {
            remark(format_args!("{level}: {line}"));
        }
        match &tried.result {
            Ok(result) => {
                writeln!(output, "{result:#}")?;
                for note in notes::type_changes(result) {
                    remark(format_args!("note: {note}"));
                }
            }
            Err(error) => remark(format_args!("error: {error}")),
        }
        let warm = warm.map(|took| format!(", {took:.1?} on a used instance"));
        remark(format_args!(
            "{} {} took {:.1?}{}; its memory takes {} KiB",
            converter.name(),
            converter.version(),
            tried.took,
            warm.unwrap_or_default(),
            tried.memory_bytes.div_ceil(1024)
        ));
    }
    Ok(match tried.result {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

fn document(converter: &Converter, tried: &Tried<Json>, warm: Option<Duration>) -> Json {
    let micros = |took: Duration| took.as_secs_f64() * 1e6;
    let log: Vec<_> = tried
        .log
        .iter()
        .map(|(level, line)| json!({ "level": level, "message": line }))
        .collect();
    let mut document = json!({
        "converter": converter.name(),
        "version": converter.version(),
        "log": log,
        "tookUs": micros(tried.took),
        "warmUs": warm.map(micros),
        "memoryBytes": tried.memory_bytes,
    });
    match &tried.result {
        Ok(result) => document["result"] = result.clone(),
        Err(error) => document["error"] = error.to_string().into(),
    }
    document
}
