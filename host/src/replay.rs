//! Decodes dead letters again: on request, and when a new version of their
//! converter serves. What ThingsBoard refused is sent again, on request only.
//!
//! A letter goes when what was decoded of it is in the spool. If the process
//! dies between the two it is decoded once more; its data then have the same
//! keys and times, and ThingsBoard stores them in the same place.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Mutex, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    converter::{CallContext, Converter, Pace, Session, Undecoded, Workers},
    dead_letters::{DeadLetters, FailedAgain, Filter, Letter, Origin, StoreError},
    hex::unhex,
    message::{Uplink, batch},
    redb_file::FileError,
    server::{Forwarded, Integration},
    spool::Spool,
};

/// Letters that are taken out of the store at once.
const PAGE: usize = 256;
/// How long after a version was loaded its letters are decoded: several files
/// are often copied together.
const SETTLE: Duration = Duration::from_millis(500);

/// Decodes dead letters again.
pub struct Replayer {
    /// Where they are.
    pub store: DeadLetters,
    /// Runs converters.
    pub workers: Workers,
    /// Takes what is decoded.
    pub spool: Spool,
    /// Whose frames they were.
    pub integrations: Vec<Arc<Integration>>,
    /// Told when the process stops.
    pub stop: CancellationToken,
    /// Held during a replay: two at a time would decode the same letters.
    pub running: Mutex<()>,
}

/// What became of letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Letters that were decoded, or are sent again, and are no longer in the
    /// store.
    pub decoded: u64,
    /// Entities that they gave.
    pub entities: u64,
    /// Letters that failed again.
    pub failed: u64,
    /// Letters that were not tried: their integration or its converter is
    /// missing, or the host stops.
    pub left: u64,
}

/// One letter's outcome.
enum Outcome {
    Decoded {
        entities: u64,
        uplinks: Vec<Uplink>,
        forwarded: Option<Forwarded>,
    },
    Failed(FailedAgain),
    Left,
}

