//! Which device is on which connection, and what waits for devices that are
//! on none.
//!
//! ThingsBoard forgets a downlink that we acknowledge. So each is written to disk
//! when it comes, calls excepted, and removed from there when its bytes were handed
//! to the device's socket, when it has waited too long, or when too many wait. A
//! process that is killed in between delivers it once more; it never loses it.
//!
//! - [`KeptDownlinks`]: the file
//! - `queues`: what waits, in order
//! - `drops`: what never reaches its device
//! - `handed`: what is in the hands of a connection's writer

mod drops;
mod handed;
mod kept;
mod queues;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tracing::{debug, info, warn};

pub(super) use self::handed::Handed;
pub use self::kept::KeptDownlinks;
use self::{
    drops::Drops,
    handed::{Flights, Kept},
    queues::{Age, Queues, Waiting},
};
use super::{departed::Departed, outbox::Outbox};
use crate::{
    message::{Downlink, DownlinkOutcome, now_ms},
    redb_file::FileError,
};

/// Most bytes that wait, whatever `cacheSize` is: a message may have megabytes.
const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;

const TOO_LONG: &str = "it waited longer than timeToLiveInMinutes";

/// A connection, as far as downlinks need it.
#[derive(Clone, Debug)]
pub(super) struct Route {
    /// Unique among all connections of the process.
    pub(super) connection: u64,
    /// What is to be written to it.
    pub(super) outbox: Arc<Outbox>,
}

/// The devices that sent something, and the downlinks that wait.
#[derive(Debug)]
pub struct Directory {
    kept: KeptDownlinks,
    cache_size: usize,
    time_to_live: Duration,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    routes: HashMap<String, Route>,
    departed: Departed,
    queues: Queues,
    flights: Flights,
    /// The number of the next downlink.
    next: u64,
    drops: Drops,
}

