//! The threads that run converters.
//!
//! A call is pure computing of some microseconds, but a runaway holds its
//! thread until the deadline, and WASI's functions block. So calls never run on
//! the async threads: they go through bounded queues to threads of their own,
//! the regular ones or the slow ones (see [`Pace`]). A connection waits for one
//! job before it hands in the next, which keeps its frames in order.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use async_channel::{Receiver, Sender};
use bytes::{Bytes, BytesMut};
use tokio::sync::oneshot;
use tracing::warn;

use super::{
    super::{
        call::CallContext,
        component::Converter,
        cutter::{Cuts, Cutter},
        error::CallError,
        instance::{Event, Output},
    },
    cut::Cut,
    instances::Instances,
    lane::{DecodeReply, Decoded, Frames, Job, Lane, Report, work},
    pace::Pace,
    task::{Encode, Happened, Task},
};
use crate::message::batch::{Batch, Origin};

/// Jobs that may wait for each thread. A full queue makes connections wait
/// with their next batch; more would only add latency.
const QUEUE_PER_THREAD: usize = 64;
/// The lowest priority of a thread that POSIX knows.
const LOWEST_PRIORITY: i32 = 19;

/// The threads are gone: the process is stopping.
#[derive(Debug, thiserror::Error)]
#[error("the converter threads have stopped")]
pub struct Stopped;

/// Frames, and what became of the first of them.
#[derive(Debug)]
pub struct Progress {
    /// The frames, all of them, as they were handed in.
    pub frames: Vec<Bytes>,
    /// The results of the first ones that had none before, in order. The others
    /// did not get their turn yet: hand them in again.
    pub decoded: Vec<Decoded>,
    /// The records of these, in order.
    pub batch: Batch,
    /// How long to wait before handing in more frames of this connection.
    pub rest: Duration,
}

/// A handle to the threads. They end when the last handle is dropped.
#[derive(Clone)]
pub struct Workers {
    regular: Sender<Job>,
    slow: Sender<Job>,
}

impl Workers {
    /// Starts `count` regular threads and as many slow ones. Must be called
    /// within a tokio runtime, which WASI's functions of a guest then use.
    ///
    /// # Errors
    /// The operating system gives no more threads.
    pub fn start(count: usize) -> std::io::Result<(Self, Vec<JoinHandle<()>>)> {
        let (regular, regular_jobs) = async_channel::bounded(QUEUE_PER_THREAD * count);
        let (slow, slow_jobs) = async_channel::bounded(QUEUE_PER_THREAD * count);
        let mut threads = Vec::with_capacity(2 * count);
        for index in 0..count {
            threads.push(spawn(index, Lane::Regular, regular_jobs.clone())?);
            threads.push(spawn(index, Lane::Slow, slow_jobs.clone())?);
        }
        Ok((Self { regular, slow }, threads))
    }

    /// Decodes `frames` from number `from` on, in order, until they are done
    /// or others are to have their turn.
    ///
    /// # Errors
    /// The threads have ended.
    pub async fn decode(
        &self,
        converter: Arc<Converter>,
        frames: Vec<Bytes>,
        from: usize,
        (context, origin): (Arc<CallContext>, Origin),
        pace: &mut Pace,
    ) -> Result<Progress, Stopped> {
        let (done, reply) = oneshot::channel();
        let frames = Frames {
            converter,
            frames,
            from,
            context,
            origin,
        };
        self.submit(pace.lane(), Job::Decode(frames, done)).await?;
        let DecodeReply {
            frames,
            decoded,
            batch,
            report,
        } = reply.await.map_err(|_| Stopped)?;
        Ok(Progress {
            frames: frames.frames,
            decoded,
            batch,
            rest: pace.note(&report),
        })
    }

