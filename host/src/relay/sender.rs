//! The uplink half of a session: creates what is missing, sends what the spool
//! holds, and lets go of it once ThingsBoard has acknowledged it.
//!
//! Several messages are on their way at a time, each with records of many
//! entities, and of one entity only one message ([`Lanes`]). A message that is
//! not full waits a moment for company while others are on their way.

use std::{collections::HashMap, future::Future, pin::Pin, time::Duration};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::warn;

use super::{
    attributes::Attributes,
    creation::{Creator, Prepared},
    entities::Entities,
    error::SessionError,
    exchange::{Answer, Exchange, REJECTION_PAUSE},
    lanes::{Item, LaneId, Lanes, Room},
    request::Content,
    undeliverable::{self, Reason},
    uplink::Parts,
};
use crate::{
    config::ThingsBoard,
    dead_letters::DeadLetters,
    message::{batch::PairRef, millis},
    spool::{Reader, Record, Spool},
};

/// How often a record may fail alone before it is given up: a fault of the
/// server's own may pass, a fault of the record does not.
const TRIES: u32 = 3;
/// Bytes of a message that holds more than one record: well under the server's
/// 4 MiB, so that one that has to be sent again costs little.
const MESSAGE_BYTES: usize = 1024 * 1024;
/// How many messages' records are read ahead: those of an entity that waits for
/// its acknowledgement do not keep the others waiting.
const AHEAD: usize = 4;

/// Bounds of what is on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Messages on their way at a time.
    pub(super) in_flight: usize,
    /// Records of one message.
    pub(super) records: usize,
    /// Bytes of one message.
    pub(super) bytes: usize,
    /// Bytes of the largest message that the server takes.
    pub(super) server_bytes: usize,
    /// How long a message that is not full waits for company.
    pub(super) linger: Duration,
    /// Pause after the server asked us to slow down.
    pub(super) rate_limit_pause: Duration,
}

impl Limits {
    /// As the settings have them, for a server with that limit.
    pub(super) fn new(settings: &ThingsBoard, server_bytes: Option<u32>) -> Self {
        let told = server_bytes.and_then(|bytes| usize::try_from(bytes).ok());
        let server_bytes = told.filter(|bytes| *bytes > 0).unwrap_or(usize::MAX);
        Self {
            in_flight: settings.max_messages_in_flight,
            records: settings.max_records_per_message,
            bytes: MESSAGE_BYTES.min(server_bytes),
            server_bytes,
            linger: Duration::from_millis(settings.linger_ms),
            rate_limit_pause: settings.rate_limit_pause(),
        }
    }
}

/// What a session's uplink half needs.
#[derive(Clone, Copy)]
pub(super) struct Context<'session> {
    pub(super) spool: &'session Spool,
    pub(super) entities: &'session Entities,
    pub(super) exchange: &'session Exchange,
    pub(super) creator: &'session Creator<'session>,
    /// Takes what ThingsBoard does not, if it is to be kept.
    pub(super) dead_letters: Option<&'session DeadLetters>,
    /// Told which attributes were accepted.
    pub(super) attributes: &'session Attributes,
    pub(super) limits: Limits,
}

/// What a message is for.
enum Job {
    Data(Vec<Item<Record>>),
    Creation(LaneId),
}

/// What has come of it.
enum Ended {
    Answered(Job, Answer),
    /// These were put away, or are still to be delivered.
    PutAway {
        batch: Vec<Item<Record>>,
        done: bool,
    },
}

type OnItsWay<'session> =
    Pin<Box<dyn Future<Output = Result<Ended, SessionError>> + Send + 'session>>;

/// Sends what the spool holds.
pub(super) struct Sender<'session> {
    context: Context<'session>,
    reader: Reader,
    lanes: Lanes<Record>,
    on_their_way: FuturesUnordered<OnItsWay<'session>>,
    /// How often a lane's creation was rejected.
    rejected_creations: HashMap<LaneId, u32>,
    /// Until when the server wants us to be quiet.
    quiet_until: Option<Instant>,
    /// When the message at hand has waited long enough for company.
    leaves_at: Option<Instant>,
}

impl<'session> Sender<'session> {
    /// Begins with the oldest record that ThingsBoard has not acknowledged.
    pub(super) fn new(context: Context<'session>) -> Self {
        Self {
            reader: context.spool.reader(),
            context,
            lanes: Lanes::default(),
            on_their_way: FuturesUnordered::new(),
            rejected_creations: HashMap::new(),
            quiet_until: None,
            leaves_at: None,
        }
    }

    /// Sends until the session ends.
    pub(super) async fn run(mut self) -> SessionError {
        loop {
            if let Err(end) = self.step().await {
                return end;
            }
        }
    }

