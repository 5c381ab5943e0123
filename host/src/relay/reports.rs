//! What the host tells of itself: telemetry of the edge. The spool is for
//! devices and assets, so a short queue in memory holds it until ThingsBoard has
//! acknowledged it. A session sends one message at a time, beside those of the
//! spool.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::{sync::watch, time::sleep};
use tracing::{debug, warn};
use uuid::Uuid;

use super::{
    error::SessionError,
    exchange::{Answer, Exchange, REJECTION_PAUSE},
    request::Content,
    uplink::Parts,
};
use crate::message::{KeyValue, batch::PairRef, millis};

/// Most reports that wait: more than two days of the default interval.
const MAX_WAITING: usize = 64;
/// How often a report is tried again that ThingsBoard refuses or does not
/// acknowledge: a fault of the server's own may pass.
const RETRIES: u32 = 3;

/// ThingsBoard's name for the kind of entity that we are.
const EDGE: &str = "EDGE";

/// A handle to the queue. Clones share it.
#[derive(Clone, Debug)]
pub struct Reports {
    queue: Arc<watch::Sender<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Report>,
    /// The number of the next report.
    next: u64,
    /// Reports that had to go because too many waited.
    dropped: u64,
    /// Whether a session sends.
    in_session: bool,
}

#[derive(Clone, Debug)]
struct Report {
    number: u64,
    ts: i64,
    values: Arc<[KeyValue]>,
    /// How often ThingsBoard did not take it.
    failures: u32,
}

impl Default for Reports {
    fn default() -> Self {
        Self {
            queue: Arc::new(watch::Sender::new(Queue::default())),
        }
    }
}

impl Reports {
    /// Queues telemetry of the edge, of the time `ts` in Unix milliseconds. If too
    /// much waits the oldest goes, which is logged.
    pub fn push(&self, ts: i64, values: Vec<KeyValue>) {
        self.queue.send_modify(|queue| {
            if queue.waiting.len() >= MAX_WAITING {
                queue.waiting.pop_front();
                queue.dropped += 1;
                warn!(
                    limit = MAX_WAITING,
                    dropped = queue.dropped,
                    "too many statistics and lifecycle events wait for ThingsBoard; the oldest is dropped"
                );
            }
            let number = queue.next;
            queue.next += 1;
            queue.waiting.push_back(Report {
                number,
                ts,
                values: values.into(),
                failures: 0,
            });
        });
    }

    /// How many wait for acknowledgement.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.borrow().waiting.len()
    }

    /// Whether none does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a session is up and synchronised, so that reports are sent.
    #[must_use]
    pub fn in_session(&self) -> bool {
        self.queue.borrow().in_session
    }

    /// Waits until everything was acknowledged or given up, or there is no
    /// session.
    pub async fn flushed(&self) {
        let mut queue = self.queue.subscribe();
        // Fails when the sender is gone, which `self` holds.
        let _ = queue
            .wait_for(|queue| queue.waiting.is_empty() || !queue.in_session)
            .await;
    }

    /// What waits, oldest first.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> Vec<(i64, Vec<KeyValue>)> {
        let queue = self.queue.borrow();
        let reports = queue.waiting.iter();
        reports
            .map(|report| (report.ts, report.values.to_vec()))
            .collect()
    }

    /// Sends as telemetry of `edge` until the session ends; after the server asked
    /// us to slow down, not for `pause`.
    pub(super) async fn send(
        &self,
        exchange: &Exchange,
        edge: Uuid,
        pause: Duration,
    ) -> SessionError {
        let _session = InSession::begin(self);
        let mut queue = self.queue.subscribe();
        loop {
            let report = match queue.wait_for(|queue| !queue.waiting.is_empty()).await {
                Ok(queue) => queue.waiting.front().cloned(),
                Err(_) => None,
            };
            let Some(report) = report else {
                return SessionError::Broken("the host is stopping".to_owned());
            };
            if let Err(end) = self.send_one(report, exchange, edge, pause).await {
                return end;
            }
        }
    }

    async fn send_one(
        &self,
        report: Report,
        exchange: &Exchange,
        edge: Uuid,
        pause: Duration,
    ) -> Result<(), SessionError> {
        let Report { number, ts, .. } = report;
        let mut parts = Parts::default();
        parts.telemetry(EDGE, edge, ts, report.values.iter().map(PairRef::from));
        match exchange
            .submit_or_end(Content::Data(parts.encoded()))
            .await?
        {
            Answer::Accepted => {
                self.remove(number);
                return Ok(());
            }
            Answer::RateLimited => {
                debug!(
                    pause_ms = millis(pause),
                    "ThingsBoard limits this edge's messages; statistics wait"
                );
                sleep(pause).await;
                return Ok(());
            }
            Answer::Rejected(error) => {
                self.failed(number, &error);
                sleep(REJECTION_PAUSE).await;
            }
            Answer::TimedOut => self.failed(number, "it does not acknowledge them"),
        }
        Ok(())
    }

    /// Lets go of a report, unless newer ones have pushed it out.
    fn remove(&self, number: u64) {
        self.queue
            .send_modify(|queue| queue.waiting.retain(|report| report.number != number));
    }

    /// Counts a failure of a report, which is given up after some.
    fn failed(&self, number: u64, error: &str) {
        self.queue.send_modify(|queue| {
            let Some(report) = queue.waiting.front_mut() else {
                return;
            };
            if report.number != number {
                return;
            }
            report.failures += 1;
            if report.failures > RETRIES {
                warn!(
                    tries = report.failures,
                    error,
                    "ThingsBoard does not take statistics of this edge; these are dropped. With \
                     statistics.to = \"device\" they go to devices, with \"none\" nowhere"
                );
                queue.waiting.pop_front();
            }
        });
    }
}

/// Says for as long as it lives that there is a session.
struct InSession<'reports>(&'reports Reports);

impl<'reports> InSession<'reports> {
    fn begin(reports: &'reports Reports) -> Self {
        reports.queue.send_modify(|queue| queue.in_session = true);
        Self(reports)
    }
}

impl Drop for InSession<'_> {
    fn drop(&mut self) {
        self.0.queue.send_modify(|queue| queue.in_session = false);
    }
}

#[cfg(test)]
mod tests;
