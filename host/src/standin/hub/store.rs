//! What is stored before it is done, and how it is done again after a restart.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tracing::dispatcher::{self, Dispatch};

use super::{Hub, State, now_us};
use crate::proto::edge::DownlinkMsg;
use crate::standin::Error;
use crate::standin::admin::Problem;
use crate::standin::change::Change;
use crate::standin::journal::{Journal, Record};
use crate::standin::uplink;

impl Hub {
    /// Reads what the folder has of an earlier start, and stores there what
    /// happens from now on.
    pub(in crate::standin) fn keep_in(self, folder: &Path) -> Result<Self, Error> {
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
        // No fault outlasts the stand-in. What it did to messages of then does.
        // A failure is logged, and nothing is acknowledged any more.
        let _ = state.limit_devices(None);
        Ok(Self {
            state: Mutex::new(state),
            ..self
        })
    }
}

impl State {
    /// Queues a general event for the edge, connected or not.
    pub(in crate::standin) fn push_event(&mut self, message: DownlinkMsg) {
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
    pub(in crate::standin) fn carry_out(&mut self, change: Change) -> Result<(), Problem> {
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

    /// Limits the devices that the edge may make.
    pub(in crate::standin) fn limit_devices(
        &mut self,
        limit: Option<usize>,
    ) -> Result<(), Problem> {
        match limit == self.faults.device_limit {
            true => Ok(()),
            false => self.carry_out(Change::DeviceLimit { limit }),
        }
    }

    /// Stores what nobody waits for. When that fails the log has it, and
    /// nothing is acknowledged any more.
    pub(super) fn note(&mut self, record: &Record) {
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
}
