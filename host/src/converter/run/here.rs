//! What a converter thread does, on the caller's thread: for who wants to know what it costs.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    super::{CallContext, component::Converter},
    instances::Instances,
    lane::{DecodeReply, Decoded, Frames, Lane, decode},
};
use crate::message::{Batch, batch::Origin};

/// A regular converter thread's work without the thread. Calls block; they must be made within a
/// tokio runtime, but on none of its threads.
#[derive(Default)]
pub struct Here {
    instances: Instances,
}

impl Here {
    /// Decodes `frames` as one job. Gives them back with what became of the first of them, all if
    /// there is time, and the records of these.
    pub fn decode(
        &mut self,
        converter: &Arc<Converter>,
        frames: Vec<Bytes>,
        (context, origin): (Arc<CallContext>, Origin),
    ) -> (Vec<Bytes>, Vec<Decoded>, Batch) {
        let frames = Frames {
            converter: converter.clone(),
            frames,
            from: 0,
            context,
            origin,
        };
        let DecodeReply {
            frames,
            decoded,
            batch,
            ..
        } = decode(&mut self.instances, frames, Lane::Regular);
        (frames.frames, decoded, batch)
    }

    /// What the memories of its instances take, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.instances.memory_bytes()
    }
}
