//! Waits until something happens in the converters folder, or is asked of its
//! thread.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::mpsc::{self, RecvTimeoutError},
    time::{Duration, Instant},
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, ModifyKind},
};
use tokio::sync::oneshot;
use tracing::warn;

use super::{
    loader::{Loader, Look},
    rollback::{RollbackError, RolledBack},
};
use crate::config::ConverterSettings;

/// How long the folder must be quiet after a write that may not be the last.
const QUIET: Duration = Duration::from_millis(100);
/// Longest that unceasing writes can put a look at the folder off.
const PATIENCE: Duration = Duration::from_secs(2);
/// How soon to look again at a file that may still be written, or for a folder
/// that is not there.
const SOON: Duration = Duration::from_millis(500);

/// What the thread is woken for.
pub(super) enum Wake {
    Changed(Change),
    Rollback(String, oneshot::Sender<Result<RolledBack, RollbackError>>),
    Settings(Box<ConverterSettings>),
    Stop,
}

/// What an event says: whether the file is likely complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Complete,
    MayContinue,
}

/// The life of the folder's thread. Tells `looked` when the first look is done.
pub(super) fn follow(
    loader: &mut Loader,
    wakes: &mpsc::Receiver<Wake>,
    events: &mpsc::Sender<Wake>,
    looked: oneshot::Sender<()>,
) {
    let mut subscription = Subscription::default();
    let mut looked = Some(looked);
    loop {
        // Before the look, so that no change falls between the two.
        subscription.renew(loader.settings(), events);
        let look = loader.look();
        if let Some(looked) = looked.take() {
            let _ = looked.send(());
        }
        let wait = match look {
            Look::Settled => loader.settings().poll_interval(),
            Look::Again => SOON,
        };
        match wakes.recv_timeout(wait) {
            Ok(wake) => {
                if !take(loader, wakes, wake) {
                    return;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Deals with `first` and what came with it, and waits until a series of
/// changes is over, or has lasted too long. False ends the thread.
fn take(loader: &mut Loader, wakes: &mpsc::Receiver<Wake>, first: Wake) -> bool {
    let start = Instant::now();
    let mut next = Some(first);
    let mut last = Change::Complete;
    loop {
        match next {
            Some(Wake::Changed(change)) => last = change,
            Some(Wake::Rollback(name, reply)) => {
                let _ = reply.send(loader.rollback(&name));
            }
            Some(Wake::Settings(settings)) => loader.apply(*settings),
            Some(Wake::Stop) => return false,
            None => return true,
        }
        let unfinished = last == Change::MayContinue && start.elapsed() < PATIENCE;
        // What is there already is seen by the same look.
        let wait = if unfinished { QUIET } else { Duration::ZERO };
        next = wakes.recv_timeout(wait).ok();
    }
}

/// A subscription to the folder's changes, as far as its file system reports
/// them.
#[derive(Default)]
struct Subscription {
    notify: Option<RecommendedWatcher>,
    /// Device and inode of the folder that is subscribed to: another folder may
    /// take its path.
    folder: Option<(u64, u64)>,
}

impl Subscription {
    fn renew(&mut self, settings: &ConverterSettings, events: &mpsc::Sender<Wake>) {
        let there = identity(&settings.folder).filter(|_| !settings.polling);
        if there == self.folder {
            return;
        }
        self.folder = there;
        self.notify = None;
        if there.is_none() {
            return;
        }
        match subscribe(&settings.folder, events.clone()) {
            Ok(notify) => self.notify = Some(notify),
            Err(error) => warn!(
                folder = %settings.folder.display(), %error,
                poll_interval_ms = settings.poll_interval_ms,
                "changes of the converters folder are not reported; it is looked at every \
                 pollIntervalMs"
            ),
        }
    }
}

fn identity(folder: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(folder).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

fn subscribe(folder: &Path, events: mpsc::Sender<Wake>) -> notify::Result<RecommendedWatcher> {
    let mut notify = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if let Some(change) = relevance(&event) {
            // Fails only while the process stops.
            let _ = events.send(Wake::Changed(change));
        }
    })?;
    notify.watch(folder, RecursiveMode::NonRecursive)?;
    Ok(notify)
}

/// Whether an event can mean a change of content, and a finished one.
fn relevance(event: &notify::Result<Event>) -> Option<Change> {
    let Ok(event) = event else {
        // Something was not reported; the folder tells.
        return Some(Change::MayContinue);
    };
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(_))
        | EventKind::Remove(_) => Some(Change::Complete),
        EventKind::Access(_) => None,
        _ => Some(Change::MayContinue),
    }
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, DataChange, Flag, RemoveKind, RenameMode};

    use super::*;

    #[test]
    fn what_may_change_a_file_is_looked_at() {
        let event = |kind| Ok(Event::new(kind));
        let overflow = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        let cases = [
            (
                event(EventKind::Access(AccessKind::Close(AccessMode::Write))),
                Some(Change::Complete),
            ),
            (
                event(EventKind::Modify(ModifyKind::Name(RenameMode::To))),
                Some(Change::Complete),
            ),
            (
                event(EventKind::Remove(RemoveKind::File)),
                Some(Change::Complete),
            ),
            (
                event(EventKind::Create(CreateKind::File)),
                Some(Change::MayContinue),
            ),
            (
                event(EventKind::Modify(ModifyKind::Data(DataChange::Any))),
                Some(Change::MayContinue),
            ),
            (event(EventKind::Access(AccessKind::Read)), None),
            // The queue of events ran over, or the watch broke.
            (Ok(overflow), Some(Change::MayContinue)),
            (
                Err(notify::Error::generic("lost")),
                Some(Change::MayContinue),
            ),
        ];
        for (event, expected) in cases {
            assert_eq!(relevance(&event), expected, "{event:?}");
        }
    }
}
