//! What goes down to the edge, and when.
//!
//! Messages leave in packs of at most fifty. The next pack waits until every
//! message of the one in flight is acknowledged; what is not is sent again
//! with the same number. A running synchronisation comes before everything
//! else and remote procedure calls come before general events. The logic has
//! no clock and no socket of its own: the session asks what to send now.

mod pack;
mod steps;

use std::collections::VecDeque;

use tokio::time::Instant;
use tracing::warn;
use uuid::Uuid;

use self::pack::{Pack, Source, drop_too_large, number, repeat};
pub(super) use self::steps::Told;
use self::steps::{Next, Step, Sync};
use super::entities::Kind;
use super::faults::{DownlinkRule, SyncRule};
use crate::proto::edge::{DownlinkMsg, SyncCompletedMsg};

/// Messages in one pack, and entities on one page of a synchronisation.
pub(super) const PACK: usize = 50;
/// Messages that may wait; more are refused.
const MAX_WAITING: usize = 10_000;

/// Devices assigned while the edge is connected that it has yet to hear of.
const MAX_ASSIGNED: usize = 1_000_000;

/// A general event.
#[derive(Debug)]
enum Event {
    Message(Box<DownlinkMsg>),
    /// One of many devices that were assigned at once.
    Assigned(Kind, Uuid),
}

/// The edge's waiting and unacknowledged messages.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// General events outlive a session: they stay until their pack is done.
    events: VecDeque<Event>,
    /// General events that are done with and were not asked for yet.
    done: usize,
    /// Remote procedure calls, lost with the session.
    calls: VecDeque<DownlinkMsg>,
    /// What remains of a running synchronisation.
    sync: Option<Sync>,
    pack: Option<Pack>,
    synced: bool,
    /// Messages that were given up after the last time they were sent.
    discarded: u64,
    /// Largest message the edge takes; 0 is no limit.
    max_size: usize,
}

impl Outbox {
    /// A session begins or has ended. General events in flight are kept for the next one.
    pub(super) fn reset(&mut self, max_size: usize) {
        self.calls.clear();
        self.sync = None;
        self.pack = None;
        self.synced = false;
        self.max_size = max_size;
    }

    /// True once a synchronisation of this session was completed or skipped.
    pub(super) fn synced(&self) -> bool {
        self.synced
    }

    /// Messages sent and not yet acknowledged.
    pub(super) fn unacknowledged(&self) -> usize {
        self.pack.as_ref().map_or(0, |pack| pack.pending.len())
    }

    /// Messages that were given up since the start.
    pub(super) fn discarded(&self) -> u64 {
        self.discarded
    }

    /// Messages not sent yet.
    pub(super) fn queued(&self) -> usize {
        let in_flight = match &self.pack {
            Some(Pack {
                source: Source::Events(count),
                ..
            }) => *count,
            _ => 0,
        };
        let steps = self.sync.as_ref().map_or(0, Sync::queued);
        self.events.len() - in_flight + self.calls.len() + steps
    }

    /// Adds a general event.
    pub(super) fn push_event(&mut self, message: DownlinkMsg) {
        if self.events.len() < MAX_WAITING {
            self.events.push_back(Event::Message(Box::new(message)));
        } else {
            warn!(
                limit = MAX_WAITING,
                "too many downlinks wait for the edge; this one is lost"
            );
        }
    }

    /// Adds the event that an entity was assigned.
    pub(super) fn push_assigned(&mut self, (kind, id): (Kind, Uuid)) {
        if self.events.len() < MAX_ASSIGNED {
            self.events.push_back(Event::Assigned(kind, id));
        }
    }

    /// Removes the oldest general events; they are done with.
    pub(super) fn forget_events(&mut self, count: usize) {
        self.events.drain(..count.min(self.events.len()));
    }

    /// Removes all general events, and whatever of them is on its way.
    pub(super) fn forget_all_events(&mut self) {
        self.events.clear();
        if let Some(Pack {
            source: Source::Events(_),
            ..
        }) = self.pack
        {
            self.pack = None;
        }
    }

    /// How many general events are done with since this was asked.
    pub(super) fn take_done(&mut self) -> usize {
        std::mem::take(&mut self.done)
    }

    /// Adds a remote procedure call; false when too many wait.
    pub(super) fn push_call(&mut self, message: DownlinkMsg) -> bool {
        let fits = self.calls.len() < MAX_WAITING;
        if fits {
            self.calls.push_back(message);
        }
        fits
    }

    /// The edge needs no synchronisation.
    pub(super) fn skip_sync(&mut self) {
        if self.sync.is_none() {
            self.synced = true;
        }
    }

