//! Keeps a session with ThingsBoard up.

use std::{sync::Arc, time::Duration};

use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::{
    attributes::Attributes, backoff::Backoff, entities::Entities, memory::Memory, reports::Reports,
    session,
};
use crate::{
    config::ThingsBoard,
    dead_letters::DeadLetters,
    message::{Delivery, millis},
    spool::Spool,
};

/// The host's side of ThingsBoard's Edge service.
pub struct Relay {
    settings: ThingsBoard,
    spool: Spool,
    entities: Arc<Entities>,
    downlinks: mpsc::Sender<Delivery>,
    dead_letters: Option<DeadLetters>,
    memory: Memory,
    reports: Reports,
}

impl Relay {
    /// A relay that sends what `spool` holds to the entities in `entities`, and
    /// `reports` to the edge, keeps `attributes` up to date, and passes on what is
    /// meant for devices. What ThingsBoard does not take becomes
    /// `dead_letters`; without them it is dropped, which the log tells.
    #[must_use]
    pub fn new(
        settings: ThingsBoard,
        spool: Spool,
        entities: Arc<Entities>,
        attributes: Arc<Attributes>,
        downlinks: mpsc::Sender<Delivery>,
        dead_letters: Option<DeadLetters>,
        reports: Reports,
    ) -> Self {
        Self {
            settings,
            spool,
            entities,
            downlinks,
            dead_letters,
            memory: Memory::new(attributes),
            reports,
        }
    }

    /// Connects, and connects again whenever a session ends, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        tokio::select! {
            () = self.keep_connected() => {}
            () = stop.cancelled() => info!("session with ThingsBoard closed"),
        }
    }

    async fn keep_connected(&self) {
        let mut backoff = Backoff::new(
            Duration::from_millis(self.settings.reconnect_delay_ms),
            Duration::from_millis(self.settings.max_reconnect_delay_ms),
        );
        let context = session::Context {
            settings: &self.settings,
            spool: &self.spool,
            entities: &self.entities,
            downlinks: &self.downlinks,
            dead_letters: self.dead_letters.as_ref(),
            memory: &self.memory,
            reports: &self.reports,
        };
        loop {
            let mut accepted_at = None;
            let end = session::run(context, || accepted_at = Some(Instant::now())).await;
            let held = accepted_at.map(|since: Instant| since.elapsed());
            let pause = backoff.pause(held, end.least_pause());
            error!(
                retry_in_ms = millis(pause),
                waiting = self.spool.len(),
                "no session with ThingsBoard: {end}"
            );
            tokio::time::sleep(pause).await;
        }
    }
}
