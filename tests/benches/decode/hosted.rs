//! Converters as the host calls them.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use harness::converter;
use tb_tcp::{
    config::ConverterSettings,
    converter::{CallContext, Converter, ConverterEngine, Here, Metadata, Session, Trial},
    message::batch::Origin,
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

/// Frames of one job: what a busy connection hands over at a time.
const JOB: usize = 256;

/// One converter in one language.
pub(crate) struct Hosted {
    converter: Arc<Converter>,
    thread: Here,
    metadata: Metadata,
    frames: Vec<Bytes>,
    session: Bytes,
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
            converter,
            thread: Here::default(),
            metadata: metadata.map(own).into_iter().collect(),
            frames: vec![workload.frame.clone().into(); JOB],
            session: workload.session.clone().into(),
            first_memory: 0,
            memory: 0,
        };
        for _ in 0..FIRST_CALLS / JOB as u64 {
            hosted.job(JOB);
        }
        hosted.memory = hosted.thread.memory_bytes();
        hosted.first_memory = hosted.memory;
        hosted
    }
}

impl Hosted {
    /// Decodes so many frames as a converter thread does, or fewer if its turn is over before; how
    /// many, and how long that took.
    fn job(&mut self, count: usize) -> (usize, Duration) {
        let context = CallContext::Uplink {
            integration: Arc::new(self.metadata.clone()),
            peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
            local: SocketAddr::from((Ipv4Addr::LOCALHOST, 2)),
            session: Session::new(self.session.clone()),
        };
        let origin = Origin {
            integration: "TCP integration".into(),
            allow_create: true,
            received_ms: 1_700_000_000_000,
        };
        let mut frames = std::mem::take(&mut self.frames);
        frames.resize(count, frames[0].clone());
        let start = Instant::now();
        let from = (Arc::new(context), origin);
        let (frames, decoded, batch) = self.thread.decode(&self.converter, frames, from);
        let took = start.elapsed();
        assert!(decoded.iter().all(Result::is_ok) && batch.len() >= decoded.len());
        self.frames = frames;
        (decoded.len(), took)
    }
}

impl Decoder for Hosted {
    fn check(&mut self) -> Outcome {
        let mut trial = Trial::new(self.converter.clone());
        let tried = trial.decode(&self.frames[0], &self.metadata, &self.session);
        Outcome::of(&tried.result.unwrap(), &tried.actions.reply)
    }

    fn turn(&mut self, calls: u64) -> Duration {
        let took = share_of_processor_time(|| {
            let mut left = usize::try_from(calls).unwrap();
            let mut took = Duration::ZERO;
            while left > 0 {
                let (count, job) = self.job(left.min(JOB));
                took += job;
                left -= count;
            }
            took
        });
        self.memory = self.thread.memory_bytes();
        took
    }
}

/// What a figure of a `.wasm` row holds.
pub(crate) fn what_is_timed() -> String {
    format!(
        "A `.wasm` figure is all that a converter thread of the host does for a frame, {JOB} of them a job: the call, \
         with the converter's limits, its deadline and metadata to ask for, the checks of the result, and its \
         record in the batch for the spool. Of native code it is the call alone, without freeing the result."
    )
}
