//! What the tests of the spool share.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
        mpsc,
    },
};

use tokio::sync::oneshot;

use super::{Position, Reader, Record, Recovered, Spool, store::Store};
pub(super) use crate::message::{
    Batch,
    testing::{device, same, with_values},
};
use crate::{
    config::{SpoolSettings, WhenFull},
    message::Uplink,
};

/// Something that is done on the spool's thread.
pub(super) type OnThread = Box<dyn FnOnce(Option<&mut Store>) + Send>;

/// Uplinks with these numbers as names.
pub(super) fn numbered(numbers: impl IntoIterator<Item = u64>) -> Vec<Uplink> {
    let device = |number: u64| device(&number.to_string());
    numbers.into_iter().map(device).collect()
}

pub(super) fn names(records: &[Record]) -> Vec<&str> {
    records
        .iter()
        .map(|record| record.uplink().name())
        .collect()
}

pub(super) fn positions(records: &[Record]) -> impl Iterator<Item = Position> {
    records.iter().map(|record| record.position)
}

/// Everything that waits, as numbers, by pages.
pub(super) async fn all(spool: &Spool) -> Vec<u64> {
    let mut numbers = Vec::new();
    let mut from = Position::FIRST;
    loop {
        let page = spool.page(from, 1000).await.unwrap();
        let Some(last) = page.last() else {
            return numbers;
        };
        from = last.position.next();
        numbers.extend(names(&page).iter().map(|name| name.parse::<u64>().unwrap()));
    }
}

/// Everything that waits, as numbers, by a reader that reads until nothing is
/// left. What it meets of damage is counted.
pub(super) async fn drain(spool: &Spool, reader: &mut Reader) -> Vec<u64> {
    let mut numbers = Vec::new();
    while !spool.is_empty() {
        tokio::select! {
            records = reader.next(1000, 1 << 20) => {
                numbers.extend(names(&records).iter().map(|name| name.parse::<u64>().unwrap()));
                spool.acknowledge(positions(&records));
            }
            () = spool.drained() => {}
        }
    }
    numbers
}

pub(super) fn open(folder: &Path) -> Spool {
    open_as(folder, &SpoolSettings::default()).0
}

pub(super) fn open_as(folder: &Path, settings: &SpoolSettings) -> (Spool, Recovered) {
    Spool::open(folder, settings).unwrap()
}

pub(super) fn dropping(max_mib: u64) -> SpoolSettings {
    SpoolSettings {
        max_mib,
        when_full: WhenFull::DropOldest,
        ..SpoolSettings::default()
    }
}

fn hand_over(spool: &Spool, work: OnThread) {
    let mut state = spool.shared().lock();
    state.tests.push_back(work);
    spool.shared().wake(state);
}

/// Does `work` on the spool's thread and waits for it.
pub(super) async fn on_thread<T: Send + 'static>(
    spool: &Spool,
    work: impl FnOnce(&mut Store) -> T + Send + 'static,
) -> T {
    let (tell, told) = oneshot::channel();
    let work: OnThread = Box::new(move |store| {
        let _ = tell.send(work(store.unwrap()));
    });
    hand_over(spool, work);
    told.await.unwrap()
}

/// Waits until the store knows everything that was acknowledged.
pub(super) async fn settled(spool: &Spool) {
    while spool.shared().lock().done_since.is_some() {
        tokio::task::yield_now().await;
    }
}

/// Keeps the spool's thread from doing anything until it is dropped.
pub(super) struct Stopped(#[expect(dead_code, reason = "dropping it lets go")] mpsc::Sender<()>);

pub(super) async fn stop(spool: &Spool) -> Stopped {
    let (sender, let_go) = mpsc::channel::<()>();
    let (tell, told) = oneshot::channel();
    let work: OnThread = Box::new(move |_| {
        let _ = tell.send(());
        let _ = let_go.recv();
    });
    hand_over(spool, work);
    told.await.unwrap();
    Stopped(sender)
}

/// A clock that a test sets.
#[derive(Clone)]
pub(super) struct SetClock(Arc<AtomicI64>);

impl SetClock {
    pub(super) fn at(ms: i64) -> Self {
        Self(Arc::new(AtomicI64::new(ms)))
    }

    pub(super) fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, SeqCst);
    }

    pub(super) fn clock(&self) -> super::state::Clock {
        let clock = self.0.clone();
        Arc::new(move || clock.load(SeqCst))
    }
}
