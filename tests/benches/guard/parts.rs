//! What is counted.

use std::{fs, hint::black_box, sync::Arc};

use harness::converter;
use tb_tcp::{
    config::ConverterSettings,
    converter::{CallContext, Converter, ConverterEngine, Here, Metadata, Session},
    message::batch::Origin,
};

use crate::{
    candidates::{self, candidates},
    streams::stream,
    workloads::workloads,
};

/// Bytes of a frame in the streams that are cut.
const FRAME: usize = 128;

type Call = Box<dyn FnMut()>;

/// One of the things whose cost is guarded.
pub(crate) struct Part {
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
    /// Runs that are counted.
    pub(crate) runs: u64,
    /// Calls of each.
    pub(crate) calls: u64,
    /// Gets everything ready; what it gives makes one run.
    pub(crate) prepare: fn() -> Call,
}

pub(crate) const PARTS: [Part; 6] = [
    decode("decode-csv2", "decode, CSV line with two values", || {
        hosted("csv2")
    }),
    decode("decode-json", "decode, JSON array of one object", || {
        hosted("json")
    }),
    decode("decode-binary", "decode, binary frame", || hosted("binary")),
    framing(
        "framing-text",
        "framing, TEXT, a MiB of 128-byte lines",
        || framed(candidates::TEXT_LINE),
    ),
    framing(
        "framing-binary",
        "framing, BINARY, a MiB of 128-byte frames",
        || framed(candidates::BINARY),
    ),
    framing(
        "framing-json",
        "framing, JSON, a MiB of 128-byte objects",
        || framed(candidates::JSON),
    ),
];

const fn decode(key: &'static str, title: &'static str, prepare: fn() -> Call) -> Part {
    Part {
        key,
        title,
        runs: 10,
        calls: FRAMES as u64,
        prepare,
    }
}

const fn framing(key: &'static str, title: &'static str, prepare: fn() -> Call) -> Part {
    Part {
        key,
        title,
        runs: 4,
        calls: 1,
        prepare,
    }
}

/// Frames of one job.
const FRAMES: usize = 256;

/// What a converter thread of the host does for the frames of a job, with a converter in Rust.
fn hosted(workload: &str) -> Call {
    let workload = workloads()
        .into_iter()
        .find(|one| one.key == workload)
        .unwrap();
    let engine = ConverterEngine::new(None).unwrap();
    let wasm = fs::read(converter(workload.format)).unwrap();
    let settings = ConverterSettings {
        max_calls_per_instance: 0,
        ..ConverterSettings::default()
    };
    let limits = settings.limits(workload.format);
    let converter = Converter::load(&engine, workload.format, &wasm, limits).unwrap();
    let mut thread = Here::default();
    let frames = vec![workload.frame.into(); FRAMES];
    let context = Arc::new(CallContext::Uplink {
        integration: Arc::new(Metadata::new()),
        peer: ([127, 0, 0, 1], 1).into(),
        local: ([127, 0, 0, 1], 2).into(),
        session: Session::new(workload.session.into()),
    });
    let origin = Origin {
        integration: "TCP integration".into(),
        allow_create: true,
        received_ms: 1_700_000_000_000,
    };
    Box::new(move || {
        // Under valgrind a turn may be over before the job is.
        let mut done = 0;
        while done < FRAMES {
            let left = black_box(frames[done..].to_vec());
            let from = (context.clone(), origin.clone());
            let (_, decoded, batch) = thread.decode(&converter, left, from);
            assert!(decoded.iter().all(Result::is_ok) && batch.len() >= decoded.len());
            done += decoded.len();
        }
    })
}

/// A connection that gets a whole stream.
fn framed(name: candidates::Name) -> Call {
    let candidate = candidates()
        .into_iter()
        .find(|one| one.name == name)
        .unwrap();
    let stream = stream(candidate.wire, FRAME);
    Box::new(move || {
        let found = (candidate.serve)(black_box(&stream.bytes), 0);
        assert_eq!(found.frames, stream.frames.len());
    })
}
