//! The thread that writes.
//!
//! A commit waits for the disk, some milliseconds on a spinning one. The thread
//! takes what came meanwhile and writes it with the next commit, so many callers
//! cost little more than one, and no async thread ever waits.

use std::{
    path::Path,
    thread::{self, JoinHandle},
};

use tokio::sync::{mpsc, oneshot};

use super::error::FileError;

/// Calls that may wait for the thread, and that may share a commit. A full queue
/// makes callers wait, and those who feed them.
pub(crate) const QUEUE: usize = 256;

/// A commit takes no more calls beyond this: all its pages are in memory until it
/// is done.
const COMMIT_BYTES: u64 = 8 * 1024 * 1024;

/// What a store is asked to write.
pub(crate) trait Change: Send + 'static {
    /// What a transaction has to hold of it in memory, near enough for a bound.
    fn weight(&self) -> u64;
}

/// Hands changes to the thread that writes them. When it is dropped, what was
/// handed in is written and the thread ends.
#[derive(Debug)]
pub(crate) struct Committer<C, D> {
    /// None only while it is dropped.
    calls: Option<mpsc::Sender<Call<C, D>>>,
    thread: Option<JoinHandle<()>>,
}

/// A change, and who waits for it.
#[derive(Debug)]
struct Call<C, D> {
    change: C,
    done: oneshot::Sender<Result<D, FileError>>,
}

impl<C: Change, D: Send + 'static> Committer<C, D> {
    /// Starts the thread `name`, which writes the file at `path`. `write` makes changes in order, all or none, and
    /// gives an answer for each; they are on disk when it returns.
    pub(crate) fn start(
        name: &str,
        path: &Path,
        write: impl FnMut(&[C]) -> Result<Vec<D>, FileError> + Send + 'static,
    ) -> Result<Self, FileError> {
        let (calls, queue) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || write_what_comes(write, queue))
            .map_err(|source| FileError::Open {
                path: path.to_owned(),
                reason: format!("the operating system gives no thread: {source}"),
            })?;
        Ok(Self {
            calls: Some(calls),
            thread: Some(thread),
        })
    }

    /// Writes `change`. Resolves when it is on disk; a caller that stops waiting
    /// takes nothing back.
    pub(crate) async fn write(&self, change: C) -> Result<D, FileError> {
        let calls = self.calls.as_ref().ok_or(FileError::Stopped)?;
        let (done, result) = oneshot::channel();
        calls
            .send(Call { change, done })
            .await
            .map_err(|_| FileError::Stopped)?;
        result.await.map_err(|_| FileError::Stopped)?
    }

    /// Hands in `change` if there is room, and waits for nothing. If there is none
    /// the thread has other changes to write still.
    pub(crate) fn nudge(&self, change: C) {
        if let Some(calls) = &self.calls {
            let (done, _) = oneshot::channel();
            let _ = calls.try_send(Call { change, done });
        }
    }

    /// How many changes wait for the thread.
    #[cfg(test)]
    pub(crate) fn queued(&self) -> usize {
        let calls = self.calls.as_ref().unwrap();
        calls.max_capacity() - calls.capacity()
    }
}

impl<C, D> Drop for Committer<C, D> {
    /// Waits for the thread, a commit at most: who opens the file next finds it
    /// free.
    fn drop(&mut self) {
        self.calls = None;
        if let Some(thread) = self.thread.take() {
            // It catches the panics of what it calls.
            let _ = thread.join();
        }
    }
}

fn write_what_comes<C: Change, D>(
    mut write: impl FnMut(&[C]) -> Result<Vec<D>, FileError>,
    mut queue: mpsc::Receiver<Call<C, D>>,
) {
    while let Some(first) = queue.blocking_recv() {
        let mut weight = first.change.weight();
        let mut changes = vec![first.change];
        let mut waiting = vec![first.done];
        while weight < COMMIT_BYTES
            && changes.len() < QUEUE
            && let Ok(next) = queue.try_recv()
        {
            weight += next.change.weight();
            changes.push(next.change);
            waiting.push(next.done);
        }
        // Whoever waited may be gone.
        match write(&changes) {
            Ok(answers) => {
                for (done, answer) in waiting.into_iter().zip(answers) {
                    let _ = done.send(Ok(answer));
                }
            }
            Err(error) => {
                for done in waiting {
                    let _ = done.send(Err(error.clone()));
                }
            }
        }
    }
}