    async fn step(&mut self) -> Result<(), SessionError> {
        let limits = self.context.limits;
        while self.on_their_way.len() < limits.in_flight {
            let Some(message) = self.next_message() else {
                break;
            };
            self.on_their_way.push(message);
        }
        // A moment that has passed while all messages are on their way would wake
        // us over and over.
        let may_send = self.on_their_way.len() < limits.in_flight;
        let leaves_at = self.leaves_at.filter(|_| may_send);
        let wake_at = self.quiet_until.or(leaves_at);
        let room = match self.lanes.waiting_bytes() < limits.bytes * AHEAD {
            true => (limits.records * AHEAD).saturating_sub(self.lanes.waiting()),
            false => 0,
        };
        tokio::select! {
            Some(ended) = self.on_their_way.next() => {
                self.finish(ended?);
            }
            records = self.reader.next(room, limits.bytes), if room > 0 => self.take_in(records),
            () = sleep_until(wake_at.unwrap_or_else(Instant::now)), if wake_at.is_some() => {
                self.quiet_until = None;
            }
        }
        Ok(())
    }

    /// Queues records behind the others of their entities.
    fn take_in(&mut self, records: Vec<Record>) {
        for record in records {
            let uplink = record.uplink();
            let (lane, bytes) = (uplink.lane(), uplink.message_bytes());
            self.lanes.push(lane, record, bytes);
        }
    }

