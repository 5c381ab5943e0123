//! The WebAssembly engine: what all converters share.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use wasmtime::{
    Config, Engine,
    component::{Component, HasSelf, Linker, Resource},
};

use super::{
    aot,
    bindings::{connection, context, logging},
    deadline::TICK,
    file_cache::FileCache,
    state::GuestState,
};

/// Compiles components and holds what they may import. Cheap to clone.
#[derive(Clone)]
pub struct ConverterEngine {
    pub(super) engine: Engine,
    pub(super) linker: Arc<Linker<GuestState>>,
    cache: Option<Arc<FileCache>>,
    ticks: Arc<AtomicU64>,
}

impl ConverterEngine {
    /// An engine, and the thread that drives its deadlines; the thread ends
    /// when the engine is gone. Compiled code is kept in `cache`, if there is
    /// one.
    ///
    /// # Errors
    /// This machine cannot run compiled WebAssembly.
    pub fn new(cache: Option<FileCache>) -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config
            .epoch_interruption(true)
            // Tasks, streams and futures of newer components: not in our
            // contract, and they make every call dearer.
            .concurrency_support(false);
        let engine = Engine::new(&config)?;
        let linker = Arc::new(linker(&engine)?);
        let ticks = Arc::default();
        drive_deadlines(&engine, &ticks)?;
        Ok(Self {
            engine,
            linker,
            cache: cache.map(Arc::new),
            ticks,
        })
    }

    /// How often the clock of the deadlines has ticked: a time that costs nothing to read.
    pub(super) fn ticks(&self) -> u64 {
        self.ticks.load(Relaxed)
    }

    /// Compiles `wasm`, or takes what an earlier process made of it.
    pub(super) fn compile(&self, wasm: &[u8], digest: [u8; 32]) -> wasmtime::Result<Component> {
        match &self.cache {
            None => Component::new(&self.engine, wasm),
            Some(cache) => aot::compile(&self.engine, cache, wasm, digest),
        }
    }
}

/// The contract's imports, and WASI p2 with nothing granted, so that the
/// standard libraries of Rust and other languages link.
fn linker(engine: &Engine) -> wasmtime::Result<Linker<GuestState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    forbid_waiting(&mut linker)?;
    context::add_to_linker::<GuestState, HasSelf<GuestState>>(&mut linker, |state| state)?;
    connection::add_to_linker::<GuestState, HasSelf<GuestState>>(&mut linker, |state| state)?;
    logging::add_to_linker::<GuestState, HasSelf<GuestState>>(&mut linker, |state| state)?;
    Ok(linker)
}

/// Replaces the two WASI functions that wait: deadlines stop a guest's own
/// code, not the host's, so a sleeping guest would hold its thread for ever.
fn forbid_waiting(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    use wasmtime_wasi::p2::DynPollable;

    const REFUSAL: &str =
        "the converter tried to wait (sleep or poll); a converter may only compute";
    linker.allow_shadowing(true);
    let mut poll = linker.instance("wasi:io/poll@0.2.12")?;
    poll.func_wrap(
        "poll",
        |_, (_pollables,): (Vec<Resource<DynPollable>>,)| -> wasmtime::Result<(Vec<u32>,)> {
            Err(wasmtime::Error::msg(REFUSAL))
        },
    )?;
    poll.func_wrap(
        "[method]pollable.block",
        |_, (_pollable,): (Resource<DynPollable>,)| -> wasmtime::Result<()> {
            Err(wasmtime::Error::msg(REFUSAL))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

fn drive_deadlines(engine: &Engine, ticks: &Arc<AtomicU64>) -> std::io::Result<()> {
    let (engine, ticks) = (engine.weak(), ticks.clone());
    thread::Builder::new()
        .name("converter-clock".to_owned())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                ticks.fetch_add(1, Relaxed);
                drop(engine);
                thread::sleep(TICK);
            }
        })?;
    Ok(())
}