    /// True while a synchronisation runs; another request is then ignored.
    pub(super) fn syncing(&self) -> bool {
        self.sync.is_some()
    }

    /// Starts a synchronisation. The pack in flight is interrupted and its messages are sent again later.
    pub(super) fn start_sync(&mut self, groups: &[Vec<Told>], rule: SyncRule) {
        if let Some(Pack {
            source: Source::Calls,
            pending,
            ..
        }) = self.pack.take()
        {
            for message in pending.into_iter().rev() {
                self.calls.push_front(message);
            }
        }
        self.sync = Some(Sync::new(groups, rule));
    }

    /// The edge answered a message. A refusal counts as an acknowledgement
    /// unless the message carries entity data, which is then sent again.
    pub(super) fn acknowledge(&mut self, id: i32, success: bool) {
        let Some(pack) = &mut self.pack else { return };
        pack.pending.retain(|message| {
            message.downlink_msg_id != id || (!success && !message.entity_data.is_empty())
        });
        if pack.pending.is_empty() {
            self.finish_pack();
        }
    }

    /// When to ask again although nothing else happened.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match &self.pack {
            Some(pack) => Some(pack.resend_at),
            None => self.sync.as_ref().and_then(Sync::due),
        }
    }

    /// What to send now; empty when there is nothing to send.
    pub(super) fn next(
        &mut self,
        now: Instant,
        rule: &mut DownlinkRule,
        describe: impl Fn(Told) -> Option<DownlinkMsg>,
    ) -> Vec<DownlinkMsg> {
        if let Some(pack) = &mut self.pack {
            if now < pack.resend_at {
                return Vec::new();
            }
            pack.sends += 1;
            pack.resend_at = now + rule.resend_after;
            let again = pack.pending.clone();
            self.give_up(rule);
            return again;
        }
        while let Some((source, mut messages)) = self.take(now, &describe) {
            drop_too_large(&mut messages, self.max_size);
            if let Source::Calls | Source::Events(_) = source {
                repeat(&mut messages, &mut rule.repeat);
            }
            number(&mut messages);
            self.pack = Some(Pack {
                source,
                pending: messages.clone(),
                sends: 1,
                resend_at: now + rule.resend_after,
            });
            if messages.is_empty() {
                self.finish_pack();
            } else {
                self.give_up(rule);
                return messages;
            }
        }
        Vec::new()
    }

    /// After the last time that it is sent, a pack is not waited for.
    fn give_up(&mut self, rule: &DownlinkRule) {
        if let Some(pack) = self.pack.as_ref().filter(|pack| pack.sends >= rule.sends) {
            let messages = pack.pending.len();
            warn!(
                messages,
                "downlinks were not acknowledged; sending them for the last time"
            );
            self.discarded += messages as u64;
            self.finish_pack();
        }
    }

    /// Chooses the next pack.
    fn take(
        &mut self,
        now: Instant,
        describe: &impl Fn(Told) -> Option<DownlinkMsg>,
    ) -> Option<(Source, Vec<DownlinkMsg>)> {
        if let Some(sync) = &mut self.sync {
            return match sync.next(now) {
                Next::Later | Next::Step(Step::Hang) => None,
                Next::Step(Step::Page(page)) => Some((
                    Source::Page,
                    page.into_iter().filter_map(describe).collect(),
                )),
                Next::Step(Step::Completed) => {
                    let message = DownlinkMsg {
                        sync_completed_msg: Some(SyncCompletedMsg {}),
                        ..DownlinkMsg::default()
                    };
                    Some((Source::Completed, vec![message]))
                }
            };
        }
        if !self.calls.is_empty() {
            let count = self.calls.len().min(PACK);
            return Some((Source::Calls, self.calls.drain(..count).collect()));
        }
        if !self.events.is_empty() {
            let count = self.events.len().min(PACK);
            let events = self.events.iter().take(count);
            let messages = events.filter_map(|event| match event {
                Event::Message(message) => Some(DownlinkMsg::clone(message)),
                Event::Assigned(kind, id) => describe(Told::Entity(*kind, *id)),
            });
            return Some((Source::Events(count), messages.collect()));
        }
        None
    }

    fn finish_pack(&mut self) {
        match self.pack.take().map(|pack| pack.source) {
            Some(Source::Events(count)) => {
                self.forget_events(count);
                self.done += count;
            }
            Some(Source::Completed) => {
                self.sync = None;
                self.synced = true;
            }
            Some(Source::Page | Source::Calls) | None => {}
        }
    }
}

#[cfg(test)]
mod tests;