impl Replayer {
    /// Decodes the letters that `filter` lets through, or just those with
    /// `ids`.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn replay(&self, filter: &Filter, ids: &[u64]) -> Result<Replayed, StoreError> {
        let _running = self.running.lock().await;
        let mut total = Replayed::default();
        for some in ids.chunks(PAGE) {
            let some = some.to_vec();
            let found = self.read(move |store| some.iter().map(|id| store.get(*id)).collect());
            let letters: Vec<Option<Letter>> = found.await?;
            let letters = letters.into_iter().flatten().collect();
            self.replay_page(letters, &mut total).await?;
        }
        let mut after = None;
        while ids.is_empty() {
            let filter = filter.clone();
            let page = self.read(move |store| store.page(&filter, after, PAGE));
            let letters = page.await?;
            let Some(last) = letters.last() else {
                break;
            };
            after = Some(last.id);
            self.replay_page(letters, &mut total).await?;
        }
        Ok(total)
    }

    /// Reads the store where blocking is allowed.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&DeadLetters) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.store.clone();
        let result = tokio::task::spawn_blocking(move || read(&store)).await;
        result.unwrap_or(Err(FileError::Stopped.into()))
    }

    async fn replay_page(
        &self,
        letters: Vec<Letter>,
        total: &mut Replayed,
    ) -> Result<(), StoreError> {
        let (mut all, mut done, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        let mut all_forwarded = Vec::new();
        let mut pace = Pace::background();
        for letter in letters {
            match self.decode(&letter, &mut pace).await {
                Outcome::Decoded {
                    entities,
                    uplinks,
                    forwarded,
                } => {
                    total.decoded += 1;
                    total.entities += entities;
                    all.extend(uplinks);
                    all_forwarded.extend(forwarded);
                    done.push(letter.id);
                }
                Outcome::Failed(again) => {
                    total.failed += 1;
                    failed.push(again);
                }
                Outcome::Left => total.left += 1,
            }
        }
        if self.spool.append(all).await.is_err() {
            // The process stops; the letters are where they were.
            return Ok(());
        }
        all_forwarded.into_iter().for_each(Forwarded::accepted);
        self.store.remove(done).await?;
        self.store.failed_again(failed).await
    }

    async fn decode(&self, letter: &Letter, pace: &mut Pace) -> Outcome {
        let (peer, local, session) = match &letter.origin {
            Origin::Converter {
                peer,
                local,
                session_hex,
                ..
            } => (*peer, *local, unhex(session_hex).unwrap_or_default()),
            Origin::ThingsBoard { .. } => return send_again(letter),
        };
        let integration = self
            .integrations
            .iter()
            .find(|integration| integration.name() == letter.integration);
        let Some(integration) = integration else {
            return Outcome::Left;
        };
        let live = integration.live();
        let Some(converter) = live.uplink.current() else {
            return Outcome::Left;
        };
        let context = CallContext::Uplink {
            integration: live.metadata.clone(),
            peer,
            local,
            session: Session::new(session.into()),
        };
        // What it asks for on the connection is left undone: the device has long done without
        // the reply.
        let origin = batch::Origin {
            integration: letter.integration.as_str().into(),
            allow_create: live.allow_create,
            received_ms: letter.received_ms,
        };
        let from = (Arc::new(context), origin);
        match self.call(letter, &converter, from, pace).await {
            None => Outcome::Left,
            Some(Ok(mut uplinks)) => Outcome::Decoded {
                entities: uplinks.len() as u64,
                forwarded: live.leave_out_unchanged(&mut uplinks),
                uplinks,
            },
            Some(Err(error)) => Outcome::Failed(FailedAgain {
                id: letter.id,
                converter: converter.name().to_owned(),
                version: converter.version().to_owned(),
                error: error.error.to_string(),
            }),
        }
    }

    /// One call; none if the process stops.
    async fn call(
        &self,
        letter: &Letter,
        converter: &Arc<Converter>,
        from: (Arc<CallContext>, batch::Origin),
        pace: &mut Pace,
    ) -> Option<Result<Vec<Uplink>, Box<Undecoded>>> {
        if self.stop.is_cancelled() {
            return None;
        }
        let frames = vec![letter.frame.clone()];
        let progress = self
            .workers
            .decode(converter.clone(), frames, 0, from, pace)
            .await
            .ok()?;
        if !progress.rest.is_zero() {
            tokio::select! {
                () = sleep(progress.rest) => {}
                () = self.stop.cancelled() => {}
            }
        }
        let decoded = progress.decoded.into_iter().next()?;
        Some(decoded.map(|_| progress.batch.to_uplinks()))
    }

    /// Replays what versions that are new to it may decode, at the start and
    /// whenever `changes` says that one was loaded, until the process stops.
    pub async fn follow(
        &self,
        mut changes: tokio::sync::watch::Receiver<u64>,
        enabled: impl Fn() -> bool,
    ) {
        loop {
            tokio::select! {
                () = sleep(SETTLE) => {}
                () = self.stop.cancelled() => return,
            }
            changes.mark_unchanged();
            if enabled() {
                self.replay_untried().await;
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Decodes each letter that the present version has not tried.
    async fn replay_untried(&self) {
        for integration in &self.integrations {
            let Some(converter) = integration.live().uplink.current() else {
                continue;
            };
            let filter = Filter {
                integration: Some(integration.name().to_owned()),
                not_version: Some(converter.version().to_owned()),
                ..Filter::default()
            };
            match self.replay(&filter, &[]).await {
                Ok(Replayed {
                    decoded: 0,
                    failed: 0,
                    ..
                }) => {}
                Ok(replayed) => info!(
                    integration = integration.name(),
                    converter = converter.name(),
                    version = converter.version(),
                    decoded = replayed.decoded,
                    failed = replayed.failed,
                    "dead letters decoded again"
                ),
                Err(error) => warn!(
                    integration = integration.name(), %error,
                    "dead letters cannot be decoded again"
                ),
            }
        }
    }
}

/// What ThingsBoard refused, as it was decoded.
fn send_again(letter: &Letter) -> Outcome {
    match Uplink::from_json(&letter.frame) {
        Ok(uplink) => Outcome::Decoded {
            entities: 1,
            uplinks: vec![uplink],
            forwarded: None,
        },
        Err(error) => {
            warn!(letter = letter.id, %error, "a dead letter cannot be sent again");
            Outcome::Left
        }
    }
}
