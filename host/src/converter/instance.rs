//! One instance of a converter, and the calls into it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use wasmtime::{
    Store, Trap, UpdateDeadline,
    component::{ComponentExportIndex, ComponentNamedList, Lift, Lower, TypedFunc},
};

use super::{
    actions::Actions,
    bindings::{DOWNLINK, FRAMING, LIFECYCLE, UPLINK, downlink, framing},
    call::CallContext,
    component::Converter,
    deadline::Deadline,
    error::{CallError, one_line},
    lift::Frame,
    lifted::Lifted,
    pack::pack,
    state::{GuestState, truncated},
};
use crate::{
    config::ConverterLimits,
    message::batch::{BatchBuilder, Origin},
};

/// What wasmtime says when a guest hands over more than [`ConverterLimits::output_bytes`];
/// the error's type is private.
const FUEL_EXHAUSTED: &str = "fuel allocated for hostcalls has been exhausted";

/// How often a call is made whose session value others change meanwhile. In the last try
/// nobody can, if the call takes no longer than others may be made to wait.
const MAX_TRIES: u32 = 8;

/// An instance and its store. One instance lives in one store, because a store
/// frees nothing before it is dropped itself.
pub(super) struct Instance {
    converter: Arc<Converter>,
    store: Store<GuestState>,
    exports: Exports,
    calls: u64,
    spent: bool,
}

/// What of the contract the instance exports.
struct Exports {
    uplink: Option<TypedFunc<(Frame,), Entities>>,
    downlink: Option<downlink::Guest>,
    lifecycle: Option<[TypedFunc<(), Entities>; Event::ALL.len()]>,
    framing: Option<framing::Guest>,
}

/// `result<list<entity>, string>`
type Entities = (Result<Lifted, String>,);

/// What happens on a connection beside frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A device has connected: `on-connect`.
    Connected,
    /// It has sent nothing for a while: `on-idle`.
    Idle,
    /// The connection has ended: `on-close`.
    Closed,
}

impl Event {
    /// In the order of their numbers.
    pub(super) const ALL: [Self; 3] = [Self::Connected, Self::Idle, Self::Closed];

    /// The contract's function.
    #[must_use]
    pub fn function(self) -> &'static str {
        match self {
            Self::Connected => "on-connect",
            Self::Idle => "on-idle",
            Self::Closed => "on-close",
        }
    }
}

/// What a call gave, and what it asks for.
#[derive(Debug, PartialEq)]
pub struct Output<T> {
    /// What it returned.
    pub value: T,
    /// What is to be done on the connection; none is nothing.
    pub actions: Option<Box<Actions>>,
}

/// Where the next frame is, as a converter sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// So many bytes more are needed at least.
    Need(u32),
    /// So many bytes are to be dropped, and so many behind them are the frame.
    Frame { skip: u32, length: u32 },
}

/// Where the records of a call go.
pub(super) struct Records<'call> {
    /// Where they come from.
    pub(super) origin: &'call Origin,
    pub(super) batch: &'call mut BatchBuilder,
}

