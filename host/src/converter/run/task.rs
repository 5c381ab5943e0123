//! Work of one call, or of some that belong together.
//!
//! A call that takes too long for a regular thread is stopped there and made
//! again, with all of its time, on a slow one. It has done nothing by then: what
//! a call asks for counts when it is over.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use super::{
    super::{
        CallContext,
        component::Converter,
        error::CallError,
        instance::{Event, Failure, Instance, Output, Records, Time},
    },
    instances::Instances,
    lane::Lane,
};
use crate::message::batch::{Batch, BatchBuilder, Origin};

/// Something that converter threads do.
pub(super) trait Task: Send + 'static {
    /// What comes out.
    type Outcome: Send + 'static;

    /// Does it; none if that takes too long for this lane.
    fn run(&mut self, instances: &mut Instances, lane: Lane) -> Option<Self::Outcome>;
}

/// A message on its way through `encode`.
pub(super) struct Encode {
    pub(super) converter: Arc<Converter>,
    pub(super) msg: String,
    pub(super) msg_type: String,
    pub(super) context: Arc<CallContext>,
}

impl Task for Encode {
    type Outcome = Result<Output<Vec<Vec<u8>>>, CallError>;

    fn run(&mut self, instances: &mut Instances, lane: Lane) -> Option<Self::Outcome> {
        one_call(instances, &self.converter, lane, |instance, time| {
            instance.encode(&self.msg, &self.msg_type, &self.context, time)
        })
    }
}

/// Something that happened on a connection, on its way through `lifecycle`.
pub(super) struct Happened {
    pub(super) converter: Arc<Converter>,
    pub(super) event: Event,
    pub(super) context: Arc<CallContext>,
    pub(super) origin: Origin,
}

impl Task for Happened {
    type Outcome = Result<Output<Batch>, CallError>;

    fn run(&mut self, instances: &mut Instances, lane: Lane) -> Option<Self::Outcome> {
        one_call(instances, &self.converter, lane, |instance, time| {
            let mut batch = BatchBuilder::default();
            let records = Records {
                origin: &self.origin,
                batch: &mut batch,
            };
            let Output { actions, .. } =
                instance.on_event(self.event, &self.context, time, records)?;
            let value = batch.finish();
            Ok(Output { value, actions })
        })
    }
}

/// Makes a call and counts it; none if it takes too long for this lane.
pub(super) fn one_call<T>(
    instances: &mut Instances,
    converter: &Arc<Converter>,
    lane: Lane,
    call: impl FnOnce(&mut Instance, Time) -> Result<T, Failure>,
) -> Option<Result<T, CallError>> {
    let result = match instances.call(converter, |instance| call(instance, lane.time())) {
        Ok(value) => Ok(value),
        Err(Failure::Final(error)) => Err(error),
        Err(Failure::Unfinished) => return None,
    };
    converter.stats.calls.fetch_add(1, Relaxed);
    let errors = u64::from(result.is_err());
    converter.stats.errors.fetch_add(errors, Relaxed);
    Some(result)
}
