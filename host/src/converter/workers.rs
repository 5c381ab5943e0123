//! The threads that run converters.
//!
//! A call is pure computing of some microseconds, but a runaway holds its
//! thread until the deadline, and WASI's functions block. So calls never run on
//! the async threads: they go through one bounded queue to threads of their
//! own. Each thread keeps its instances to itself; nothing is locked over a
//! call. A connection waits for one batch before it hands in the next, which
//! keeps its frames in order.

use std::{
    collections::HashMap,
    sync::Arc,
    thread::{self, JoinHandle},
};

use async_channel::{Receiver, Sender};
use bytes::Bytes;
use tokio::sync::oneshot;

use super::{
    Entity, call::CallContext, component::Converter, error::CallError, instance::Instance,
};

/// Jobs that may wait for each thread. A full queue makes connections wait
/// with their next batch; more would only add latency.
const QUEUE_PER_THREAD: usize = 64;

/// What `decode` made of one frame.
type Decoded = Result<Vec<Entity>, CallError>;
/// What `encode` made of one message.
type Encoded = Result<Vec<Vec<u8>>, CallError>;

enum Job {
    Decode {
        converter: Arc<Converter>,
        frames: Vec<Bytes>,
        context: CallContext,
        done: oneshot::Sender<Vec<Decoded>>,
    },
    Encode {
        converter: Arc<Converter>,
        msg: String,
        msg_type: String,
        context: CallContext,
        done: oneshot::Sender<Encoded>,
    },
}

/// The threads are gone: the process is stopping.
#[derive(Debug, thiserror::Error)]
#[error("the converter threads have stopped")]
pub struct Stopped;

/// A handle to the threads. They end when the last handle is dropped.
#[derive(Clone)]
pub struct Workers {
    jobs: Sender<Job>,
}

impl Workers {
    /// Starts `count` threads. Must be called within a tokio runtime, which
    /// WASI's functions of a guest then use.
    ///
    /// # Errors
    /// The operating system gives no more threads.
    pub fn start(count: usize) -> std::io::Result<(Self, Vec<JoinHandle<()>>)> {
        let (jobs, queue) = async_channel::bounded(QUEUE_PER_THREAD * count);
        let threads = (0..count)
            .map(|index| {
                let queue = queue.clone();
                let runtime = tokio::runtime::Handle::current();
                thread::Builder::new()
                    .name(format!("converter-{index}"))
                    .spawn(move || {
                        let _context = runtime.enter();
                        work(&queue);
                    })
            })
            .collect::<std::io::Result<_>>()?;
        Ok((Self { jobs }, threads))
    }

    /// Decodes `frames` in order; one result for each.
    ///
    /// # Errors
    /// The threads have ended.
    pub async fn decode(
        &self,
        converter: Arc<Converter>,
        frames: Vec<Bytes>,
        context: CallContext,
    ) -> Result<Vec<Decoded>, Stopped> {
        let (done, result) = oneshot::channel();
        let job = Job::Decode {
            converter,
            frames,
            context,
            done,
        };
        self.jobs.send(job).await.map_err(|_| Stopped)?;
        result.await.map_err(|_| Stopped)
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
        context: CallContext,
    ) -> Result<Encoded, Stopped> {
        let (done, result) = oneshot::channel();
        let job = Job::Encode {
            converter,
            msg,
            msg_type,
            context,
            done,
        };
        self.jobs.send(job).await.map_err(|_| Stopped)?;
        result.await.map_err(|_| Stopped)
    }
}

fn work(queue: &Receiver<Job>) {
    let mut instances = Instances::default();
    while let Ok(job) = queue.recv_blocking() {
        // Whoever waited may be gone with its connection; then nobody needs
        // the result.
        match job {
            Job::Decode {
                converter,
                frames,
                context,
                done,
            } => {
                let decoded = frames
                    .iter()
                    .map(|frame| {
                        instances.call(&converter, |instance| instance.decode(frame, &context))
                    })
                    .collect();
                let _ = done.send(decoded);
            }
            Job::Encode {
                converter,
                msg,
                msg_type,
                context,
                done,
            } => {
                let encoded = instances.call(&converter, |instance| {
                    instance.encode(&msg, &msg_type, &context)
                });
                let _ = done.send(encoded);
            }
        }
    }
}

/// One thread's instances, one for each converter.
#[derive(Default)]
struct Instances {
    by_name: HashMap<Arc<str>, Instance>,
}

impl Instances {
    /// Runs `call` on an instance of just this version. An instance that
    /// trapped is dropped with its store, as is one of an older version.
    fn call<T>(
        &mut self,
        converter: &Arc<Converter>,
        call: impl FnOnce(&mut Instance) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        if !self
            .by_name
            .get(&converter.name)
            .is_some_and(|instance| instance.is_of(converter))
        {
            self.by_name
                .insert(converter.name.clone(), Instance::new(converter)?);
        }
        let Some(instance) = self.by_name.get_mut(&converter.name) else {
            return Err(CallError::Trapped("the instance is gone".to_owned()));
        };
        let result = call(instance);
        if result.as_ref().is_err_and(CallError::poisons_instance) {
            self.by_name.remove(&converter.name);
        }
        result
    }
}
