//! What comes of one connection's frames: records in the spool, replies, answers to
//! calls, and dead letters.

use std::{collections::HashSet, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use tokio::time::sleep;
use tracing::{debug, error, warn};

use super::{
    directory::Route,
    integration::{Integration, Shared},
    letters::Letters,
    live::Live,
    outbox::{Deaf, Outbox},
    remarks::Remarks,
    stream::Asking,
};
use crate::{
    config::ReplyWhen,
    converter::{
        Actions, CallContext, CallError, Converter, Decoded, Event, Output, Pace, Progress,
        RpcAnswer, Session, Undecoded,
    },
    dead_letters::NewLetter,
    message::{Batch, batch::Origin, now_ms},
    spool::Acknowledgement,
};

/// Why a connection's frames are not taken any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The host stops before all were decoded; the others are dead letters.
    Stopping,
    /// The converter closes the connection.
    Asked,
    /// The device does not take its replies.
    Deaf,
}

/// Brings a connection's frames to where they belong.
pub(super) struct Intake {
    integration: Arc<Integration>,
    shared: Arc<Shared>,
    peer: SocketAddr,
    local: SocketAddr,
    route: Route,
    /// Whether the writer is gone. What was read is decoded and stored all the same.
    deaf: bool,
    /// What the converter keeps for the connection.
    session: Session,
    /// The devices that spoke over this connection.
    devices: HashSet<String>,
    letters: Letters,
    pace: Pace,
    pub(super) remarks: Remarks,
}

/// What calls gave, on its way.
#[derive(Default)]
struct Gathered {
    batch: Batch,
    letters: Vec<NewLetter>,
    reply: Vec<u8>,
    answers: Vec<RpcAnswer>,
    close: bool,
}

impl Intake {
    pub(super) fn new(
        integration: Arc<Integration>,
        shared: Arc<Shared>,
        (peer, local): (SocketAddr, SocketAddr),
        route: Route,
        session: Session,
    ) -> Self {
        Self {
            pace: Pace::new(shared.overruns.clone(), peer.ip()),
            remarks: Remarks::new(integration.clone(), peer),
            letters: Letters {
                integration: integration.clone(),
                store: shared.dead_letters.clone(),
                peer,
                local,
            },
            integration,
            shared,
            peer,
            local,
            route,
            deaf: false,
            session,
            devices: HashSet::new(),
        }
    }

    /// The device's end of the connection.
    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// What is to go out to the device.
    pub(super) fn outbox(&self) -> Arc<Outbox> {
        self.route.outbox.clone()
    }

    /// The devices that spoke.
    pub(super) fn devices(&self) -> &HashSet<String> {
        &self.devices
    }

