//! Converters as the host calls them.

use std::{
    fs,
    time::{Duration, Instant},
};

use harness::converter;
use measure::{Cell, Samples};
use tb_tcp::{
    config::ConverterSettings,
    converter::{Converter, ConverterEngine, Metadata, Trial},
};

use crate::{
    Decoder, FIRST_CALLS, share_of_processor_time,
    workloads::{Outcome, Workload},
};

/// A language that converters are written in.
pub(crate) struct Language {
    pub(crate) key: &'static str,
    pub(crate) label: &'static str,
    /// Where its built converters are.
    folder: &'static str,
    formats: &'static [&'static str],
}

const LANGUAGES: [Language; 2] = [
    Language {
        key: "rust",
        label: "Rust .wasm",
        folder: "",
        formats: &["csv", "json", "binary", "teltonika"],
    },
    Language {
        key: "assemblyscript",
        label: "AssemblyScript .wasm",
        folder: "assemblyscript/",
        formats: &["csv", "json", "binary"],
    },
];

/// The engine, with its clock of deadlines running.
pub(crate) struct Languages {
    engine: ConverterEngine,
}

impl Languages {
    pub(crate) fn load() -> Self {
        Self {
            engine: ConverterEngine::new(None).unwrap(),
        }
    }

    /// The converters of the workload's format.
    pub(crate) fn candidates(&self, workload: &Workload) -> Vec<(&'static Language, Hosted)> {
        let fitting = LANGUAGES
            .iter()
            .filter(|one| one.formats.contains(&workload.format));
        fitting
            .map(|language| (language, Hosted::new(&self.engine, language, workload)))
            .collect()
    }
}

/// One converter in one language.
pub(crate) struct Hosted {
    trial: Trial,
    metadata: Metadata,
    frame: Vec<u8>,
    session: bytes::Bytes,
    /// Bytes of the instance after the first calls.
    pub(crate) first_memory: usize,
    /// Bytes of the instance after the last call.
    pub(crate) memory: usize,
}

impl Hosted {
    fn new(engine: &ConverterEngine, language: &Language, workload: &Workload) -> Self {
        let name = format!("{}{}", language.folder, workload.format);
        let wasm = fs::read(converter(&name)).unwrap();
        let settings = ConverterSettings {
            // One instance serves them all.
            max_calls_per_instance: 0,
            ..ConverterSettings::default()
        };
        let limits = settings.limits(workload.format);
        let converter = Converter::load(engine, workload.format, &wasm, limits).unwrap();
        let metadata = [("integrationName", "TCP integration"), ("site", "north")];
        let own = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        let mut hosted = Self {
            trial: Trial::new(converter),
            metadata: metadata.map(own).into_iter().collect(),
            frame: workload.frame.clone(),
            session: workload.session.clone().into(),
            first_memory: 0,
            memory: 0,
        };
        hosted.turn(FIRST_CALLS);
        hosted.first_memory = hosted.memory;
        hosted
    }
}

impl Decoder for Hosted {
    fn check(&mut self) -> Outcome {
        let tried = self
            .trial
            .decode(&self.frame, &self.metadata, &self.session);
        Outcome::of(&tried.result.unwrap(), &tried.actions.reply)
    }

    fn turn(&mut self, calls: u64) -> Duration {
        share_of_processor_time(|| {
            let mut took = Duration::ZERO;
            for _ in 0..calls {
                let tried = self
                    .trial
                    .decode(&self.frame, &self.metadata, &self.session);
                assert!(tried.result.is_ok_and(|entities| !entities.is_empty()));
                took += tried.took;
                self.memory = tried.memory_bytes;
            }
            took
        })
    }
}

/// What a figure of a `.wasm` row holds.
pub(crate) fn what_is_timed() -> String {
    let readings = (0..1000).map(|_| {
        let start = Instant::now();
        start.elapsed().as_secs_f64() * 1e9
    });
    let clock = Cell::figure(readings.collect::<Samples>().median(), "ns");
    format!(
        "A `.wasm` figure is the host's call, from the frame to the checked result: with the converter's \
         limits, its deadline, metadata to ask for, and one reading of the clock, {} here. As for native code, \
         freeing the result is no part of it.",
        clock.label()
    )
}
