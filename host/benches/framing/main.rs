//! How fast the framing decoders cut a stream, beside the codecs of
//! `tokio_util` and beside memory passes that cut nothing.
//!
//! ```text
//! cargo bench -p tb-tcp --bench framing             # a Markdown table
//! cargo bench -p tb-tcp --bench framing -- --json   # one object a line
//! ```
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

use std::{fmt::Write as _, hint::black_box, time::Instant};

use candidates::{Candidate, Found, candidates};
use streams::{STREAM, Stream, Wire, stream};

/// Bytes of one frame on the wire, with its separator or header.
const FRAME_SIZES: [usize; 3] = [32, 128, 4096];
/// Connections that are served for one timing.
const PASSES: usize = 16;
/// Timings of each candidate and size.
const ROUNDS: usize = 41;

/// A candidate with frames of one size.
struct Cell<'all> {
    candidate: &'all Candidate,
    size: usize,
    stream: Stream,
    expected: Found,
    /// Nanoseconds per byte of the stream, by round.
    costs: Vec<f64>,
}

impl<'all> Cell<'all> {
    /// Checks that the candidate finds the frames of its stream.
    fn new(candidate: &'all Candidate, size: usize) -> Self {
        let stream = stream(candidate.wire, size);
        let expected = match &candidate.collect {
            Some(collect) => {
                let found = collect(&stream.bytes, 0);
                assert!(found == stream.frames, "{}: other frames", candidate.name);
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
            costs: Vec::with_capacity(ROUNDS),
        }
    }

    fn time(&mut self) {
        let start = Instant::now();
        for number in 0..PASSES {
            let found = (self.candidate.serve)(black_box(&self.stream.bytes), number);
            assert_eq!(found, self.expected, "{}", self.candidate.name);
        }
        let bytes = (PASSES * STREAM) as f64;
        self.costs.push(start.elapsed().as_nanos() as f64 / bytes);
    }

    fn gigabytes(&self) -> f64 {
        let mut costs = self.costs.clone();
        costs.sort_by(f64::total_cmp);
        1.0 / costs[costs.len() / 2]
    }

    /// Frames in so many bytes, where the candidate cuts none.
    fn million_frames(&self) -> f64 {
        self.gigabytes() * 1e3 / self.size as f64
    }
}

fn main() {
    // Cargo adds `--bench`.
    let json = std::env::args().any(|argument| argument == "--json");
    let candidates = candidates();
    let mut cells: Vec<Cell<'_>> = FRAME_SIZES
        .iter()
        .flat_map(|size| {
            candidates
                .iter()
                .map(|candidate| Cell::new(candidate, *size))
        })
        .collect();
    for _ in 0..ROUNDS {
        cells.iter_mut().for_each(Cell::time);
    }
    let find = |name: &str, size: usize| {
        cells
            .iter()
            .find(|cell| cell.candidate.name == name && cell.size == size)
            .unwrap()
    };
    if !json {
        print_head();
    }
    for candidate in &candidates {
        let mut row = format!("| {} |", candidate.name);
        for size in FRAME_SIZES {
            let cell = find(candidate.name, size);
            let (gigabytes, frames) = (cell.gigabytes(), cell.million_frames());
            let ratios = candidate
                .rivals
                .map(|rival| Some(gigabytes / find(rival?, size).gigabytes()));
            if json {
                let [codec, bare] = ratios.map(|ratio| match ratio {
                    Some(ratio) => format!("{ratio:.3}"),
                    None => "null".to_owned(),
                });
                println!(
                    "{{\"decoder\":\"{}\",\"frameBytes\":{size},\"gigabytesPerSecond\":{gigabytes:.3},\
                     \"millionFramesPerSecond\":{frames:.3},\"toCodec\":{codec},\"toBare\":{bare}}}",
                    candidate.name
                );
                continue;
            }
            let [codec, bare] = ratios.map(|ratio| match ratio {
                Some(ratio) => format!("{ratio:.2}"),
                None => "–".to_owned(),
            });
            let _ = write!(row, " {gigabytes:.2} | {frames:.2} | {codec} | {bare} |");
        }
        if !json {
            println!("{row}");
        }
    }
}

fn print_head() {
    let mut head = "| Decoder |".to_owned();
    let mut rule = "|---|".to_owned();
    for size in FRAME_SIZES {
        let _ = write!(
            head,
            " {size} B: GB/s | million frames/s | ÷ codec | ÷ bare pass |"
        );
        rule.push_str("--:|--:|--:|--:|");
    }
    println!("{head}\n{rule}");
}
