//! The WebAssembly engine: what all converters share.

use std::{sync::Arc, thread, time::Duration};

use wasmtime::{
    Config, Engine,
    component::{HasSelf, Linker, Resource},
};

use super::{
    bindings::{context, logging},
    state::GuestState,
};
use crate::config::ConverterSettings;

/// How often the clock of the deadlines ticks. A call may overrun its deadline
/// by one tick; a tick costs a thread some microseconds.
const TICK: Duration = Duration::from_millis(5);

/// Compiles components and holds what they may import. Cheap to clone.
#[derive(Clone)]
pub struct ConverterEngine {
    pub(super) engine: Engine,
    pub(super) linker: Arc<Linker<GuestState>>,
    pub(super) limits: Limits,
}

/// What one call may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) call_timeout: Duration,
    pub(super) memory_bytes: usize,
    pub(super) log_lines_per_second: u32,
}

impl Limits {
    /// The deadline in ticks of the engine's clock. One more than the time
    /// needs, because the first tick may come at once.
    pub(super) fn deadline_ticks(self) -> u64 {
        let ticks = self.call_timeout.as_nanos().div_ceil(TICK.as_nanos());
        u64::try_from(ticks).unwrap_or(u64::MAX - 1) + 1
    }
}

impl ConverterEngine {
    /// An engine with the limits of `settings`, and the thread that drives its
    /// deadlines; the thread ends when the engine is gone.
    ///
    /// # Errors
    /// This machine cannot run compiled WebAssembly.
    pub fn new(settings: &ConverterSettings) -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config
            .epoch_interruption(true)
            // Tasks, streams and futures of newer components: not in our
            // contract, and they make every call dearer.
            .concurrency_support(false);
        let engine = Engine::new(&config)?;
        let linker = Arc::new(linker(&engine)?);
        drive_deadlines(&engine)?;
        Ok(Self {
            engine,
            linker,
            limits: Limits {
                call_timeout: settings.call_timeout(),
                memory_bytes: settings.memory_limit_bytes(),
                log_lines_per_second: settings.log_lines_per_second,
            },
        })
    }
}

/// The contract's imports, and WASI p2 with nothing granted, so that the
/// standard libraries of Rust and other languages link.
fn linker(engine: &Engine) -> wasmtime::Result<Linker<GuestState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    forbid_waiting(&mut linker)?;
    context::add_to_linker::<GuestState, HasSelf<GuestState>>(&mut linker, |state| state)?;
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

fn drive_deadlines(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    thread::Builder::new()
        .name("converter-clock".to_owned())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(TICK);
            }
        })?;
    Ok(())
}
