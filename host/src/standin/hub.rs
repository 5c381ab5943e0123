//! The one shared state: the tenant's entities, the edge's session and what waits for it.
//!
//! One mutex guards all of it, so a request of the HTTP API and a message of
//! the edge see each other whole or not at all. It is never held over an await.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::dispatcher::{self, Dispatch};
use uuid::Uuid;

use super::Error;
use super::admin::Problem;
use super::calls::Calls;
use super::change::Change;
use super::credentials::Credentials;
use super::entities::{Entity, Kind, Table};
use super::faults::{Faults, Manner};
use super::journal::{Journal, Record};
use super::outbox::{Outbox, Told};
use super::uplink;
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
    pub(super) fn new(routing_key: &str, kept_points: usize) -> Self {
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
            state: Mutex::new(State::new(tenant, kept_points)),
        }
    }

    /// Reads what the folder has of an earlier start, and stores there what
    /// happens from now on.
    pub(super) fn keep_in(self, folder: &Path) -> Result<Self, Error> {
        let mut state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        state.restoring = true;
        // What happened then was logged then.
        let silence = Dispatch::none();
        let journal = Journal::open(folder, self.tenant, |record| {
            dispatcher::with_default(&silence, || state.restore(record))
        })?;
        state.restoring = false;
        state.journal = journal;
        Ok(Self {
            state: Mutex::new(state),
            ..self
        })
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
    /// An end was asked for.
    Cut(Manner),
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
    pub(super) journal: Journal,
    /// What the journal holds is being done again: nothing is added to it.
    restoring: bool,
    /// Points kept for one key; the oldest arrivals make room for new ones.
    pub(super) kept_points: usize,
    /// Uplink messages received since the start, faults included.
    pub(super) uplinks: u64,
    /// Points of telemetry stored.
    pub(super) points: u64,
    /// Sessions accepted since the start; also the number of the newest.
    pub(super) connects: u64,
    /// The edge was connected at some time.
    pub(super) known: bool,
    live: Option<Live>,
}

impl State {
    fn new(tenant: Uuid, kept_points: usize) -> Self {
        Self {
            tenant,
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
            connects: 0,
            known: false,
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
        if !self.known {
            self.known = true;
            self.note(&Record::Connected);
        }
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
        // The journal has the event itself too.
        if self.restoring {
            return;
        }
        let record = Record::Event(message);
        self.note(&record);
        if let Record::Event(message) = record {
            self.outbox.push_event(message);
        }
        self.wake();
    }

    /// Stores a change and makes it.
    pub(super) fn carry_out(&mut self, change: Change) -> Result<(), Problem> {
        let record = Record::Change {
            now_us: now_us(),
            change,
        };
        self.journal.record(&record)?;
        match record {
            Record::Change { now_us, change } => {
                self.apply(change, now_us).map_err(Problem::Invalid)
            }
            _ => Ok(()),
        }
    }

    /// Stores what nobody waits for. When that fails the log has it, and
    /// nothing is acknowledged any more.
    fn note(&mut self, record: &Record) {
        let _ = self.journal.record(record);
    }

    /// Does again what a record says.
    fn restore(&mut self, record: Record) -> Result<(), String> {
        match record {
            Record::Uplink { now_us, message } => {
                uplink::apply(self, message, now_us);
            }
            // What was refused then is refused again.
            Record::Change { now_us, change } => drop(self.apply(change, now_us)),
            Record::Event(message) => self.outbox.push_event(message),
            Record::EventsDone(count) => self.outbox.forget_events(count as usize),
            Record::Connected => self.known = true,
        }
        Ok(())
    }

    /// The edge answered a downlink.
    pub(super) fn acknowledge(&mut self, id: i32, success: bool) {
        self.outbox.acknowledge(id, success);
        self.note_done();
    }

    fn note_done(&mut self) {
        let done = self.outbox.take_done();
        if done > 0 {
            self.note(&Record::EventsDone(u32::try_from(done).unwrap_or(u32::MAX)));
        }
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
        let profile = |kind: Kind| vec![Told::Profile(kind, self.table(kind).default_profile())];
        let profiles = |kind: Kind| -> Vec<Told> {
            let profiles = self.table(kind).profiles();
            profiles.map(|id| Told::Profile(kind, id)).collect()
        };
        let assigned = |kind: Kind| -> Vec<Told> {
            let entities = self.table(kind).iter().filter(|entity| entity.assigned);
            entities
                .map(|entity| Told::Entity(kind, entity.id))
                .collect()
        };
        let groups = [
            [profile(Kind::Device), profile(Kind::Asset)],
            [profiles(Kind::Device), profiles(Kind::Asset)],
            [assigned(Kind::Device), assigned(Kind::Asset)],
        ];
        self.outbox.start_sync(groups.as_flattened());
    }

    /// What that session has to send now.
    pub(super) fn next_downlinks(&mut self, number: u64, now: Instant) -> Vec<DownlinkMsg> {
        if !self.is_current(number) {
            return Vec::new();
        }
        let (devices, assets) = (&self.devices, &self.assets);
        let messages = self.outbox.next(now, |told| {
            let table = match told.kind() {
                Kind::Device => devices,
                Kind::Asset => assets,
            };
            match told {
                Told::Entity(_, id) => {
                    let entity = table.get(id).filter(|entity| entity.assigned)?;
                    Some(table.update_message(entity, UpdateMsgType::EntityCreatedRpcMessage))
                }
                Told::Profile(_, id) => table.profile_message(id),
            }
        });
        self.note_done();
        messages
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