impl Directory {
    /// Lets up to `cache_size` downlinks wait for `time_to_live` at most, those of
    /// earlier runs included. Blocks while the disk reads.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn open(
        kept: KeptDownlinks,
        cache_size: usize,
        time_to_live: Duration,
    ) -> Result<Self, FileError> {
        let (earlier, next) = kept.earlier()?;
        let mut queues = Queues::default();
        let now = now_ms();
        for earlier in earlier {
            // Before it came, if the clock was set back since: then it is new.
            let passed = u64::try_from(now.saturating_sub(earlier.came_ms)).unwrap_or_default();
            let waiting = Waiting {
                age: Age::of(Duration::from_millis(passed)),
                downlink: earlier.downlink,
            };
            queues.insert(earlier.number, waiting);
        }
        let inner = Inner {
            routes: HashMap::new(),
            departed: Departed::default(),
            queues,
            flights: Flights::default(),
            next,
            drops: Drops::default(),
        };
        let directory = Self {
            kept,
            cache_size,
            time_to_live,
            inner: Mutex::new(inner),
        };
        directory.trim(&mut directory.lock());
        let waiting = directory.waiting();
        if waiting > 0 {
            info!(waiting, "downlinks of the last run wait for their devices");
        }
        Ok(directory)
    }

    /// Hands `downlink` to the connection of the device's last uplink. If
    /// there is none it waits for the next one; a call is refused instead,
    /// because its caller waits too.
    ///
    /// Waits for nothing, the disk least of all. The downlink may be acknowledged
    /// once [`Directory::written`] has resolved.
    pub fn deliver(&self, downlink: Downlink) {
        if downlink.outcome.is_some() {
            return self.call(downlink);
        }
        let mut inner = self.lock();
        let inner = &mut *inner;
        let device = downlink.device.clone();
        let number = inner.next;
        inner.next += 1;
        // Before a writer can be done with it.
        self.kept.keep(number, now_ms(), &downlink);
        let waiting = Waiting {
            age: Age::new(),
            downlink,
        };
        inner.queues.insert(number, waiting);
        self.flush(inner, &device);
        let waiting = inner.queues.of(&device);
        if waiting > 0 {
            inner.explain(
                &device,
                waiting > 1,
                "it waits for the device's next uplink",
            );
        }
        self.trim(inner);
    }

    /// Waits until all downlinks that were delivered before are on disk, or done
    /// with. A disk that fails is said in the log; they are in memory all the same,
    /// and this returns.
    pub async fn written(&self) {
        self.kept.written().await;
    }

    /// Hands over a call, or tells its caller that the device is not there.
    fn call(&self, call: Downlink) {
        let refused = {
            let inner = self.lock();
            let others_wait = inner.queues.of(&call.device) > 0;
            let route = inner.routes.get(&call.device).filter(|_| !others_wait);
            match route.and_then(|route| route.outbox.room()) {
                Some(room) => {
                    room.put(Handed {
                        downlink: call,
                        kept: None,
                    });
                    return;
                }
                None => inner.explain(&call.device, others_wait, "its caller is told"),
            }
            call
        };
        refused.finish(DownlinkOutcome::NotConnected);
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
        self.flush(&mut inner, device);
    }

    /// Notes that a writer is done with a downlink, and hands over the next one if
    /// it waited for that.
    pub(super) fn finish(&self, handed: Handed, outcome: DownlinkOutcome) {
        if let Some(kept) = handed.kept {
            let device = &handed.downlink.device;
            let mut inner = self.lock();
            self.kept.remove(kept.number);
            inner.flights.end(device);
            self.flush(&mut inner, device);
        }
        handed.downlink.finish(outcome);
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

    /// Takes back what a connection that left did not write. Each goes back to its
    /// place, ahead of what came since; if the device is connected again it gets them
    /// now.
    pub(super) fn take_back(&self, connection: u64, left: impl IntoIterator<Item = Handed>) {
        let mut calls = Vec::new();
        {
            let mut inner = self.lock();
            let inner = &mut *inner;
            for Handed { downlink, kept } in left {
                let Some(Kept { number, age }) = kept else {
                    calls.push(downlink);
                    continue;
                };
                inner.queues.insert(number, Waiting { age, downlink });
            }
            for device in inner.flights.end_all(connection) {
                self.flush(inner, &device);
            }
            self.trim(inner);
        }
        for call in calls {
            call.finish(DownlinkOutcome::NotConnected);
        }
    }

    /// How many downlinks wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lock().queues.len()
    }

    /// Hands over what waits for `device`, as far as it can.
    fn flush(&self, inner: &mut Inner, device: &str) {
        let Inner {
            routes,
            queues,
            flights,
            drops,
            ..
        } = inner;
        if queues.of(device) == 0 {
            return;
        }
        let Some(route) = routes.get(device) else {
            return;
        };
        while flights.allow(device, route.connection)
            && let Some(room) = route.outbox.room()
            && let Some((number, Waiting { age, downlink })) = queues.pop(device)
        {
            if age.reached(self.time_to_live) || downlink.is_expired() {
                self.kept.remove(number);
                drops.note(device, TOO_LONG);
                continue;
            }
            flights.start(device, route.connection);
            room.put(Handed {
                downlink,
                kept: Some(Kept { number, age }),
            });
        }
    }

    /// Lets the oldest go that waited too long, and those that are too many.
    fn trim(&self, inner: &mut Inner) {
        while let Some(oldest) = inner.queues.oldest() {
            let why = if oldest.age.reached(self.time_to_live) {
                TOO_LONG
            } else if inner.queues.len() > self.cache_size {
                "cacheSize downlinks wait, and it is the oldest"
            } else if inner.queues.bytes() > MAX_WAITING_BYTES {
                "64 MiB of downlinks wait, and it is the oldest"
            } else {
                return;
            };
            if let Some((number, waiting)) = inner.queues.pop_oldest() {
                self.kept.remove(number);
                inner.drops.note(&waiting.downlink.device, why);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Says why a downlink for `device` is not delivered, and what would help.
    fn explain(&self, device: &str, others_wait: bool, outcome: &str) {
        if others_wait {
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
}

#[cfg(test)]
mod tests;
