//! The task that reads the counters and tells what there is to tell.

use std::{fmt, sync::Arc};

use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval_at},
};
use tracing::warn;

use super::{
    counters::{Counters, Counts},
    lifecycle::Lifecycle,
    reading::{Reading, of_devices, of_edge},
};
use crate::{
    config::{StatisticsSettings, StatisticsTarget},
    message::now_ms,
    relay::Reports,
    spool::Spool,
};

/// Events that may wait while a full spool lets nothing in.
const EVENT_QUEUE: usize = 64;

/// An integration, as far as it matters here.
pub struct Watched {
    /// Its name.
    pub name: Arc<str>,
    /// What it counts.
    pub counters: Arc<Counters>,
    /// Whether it may create devices at present.
    pub allow_create: Box<dyn Fn() -> bool + Send + Sync>,
}

/// Where statistics go.
#[derive(Clone, Debug)]
pub struct Destination {
    /// Takes those of devices.
    pub spool: Spool,
    /// Takes those of the edge.
    pub reports: Reports,
}

/// Tells what the integrations do and what becomes of them.
pub struct Statistics {
    events: Sender<Event>,
    task: JoinHandle<()>,
}

impl fmt::Debug for Statistics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Statistics").finish_non_exhaustive()
    }
}

struct Event {
    integrations: Vec<Arc<str>>,
    lifecycle: Lifecycle,
    at_ms: i64,
}

impl Statistics {
    /// Starts the task; none if the settings want no statistics.
    #[must_use]
    pub fn start(
        settings: &StatisticsSettings,
        watched: Vec<Watched>,
        destination: Destination,
    ) -> Option<Self> {
        if settings.to == StatisticsTarget::None {
            return None;
        }
        let (events, incoming) = mpsc::channel(EVENT_QUEUE);
        let reporter = Reporter {
            settings: settings.clone(),
            watched,
            destination,
        };
        Some(Self {
            events,
            task: tokio::spawn(reporter.run(incoming)),
        })
    }

    /// Tells what became of `integrations`, now.
    pub fn tell(&self, integrations: Vec<Arc<str>>, lifecycle: Lifecycle) {
        let event = Event {
            integrations,
            lifecycle,
            at_ms: now_ms(),
        };
        if let Err(error) = self.events.try_send(event) {
            let event = error.into_inner().lifecycle.json();
            warn!(
                event,
                "too many lifecycle events wait for room in the spool; this one is not told"
            );
        }
    }

    /// Tells that all integrations stopped, with what they counted last. Waits
    /// until that is in the spool or among the reports: not at all for reports.
    pub async fn stop(self) {
        let Self { events, task } = self;
        drop(events);
        let mut task = EndOnDrop(task);
        // A panic was printed when it happened.
        let _ = (&mut task.0).await;
    }
}

/// A task that ends with whoever waits for it.
struct EndOnDrop(JoinHandle<()>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Reporter {
    settings: StatisticsSettings,
    watched: Vec<Watched>,
    destination: Destination,
}

impl Reporter {
    /// Tells until nobody can say any more what happens.
    async fn run(self, mut events: Receiver<Event>) {
        let interval = self.settings.interval();
        let mut ticks = interval_at(Instant::now() + interval, interval);
        // What was counted meanwhile is in the next reading.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => self.tell_event(event).await,
                    None => break,
                },
                _ = ticks.tick() => self.tell(now_ms(), self.counted(None)).await,
            }
        }
        let last = self.counted(Some(&Lifecycle::Stopped));
        self.tell(now_ms(), last).await;
    }

    async fn tell_event(&self, event: Event) {
        let named = self.watched.iter();
        let named = named.filter(|watched| event.integrations.contains(&watched.name));
        let readings = named.map(|watched| reading(watched, None, Some(&event.lifecycle)));
        self.tell(event.at_ms, readings.collect()).await;
    }

    /// What all integrations counted since they were asked last.
    fn counted(&self, event: Option<&Lifecycle>) -> Vec<Reading> {
        let watched = self.watched.iter();
        watched
            .map(|watched| reading(watched, Some(watched.counters.pop()), event))
            .collect()
    }

    async fn tell(&self, at_ms: i64, readings: Vec<Reading>) {
        if readings.is_empty() {
            return;
        }
        let Destination { spool, reports } = &self.destination;
        match self.settings.to {
            StatisticsTarget::None => {}
            StatisticsTarget::Edge => reports.push(at_ms, of_edge(&readings)),
            StatisticsTarget::Device => {
                let uplinks = of_devices(&readings, at_ms, &self.settings);
                if let Err(error) = spool.append(uplinks).await {
                    warn!(%error, "statistics are lost");
                }
            }
        }
    }
}

fn reading(watched: &Watched, counts: Option<Counts>, event: Option<&Lifecycle>) -> Reading {
    Reading {
        integration: watched.name.clone(),
        allow_create: (watched.allow_create)(),
        counts,
        event: event.cloned(),
    }
}

#[cfg(test)]
mod tests;
