//! The one shared state: the tenant's entities, the edge's session and what waits for it.
//!
//! One mutex guards all of it, so a request of the HTTP API and a message of
//! the edge see each other whole or not at all. It is never held over an await.

mod live;
mod store;
mod tell;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::live::Sessions;
pub(super) use self::live::{Close, Session};
use super::calls::Calls;
use super::credentials::Credentials;
use super::customers::Customers;
use super::delays::Delays;
use super::edge::{Edge, Secret};
use super::entities::{Entity, Kind, Table};
use super::faults::Faults;
use super::journal::Journal;
use super::outbox::Outbox;

/// What the gRPC and the HTTP side share.
#[derive(Debug)]
pub(super) struct Hub {
    pub(super) tenant: Uuid,
    /// Cancelled when the stand-in stops.
    pub(super) stopping: CancellationToken,
    state: Mutex<State>,
}

impl Hub {
    /// The ids follow from the routing key: an edge that remembers its devices
    /// finds the same tenant again after a restart of the stand-in.
    pub(super) fn new(routing_key: &str, secret: &str, kept_points: usize) -> Self {
        let id = |what: &str| {
            Uuid::new_v5(
                &Uuid::NAMESPACE_OID,
                format!("{what} of {routing_key}").as_bytes(),
            )
        };
        let tenant = id("tenant");
        let edge = Edge::new(id("edge"), Secret(secret.to_owned()));
        Self {
            tenant,
            stopping: CancellationToken::new(),
            state: Mutex::new(State::new(tenant, edge, kept_points)),
        }
    }

    /// The state. A panic while it was held left at worst one half-done
    /// request behind, which is no reason for a test tool to fail everything after it.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything that changes.
#[derive(Debug)]
pub(super) struct State {
    pub(super) tenant: Uuid,
    pub(super) edge: Edge,
    pub(super) customers: Customers,
    pub(super) devices: Table,
    pub(super) assets: Table,
    pub(super) credentials: Credentials,
    pub(super) outbox: Outbox,
    pub(super) calls: Calls,
    pub(super) faults: Faults,
    pub(super) journal: Journal,
    /// What the journal holds is being done again: nothing is added to it.
    restoring: bool,
    /// Points kept for one key; the oldest arrivals make room for new ones.
    pub(super) kept_points: usize,
    /// Uplink messages received since the start, faults included.
    pub(super) uplinks: u64,
    /// Points of telemetry of devices and assets that were stored.
    pub(super) points: u64,
    /// The same, for those who wait for a number of them.
    pub(super) points_told: watch::Sender<u64>,
    /// How long values took, if that is counted.
    pub(super) delays: Option<Delays>,
    /// Sessions accepted since the start; also the number of the newest.
    pub(super) connects: u64,
    /// The edge was connected at some time.
    pub(super) known: bool,
    sessions: Sessions,
}

impl State {
    fn new(tenant: Uuid, edge: Edge, kept_points: usize) -> Self {
        Self {
            tenant,
            edge,
            customers: Customers::default(),
            devices: Table::new(Kind::Device, tenant),
            assets: Table::new(Kind::Asset, tenant),
            credentials: Credentials::default(),
            outbox: Outbox::default(),
            calls: Calls::default(),
            faults: Faults::default(),
            journal: Journal::default(),
            restoring: false,
            kept_points,
            uplinks: 0,
            points: 0,
            points_told: watch::Sender::new(0),
            delays: None,
            connects: 0,
            known: false,
            sessions: Sessions::default(),
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

    /// Whether a message of telemetry may be stored without a look at the rest:
    /// nothing is to happen to it, and it is not written to the journal.
    pub(super) fn takes_telemetry_at_once(&self) -> bool {
        self.faults.let_all_pass() && self.journal.is_memory()
    }

    /// Tells how many points there are, if there are more.
    pub(super) fn tell_points(&self) {
        self.points_told.send_if_modified(|told| {
            let more = *told != self.points;
            *told = self.points;
            more
        });
    }

    /// Removes an entity and frees what belongs to it.
    pub(super) fn remove(&mut self, kind: Kind, id: Uuid) -> Option<Entity> {
        if kind == Kind::Device {
            self.credentials.release(id);
        }
        self.table_mut(kind).remove(id)
    }
}

/// The server's clock in Unix microseconds.
pub(super) fn now_us() -> i64 {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX)
}

/// A time in the milliseconds that ThingsBoard counts in.
pub(super) fn ms(us: i64) -> i64 {
    us.div_euclid(1000)
}
