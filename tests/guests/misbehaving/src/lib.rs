//! A converter that does on request what a converter must not do.
//!
//! A frame is a command, a word with arguments behind it; `run` lists them.
//! What has nothing to say returns no entity. Entities without a name of their
//! own are called `misbehaving`.

use std::hint::black_box;
use std::sync::{
    Mutex,
    atomic::{AtomicI64, Ordering},
};

use tb_converter::{
    Context, Entity, KeyValue, Result, Sample, UplinkConverter, Value, export, log,
};

/// The profile of all entities.
const PROFILE: &str = "default";

/// How many bytes lie between two that are written, at most: a page of wasm has
/// 64 KiB, of most machines 4 KiB.
const PAGE: usize = 4096;

/// How many calls this instance has served.
static CALLS: AtomicI64 = AtomicI64::new(0);

/// What this instance was to remember.
static REMEMBERED: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Misbehaving;

impl UplinkConverter for Misbehaving {
    fn decode(frame: &[u8], context: &Context) -> Result<Vec<Entity>> {
        CALLS.fetch_add(1, Ordering::Relaxed);
        let text = tb_converter::text(frame)?;
        let (command, arguments) = text.split_once(' ').unwrap_or((text, ""));
        run(command, arguments, context)
    }
}

fn run(command: &str, arguments: &str, context: &Context) -> Result<Vec<Entity>> {
    match command {
        // echo NAME KEY VALUE: an entity with one value, a text.
        "echo" => {
            let mut words = arguments.splitn(3, ' ');
            let mut word = || words.next().ok_or("echo takes NAME KEY VALUE");
            Ok(vec![
                Entity::device(word()?, PROFILE).telemetry(word()?, word()?),
            ])
        }
        // many N: N entities, device-0, device-1 …, each with its number `n`.
        "many" => {
            let entity = |n: u32| Entity::device(format!("device-{n}"), PROFILE).telemetry("n", n);
            Ok((0..arguments.parse()?).map(entity).collect())
        }
        // many-values N: an entity with N values, key-0, key-1 …
        "many-values" => {
            let value = |n: u32| KeyValue {
                key: format!("key-{n}"),
                value: n.into(),
            };
            let values = (0..arguments.parse()?).map(value).collect();
            Ok(vec![Entity {
                telemetry: vec![Sample { ts: None, values }],
                ..misbehaving()
            }])
        }
        // at TS KEY NUMBER: an entity with one value of that time.
        "at" => {
            let mut words = arguments.splitn(3, ' ');
            let mut word = || words.next().ok_or("at takes TS KEY NUMBER");
            let (ts, key, number) = (word()?.parse()?, word()?, word()?.parse::<i64>()?);
            let pair = KeyValue {
                key: key.to_owned(),
                value: number.into(),
            };
            let sample = Sample {
                ts: Some(ts),
                values: vec![pair],
            };
            Ok(vec![Entity {
                telemetry: vec![sample],
                ..misbehaving()
            }])
        }
        // text BYTES: an entity with one text of so many bytes.
        "text" => {
            let text = "x".repeat(arguments.parse()?);
            Ok(vec![misbehaving().telemetry("text", text)])
        }
        // metadata KEY: an entity whose telemetry has the key, if it is known.
        "metadata" => match context.metadata(arguments) {
            Some(value) => Ok(vec![misbehaving().telemetry(arguments, value)]),
            None => Ok(vec![misbehaving()]),
        },
        // count: how many calls this instance has served, this one included.
        "count" => Ok(vec![
            misbehaving().telemetry("count", CALLS.load(Ordering::Relaxed)),
        ]),

        // nan: a value that ThingsBoard cannot store.
        "nan" => Ok(vec![misbehaving().telemetry("nan", f64::NAN)]),
        // bad-json: JSON that is none.
        "bad-json" => Ok(vec![misbehaving().telemetry("json", Value::json("{"))]),
        // empty-name: an entity that cannot be.
        "empty-name" => Ok(vec![Entity::device("", PROFILE).telemetry("n", 1)]),
        // no-values: an entity with nothing to store.
        "no-values" => Ok(vec![misbehaving()]),

        // error TEXT: a frame that cannot be decoded.
        "error" => Err(arguments.into()),
        // panic TEXT
        "panic" => panic!("{arguments}"),
        // unreachable: a trap without a word.
        "unreachable" => trap(),
        // spin: until the deadline.
        "spin" => loop {
            black_box(());
        },
        // recurse: until the stack ends.
        "recurse" => Ok(vec![
            misbehaving().telemetry("depth", recurse(black_box(1))),
        ]),
        // alloc MEGABYTES: takes the memory and writes to it. From 2048 on it
        // is a panic instead, as no allocation may be that large.
        "alloc" => {
            let bytes = arguments.parse::<usize>()?.saturating_mul(1 << 20);
            let mut memory = vec![0u8; bytes];
            memory.iter_mut().step_by(PAGE).for_each(|byte| *byte = 1);
            black_box(&memory);
            Ok(Vec::new())
        }

        // grow MEGABYTES: takes the memory and keeps it.
        "grow" => {
            let memory = vec![1u8; arguments.parse::<usize>()? << 20];
            black_box(Box::leak(memory.into_boxed_slice()));
            Ok(Vec::new())
        }
        // remember TEXT: an entity whose telemetry `remembered` has all that was to be remembered so far.
        "remember" => {
            let mut remembered = REMEMBERED.lock().map_err(|_| "a call panicked")?;
            remembered.push(arguments.to_owned());
            let all: String = remembered.iter().map(|text| format!("{text} ")).collect();
            Ok(vec![misbehaving().telemetry("remembered", all)])
        }
        // shout LINES: so many lines for the log.
        "shout" => {
            for number in 0..arguments.parse::<u32>()? {
                log::info!("line {number}");
            }
            Ok(Vec::new())
        }
        // long-line BYTES: one line of so many bytes.
        "long-line" => {
            log::info!("{}", "x".repeat(arguments.parse()?));
            Ok(Vec::new())
        }
        // connect ADDRESS, read PATH, environment: what WASI could allow.
        "connect" => {
            let error = std::net::TcpStream::connect(arguments).err();
            Ok(vec![misbehaving().telemetry("connect", outcome(error))])
        }
        "read" => {
            let error = std::fs::read(arguments).err();
            Ok(vec![misbehaving().telemetry("read", outcome(error))])
        }
        "environment" => {
            let count = std::env::vars().count() + std::env::args().count();
            Ok(vec![
                misbehaving().telemetry("environment", i64::try_from(count)?),
            ])
        }
        // clock: milliseconds since 1970.
        "clock" => {
            let now = std::time::SystemTime::UNIX_EPOCH.elapsed()?.as_millis();
            Ok(vec![misbehaving().telemetry("clock", i64::try_from(now)?)])
        }

        // sleep SECONDS: waits, which WASI's clocks would allow.
        "sleep" => {
            std::thread::sleep(std::time::Duration::from_secs(arguments.parse()?));
            Ok(Vec::new())
        }
        // print TEXT, eprint TEXT: to WASI's standard output and error.
        "print" => {
            println!("{arguments}");
            Ok(Vec::new())
        }
        "eprint" => {
            eprintln!("{arguments}");
            Ok(Vec::new())
        }
        // log TEXT: to the host's log, at level info.
        "log" => {
            log::info!("{arguments}");
            Ok(Vec::new())
        }
        other => Err(format!("unknown command {other:?}").into()),
    }
}

/// What came of something that is not allowed.
fn outcome(error: Option<std::io::Error>) -> String {
    error.map_or_else(
        || "allowed".to_owned(),
        |error| format!("{:?}", error.kind()),
    )
}

fn misbehaving() -> Entity {
    Entity::device("misbehaving", PROFILE)
}

/// Calls itself until the stack ends. The addition after the call keeps it from
/// becoming a loop.
#[expect(unconditional_recursion, reason = "that is what it is for")]
fn recurse(depth: u32) -> u32 {
    black_box(recurse(black_box(depth + 1))) + 1
}

#[cfg(target_arch = "wasm32")]
fn trap() -> ! {
    core::arch::wasm32::unreachable()
}

#[cfg(not(target_arch = "wasm32"))]
fn trap() -> ! {
    std::process::abort()
}

export!(uplink = Misbehaving);
