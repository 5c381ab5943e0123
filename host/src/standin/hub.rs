//! The one shared state: the tenant's entities, the edge's session and what waits for it.
//!
//! One mutex guards all of it, so a request of the HTTP API and a message of
//! the edge see each other whole or not at all. It is never held over an await.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::calls::Calls;
use super::credentials::Credentials;
use super::entities::{Entity, Kind, Table};
use super::faults::Faults;
use super::outbox::{EntityRef, Outbox};
use crate::proto::edge::{DownlinkMsg, UpdateMsgType};

/// What the gRPC and the HTTP side share.
#[derive(Debug)]
pub(super) struct Hub {
    pub(super) tenant: Uuid,
    pub(super) edge: Uuid,
    /// Cancelled when the stand-in stops.
    pub(super) stopping: CancellationToken,
    state: Mutex<State>,
}

impl Hub {
    /// The ids follow from the routing key: an edge that remembers its devices
    /// finds the same tenant again after a restart of the stand-in.
    pub(super) fn new(routing_key: &str) -> Self {
        let id = |what: &str| {
            Uuid::new_v5(
                &Uuid::NAMESPACE_OID,
                format!("{what} of {routing_key}").as_bytes(),
            )
        };
        let tenant = id("tenant");
        Self {
            tenant,
            edge: id("edge"),
            stopping: CancellationToken::new(),
            state: Mutex::new(State::new(tenant)),
        }
    }

    /// The state. A panic while it was held left at worst one half-done
    /// request behind, which is no reason for a test tool to fail everything after it.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a session is ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Close {
    /// Another session has the same key.
    Replaced,
    /// A broken link was asked for.
    Broken,
}

/// The session's side of a connection.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) number: u64,
    pub(super) close: oneshot::Receiver<Close>,
    /// Notified when something may have to be sent.
    pub(super) wake: Arc<Notify>,
}

#[derive(Debug)]
struct Live {
    number: u64,
    close: oneshot::Sender<Close>,
    wake: Arc<Notify>,
}

/// Everything that changes.
#[derive(Debug)]
pub(super) struct State {
    pub(super) tenant: Uuid,
    pub(super) devices: Table,
    pub(super) assets: Table,
    pub(super) credentials: Credentials,
    pub(super) outbox: Outbox,
    pub(super) calls: Calls,
    pub(super) faults: Faults,
    /// Uplink messages received, faults included.
    pub(super) uplinks: u64,
    /// Points of telemetry stored since the start.
    pub(super) points: u64,
    /// Sessions accepted so far; also the number of the newest.
    pub(super) connects: u64,
    live: Option<Live>,
}

impl State {
    pub(super) fn new(tenant: Uuid) -> Self {
        Self {
            tenant,
            devices: Table::new(Kind::Device, tenant),
            assets: Table::new(Kind::Asset, tenant),
            credentials: Credentials::default(),
            outbox: Outbox::default(),
            calls: Calls::default(),
            faults: Faults::default(),
            uplinks: 0,
            points: 0,
            connects: 0,
            live: None,
        }
    }

    pub(super) fn table(&self, kind: Kind) -> &Table {
        match kind {
            Kind::Device => &self.devices,
            Kind::Asset => &self.assets,
        }
    }

    pub(super) fn table_mut(&mut self, kind: Kind) -> &mut Table {
        match kind {
            Kind::Device => &mut self.devices,
            Kind::Asset => &mut self.assets,
        }
    }

    /// Removes an entity and frees what belongs to it.
    pub(super) fn remove(&mut self, kind: Kind, id: Uuid) -> Option<Entity> {
        if kind == Kind::Device {
            self.credentials.release(id);
        }
        self.table_mut(kind).remove(id)
    }

    /// Begins a session; an older one is closed.
    pub(super) fn connect(&mut self, max_size: usize) -> Session {
        self.close(Close::Replaced);
        self.connects += 1;
        self.outbox.reset(max_size);
        let (close, closed) = oneshot::channel();
        let wake = Arc::new(Notify::new());
        self.live = Some(Live {
            number: self.connects,
            close,
            wake: Arc::clone(&wake),
        });
        Session {
            number: self.connects,
            close: closed,
            wake,
        }
    }

    /// Ends the session of that number, unless a newer one has taken its place.
    pub(super) fn disconnect(&mut self, number: u64) {
        if self.is_current(number) {
            self.live = None;
            self.outbox.reset(0);
        }
    }

    /// Ends the current session; false when there is none.
    pub(super) fn close(&mut self, reason: Close) -> bool {
        let Some(live) = self.live.take() else {
            return false;
        };
        self.outbox.reset(0);
        // The session may be ending by itself at this moment.
        let _ = live.close.send(reason);
        true
    }

    pub(super) fn connected(&self) -> bool {
        self.live.is_some()
    }

    pub(super) fn is_current(&self, number: u64) -> bool {
        self.live.as_ref().is_some_and(|live| live.number == number)
    }

    /// Queues a general event for the edge, connected or not.
    pub(super) fn push_event(&mut self, message: DownlinkMsg) {
        self.outbox.push_event(message);
        self.wake();
    }

    /// Makes the session look at the outbox.
    pub(super) fn wake(&self) {
        if let Some(live) = &self.live {
            live.wake.notify_one();
        }
    }

    /// Starts a synchronisation unless one runs.
    pub(super) fn start_sync(&mut self) {
        if self.outbox.syncing() {
            return;
        }
        let assigned = |kind: Kind| -> Vec<EntityRef> {
            let entities = self.table(kind).iter().filter(|entity| entity.assigned);
            entities.map(|entity| (kind, entity.id)).collect()
        };
        let groups = [assigned(Kind::Device), assigned(Kind::Asset)];
        self.outbox.start_sync(groups);
    }

    /// What that session has to send now.
    pub(super) fn next_downlinks(&mut self, number: u64, now: Instant) -> Vec<DownlinkMsg> {
        if !self.is_current(number) {
            return Vec::new();
        }
        let (devices, assets) = (&self.devices, &self.assets);
        self.outbox.next(now, |(kind, id)| {
            let table = match kind {
                Kind::Device => devices,
                Kind::Asset => assets,
            };
            let entity = table.get(id).filter(|entity| entity.assigned)?;
            Some(table.update_message(entity, UpdateMsgType::EntityCreatedRpcMessage))
        })
    }
}

/// The server's clock in the milliseconds that ThingsBoard counts in.
pub(super) fn now_ms() -> i64 {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}
