//! Some bytes of a connection on their way through `cut`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::BytesMut;

use super::{
    super::{
        CallContext,
        component::Converter,
        cutter::{Cuts, Cutter, Looked},
    },
    instances::Instances,
    lane::Lane,
    task::{Task, one_call},
};

/// How long a thread cuts one connection's bytes before others get their turn.
const TURN: Duration = Duration::from_millis(20);

/// Bytes that are cut.
pub(super) struct Cut {
    pub(super) converter: Arc<Converter>,
    pub(super) cutter: Cutter,
    pub(super) buffer: BytesMut,
    pub(super) max_frames: usize,
    pub(super) context: Arc<CallContext>,
    /// What came of it on a faster lane.
    pub(super) cuts: Cuts,
}

impl Task for Cut {
    /// The task holds what comes out.
    type Outcome = ();

    fn run(&mut self, instances: &mut Instances, lane: Lane) -> Option<()> {
        let start = Instant::now();
        let (converter, context) = (&self.converter, &self.context);
        let looked = self.cutter.cut(
            &mut self.buffer,
            self.max_frames,
            &mut self.cuts,
            |bytes| {
                one_call(instances, converter, lane, |instance, time| {
                    instance.cut(bytes, context, time)
                })
            },
            || start.elapsed() < TURN,
        );
        match looked {
            Looked::Done => Some(()),
            Looked::Unfinished => None,
        }
    }
}
