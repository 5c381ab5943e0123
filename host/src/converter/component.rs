//! One version of a converter: compiled, checked and tried.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use sha2::{Digest, Sha256};
use wasmtime::component::{ComponentExportIndex, InstancePre};

use super::{
    bindings::{DECODE, LIFECYCLE, UPLINK, downlink, framing},
    contract,
    engine::ConverterEngine,
    error::{CallError, LoadError, one_line},
    instance::{Event, Instance},
    state::GuestState,
};
use crate::{config::ConverterLimits, hex::hex, log_budget::LogBudget, message::now_ms};

/// A direction that a converter can export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the device: `tb:converter/uplink`.
    Uplink,
    /// To the device: `tb:converter/downlink`.
    Downlink,
}

impl fmt::Display for Direction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Uplink => "uplink",
            Self::Downlink => "downlink",
        })
    }
}

/// What a version of a converter has done.
#[derive(Debug, Default)]
pub struct Stats {
    pub(super) calls: AtomicU64,
    pub(super) errors: AtomicU64,
}

impl Stats {
    /// Calls that ended, whatever they gave.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Relaxed)
    }

    /// Calls that gave an error.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.errors.load(Relaxed)
    }
}

/// A loaded version of a converter.
pub struct Converter {
    pub(super) name: Arc<str>,
    version: Arc<str>,
    bytes: usize,
    loaded_ms: i64,
    pub(super) limits: ConverterLimits,
    pub(super) stats: Arc<Stats>,
    /// Shared by its instances: one that traps must not get a new one.
    pub(super) log_budget: Arc<Mutex<LogBudget>>,
    pub(super) engine: ConverterEngine,
    pub(super) pre: InstancePre<GuestState>,
    pub(super) exports: Exports,
}

/// Where a component's exports are found in its instances.
#[derive(Clone)]
pub(super) struct Exports {
    /// `decode`.
    pub(super) uplink: Option<ComponentExportIndex>,
    pub(super) downlink: Option<downlink::GuestIndices>,
    /// The functions of [`Event::ALL`].
    pub(super) lifecycle: Option<[ComponentExportIndex; Event::ALL.len()]>,
    pub(super) framing: Option<framing::GuestIndices>,
}

impl Exports {
    fn of(pre: &InstancePre<GuestState>) -> Self {
        Self {
            uplink: functions(pre, UPLINK, [DECODE]).map(|[decode]| decode),
            downlink: downlink::GuestIndices::new(pre).ok(),
            lifecycle: functions(pre, LIFECYCLE, Event::ALL.map(Event::function)),
            framing: framing::GuestIndices::new(pre).ok(),
        }
    }

    /// Whether they are there, in the order of the contract's check.
    fn found(&self) -> [bool; 4] {
        [
            self.uplink.is_some(),
            self.downlink.is_some(),
            self.lifecycle.is_some(),
            self.framing.is_some(),
        ]
    }
}

/// Where the functions of an interface are, if all are there.
fn functions<const N: usize>(
    pre: &InstancePre<GuestState>,
    interface: &str,
    names: [&str; N],
) -> Option<[ComponentExportIndex; N]> {
    let component = pre.component();
    let interface = component.get_export_index(None, interface)?;
    let found = names.map(|name| component.get_export_index(Some(&interface), name));
    let found: Option<Vec<_>> = found.into_iter().collect();
    found?.try_into().ok()
}

impl fmt::Debug for Converter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Converter({}@{})", self.name, self.version)
    }
}

