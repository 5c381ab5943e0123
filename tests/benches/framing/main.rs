//! How fast the framing decoders cut a stream, beside the codecs of
//! `tokio_util` and beside memory passes that cut nothing.
//!
//! `just bench framing`.
//!
//! All candidates take the stream as a connection does: in reads that are
//! appended to the buffer which the frames are cut from, so that one copy of
//! all bytes is part of every figure, of the memory passes' too. Each frame is
//! counted, measured and dropped. Before anything is timed the frames'
//! contents are compared with what the stream was made of.
//!
//! The candidates take turns in each round, so that whatever else the machine
//! does meanwhile meets all of them; a figure is the median of the rounds. The
//! stream stays in the processor's caches, as bytes fresh from the kernel do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a candidate that does not frame as expected has no speed"
)]

mod candidates;
mod streams;

use std::hint::black_box;

use candidates::{Candidate, Found, Name, OURS, candidates};
use measure::{
    Arguments, Axis, Cell as Printed, Plot, RecordError, Report, Samples, Table, take_turns,
};
use streams::{STREAM, Stream, Wire, stream};

/// Bytes of one frame on the wire, with its separator or header.
const FRAME_SIZES: [usize; 3] = [32, 128, 4096];
/// Connections that are served for one timing.
const PASSES: usize = 16;
/// Timings of each candidate and size.
const ROUNDS: usize = 41;
const QUICK_ROUNDS: usize = 5;

/// A candidate with frames of one size.
struct Cell<'all> {
    candidate: &'all Candidate,
    size: usize,
    stream: Stream,
    expected: Found,
}

impl<'all> Cell<'all> {
    /// Checks that the candidate finds the frames of its stream.
    fn new(candidate: &'all Candidate, size: usize) -> Self {
        let stream = stream(candidate.wire, size);
        let expected = match &candidate.collect {
            Some(collect) => {
                let found = collect(&stream.bytes, 0);
                assert!(
                    found == stream.frames,
                    "{}: other frames",
                    candidate.name.label
                );
                Found {
                    frames: found.len(),
                    bytes: found.iter().map(Vec::len).sum(),
                }
            }
            None => Found {
                frames: match candidate.wire {
                    Wire::Line => stream.frames.len(),
                    _ => 0,
                },
                bytes: STREAM,
            },
        };
        Self {
            candidate,
            size,
            stream,
            expected,
        }
    }

    /// Nanoseconds a byte of the stream.
    fn turn(&self) -> f64 {
        let took = measure::thread_time(|| {
            for number in 0..PASSES {
                let found = (self.candidate.serve)(black_box(&self.stream.bytes), number);
                assert_eq!(found, self.expected, "{}", self.candidate.name.label);
            }
        });
        took.as_nanos() as f64 / (PASSES * STREAM) as f64
    }
}

fn main() -> Result<(), RecordError> {
    let arguments = Arguments::parse_for("framing", "How fast the framing decoders cut a stream");
    let mut report = Report::new("framing", "Framing", "just bench framing");
    let candidates = candidates();
    let mut cells: Vec<Cell<'_>> = FRAME_SIZES
        .iter()
        .flat_map(|size| {
            candidates
                .iter()
                .map(|candidate| Cell::new(candidate, *size))
        })
        .collect();
    let rounds = match arguments.quick {
        true => QUICK_ROUNDS,
        false => ROUNDS,
    };
    let costs = take_turns(&mut cells, rounds, |cell| cell.turn());
    for (cells, costs) in cells
        .chunks(candidates.len())
        .zip(costs.chunks(candidates.len()))
    {
        table(&mut report, cells, costs);
    }
    plot(&mut report, &candidates, &costs);
    report.finish(&arguments)
}

/// Throughput against the frames' size, of what cuts frames.
fn plot(report: &mut Report, candidates: &[Candidate], costs: &[Samples]) {
    let mut plot = Plot::new(
        "throughput",
        "Throughput of the decoders",
        Axis::logarithmic("bytes of a frame on the wire"),
        Axis::logarithmic("GB/s"),
    );
    for (index, candidate) in candidates.iter().enumerate() {
        if candidate.collect.is_some() {
            let points = FRAME_SIZES
                .iter()
                .zip(costs.iter().skip(index).step_by(candidates.len()))
                .map(|(size, cost)| (*size as f64, 1.0 / cost.median()));
            plot = plot.line(candidate.name.label.replace('`', ""), points);
        }
    }
    report.plot(plot);
}

/// The table of one size of frames.
fn table(report: &mut Report, cells: &[Cell<'_>], costs: &[Samples]) {
    let size = cells[0].size;
    let title = format!("Frames of {size} bytes on the wire");
    let mut table = Table::new(format!("frames-{size}"), title, "decoder").columns([
        ("throughput", "throughput"),
        ("frames", "frames"),
        ("toCodec", "÷ codec"),
        ("toBare", "÷ bare pass"),
    ]);
    // Bytes a nanosecond.
    let gigabytes = |index: usize| 1.0 / costs[index].median();
    let of = |name: Name| {
        let index = cells.iter().position(|cell| cell.candidate.name == name);
        gigabytes(index.unwrap())
    };
    for (index, cell) in cells.iter().enumerate() {
        let (name, own) = (cell.candidate.name, gigabytes(index));
        let [codec, bare] = cell.candidate.rivals.map(|rival| match rival {
            Some(rival) => Printed::ratio(own, of(rival)),
            None => Printed::Nothing,
        });
        // Frames in so many bytes, where the candidate cuts none.
        let frames = own * 1e3 / size as f64;
        let row = [
            Printed::figure(own, "GB/s"),
            Printed::figure(frames, "million/s"),
            codec,
            bare,
        ];
        table.row(name.key, name.label, row);
        if size == FRAME_SIZES[1] && OURS.contains(&name) {
            report.key_figure(format!("{}GigabytesPerSecond", name.key), own);
        }
    }
    report.table(table);
}