    /// The next message, if one may leave now.
    fn next_message(&mut self) -> Option<OnItsWay<'session>> {
        if self.quiet_until.is_some() {
            return None;
        }
        let limits = self.context.limits;
        let room = Room {
            records: limits.records,
            bytes: limits.bytes,
        };
        loop {
            if let Some(creation) = self.next_creation() {
                return Some(creation);
            }
            if self.waits_for_company() {
                return None;
            }
            self.leaves_at = None;
            let entities = self.context.entities;
            let batch = self.lanes.take(&room, |record| {
                let uplink = record.uplink();
                entities.id(uplink.kind(), uplink.name()).is_some()
            });
            if batch.is_empty() {
                if self.lanes.has_absent() {
                    continue;
                }
                return None;
            }
            let too_large = batch.len() == 1 && batch[0].bytes > limits.server_bytes;
            if too_large {
                let reason = Reason::TooLarge {
                    bytes: batch[0].bytes,
                    limit: limits.server_bytes,
                };
                return Some(self.give_up(batch, reason));
            }
            let message = self.data_message(&batch);
            return Some(self.submit(Job::Data(batch), message));
        }
    }

    /// Whether a message that could leave should wait for more records. While
    /// nothing is on its way none waits: nobody gains by it.
    fn waits_for_company(&mut self) -> bool {
        let limits = self.context.limits;
        let full = self.lanes.waiting() >= limits.records;
        if full || self.on_their_way.is_empty() || !self.lanes.has_ready() {
            return false;
        }
        let leaves_at = *self
            .leaves_at
            .get_or_insert_with(|| Instant::now() + limits.linger);
        Instant::now() < leaves_at
    }

    fn data_message(&self, batch: &[Item<Record>]) -> Content {
        let bytes = batch.iter().map(|item| item.bytes).sum();
        let mut parts = Parts::with_capacity(bytes);
        let same_entity = |one: &Item<Record>, next: &Item<Record>| {
            let (one, next) = (one.record.uplink(), next.record.uplink());
            one.lane() == next.lane() && one.kind() == next.kind() && one.name() == next.name()
        };
        for of_entity in batch.chunk_by(same_entity) {
            let Some(first) = of_entity.first() else {
                continue;
            };
            let (kind, name) = (first.record.uplink().kind(), first.record.uplink().name());
            // It may have been deleted since the batch was made. Then the server drops
            // the data as it does what was on its way at that moment.
            let known = self.context.entities.id(kind, name);
            let id = known.unwrap_or_else(|| self.context.creator.id(kind, name));
            for item in of_entity {
                parts.append(item.record.uplink(), id);
            }
        }
        Content::Data(parts.encoded())
    }

    /// The message that creates an entity, if one is missing. What needs no
    /// message, or may not be created, is settled here.
    fn next_creation(&mut self) -> Option<OnItsWay<'session>> {
        loop {
            let (lane, record) = self.lanes.next_absent()?;
            match self.context.creator.prepare(&record.uplink().to_uplink()) {
                Prepared::Exists => self.lanes.free(lane),
                Prepared::NotAllowed => {
                    let batch = self.lanes.take_all(lane);
                    self.done(&batch);
                }
                Prepared::Message(message) => {
                    return Some(self.submit(Job::Creation(lane), message.into()));
                }
            }
        }
    }

    /// Sends a message and waits for its answer.
    fn submit(&self, job: Job, content: Content) -> OnItsWay<'session> {
        let Context {
            exchange, entities, ..
        } = self.context;
        Box::pin(async move {
            if matches!(job, Job::Data(_)) {
                // A name under which data were sent must lead there after a restart,
                // too, or it would be created anew.
                entities.written().await;
            }
            let answer = exchange.submit_or_end(content).await?;
            if let Answer::Rejected(_) = answer {
                sleep(REJECTION_PAUSE).await;
            }
            Ok(Ended::Answered(job, answer))
        })
    }

    fn finish(&mut self, ended: Ended) {
        let (job, answer) = match ended {
            Ended::Answered(job, answer) => (job, answer),
            Ended::PutAway { batch, done: true } => return self.done(&batch),
            Ended::PutAway { batch, done: false } => return self.lanes.give_back(batch),
        };
        if answer == Answer::RateLimited {
            let pause = self.context.limits.rate_limit_pause;
            warn!(
                pause_ms = millis(pause),
                "ThingsBoard limits this edge's messages; sending pauses"
            );
            self.quiet_until = Some(Instant::now() + pause);
        }
        match job {
            Job::Data(batch) => self.finish_data(batch, answer),
            Job::Creation(lane) => self.finish_creation(lane, answer),
        }
    }

    fn finish_data(&mut self, mut batch: Vec<Item<Record>>, answer: Answer) {
        let fault = match answer {
            Answer::Accepted => {
                self.note_attributes(&batch);
                self.done(&batch);
                return;
            }
            Answer::RateLimited => {
                self.lanes.give_back(batch);
                return;
            }
            Answer::Rejected(text) => Reason::Rejected(text),
            Answer::TimedOut => Reason::NotAcknowledged,
        };
        if let [item] = batch.as_mut_slice() {
            let failures = item.failures.unwrap_or_default() + 1;
            item.failures = Some(failures);
            if failures >= TRIES {
                let putting_away = self.give_up(batch, fault);
                self.on_their_way.push(putting_away);
                return;
            }
        } else {
            warn!(
                records = batch.len(),
                error = %fault,
                "ThingsBoard does not take a message; its records are sent one by one"
            );
            for item in &mut batch {
                item.failures = Some(item.failures.unwrap_or_default());
            }
        }
        self.lanes.give_back(batch);
    }

    fn finish_creation(&mut self, lane: LaneId, answer: Answer) {
        match answer {
            Answer::Accepted => {
                self.rejected_creations.remove(&lane);
                if let Some(record) = self.lanes.first(lane) {
                    self.context.creator.created(&record.uplink().to_uplink());
                }
                self.lanes.free(lane);
            }
            Answer::RateLimited | Answer::TimedOut => self.lanes.free(lane),
            Answer::Rejected(text) => {
                let rejections = self.rejected_creations.entry(lane).or_default();
                *rejections += 1;
                if *rejections < TRIES {
                    self.lanes.free(lane);
                    return;
                }
                self.rejected_creations.remove(&lane);
                let batch = self.lanes.take_all(lane);
                let putting_away = self.give_up(batch, Reason::NotCreated(text));
                self.on_their_way.push(putting_away);
            }
        }
    }

    /// Puts away what ThingsBoard will not take. Its lanes wait for that.
    fn give_up(&self, batch: Vec<Item<Record>>, reason: Reason) -> OnItsWay<'session> {
        let dead_letters = self.context.dead_letters;
        Box::pin(async move {
            let records: Vec<_> = batch.iter().map(|item| item.record.clone()).collect();
            let done = undeliverable::put_away(&records, &reason, dead_letters).await;
            if !done {
                sleep(REJECTION_PAUSE).await;
            }
            Ok(Ended::PutAway { batch, done })
        })
    }

    fn note_attributes(&self, batch: &[Item<Record>]) {
        for item in batch {
            let uplink = item.record.uplink();
            if uplink.has_attributes()
                && let Some(id) = self.context.entities.called(uplink.kind(), uplink.name())
            {
                let attributes: Vec<_> = uplink.attributes().map(PairRef::to_pair).collect();
                self.context.attributes.sent(id, &attributes);
            }
        }
    }

    /// Lets go of records, and of their lanes.
    fn done(&mut self, batch: &[Item<Record>]) {
        let positions = batch.iter().map(|item| item.record.position);
        self.context.spool.acknowledge(positions);
        for item in batch {
            self.lanes.free(item.lane);
        }
    }
}
