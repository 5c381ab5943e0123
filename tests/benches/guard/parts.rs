//! What is counted.

use std::{fs, hint::black_box};

use harness::converter;
use tb_tcp::{
    config::ConverterSettings,
    converter::{Converter, ConverterEngine, Metadata, Trial},
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
    /// Calls that are counted.
    pub(crate) calls: u64,
    /// Gets everything ready; what it gives makes one call.
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
        calls: 1000,
        prepare,
    }
}

const fn framing(key: &'static str, title: &'static str, prepare: fn() -> Call) -> Part {
    Part {
        key,
        title,
        calls: 4,
        prepare,
    }
}

/// A call of a converter in Rust, by the host, with what a trial adds to it.
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
    let mut trial = Trial::new(converter);
    let metadata = Metadata::new();
    let session = workload.session.into();
    Box::new(move || {
        let tried = trial.decode(black_box(&workload.frame), &metadata, &session);
        assert!(black_box(tried.result).is_ok_and(|entities| !entities.is_empty()));
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