impl Converter {
    /// Compiles `wasm`, checks it against the contract, and makes one instance
    /// under `limits` to see that it starts. Takes tens of milliseconds unless
    /// the engine has it compiled already, and blocks.
    ///
    /// # Errors
    /// Says what is wrong with the file.
    pub fn load(
        engine: &ConverterEngine,
        name: &str,
        wasm: &[u8],
        limits: ConverterLimits,
    ) -> Result<Arc<Self>, LoadError> {
        check_preamble(wasm)?;
        let digest = Sha256::digest(wasm);
        let component = engine
            .compile(wasm, digest.into())
            .map_err(|error| LoadError::Invalid(one_line(&error)))?;
        let pre = engine
            .linker
            .instantiate_pre(&component)
            .map_err(|error| contract::unfit_import(engine, &component, wasm, &error))?;
        let exports = Exports::of(&pre);
        contract::check_exports(engine, &component, wasm, exports.found())?;
        let converter = Arc::new(Self {
            name: name.into(),
            version: short(&digest).into(),
            bytes: wasm.len(),
            loaded_ms: now_ms(),
            limits,
            stats: Arc::default(),
            log_budget: log_budget(&limits),
            engine: engine.clone(),
            pre,
            exports,
        });
        Instance::new(&converter).map_err(|error| match error {
            CallError::WrongType(detail) => contract::wrong_type(wasm, &detail),
            error => LoadError::Instantiate(error),
        })?;
        Ok(converter)
    }

    /// The same version under other limits.
    #[must_use]
    pub fn with_limits(&self, limits: ConverterLimits) -> Arc<Self> {
        Arc::new(Self {
            name: self.name.clone(),
            version: self.version.clone(),
            bytes: self.bytes,
            loaded_ms: self.loaded_ms,
            limits,
            stats: self.stats.clone(),
            log_budget: log_budget(&limits),
            engine: self.engine.clone(),
            pre: self.pre.clone(),
            exports: self.exports.clone(),
        })
    }

    /// The file's name without `.wasm`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first eight hex digits of the file's SHA-256.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Size of the file, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// When it was loaded, in Unix milliseconds.
    #[must_use]
    pub fn loaded_ms(&self) -> i64 {
        self.loaded_ms
    }

    /// What it may use.
    #[must_use]
    pub fn limits(&self) -> &ConverterLimits {
        &self.limits
    }

    /// What it has done since it was loaded.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Whether it exports `direction`.
    #[must_use]
    pub fn exports(&self, direction: Direction) -> bool {
        match direction {
            Direction::Uplink => self.exports.uplink.is_some(),
            Direction::Downlink => self.exports.downlink.is_some(),
        }
    }

    /// Whether it can be told of connections that come, idle and go.
    #[must_use]
    pub fn follows_connections(&self) -> bool {
        self.exports.lifecycle.is_some()
    }

    /// Whether it can cut a stream into frames.
    #[must_use]
    pub fn cuts_frames(&self) -> bool {
        self.exports.framing.is_some()
    }

    /// What it exports, for people.
    #[must_use]
    pub fn kind(&self) -> String {
        let mut kind = self.directions().to_owned();
        for (name, there) in [
            ("lifecycle", self.follows_connections()),
            ("framing", self.cuts_frames()),
        ] {
            if there {
                kind += ", ";
                kind += name;
            }
        }
        kind
    }

    /// The directions that it exports, for people.
    #[must_use]
    pub fn directions(&self) -> &'static str {
        match (
            self.exports(Direction::Uplink),
            self.exports(Direction::Downlink),
        ) {
            (true, true) => "uplink and downlink",
            (true, false) => "uplink",
            (false, _) => "downlink",
        }
    }
}

fn log_budget(limits: &ConverterLimits) -> Arc<Mutex<LogBudget>> {
    Arc::new(Mutex::new(LogBudget::new(limits.log_lines_per_second)))
}

/// The version of a file's content.
pub(super) fn version(wasm: &[u8]) -> String {
    short(&Sha256::digest(wasm))
}

fn short(digest: &[u8]) -> String {
    hex(&digest[..4])
}

/// Tells files that are no components apart before the compiler sees them, for
/// a clearer answer.
fn check_preamble(wasm: &[u8]) -> Result<(), LoadError> {
    const MAGIC: &[u8] = b"\0asm";
    let start = &wasm[..wasm.len().min(8)];
    if wasm.len() < 8 && (MAGIC.starts_with(start) || start.starts_with(MAGIC)) {
        return Err(LoadError::Invalid(format!("{} bytes only", wasm.len())));
    }
    if !wasm.starts_with(MAGIC) {
        return Err(LoadError::NotWasm { start: hex(start) });
    }
    // Version 1, layer 0 is a core module; layer 1 is a component.
    if wasm[6..8] == [0, 0] {
        return Err(LoadError::CoreModule);
    }
    Ok(())
}
