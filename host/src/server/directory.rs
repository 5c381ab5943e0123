//! Which device is on which connection, and what waits for devices that are
//! on none.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::mpsc::{Receiver, Sender, error::TrySendError},
    time::Instant,
};
use tracing::{debug, warn};

use super::departed::Departed;
use crate::message::{Downlink, DownlinkOutcome};

/// A connection, as far as downlinks need it.
#[derive(Clone, Debug)]
pub(super) struct Route {
    /// Unique among all connections of the process.
    pub(super) connection: u64,
    /// The connection's writer.
    pub(super) writer: Sender<Downlink>,
}

/// The devices that sent something, and the downlinks that wait.
#[derive(Debug)]
pub struct Directory {
    cache_size: usize,
    time_to_live: Duration,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    routes: HashMap<String, Route>,
    departed: Departed,
    waiting: HashMap<String, VecDeque<Waiting>>,
    /// The device of every waiting downlink, oldest first.
    order: BTreeMap<i64, String>,
    /// The greatest and the least number given so far.
    newest: i64,
    oldest: i64,
}

#[derive(Debug)]
struct Waiting {
    number: i64,
    since: Instant,
    downlink: Downlink,
}

impl Directory {
    /// Lets up to `cache_size` downlinks wait for `time_to_live` at most.
    #[must_use]
    pub fn new(cache_size: usize, time_to_live: Duration) -> Self {
        Self {
            cache_size,
            time_to_live,
            inner: Mutex::default(),
        }
    }

    /// Hands `downlink` to the connection of the device's last uplink. If
    /// there is none it waits for the next one; a call is refused instead,
    /// because its caller waits too.
    pub fn deliver(&self, downlink: Downlink) {
        let mut inner = self.lock();
        let behind_others = inner.waiting.contains_key(&downlink.device);
        let mut downlink = downlink;
        if !behind_others && let Some(route) = inner.routes.get(&downlink.device) {
            match route.writer.try_send(downlink) {
                Ok(()) => return,
                Err(TrySendError::Full(back) | TrySendError::Closed(back)) => downlink = back,
            }
        }
        inner.explain(&downlink);
        if downlink.outcome.is_some() {
            drop(inner);
            downlink.finish(DownlinkOutcome::NotConnected);
            return;
        }
        inner.wait(downlink);
        inner.trim(self.cache_size);
    }

    /// Notes that `device` sent something over `route`, and hands it what
    /// waited, in order.
    pub(super) fn seen(&self, device: &str, route: &Route) {
        let mut inner = self.lock();
        match inner.routes.get_mut(device) {
            Some(known) if known.connection == route.connection => {}
            Some(known) => *known = route.clone(),
            None => {
                inner.routes.insert(device.to_owned(), route.clone());
            }
        }
        if !inner.waiting.is_empty() {
            inner.flush(device, route, self.time_to_live);
        }
    }

