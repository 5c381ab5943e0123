//! One instance of a converter, and the two calls into it.

use std::sync::Arc;

use wasmtime::{Store, Trap};

use super::{
    bindings::{downlink, types::Entity, uplink},
    call::CallContext,
    check,
    component::{Converter, one_line},
    error::CallError,
    state::GuestState,
};

/// An instance and its store. One instance lives in one store, because a store
/// frees nothing before it is dropped itself.
pub(super) struct Instance {
    converter: Arc<Converter>,
    store: Store<GuestState>,
    uplink: Option<uplink::Guest>,
    downlink: Option<downlink::Guest>,
}

impl Instance {
    /// Makes an instance, under the same limits as a call.
    pub(super) fn new(converter: &Arc<Converter>) -> Result<Self, CallError> {
        let limits = converter.engine.limits;
        let state = GuestState::new(converter.name.clone(), limits);
        let mut store = Store::new(&converter.engine.engine, state);
        store.limiter(|state| state);
        store.set_epoch_deadline(limits.deadline_ticks());
        let made = converter.pre.instantiate(&mut store).and_then(|instance| {
            let uplink = converter.uplink.as_ref();
            let uplink = uplink
                .map(|indices| indices.load(&mut store, &instance))
                .transpose()?;
            let downlink = converter.downlink.as_ref();
            let downlink = downlink
                .map(|indices| indices.load(&mut store, &instance))
                .transpose()?;
            Ok((uplink, downlink))
        });
        let (uplink, downlink) = made.map_err(|error| classify(&mut store, converter, &error))?;
        Ok(Self {
            converter: converter.clone(),
            store,
            uplink,
            downlink,
        })
    }

    /// Whether this is an instance of just that version.
    pub(super) fn is_of(&self, converter: &Arc<Converter>) -> bool {
        Arc::ptr_eq(&self.converter, converter)
    }

    /// WIT `decode`, with the result checked.
    pub(super) fn decode(
        &mut self,
        frame: &[u8],
        context: &CallContext,
    ) -> Result<Vec<Entity>, CallError> {
        let Some(guest) = &self.uplink else {
            return Err(CallError::NotExported("tb:converter/uplink"));
        };
        begin(&mut self.store, &self.converter, context);
        let outcome = guest.call_decode(&mut self.store, frame);
        let entities = finish(&mut self.store, &self.converter, outcome)?;
        check::check(&entities).map_err(CallError::BadResult)?;
        Ok(entities)
    }

    /// WIT `encode`.
    pub(super) fn encode(
        &mut self,
        msg: &str,
        msg_type: &str,
        context: &CallContext,
    ) -> Result<Vec<Vec<u8>>, CallError> {
        let Some(guest) = &self.downlink else {
            return Err(CallError::NotExported("tb:converter/downlink"));
        };
        begin(&mut self.store, &self.converter, context);
        let outcome = guest.call_encode(&mut self.store, msg, msg_type);
        finish(&mut self.store, &self.converter, outcome)
    }
}

fn begin(store: &mut Store<GuestState>, converter: &Converter, context: &CallContext) {
    store.data_mut().begin(context.clone());
    store.set_epoch_deadline(converter.engine.limits.deadline_ticks());
}

fn finish<T>(
    store: &mut Store<GuestState>,
    converter: &Converter,
    outcome: wasmtime::Result<Result<T, String>>,
) -> Result<T, CallError> {
    let result = match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(text)) => Err(CallError::Refused(text)),
        Err(error) => Err(classify(store, converter, &error)),
    };
    store.data_mut().flush_stdio();
    store.data_mut().call = None;
    result
}

/// Puts what wasmtime reports in the words of whoever wrote the converter.
fn classify(
    store: &mut Store<GuestState>,
    converter: &Converter,
    error: &wasmtime::Error,
) -> CallError {
    let limits = converter.engine.limits;
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
        None => CallError::Trapped(root_cause(error)),
    }
}

/// The innermost cause: the outer ones are wasm backtraces.
fn root_cause(error: &wasmtime::Error) -> String {
    error
        .chain()
        .last()
        .map_or_else(|| one_line(error), ToString::to_string)
}
