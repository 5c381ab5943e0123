//! What one converter thread does with a job.
//!
//! A job is some frames of one connection, or a [`Task`](super::task). A thread works on it
//! for a while only and hands the rest back, so that every connection gets its
//! turn.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use async_channel::Receiver;
use bytes::Bytes;
use tokio::sync::oneshot;

use super::{
    super::{
        call::CallContext,
        component::Converter,
        deadline::{TICK, thread_time},
        error::CallError,
        instance::{Failure, Output, Records, Time},
    },
    instances::Instances,
};
use crate::message::batch::{Batch, BatchBuilder, Origin};

/// Processor time of one call on a regular thread, beyond the tick at which it
/// is first looked at. More than a hundred times what a call takes.
const SLICE: Duration = Duration::from_millis(4);
/// How long a thread works on one job before others get their turn, in ticks of the deadlines'
/// clock: to ask for the time after each call would cost a twentieth of most calls.
const TURN: u64 = 20 / TICK.as_millis() as u64;
/// Records of one job, in bytes: they stay in memory until the spool has room.
const MAX_RESULT_BYTES: usize = 1024 * 1024;

/// The two kinds of threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// For calls that take as little as calls should.
    Regular,
    /// For those that turned out to take longer; of the lowest priority.
    Slow,
}

impl Lane {
    pub(super) fn time(self) -> Time {
        match self {
            Self::Regular => Time::AtMost(SLICE),
            Self::Slow => Time::Whole,
        }
    }
}

/// What `decode` made of one frame: how many records.
pub type Decoded = Result<Output<usize>, Box<Undecoded>>;

/// A frame that could not be decoded.
#[derive(Debug)]
pub struct Undecoded {
    /// Why.
    pub error: CallError,
    /// The session value that it met; a later version of the converter must meet the
    /// same.
    pub session: Bytes,
}

/// Frames on their way through the converter.
pub(super) struct Frames {
    pub(super) converter: Arc<Converter>,
    pub(super) frames: Vec<Bytes>,
    /// How many were decoded before this job.
    pub(super) from: usize,
    pub(super) context: Arc<CallContext>,
    pub(super) origin: Origin,
}

/// Runs a task on the thread that it was given to.
pub(super) type Run = Box<dyn FnOnce(&mut Instances, Lane) + Send>;

pub(super) enum Job {
    Decode(Frames, oneshot::Sender<DecodeReply>),
    /// Anything else; it sends its result itself.
    Task(Run),
}

/// The frames back, and what became of the first of them.
pub(super) struct DecodeReply {
    pub(super) frames: Frames,
    pub(super) decoded: Vec<Decoded>,
    /// The records of all of them, in order.
    pub(super) batch: Batch,
    pub(super) report: Report,
}

/// How a job went.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Calls that ended.
    pub(super) calls: u32,
    /// Whether the call after those took too long for a regular thread.
    pub(super) unfinished: bool,
    /// Whether some call took longer than a regular thread would allow.
    pub(super) slow: bool,
    /// Processor time of calls that were ended by the deadline.
    pub(super) wasted: Duration,
}

/// The life of one thread.
pub(super) fn work(queue: &Receiver<Job>, lane: Lane) {
    let mut instances = Instances::default();
    while let Ok(job) = queue.recv_blocking() {
        // Whoever waited may be gone with its connection; then nobody needs
        // the result.
        match job {
            Job::Decode(frames, done) => {
                let _ = done.send(decode(&mut instances, frames, lane));
            }
            Job::Task(run) => run(&mut instances, lane),
        }
    }
}

pub(super) fn decode(instances: &mut Instances, frames: Frames, lane: Lane) -> DecodeReply {
    let Frames {
        converter,
        context,
        origin,
        ..
    } = &frames;
    let count = frames.frames.len() - frames.from;
    let mut decoded = Vec::with_capacity(count);
    let mut batch = BatchBuilder::with_capacity(count);
    let mut report = Report::default();
    let (mut errors, mut replied, mut closes) = (0, 0, false);
    let start = converter.engine.ticks();
    for frame in &frames.frames[frames.from..] {
        let before = (lane == Lane::Slow).then(thread_time);
        let records = batch.len();
        let result = instances.call(converter, |instance| {
            let batch = &mut batch;
            instance.decode(frame, context, lane.time(), Records { origin, batch })
        });
        let took = before.map_or(Duration::ZERO, |before| {
            thread_time().saturating_sub(before)
        });
        report.slow |= took > SLICE;
        match result {
            Ok(Output { actions, .. }) => {
                if let Some(actions) = &actions {
                    replied += actions.reply.len();
                    closes = actions.close;
                }
                let value = batch.len() - records;
                decoded.push(Ok(Output { value, actions }));
            }
            Err(Failure::Unfinished) => {
                report.unfinished = true;
                break;
            }
            Err(Failure::Final(error)) => {
                if matches!(error, CallError::TimedOut(_)) {
                    report.wasted += took.max(converter.limits.call_timeout);
                }
                errors += 1;
                let session = context.session().value();
                decoded.push(Err(Box::new(Undecoded { error, session })));
            }
        }
        report.calls += 1;
        let bytes = batch.bytes() + replied;
        if closes || bytes >= MAX_RESULT_BYTES || converter.engine.ticks() - start >= TURN {
            break;
        }
    }
    converter
        .stats
        .calls
        .fetch_add(report.calls.into(), Relaxed);
    converter.stats.errors.fetch_add(errors, Relaxed);
    DecodeReply {
        frames,
        decoded,
        batch: batch.finish(),
        report,
    }
}
