//! What goes down to the edge, and when.
//!
//! Messages leave in packs of at most fifty. The next pack waits until every
//! message of the one in flight is acknowledged; what is not is sent again
//! with the same number. A running synchronisation comes before everything
//! else and remote procedure calls come before general events. The logic has
//! no clock and no socket of its own: the session asks what to send now.

use std::collections::VecDeque;

use prost::Message as _;
use tokio::time::{Duration, Instant};
use tracing::warn;
use uuid::Uuid;

use super::entities::Kind;
use crate::proto::edge::{DownlinkMsg, SyncCompletedMsg};

/// Messages in one pack, and entities on one page of a synchronisation.
pub(super) const PACK: usize = 50;
/// How long a pack waits for its acknowledgements.
pub(super) const RESEND_AFTER: Duration = Duration::from_secs(60);
/// How often a message is sent before it is given up.
const SENDS: u32 = 3;
/// Messages that may wait; more are refused.
const MAX_WAITING: usize = 10_000;

/// Devices assigned while the edge is connected that it has yet to hear of.
const MAX_ASSIGNED: usize = 1_000_000;

/// What is to be told. It is looked up when it is sent, so the edge gets its
/// latest state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// A device or an asset.
    Entity(Kind, Uuid),
    /// A device's or an asset's profile.
    Profile(Kind, Uuid),
}

impl Told {
    /// Whose table has it.
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Entity(kind, _) | Self::Profile(kind, _) => kind,
        }
    }
}

/// A general event.
#[derive(Debug)]
enum Event {
    Message(Box<DownlinkMsg>),
    /// One of many devices that were assigned at once.
    Assigned(Kind, Uuid),
}

/// One step of a synchronisation.
#[derive(Debug)]
enum Step {
    Page(Vec<Told>),
    Completed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Page,
    Completed,
    Calls,
    /// The first so many general events.
    Events(usize),
}

#[derive(Debug)]
struct Pack {
    source: Source,
    /// Sent and not yet acknowledged.
    pending: Vec<DownlinkMsg>,
    sends: u32,
    resend_at: Instant,
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
    sync: Option<VecDeque<Step>>,
    pack: Option<Pack>,
    synced: bool,
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

    /// Messages not sent yet.
    pub(super) fn queued(&self) -> usize {
        let in_flight = match &self.pack {
            Some(Pack {
                source: Source::Events(count),
                ..
            }) => *count,
            _ => 0,
        };
        let steps = self.sync.iter().flatten().map(|step| match step {
            Step::Page(entities) => entities.len(),
            Step::Completed => 1,
        });
        self.events.len() - in_flight + self.calls.len() + steps.sum::<usize>()
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
    /// Each group has pages of its own.
    pub(super) fn start_sync(&mut self, groups: &[Vec<Told>]) {
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
        let steps = groups
            .iter()
            .flat_map(|group| group.chunks(PACK))
            .map(|page| Step::Page(page.to_vec()))
            .chain([Step::Completed]);
        self.sync = Some(steps.collect());
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
        self.pack.as_ref().map(|pack| pack.resend_at)
    }

    /// What to send now; empty when there is nothing to send.
    pub(super) fn next(
        &mut self,
        now: Instant,
        describe: impl Fn(Told) -> Option<DownlinkMsg>,
    ) -> Vec<DownlinkMsg> {
        if let Some(pack) = &mut self.pack {
            if now < pack.resend_at {
                return Vec::new();
            }
            pack.sends += 1;
            pack.resend_at = now + RESEND_AFTER;
            let again = pack.pending.clone();
            if pack.sends == SENDS {
                warn!(
                    messages = again.len(),
                    "downlinks were not acknowledged; sending them for the last time"
                );
                self.finish_pack();
            }
            return again;
        }
        while let Some((source, mut messages)) = self.take(&describe) {
            let max_size = self.max_size;
            messages.retain(|message| {
                let size = message.encoded_len();
                let fits = max_size == 0 || size <= max_size;
                if !fits {
                    warn!(
                        size,
                        max_size, "a downlink is larger than the edge takes; it is dropped"
                    );
                }
                fits
            });
            number(&mut messages);
            self.pack = Some(Pack {
                source,
                pending: messages.clone(),
                sends: 1,
                resend_at: now + RESEND_AFTER,
            });
            if messages.is_empty() {
                self.finish_pack();
            } else {
                return messages;
            }
        }
        Vec::new()
    }

    /// Chooses the next pack.
    fn take(
        &mut self,
        describe: &impl Fn(Told) -> Option<DownlinkMsg>,
    ) -> Option<(Source, Vec<DownlinkMsg>)> {
        if let Some(steps) = &mut self.sync {
            return Some(match steps.pop_front() {
                Some(Step::Page(page)) => (
                    Source::Page,
                    page.into_iter().filter_map(describe).collect(),
                ),
                Some(Step::Completed) | None => {
                    let message = DownlinkMsg {
                        sync_completed_msg: Some(SyncCompletedMsg {}),
                        ..DownlinkMsg::default()
                    };
                    (Source::Completed, vec![message])
                }
            });
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

/// Gives every message of a pack a number of its own.
fn number(messages: &mut [DownlinkMsg]) {
    for index in 0..messages.len() {
        let (before, rest) = messages.split_at_mut(index);
        if let Some(message) = rest.first_mut() {
            message.downlink_msg_id = loop {
                let id = rand::random_range(1..=i32::MAX);
                if before.iter().all(|other| other.downlink_msg_id != id) {
                    break id;
                }
            };
        }
    }
}

#[cfg(test)]
mod tests;