/// What the guest's function came to, or the interface that is not exported.
type Called<T> = Result<wasmtime::Result<Result<T, String>>, &'static str>;

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
        let indices = &converter.exports;
        macro_rules! load {
            ($export:ident, $name:ident) => {{
                let indices = indices.$export.as_ref();
                let loaded = indices.map(|indices| indices.load(&mut store, &instance));
                loaded.transpose().map_err(wrong_type_of($name))?
            }};
        }
        let exports = Exports {
            downlink: load!(downlink, DOWNLINK),
            framing: load!(framing, FRAMING),
            uplink: match &indices.uplink {
                None => None,
                Some(index) => Some(typed(&mut store, &instance, index, UPLINK)?),
            },
            lifecycle: match &indices.lifecycle {
                None => None,
                Some([connected, idle, closed]) => Some([
                    typed(&mut store, &instance, connected, LIFECYCLE)?,
                    typed(&mut store, &instance, idle, LIFECYCLE)?,
                    typed(&mut store, &instance, closed, LIFECYCLE)?,
                ]),
            },
        };
        Ok(Self {
            converter: converter.clone(),
            store,
            exports,
            calls: 0,
            spent: false,
        })
    }

    /// Whether this is an instance of just that version, with just those
    /// limits.
    pub(super) fn is_of(&self, converter: &Arc<Converter>) -> bool {
        Arc::ptr_eq(&self.converter, converter)
    }

    /// The converter's name.
    pub(super) fn name(&self) -> &str {
        self.converter.name()
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

    /// WIT `decode`; what it returned is added to `records`.
    pub(super) fn decode(
        &mut self,
        frame: &Bytes,
        context: &Arc<CallContext>,
        time: Time,
        records: Records<'_>,
    ) -> Result<Output<()>, Failure> {
        #[cfg(feature = "native-decoder")]
        if self.name() == super::native::NAME {
            let actions = None;
            super::native::decode(frame, records)?;
            return Ok(Output { value: (), actions });
        }
        self.entities(context, time, records, |exports, store| {
            let decode = exports.uplink.as_ref().ok_or(UPLINK)?;
            Ok(decode.call(store, (Frame(frame.clone()),)))
        })
    }

    /// One of the functions of WIT `lifecycle`; what it returned is added to `records`.
    pub(super) fn on_event(
        &mut self,
        event: Event,
        context: &Arc<CallContext>,
        time: Time,
        records: Records<'_>,
    ) -> Result<Output<()>, Failure> {
        self.entities(context, time, records, |exports, store| {
            let functions = exports.lifecycle.as_ref().ok_or(LIFECYCLE)?;
            Ok(functions[event as usize].call(store, ()))
        })
    }

    /// WIT `encode`.
    pub(super) fn encode(
        &mut self,
        msg: &str,
        msg_type: &str,
        context: &Arc<CallContext>,
        time: Time,
    ) -> Result<Output<Vec<Vec<u8>>>, Failure> {
        self.unchecked(context, time, |exports, store| {
            let guest = exports.downlink.as_ref().ok_or(DOWNLINK)?;
            Ok(guest.call_encode(store, msg, msg_type))
        })
    }

    /// WIT `cut`. It knows nothing of the call's context and asks for nothing.
    pub(super) fn cut(
        &mut self,
        bytes: &[u8],
        context: &Arc<CallContext>,
        time: Time,
    ) -> Result<Step, Failure> {
        let cut = self.unchecked(context, time, |exports, store| {
            let guest = exports.framing.as_ref().ok_or(FRAMING)?;
            Ok(guest.call_cut(store, bytes))
        });
        cut.map(|output| match output.value {
            framing::Step::Need(count) => Step::Need(count),
            framing::Step::Frame(framing::Frame { skip, length }) => Step::Frame { skip, length },
        })
    }

    /// A call whose result may be anything that the contract's types allow.
    fn unchecked<T>(
        &mut self,
        context: &Arc<CallContext>,
        time: Time,
        call: impl Fn(&Exports, &mut Store<GuestState>) -> Called<T>,
    ) -> Result<Output<T>, Failure> {
        self.call(context, time, call, |_, _| Ok(()))
    }

    fn entities(
        &mut self,
        context: &Arc<CallContext>,
        time: Time,
        Records { origin, batch }: Records<'_>,
        call: impl Fn(
            &Exports,
            &mut Store<GuestState>,
        ) -> Result<wasmtime::Result<Entities>, &'static str>,
    ) -> Result<Output<()>, Failure> {
        let before = batch.mark();
        let call = |exports: &Exports, store: &mut Store<GuestState>| {
            Ok(call(exports, store)?.map(|(entities,)| entities))
        };
        self.call(context, time, call, |lifted, limits| {
            // A call that is repeated has added something already.
            batch.rewind(before);
            pack(lifted, limits, origin, batch)
        })
        .map(|Output { actions, .. }| Output { value: (), actions })
    }

    /// Makes a call, checks what it gave, and puts its session value into effect. It is made
    /// again if another call has changed the value that it read.
    fn call<T>(
        &mut self,
        context: &Arc<CallContext>,
        time: Time,
        call: impl Fn(&Exports, &mut Store<GuestState>) -> Called<T>,
        mut check: impl FnMut(&T, &ConverterLimits) -> Result<(), CallError>,
    ) -> Result<Output<T>, Failure> {
        let limits = self.converter.limits;
        for tries in 1..=MAX_TRIES {
            let may_hold = tries == MAX_TRIES && matches!(time, Time::AtMost(_));
            let hold = may_hold.then(|| context.session().hold());
            begin(&mut self.store, &limits, context, time);
            let outcome = call(&self.exports, &mut self.store).map_err(CallError::NotExported)?;
            let value = self.finish(outcome, time)?;
            check(&value, &limits)?;
            if let Ok(actions) = self
                .store
                .data_mut()
                .asked
                .conclude(context, hold.as_ref())?
            {
                return Ok(Output { value, actions });
            }
        }
        Err(CallError::SessionContended(MAX_TRIES).into())
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

/// A function of the instance, whose type is checked.
fn typed<P, R>(
    store: &mut Store<GuestState>,
    instance: &wasmtime::component::Instance,
    index: &ComponentExportIndex,
    interface: &str,
) -> Result<TypedFunc<P, R>, CallError>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    instance
        .get_typed_func(store, index)
        .map_err(wrong_type_of(interface))
}

fn begin(
    store: &mut Store<GuestState>,
    limits: &ConverterLimits,
    context: &Arc<CallContext>,
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
