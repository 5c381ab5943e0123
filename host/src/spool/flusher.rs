//! Brings the database's log to the disk from time to time.
//!
//! On a thread of its own: the thread that writes must not wait for the disk
//! with `fsync = "interval"`.

use std::{
    fs::File,
    io::{self, ErrorKind},
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tracing::{error, info};

/// The handle; the thread ends with it.
pub(super) struct Flusher {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Since when something is not on the disk.
    wrote: Option<Instant>,
    stopping: bool,
}

impl Flusher {
    /// Starts the thread. `log` is looked up anew each time: it comes and goes.
    pub(super) fn start(log: PathBuf, interval: Duration) -> io::Result<Self> {
        Self::start_with(interval, move || match File::open(&log) {
            Ok(log) => log.sync_data(),
            // Then all of it is in the database's file, which was synced.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        })
    }

    fn start_with(
        interval: Duration,
        flush: impl Fn() -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let own = shared.clone();
        let thread = thread::Builder::new()
            .name("spool-fsync".to_owned())
            .spawn(move || own.run(interval, flush))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Something was written.
    pub(super) fn wrote(&self) {
        let mut state = self.shared.lock();
        if state.wrote.is_none() {
            state.wrote = Some(Instant::now());
            self.shared.changed.notify_one();
        }
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.shared.lock().stopping = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // It does not panic.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, interval: Duration, flush: impl Fn() -> io::Result<()>) {
        let mut failing = false;
        let mut state = self.lock();
        loop {
            state = match state.wrote {
                // The file is synced when it is closed.
                _ if state.stopping => return,
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(since) if since.elapsed() < interval => {
                    let left = interval.saturating_sub(since.elapsed());
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                Some(_) => {
                    // What is written from now on waits for the next time.
                    state.wrote = None;
                    drop(state);
                    failing = report(flush(), failing);
                    self.lock()
                }
            };
        }
    }
}

/// Says it once when the disk begins to fail, and once when it no longer does.
fn report(result: io::Result<()>, failing: bool) -> bool {
    match result {
        Ok(()) if failing => {
            info!("the spool's records reach the disk again");
            false
        }
        Ok(()) => false,
        Err(_) if failing => true,
        Err(error) => {
            error!(
                error = %error,
                "the spool's records do not reach the disk; a power cut would lose them: check the \
                 disk of spool.directory"
            );
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn what_is_written_in_one_interval_shares_a_flush() {
        let (tell, flushes) = mpsc::channel();
        let flusher = Flusher::start_with(Duration::from_millis(20), move || {
            tell.send(Instant::now()).unwrap();
            Ok(())
        })
        .unwrap();
        let start = Instant::now();
        for _ in 0..1000 {
            flusher.wrote();
        }
        let first = flushes.recv().unwrap();
        assert!(first - start >= Duration::from_millis(20));
        // Calls that took longer than the interval are in the next.
        flusher.wrote();
        flushes.recv().unwrap();
        drop(flusher);
        assert!(flushes.try_iter().count() <= 1);
        assert_eq!(flushes.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    }

    #[test]
    fn nothing_is_flushed_where_nothing_was_written() {
        let (tell, flushes) = mpsc::channel();
        let flusher = Flusher::start_with(Duration::ZERO, move || {
            tell.send(()).unwrap();
            Ok(())
        })
        .unwrap();
        drop(flusher);
        assert_eq!(flushes.recv(), Err(mpsc::RecvError));
    }

    #[test]
    fn a_log_that_is_gone_needs_no_flush() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let flusher = Flusher::start(log, Duration::ZERO).unwrap();
        flusher.wrote();
        drop(flusher);
        assert!(report(Err(io::ErrorKind::StorageFull.into()), false));
        assert!(report(Err(io::ErrorKind::StorageFull.into()), true));
        assert!(!report(Ok(()), true));
    }
}