    /// Forgets the routes of a connection that ended. Its writer gets nothing
    /// more from here on.
    pub(super) fn leave<'devices>(
        &self,
        connection: u64,
        devices: impl Iterator<Item = &'devices String>,
    ) {
        let mut inner = self.lock();
        for device in devices {
            if inner
                .routes
                .get(device)
                .is_some_and(|route| route.connection == connection)
            {
                inner.routes.remove(device);
                inner.departed.note(device);
            }
        }
    }

    /// Takes back what a connection that left did not write: `unwritten`, then
    /// what is left in its queue. It goes ahead of what came since.
    pub(super) fn take_back(&self, unwritten: Option<Downlink>, mut queue: Receiver<Downlink>) {
        let left = unwritten
            .into_iter()
            .chain(std::iter::from_fn(|| queue.try_recv().ok()));
        let (calls, waiting): (Vec<_>, Vec<_>) =
            left.partition(|downlink| downlink.outcome.is_some());
        {
            let mut inner = self.lock();
            for downlink in waiting.into_iter().rev() {
                inner.wait_first(downlink);
            }
            inner.trim(self.cache_size);
        }
        for call in calls {
            call.finish(DownlinkOutcome::NotConnected);
        }
    }

    /// How many downlinks wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lock().order.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Says why a downlink is not delivered, and what would help.
    fn explain(&self, downlink: &Downlink) {
        let device = &downlink.device;
        let outcome = match downlink.outcome {
            None => "it waits for the device's next uplink",
            Some(_) => "its caller is told",
        };
        if self.waiting.contains_key(device) {
            debug!(device, outcome, "downlink not delivered: another one waits");
        } else if let Some(ago) = self.departed.how_long_ago(device) {
            warn!(
                device,
                outcome,
                closed_s_ago = ago.as_secs(),
                "downlink not delivered: the device closed its connection; it must keep it open to \
                 get downlinks at once (nc: -w60)"
            );
        } else if !self.routes.contains_key(device) {
            warn!(
                device,
                outcome,
                "downlink not delivered: the device has sent nothing since the host started"
            );
        }
    }

    fn wait(&mut self, downlink: Downlink) {
        self.newest += 1;
        let (queue, waiting) = self.enter(self.newest, downlink);
        queue.push_back(waiting);
    }

    /// Lets a downlink wait ahead of all others: it was sent earlier.
    fn wait_first(&mut self, downlink: Downlink) {
        self.oldest -= 1;
        let (queue, waiting) = self.enter(self.oldest, downlink);
        queue.push_front(waiting);
    }

    fn enter(&mut self, number: i64, downlink: Downlink) -> (&mut VecDeque<Waiting>, Waiting) {
        self.order.insert(number, downlink.device.clone());
        let queue = self.waiting.entry(downlink.device.clone()).or_default();
        let since = Instant::now();
        (
            queue,
            Waiting {
                number,
                since,
                downlink,
            },
        )
    }

    fn trim(&mut self, cache_size: usize) {
        while self.order.len() > cache_size {
            self.evict_oldest();
        }
    }

    fn evict_oldest(&mut self) {
        let Some((number, device)) = self.order.pop_first() else {
            return;
        };
        if let Some(queue) = self.waiting.get_mut(&device) {
            queue.retain(|waiting| waiting.number != number);
            if queue.is_empty() {
                self.waiting.remove(&device);
            }
        }
        warn!(
            device,
            "cacheSize downlinks wait; the oldest one is dropped"
        );
    }

    fn flush(&mut self, device: &str, route: &Route, time_to_live: Duration) {
        let Some(mut queue) = self.waiting.remove(device) else {
            return;
        };
        while let Some(waiting) = queue.pop_front() {
            if waiting.since.elapsed() >= time_to_live || waiting.downlink.is_expired() {
                self.order.remove(&waiting.number);
                debug!(
                    device,
                    "a downlink waited longer than timeToLiveInMinutes; dropped"
                );
                continue;
            }
            match route.writer.try_send(waiting.downlink) {
                Ok(()) => {
                    self.order.remove(&waiting.number);
                }
                Err(TrySendError::Full(downlink) | TrySendError::Closed(downlink)) => {
                    queue.push_front(Waiting {
                        downlink,
                        ..waiting
                    });
                    self.waiting.insert(device.to_owned(), queue);
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::{mpsc, oneshot};

    use super::*;

    fn downlink(device: &str, msg: &str) -> Downlink {
        Downlink {
            device: device.to_owned(),
            msg: msg.to_owned(),
            msg_type: "ATTRIBUTES_UPDATED".to_owned(),
            metadata: Arc::default(),
            expires: None,
            outcome: None,
        }
    }

    fn directory() -> Directory {
        Directory::new(3, Duration::from_secs(60))
    }

    fn route(connection: u64, capacity: usize) -> (Route, Receiver<Downlink>) {
        let (writer, queue) = mpsc::channel(capacity);
        (Route { connection, writer }, queue)
    }

    fn received(queue: &mut Receiver<Downlink>) -> Vec<String> {
        std::iter::from_fn(|| queue.try_recv().ok().map(|downlink| downlink.msg)).collect()
    }

    #[tokio::test]
    async fn a_downlink_goes_to_the_connection_of_the_last_uplink() {
        let directory = directory();
        let ((one, mut first), (two, mut second)) = (route(1, 8), route(2, 8));
        directory.seen("A", &one);
        directory.deliver(downlink("A", "1"));
        directory.seen("A", &two);
        directory.deliver(downlink("A", "2"));
        directory.seen("A", &one);
        directory.deliver(downlink("A", "3"));
        assert_eq!(received(&mut first), ["1", "3"]);
        assert_eq!(received(&mut second), ["2"]);
    }

    #[tokio::test]
    async fn downlinks_wait_in_order_and_the_oldest_go_first() {
        let directory = directory();
        for msg in ["1", "2", "3", "4"] {
            directory.deliver(downlink("A", msg));
        }
        assert_eq!(directory.waiting(), 3);
        let (route, mut queue) = route(1, 8);
        directory.seen("B", &route);
        assert_eq!(received(&mut queue), Vec::<String>::new());
        directory.seen("A", &route);
        assert_eq!(received(&mut queue), ["2", "3", "4"]);
        assert_eq!(directory.waiting(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_downlink_that_waited_too_long_is_dropped() {
        let directory = directory();
        directory.deliver(downlink("A", "old"));
        tokio::time::advance(Duration::from_secs(59)).await;
        directory.deliver(downlink("A", "new"));
        tokio::time::advance(Duration::from_secs(1)).await;
        let (route, mut queue) = route(1, 8);
        directory.seen("A", &route);
        assert_eq!(received(&mut queue), ["new"]);
        assert_eq!(directory.waiting(), 0);
    }

    #[tokio::test]
    async fn a_slow_device_keeps_its_order() {
        let directory = directory();
        let (route, mut queue) = route(1, 1);
        directory.seen("A", &route);
        for msg in ["1", "2", "3"] {
            directory.deliver(downlink("A", msg));
        }
        assert_eq!(received(&mut queue), ["1"]);
        directory.deliver(downlink("A", "4"));
        directory.seen("A", &route);
        assert_eq!(received(&mut queue), ["2"]);
        directory.seen("A", &route);
        assert_eq!(received(&mut queue), ["3"]);
        assert_eq!(directory.waiting(), 1);
    }

    #[tokio::test]
    async fn what_a_closed_connection_did_not_write_waits_first() {
        let directory = directory();
        let (old, queue) = route(1, 2);
        directory.seen("A", &old);
        for msg in ["2", "3"] {
            directory.deliver(downlink("A", msg));
        }
        let devices = ["A".to_owned()];
        directory.leave(1, devices.iter());
        directory.deliver(downlink("A", "4"));
        directory.take_back(Some(downlink("A", "1")), queue);
        assert_eq!(directory.waiting(), 3);
        let (new, mut queue) = route(2, 8);
        directory.seen("A", &new);
        // Four waited in a cache of three.
        assert_eq!(received(&mut queue), ["2", "3", "4"]);
    }

    #[tokio::test]
    async fn a_newer_connection_is_not_forgotten_with_the_old_one() {
        let directory = directory();
        let ((old, _), (new, mut second)) = (route(1, 8), route(2, 8));
        directory.seen("A", &old);
        directory.seen("A", &new);
        directory.leave(1, ["A".to_owned()].iter());
        directory.deliver(downlink("A", "1"));
        assert_eq!(received(&mut second), ["1"]);
    }

    #[tokio::test]
    async fn a_call_does_not_wait() {
        let directory = directory();
        let (outcome, decided) = oneshot::channel();
        directory.deliver(Downlink {
            outcome: Some(outcome),
            ..downlink("A", "call")
        });
        assert_eq!(decided.await.unwrap(), DownlinkOutcome::NotConnected);
        assert_eq!(directory.waiting(), 0);
    }
}
