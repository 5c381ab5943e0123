//! What a call of `decode` costs, in each language that the repository's
//! converters are written in, on the frames of ThingsBoard's tutorial.
//!
//! `just bench decode [CALLS]`: CALLS of each, 1 000 000 by default. The
//! candidates take turns, so that whatever else the machine does meets all of
//! them; a figure is the median of the turns. A call is one of the host's: with
//! limits, deadline and the checks of the result. Memory is that of the one
//! instance that served them all; the last column has what it was after the
//! first thousand calls.

#![allow(clippy::unwrap_used, reason = "a panic is how a benchmark fails")]

use std::{fs, thread, time::Duration};

use harness::{converter, repository};
use tb_tcp::{
    config::ConverterSettings,
    converter::{Converter, ConverterEngine, Metadata, Trial},
};
use tokio::runtime::Runtime;

/// Converters, and the frames that they decode.
const FRAMES: [(&str, &str); 3] = [
    ("csv", "payload.txt"),
    ("json", "payload.json"),
    ("binary", "payload.hex"),
];
const LANGUAGES: [(&str, &str); 2] = [("Rust", ""), ("AssemblyScript", "assemblyscript/")];
const TURNS: usize = 41;
const FIRST_CALLS: usize = 1000;

/// One converter in one language.
struct Candidate {
    trial: Trial,
    frame: Vec<u8>,
    /// Mean time of a call, by turn.
    turns: Vec<Duration>,
    first_memory: usize,
    memory: usize,
}

impl Candidate {
    fn new(engine: &ConverterEngine, name: &str, frame: &str, folder: &str) -> Self {
        let wasm = fs::read(converter(&format!("{folder}{name}"))).unwrap();
        let settings = ConverterSettings {
            // One instance serves them all.
            max_calls_per_instance: 0,
            ..ConverterSettings::default()
        };
        let converter = Converter::load(engine, name, &wasm, settings.limits(name)).unwrap();
        let file = repository()
            .join("converters")
            .join(name)
            .join("uplink")
            .join(frame);
        let bytes = fs::read(&file).unwrap();
        let hex = file.extension().is_some_and(|extension| extension == "hex");
        let frame = if hex {
            tb_converter::encoding::hex_to_bytes(str::from_utf8(&bytes).unwrap()).unwrap()
        } else {
            bytes
        };
        let mut candidate = Self {
            trial: Trial::new(converter),
            frame,
            turns: Vec::new(),
            first_memory: 0,
            memory: 0,
        };
        candidate.turn(FIRST_CALLS);
        candidate.first_memory = candidate.memory;
        candidate.turns.clear();
        candidate
    }

    fn turn(&mut self, calls: usize) {
        let metadata = Metadata::new();
        let mut took = Duration::ZERO;
        for _ in 0..calls {
            let tried = self
                .trial
                .decode(&self.frame, &metadata, &Default::default());
            assert!(!tried.result.unwrap().is_empty());
            took += tried.took;
            self.memory = tried.memory_bytes;
        }
        self.turns.push(took / u32::try_from(calls).unwrap());
    }

    fn median(&mut self) -> Duration {
        self.turns.sort_unstable();
        self.turns[self.turns.len() / 2]
    }
}

fn main() {
    let calls: usize = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(1_000_000);
    // Guests may block, which they must not on a thread of the runtime.
    let runtime = Runtime::new().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let _context = runtime.enter();
            run(calls);
        });
    });
}

fn run(calls: usize) {
    let engine = ConverterEngine::new(None).unwrap();
    println!("{calls} calls each, in {TURNS} turns\n");
    println!("| frame | language | a call | to Rust | memory | after {FIRST_CALLS} calls |");
    println!("|---|---|---|---|---|---|");
    for (name, frame) in FRAMES {
        let mut candidates: Vec<_> = LANGUAGES
            .iter()
            .map(|(_, folder)| Candidate::new(&engine, name, frame, folder))
            .collect();
        for _ in 0..TURNS {
            for candidate in &mut candidates {
                candidate.turn((calls / TURNS).max(1));
            }
        }
        let rust = candidates[0].median();
        for ((language, _), candidate) in LANGUAGES.iter().zip(&mut candidates) {
            let median = candidate.median();
            println!(
                "| {name} | {language} | {:.2} µs | {:.2}× | {} KiB | {} KiB |",
                median.as_secs_f64() * 1e6,
                median.as_secs_f64() / rust.as_secs_f64(),
                candidate.memory / 1024,
                candidate.first_memory / 1024,
            );
        }
    }
}
