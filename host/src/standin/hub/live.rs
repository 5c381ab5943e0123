//! The edge's sessions: the one that counts, and older ones that were left open.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{Notify, oneshot};

use super::State;
use crate::proto::edge::EdgeConfiguration;
use crate::standin::faults::{Manner, SecondSession};
use crate::standin::journal::Record;

/// Sessions that stay open behind the one that counts; the oldest are closed.
const MAX_OLDER: usize = 100;

/// Why a session is ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::standin) enum Close {
    /// Another session has the same key.
    Replaced,
    /// An end was asked for.
    Cut(Manner),
}

/// The session's side of a connection.
#[derive(Debug)]
pub(in crate::standin) struct Session {
    pub(in crate::standin) number: u64,
    pub(in crate::standin) close: oneshot::Receiver<Close>,
    /// Notified when something may have to be sent.
    pub(in crate::standin) wake: Arc<Notify>,
}

#[derive(Debug)]
struct Live {
    number: u64,
    close: oneshot::Sender<Close>,
    wake: Arc<Notify>,
    /// The edge was edited and this session has yet to say so.
    edited: bool,
}

impl Live {
    fn close(self, reason: Close) {
        // The session may be ending by itself at this moment.
        let _ = self.close.send(reason);
    }
}

/// All open sessions.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    current: Option<Live>,
    /// Their uplinks still count, and nothing comes down to them.
    older: VecDeque<Live>,
}

impl State {
    /// Begins a session. An older one is closed, or left without downlinks.
    pub(in crate::standin) fn connect(&mut self, max_size: usize) -> Session {
        if let Some(old) = self.sessions.current.take() {
            match self.faults.second_session {
                SecondSession::Close => old.close(Close::Replaced),
                SecondSession::Silent => self.sessions.older.push_back(old),
            }
            if self.sessions.older.len() > MAX_OLDER
                && let Some(oldest) = self.sessions.older.pop_front()
            {
                oldest.close(Close::Replaced);
            }
        }
        self.connects += 1;
        if !self.known {
            self.known = true;
            self.note(&Record::Connected);
        }
        self.outbox.reset(max_size);
        let (close, closed) = oneshot::channel();
        let wake = Arc::new(Notify::new());
        self.sessions.current = Some(Live {
            number: self.connects,
            close,
            wake: Arc::clone(&wake),
            edited: false,
        });
        Session {
            number: self.connects,
            close: closed,
            wake,
        }
    }

    /// Ends the session of that number, if it is still open.
    pub(in crate::standin) fn disconnect(&mut self, number: u64) {
        if self.is_current(number) {
            self.sessions.current = None;
            self.outbox.reset(0);
        }
        self.sessions.older.retain(|live| live.number != number);
    }

    /// Ends all sessions; false when there is none.
    pub(in crate::standin) fn close(&mut self, reason: Close) -> bool {
        let current = self.sessions.current.take();
        if current.is_some() {
            self.outbox.reset(0);
        }
        let open: Vec<_> = self.sessions.older.drain(..).chain(current).collect();
        let any = !open.is_empty();
        for live in open {
            live.close(reason);
        }
        any
    }

    pub(in crate::standin) fn connected(&self) -> bool {
        self.sessions.current.is_some()
    }

    /// How many sessions are open.
    pub(in crate::standin) fn sessions(&self) -> usize {
        self.sessions.older.len() + usize::from(self.connected())
    }

    /// True for the session that downlinks go to.
    pub(in crate::standin) fn is_current(&self, number: u64) -> bool {
        let mut current = self.sessions.current.iter();
        current.any(|live| live.number == number)
    }

    /// True for a session whose uplinks count.
    pub(in crate::standin) fn is_open(&self, number: u64) -> bool {
        let mut older = self.sessions.older.iter();
        self.is_current(number) || older.any(|live| live.number == number)
    }

    /// Makes the session look at the outbox.
    pub(in crate::standin) fn wake(&self) {
        if let Some(live) = &self.sessions.current {
            live.wake.notify_one();
        }
    }

    /// The edge was edited: a connected one is told.
    pub(in crate::standin) fn edited(&mut self) {
        if let Some(live) = &mut self.sessions.current {
            live.edited = true;
        }
        self.wake();
    }

    /// What that session has to say about an edited edge.
    pub(in crate::standin) fn take_edited(&mut self, number: u64) -> Option<EdgeConfiguration> {
        let current = self.sessions.current.as_mut();
        let live = current.filter(|live| live.number == number && live.edited)?;
        live.edited = false;
        Some(self.edge.configuration(self.tenant))
    }
}
