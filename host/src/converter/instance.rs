//! One instance of a converter, and the two calls into it.

use std::{sync::Arc, time::Duration};

use wasmtime::{Store, Trap, UpdateDeadline};

use super::{
    bindings::{DOWNLINK, UPLINK, downlink, types::Entity, uplink},
    call::CallContext,
    check,
    component::Converter,
    deadline::Deadline,
    error::{CallError, one_line},
    state::{GuestState, truncated},
};
use crate::config::ConverterLimits;

/// What wasmtime says when a guest hands over more than [`ConverterLimits::output_bytes`];
/// the error's type is private.
const FUEL_EXHAUSTED: &str = "fuel allocated for hostcalls has been exhausted";

/// An instance and its store. One instance lives in one store, because a store
/// frees nothing before it is dropped itself.
pub(super) struct Instance {
    converter: Arc<Converter>,
    store: Store<GuestState>,
    uplink: Option<uplink::Guest>,
    downlink: Option<downlink::Guest>,
    calls: u64,
    spent: bool,
}

/// A call that gave nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// It did not end within the time that it was given, which was less than
    /// the converter's limit.
    Unfinished,
    /// It failed for good.
    Final(CallError),
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::Final(error)
    }
}

/// How much processor time a call is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    /// A part of what the converter's limit allows.
    AtMost(Duration),
    /// All of it.
    Whole,
}

impl Instance {
    /// Makes an instance, under the same limits as a call.
    pub(super) fn new(converter: &Arc<Converter>) -> Result<Self, CallError> {
        let state = GuestState::new(converter);
        let mut store = Store::new(&converter.engine.engine, state);
        store.limiter(|state| state);
        store.set_hostcall_fuel(converter.limits.output_bytes);
        store.epoch_deadline_callback(|mut store| {
            let over = store.data_mut().deadline.has_passed();
            Ok(if over {
                UpdateDeadline::Interrupt
            } else {
                UpdateDeadline::Continue(1)
            })
        });
        store.set_epoch_deadline(1);
        let instance = converter
            .pre
            .instantiate(&mut store)
            .map_err(|error| classify(&mut store, &converter.limits, &error))?;
        let uplink = converter.uplink.as_ref();
        let uplink = uplink.map(|indices| indices.load(&mut store, &instance));
        let uplink = uplink.transpose().map_err(wrong_type_of(UPLINK))?;
        let downlink = converter.downlink.as_ref();
        let downlink = downlink.map(|indices| indices.load(&mut store, &instance));
        let downlink = downlink.transpose().map_err(wrong_type_of(DOWNLINK))?;
        Ok(Self {
            converter: converter.clone(),
            store,
            uplink,
            downlink,
            calls: 0,
            spent: false,
        })
    }

    /// Whether this is an instance of just that version, with just those
    /// limits.
    pub(super) fn is_of(&self, converter: &Arc<Converter>) -> bool {
        Arc::ptr_eq(&self.converter, converter)
    }

    /// Whether it must not serve another call: it trapped, has served
    /// `maxCallsPerInstance`, or has grown beyond `memoryMarkPercent`.
    pub(super) fn is_spent(&self) -> bool {
        let limits = &self.converter.limits;
        self.spent
            || limits.calls.is_some_and(|most| self.calls >= most)
            || self.store.data().has_grown_beyond(limits.memory_mark_bytes)
    }

    /// What all its memories take, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        self.store.data().memory_bytes
    }

    /// Keeps what the guest logs from here on, instead of writing it to the log.
    pub(super) fn capture_log(&mut self) {
        self.store.data_mut().captured = Some(Vec::new());
    }

    /// What was kept; the log gets what comes from here on.
    pub(super) fn captured_log(&mut self) -> Vec<(&'static str, String)> {
        self.store.data_mut().captured.take().unwrap_or_default()
    }

    /// WIT `decode`, with the result checked, and what it takes up in bytes.
    pub(super) fn decode(
        &mut self,
        frame: &[u8],
        context: &CallContext,
        time: Time,
    ) -> Result<(Vec<Entity>, usize), Failure> {
        let Some(guest) = &self.uplink else {
            return Err(CallError::NotExported(UPLINK).into());
        };
        let limits = self.converter.limits;
        begin(&mut self.store, &limits, context, time);
        let outcome = guest.call_decode(&mut self.store, frame);
        let entities = self.finish(outcome, time)?;
        let bytes = check::measure(&entities, &limits)?;
        check::check(&entities).map_err(CallError::BadResult)?;
        Ok((entities, bytes))
    }

    /// WIT `encode`.
    pub(super) fn encode(
        &mut self,
        msg: &str,
        msg_type: &str,
        context: &CallContext,
        time: Time,
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let Some(guest) = &self.downlink else {
            return Err(CallError::NotExported(DOWNLINK).into());
        };
        begin(&mut self.store, &self.converter.limits, context, time);
        let outcome = guest.call_encode(&mut self.store, msg, msg_type);
        self.finish(outcome, time)
    }

    fn finish<T>(
        &mut self,
        outcome: wasmtime::Result<Result<T, String>>,
        time: Time,
    ) -> Result<T, Failure> {
        self.calls += 1;
        let result = match outcome {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(text)) => Err(CallError::Refused(truncated(&text).to_owned()).into()),
            Err(error) => {
                self.spent = true;
                let error = classify(&mut self.store, &self.converter.limits, &error);
                Err(match (error, time) {
                    (CallError::TimedOut(_), Time::AtMost(_)) => Failure::Unfinished,
                    (error, _) => Failure::Final(error),
                })
            }
        };
        self.store.data_mut().flush_stdio();
        self.store.data_mut().call = None;
        result
    }
}

fn begin(
    store: &mut Store<GuestState>,
    limits: &ConverterLimits,
    context: &CallContext,
    time: Time,
) {
    let limit = match time {
        Time::AtMost(part) => part.min(limits.call_timeout),
        Time::Whole => limits.call_timeout,
    };
    store
        .data_mut()
        .begin(context.clone(), Deadline::new(limit));
    store.set_epoch_deadline(1);
}

fn wrong_type_of(interface: &str) -> impl Fn(wasmtime::Error) -> CallError {
    move |error| CallError::WrongType(format!("{interface}: {}", root_cause(&error)))
}

/// Puts what wasmtime reports in the words of whoever wrote the converter.
fn classify(
    store: &mut Store<GuestState>,
    limits: &ConverterLimits,
    error: &wasmtime::Error,
) -> CallError {
    let state = store.data_mut();
    if state.out_of_memory {
        return CallError::OutOfMemory(limits.memory_bytes);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => CallError::TimedOut(limits.call_timeout),
        Some(Trap::StackOverflow) => CallError::StackOverflow,
        Some(Trap::UnreachableCodeReached) => {
            state.flush_stdio();
            let said = state.last_error.take();
            CallError::Panicked(said.unwrap_or_else(|| {
                "it said nothing; the SDK's export! macro reports the message and source line"
                    .to_owned()
            }))
        }
        Some(trap) => CallError::Trapped(trap.to_string()),
        None => match root_cause(error) {
            text if text.contains(FUEL_EXHAUSTED) => CallError::TooMuchOutput(limits.output_bytes),
            text => CallError::Trapped(text),
        },
    }
}

/// The innermost cause: the outer ones are wasm backtraces.
fn root_cause(error: &wasmtime::Error) -> String {
    error
        .chain()
        .last()
        .map_or_else(|| one_line(error), ToString::to_string)
}