    /// Encodes one message.
    ///
    /// # Errors
    /// The threads have ended.
    pub async fn encode(
        &self,
        converter: Arc<Converter>,
        msg: String,
        msg_type: String,
        context: Arc<CallContext>,
    ) -> Result<Result<Output<Vec<Vec<u8>>>, CallError>, Stopped> {
        let task = Encode {
            converter,
            msg,
            msg_type,
            context,
        };
        let (_, encoded, _) = self.run(task, Lane::Regular).await?;
        Ok(encoded)
    }

    /// Tells a converter what happened on a connection.
    ///
    /// # Errors
    /// The threads have ended.
    pub async fn tell(
        &self,
        converter: Arc<Converter>,
        event: Event,
        (context, origin): (Arc<CallContext>, Origin),
        pace: &mut Pace,
    ) -> Result<Result<Output<Batch>, CallError>, Stopped> {
        let call_timeout = converter.limits.call_timeout;
        let task = Happened {
            converter,
            event,
            context,
            origin,
        };
        let (_, told, unfinished) = self.run(task, pace.lane()).await?;
        let timed_out = matches!(told, Err(CallError::TimedOut(_)));
        pace.note(&Report {
            unfinished,
            wasted: if timed_out {
                call_timeout
            } else {
                Duration::ZERO
            },
            ..Report::default()
        });
        Ok(told)
    }

    /// Cuts frames from the front of `buffer`, `max_frames` at most, which it hands back
    /// with the rest.
    ///
    /// # Errors
    /// The threads have ended.
    pub async fn cut(
        &self,
        converter: Arc<Converter>,
        (cutter, buffer): (Cutter, BytesMut),
        max_frames: usize,
        context: Arc<CallContext>,
        pace: &mut Pace,
    ) -> Result<(Cutter, BytesMut, Cuts), Stopped> {
        let task = Cut {
            converter,
            cutter,
            buffer,
            max_frames,
            context,
            cuts: Cuts::default(),
        };
        let (task, (), unfinished) = self.run(task, pace.lane()).await?;
        if unfinished {
            pace.note(&Report {
                unfinished,
                ..Report::default()
            });
        }
        Ok((task.cutter, task.buffer, task.cuts))
    }

    /// Does a task, on a slow thread if it takes too long for a regular one, and
    /// says whether it did.
    async fn run<T: Task>(
        &self,
        mut task: T,
        mut lane: Lane,
    ) -> Result<(T, T::Outcome, bool), Stopped> {
        let mut unfinished = false;
        loop {
            let (done, reply) = oneshot::channel();
            let job = move |instances: &mut Instances, lane| {
                let outcome = task.run(instances, lane);
                // Whoever waited may be gone with its connection.
                let _ = done.send((task, outcome));
            };
            self.submit(lane, Job::Task(Box::new(job))).await?;
            let (back, outcome) = reply.await.map_err(|_| Stopped)?;
            if let Some(outcome) = outcome {
                return Ok((back, outcome, unfinished));
            }
            if lane == Lane::Slow {
                // A slow thread gives each call all of its time.
                return Err(Stopped);
            }
            (task, lane, unfinished) = (back, Lane::Slow, true);
        }
    }

    async fn submit(&self, lane: Lane, job: Job) -> Result<(), Stopped> {
        let queue = match lane {
            Lane::Regular => &self.regular,
            Lane::Slow => &self.slow,
        };
        queue.send(job).await.map_err(|_| Stopped)
    }
}

fn spawn(index: usize, lane: Lane, jobs: Receiver<Job>) -> std::io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Handle::current();
    let name = match lane {
        Lane::Regular => format!("converter-{index}"),
        Lane::Slow => format!("conv-slow-{index}"),
    };
    thread::Builder::new().name(name).spawn(move || {
        let _context = runtime.enter();
        if lane == Lane::Slow {
            // On Linux, of the calling thread only.
            if let Err(error) = rustix::process::setpriority_process(None, LOWEST_PRIORITY) {
                warn!(%error, "cannot lower the priority of a thread for slow converter calls");
            }
        }
        work(&jobs, lane);
    })
}