    /// What it takes to let the converter cut frames.
    pub(super) fn asking(&mut self) -> Asking<'_> {
        let live = self.integration.live();
        Asking {
            workers: &self.shared.workers,
            context: self.context(&live),
            pace: &mut self.pace,
            stop: &self.shared.stop,
        }
    }

    /// Decodes `frames` in order, and brings what comes of them to the spool, to the
    /// device and to the dead letters.
    pub(super) async fn process(&mut self, mut frames: Vec<Bytes>) -> Result<(), Ended> {
        let received_ms = now_ms();
        let mut done = 0;
        while done < frames.len() {
            let live = self.integration.live();
            let Some(converter) = self.converter(&live).await else {
                return self.give_up(&frames[done..], received_ms, None).await;
            };
            let from = (self.context(&live), self.origin(&live, received_ms));
            let progress = self
                .shared
                .workers
                .decode(converter.clone(), frames, done, from, &mut self.pace)
                .await
                .map_err(|_| Ended::Stopping)?;
            let Progress {
                frames: back,
                decoded,
                batch,
                rest,
            } = progress;
            frames = back;
            let decoded_to = done + decoded.len();
            let frames_done = &frames[done..decoded_to];
            let gathered = self.gather(&converter, frames_done, (decoded, batch), received_ms);
            let dropped = frames.len() - decoded_to;
            if gathered.close && dropped > 0 {
                warn!(
                    integration = &*self.integration.name, peer = %self.peer, dropped,
                    "frames behind the one at which the converter closed the connection are dropped"
                );
            }
            self.deliver(&live, gathered).await?;
            done = decoded_to;
            if rest.is_zero() {
                continue;
            }
            tokio::select! {
                () = sleep(rest) => {}
                () = self.shared.stop.cancelled() => {
                    return self
                        .give_up(&frames[done..], received_ms, Some(&converter))
                        .await;
                }
            }
        }
        match self.deaf {
            true => Err(Ended::Deaf),
            false => Ok(()),
        }
    }

    /// Tells the converter what happened on the connection. One that does not want to
    /// know, or is not there yet, is not told.
    pub(super) async fn tell(&mut self, event: Event) -> Result<(), Ended> {
        let live = self.integration.live();
        let Some(converter) = live.uplink.current() else {
            return Ok(());
        };
        if !converter.follows_connections() {
            live.report_lifecycle(&self.integration.name, &converter);
            return Ok(());
        }
        let received_ms = now_ms();
        let told = self
            .shared
            .workers
            .tell(
                converter.clone(),
                event,
                (self.context(&live), self.origin(&live, received_ms)),
                &mut self.pace,
            )
            .await
            .map_err(|_| Ended::Stopping)?;
        match told {
            Ok(Output { value, actions }) => {
                let mut gathered = Gathered {
                    batch: value,
                    ..Gathered::default()
                };
                gathered.take(actions);
                self.deliver(&live, gathered).await
            }
            Err(error) => {
                self.integration.counters.failed(1);
                self.remarks.report_event(&converter, event, &error);
                Ok(())
            }
        }
    }

    fn context(&self, live: &Live) -> Arc<CallContext> {
        Arc::new(CallContext::Uplink {
            integration: live.metadata.clone(),
            peer: self.peer,
            local: self.local,
            session: self.session.clone(),
        })
    }

    fn origin(&self, live: &Live, received_ms: i64) -> Origin {
        Origin {
            integration: self.integration.name.clone(),
            allow_create: live.allow_create,
            received_ms,
        }
    }

    /// The uplink converter; none if the host stops first. Frames wait while
    /// there is none: dropping them would lose data that a later `.wasm` can
    /// read.
    async fn converter(&self, live: &Live) -> Option<Arc<Converter>> {
        if let Some(converter) = live.uplink.current() {
            return Some(converter);
        }
        warn!(
            integration = &*self.integration.name, peer = %self.peer,
            "no uplink converter yet; the device waits until one is in the converters folder"
        );
        tokio::select! {
            converter = live.uplink.ready() => Some(converter),
            () = self.shared.stop.cancelled() => None,
        }
    }

    /// Keeps frames for which the stopping host has no time.
    async fn give_up(
        &mut self,
        frames: &[Bytes],
        received_ms: i64,
        converter: Option<&Converter>,
    ) -> Result<(), Ended> {
        let session = self.session.value();
        let letters = frames
            .iter()
            .map(|frame| {
                let undecoded = Undecoded {
                    error: CallError::NotTried,
                    session: session.clone(),
                };
                self.letters
                    .letter(converter, frame, &undecoded, received_ms)
            })
            .collect();
        self.letters.keep(letters).await;
        Err(Ended::Stopping)
    }

    /// What the frames say, put together.
    fn gather(
        &mut self,
        converter: &Converter,
        frames: &[Bytes],
        (decoded, batch): (Vec<Decoded>, Batch),
        received_ms: i64,
    ) -> Gathered {
        let mut gathered = Gathered::default();
        let mut first = 0;
        for (frame, result) in frames.iter().zip(decoded) {
            match result {
                Ok(Output {
                    value: count,
                    actions,
                }) => {
                    let records = batch.records(first..first + count);
                    first += count;
                    self.remarks
                        .advise(converter, frame, records, actions.as_deref());
                    gathered.take(actions);
                }
                Err(undecoded) => {
                    self.remarks
                        .report_converter(converter, frame, &undecoded.error);
                    let letter =
                        self.letters
                            .letter(Some(converter), frame, &undecoded, received_ms);
                    gathered.letters.push(letter);
                }
            }
        }
        let counters = &self.integration.counters;
        counters.processed(frames.len() - gathered.letters.len());
        counters.failed(gathered.letters.len());
        gathered.batch = batch;
        gathered
    }

    /// Stores what was gathered and does what was asked for. A reply is sent when its
    /// time has come, and not at all for what could not be stored.
    async fn deliver(&mut self, live: &Live, gathered: Gathered) -> Result<(), Ended> {
        let Gathered {
            batch,
            letters,
            mut reply,
            answers,
            close,
        } = gathered;
        self.letters.keep(letters).await;
        let spoke = who_spoke(&batch);
        let (batch, forwarded) = live.forward(batch);
        if live.reply_when == ReplyWhen::Decoded {
            self.reply(std::mem::take(&mut reply), None).await;
        }
        let spool = &self.shared.spool;
        let watched = live.reply_when == ReplyWhen::Acknowledged && !reply.is_empty();
        let stored = match watched {
            true => spool.append_watched(batch).await.map(Some),
            false => spool.append(batch).await.map(|()| None),
        };
        match stored {
            Ok(acknowledgement) => {
                if let Some(forwarded) = forwarded {
                    forwarded.accepted();
                }
                self.reply(reply, acknowledgement).await;
            }
            Err(fault) => error!(error = %fault, "data is lost"),
        }
        for (answer, why) in self.shared.calls.answer_all(answers) {
            self.remarks.report_unasked(&answer, &why);
        }
        self.announce(spoke);
        match close {
            true => Err(Ended::Asked),
            false => Ok(()),
        }
    }

    async fn reply(&mut self, bytes: Vec<u8>, after: Option<Acknowledgement>) {
        if let Err(Deaf) = self.route.outbox.reply(bytes, after).await {
            self.deaf = true;
        }
    }

    /// Makes this connection the one for downlinks to the entities that spoke.
    fn announce(&mut self, spoke: Vec<String>) {
        let client = &self.integration.settings.client_configuration;
        for device in spoke {
            if !self.devices.contains(&device) {
                if self.devices.len() >= client.max_devices_per_connection {
                    debug!(peer = %self.peer, device, "maxDevicesPerConnection is reached");
                    continue;
                }
                self.devices.insert(device.clone());
            }
            self.shared.directory.seen(&device, &self.route);
        }
    }
}

/// The entities of a batch, each once.
fn who_spoke(batch: &Batch) -> Vec<String> {
    let (mut previous, mut known) = (None, HashSet::new());
    let mut spoke = Vec::new();
    for record in batch.iter() {
        let lane = record.lane();
        // Mostly one speaks all the time.
        if previous.replace(lane) != Some(lane) && known.insert(lane) {
            spoke.push(record.name().to_owned());
        }
    }
    spoke
}

impl Gathered {
    /// Adds what one call asks for.
    fn take(&mut self, actions: Option<Box<Actions>>) {
        let Some(actions) = actions else {
            return;
        };
        self.reply.extend_from_slice(&actions.reply);
        self.answers.extend(actions.answers);
        self.close |= actions.close;
    }
}
