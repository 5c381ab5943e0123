//! Frames of one connection become records in the spool, or dead letters.

use std::{collections::HashSet, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use tokio::time::sleep;
use tracing::{debug, error, info, warn};

use super::{
    diagnosis,
    directory::Route,
    integration::{Integration, Shared},
    live::Live,
};
use crate::{
    converter::{CallContext, CallError, Converter, Decoded, Entity, Pace, Progress},
    dead_letters::{NewLetter, Origin},
    framing::FrameError,
    hex::hex_start,
    log_budget::LogBudget,
    message::{Uplink, now_ms},
};

/// Lines a second that one connection may write to the log about bad frames.
const LOG_LINES_PER_SECOND: u32 = 10;

/// The host stops before all frames were decoded; the others are dead letters.
#[derive(Debug)]
pub(super) struct Undelivered;

/// Brings a connection's frames to where they belong.
pub(super) struct Intake {
    integration: Arc<Integration>,
    shared: Arc<Shared>,
    peer: SocketAddr,
    local: SocketAddr,
    route: Route,
    /// The devices that spoke over this connection.
    devices: HashSet<String>,
    pace: Pace,
    log: LogBudget,
    /// What was advised already; once a connection is enough.
    said_nothing_to_save: bool,
    said_seconds: bool,
}

impl Intake {
    pub(super) fn new(
        integration: Arc<Integration>,
        shared: Arc<Shared>,
        (peer, local): (SocketAddr, SocketAddr),
        route: Route,
    ) -> Self {
        Self {
            pace: Pace::new(shared.overruns.clone(), peer.ip()),
            integration,
            shared,
            peer,
            local,
            route,
            devices: HashSet::new(),
            log: LogBudget::new(LOG_LINES_PER_SECOND),
            said_nothing_to_save: false,
            said_seconds: false,
        }
    }

    /// The device's end of the connection.
    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The devices that spoke, and the last sender of their downlinks.
    pub(super) fn into_devices(self) -> (HashSet<String>, Route) {
        (self.devices, self.route)
    }

    /// Decodes `frames` in order, and brings what comes of them to the spool
    /// and to the dead letters.
    pub(super) async fn process(&mut self, mut frames: Vec<Bytes>) -> Result<(), Undelivered> {
        let received_ms = now_ms();
        let mut done = 0;
        while done < frames.len() {
            let live = self.integration.live();
            let Some(converter) = self.converter(&live).await else {
                return self.give_up(&frames[done..], received_ms, None).await;
            };
            let context = CallContext::Uplink {
                integration: live.metadata.clone(),
                peer: self.peer,
                local: self.local,
            };
            let progress = self
                .shared
                .workers
                .decode(converter.clone(), frames, done, context, &mut self.pace)
                .await
                .map_err(|_| Undelivered)?;
            let Progress {
                frames: back,
                decoded,
                rest,
            } = progress;
            frames = back;
            let decoded_to = done + decoded.len();
            self.deliver(
                &live,
                &converter,
                &frames[done..decoded_to],
                decoded,
                received_ms,
            )
            .await;
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
        Ok(())
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
    ) -> Result<(), Undelivered> {
        let letters = frames
            .iter()
            .map(|frame| self.letter(converter, frame, &CallError::NotTried, received_ms))
            .collect();
        self.keep(letters).await;
        Err(Undelivered)
    }

    async fn deliver(
        &mut self,
        live: &Live,
        converter: &Converter,
        frames: &[Bytes],
        decoded: Vec<Decoded>,
        received_ms: i64,
    ) {
        let mut uplinks = Vec::with_capacity(decoded.len());
        let mut letters = Vec::new();
        let mut spoke = HashSet::new();
        for (frame, result) in frames.iter().zip(decoded) {
            match result {
                Ok(entities) => {
                    self.advise(converter, frame, &entities);
                    for entity in entities {
                        if !spoke.contains(&entity.name) {
                            spoke.insert(entity.name.clone());
                        }
                        uplinks.push(Uplink {
                            integration: self.integration.name.clone(),
                            allow_create: live.allow_create,
                            received_ms,
                            entity,
                        });
                    }
                }
                Err(error) => {
                    self.report_converter(converter, frame, &error);
                    letters.push(self.letter(Some(converter), frame, &error, received_ms));
                }
            }
        }
        let counters = &self.integration.counters;
        counters.processed(frames.len() - letters.len());
        counters.failed(letters.len());
        self.keep(letters).await;
        let forwarded = live.leave_out_unchanged(&mut uplinks);
        match self.shared.spool.append(uplinks).await {
            Ok(()) => {
                if let Some(forwarded) = forwarded {
                    forwarded.accepted();
                }
            }
            Err(fault) => error!(error = %fault, "data is lost"),
        }
        self.announce(spoke);
    }

    fn letter(
        &self,
        converter: Option<&Converter>,
        frame: &Bytes,
        error: &CallError,
        received_ms: i64,
    ) -> NewLetter {
        // A frame that was not tried is tried with whatever version comes.
        let tried = converter.filter(|_| *error != CallError::NotTried);
        NewLetter {
            received_ms,
            integration: self.integration.name.to_string(),
            origin: Origin::Converter {
                peer: self.peer,
                local: self.local,
                converter: converter
                    .map(Converter::name)
                    .unwrap_or_default()
                    .to_owned(),
                version: tried.map(Converter::version).unwrap_or_default().to_owned(),
            },
            error: error.to_string(),
            frame: frame.clone(),
        }
    }

    /// Waits until the letters are on disk: what is neither there nor in the
    /// spool would be lost with the process.
    async fn keep(&mut self, letters: Vec<NewLetter>) {
        let count = letters.len();
        if count == 0 {
            return;
        }
        let Some(store) = &self.shared.dead_letters else {
            return;
        };
        if let Err(error) = store.keep(letters).await {
            error!(
                integration = &*self.integration.name, peer = %self.peer, lost = count, %error,
                "frames that could not be decoded could not be kept either"
            );
        }
    }

    /// Makes this connection the one for downlinks to `devices`.
    fn announce(&mut self, devices: HashSet<String>) {
        let client = &self.integration.settings.client_configuration;
        for device in devices {
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

    /// Points out what looks wrong in data that can be stored.
    fn advise(&mut self, converter: &Converter, frame: &Bytes, entities: &[Entity]) {
        if !self.said_nothing_to_save
            && let Some(advice) = diagnosis::nothing_to_save(entities)
        {
            self.said_nothing_to_save = true;
            info!(
                integration = &*self.integration.name, peer = %self.peer,
                converter = converter.name(), version = converter.version(),
                frame_length = frame.len(), frame_hex = hex_start(frame), %advice,
                "nothing to save"
            );
        }
        if !self.said_seconds
            && let Some(advice) = diagnosis::wrong_time_unit(entities)
        {
            self.said_seconds = true;
            warn!(
                integration = &*self.integration.name, peer = %self.peer,
                converter = converter.name(), version = converter.version(),
                frame_length = frame.len(), frame_hex = hex_start(frame), %advice,
                "telemetry time looks wrong"
            );
        }
    }

    /// Says that bytes could not be cut into a frame.
    pub(super) fn report_framing(&mut self, error: &FrameError) {
        if self.may_log() {
            warn!(integration = &*self.integration.name, peer = %self.peer, %error, "frame skipped");
        }
    }

    fn report_converter(&mut self, converter: &Converter, frame: &Bytes, error: &CallError) {
        if !self.may_log() {
            return;
        }
        let advice = diagnosis::split_or_merged(self.integration.handler(), frame);
        warn!(
            integration = &*self.integration.name,
            peer = %self.peer,
            converter = converter.name(),
            version = converter.version(),
            frame_length = frame.len(),
            frame_hex = hex_start(frame),
            %error,
            advice = advice.map(tracing::field::display),
            "frame not decoded"
        );
    }

    fn may_log(&mut self) -> bool {
        let admission = self.log.admit();
        if admission.suppressed > 0 {
            warn!(
                peer = %self.peer, suppressed = admission.suppressed,
                "further bad frames of this connection were not logged"
            );
        }
        admission.admitted
    }
}
