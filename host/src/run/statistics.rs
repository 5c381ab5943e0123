//! Statistics of the host's integrations, and how long a stopping host waits
//! for them.

use std::sync::Arc;

use super::Host;
use crate::{
    config::Settings,
    relay::Reports,
    server::{Integration, Shared},
    spool::{Position, Spool},
    statistics::{Destination, Lifecycle, Statistics, Watched, is_statistics},
};

/// Records that are looked at to see whether only statistics wait.
const PAGE: usize = 1000;

/// Starts what tells of `integrations`, if the settings want it.
pub(super) fn start(
    settings: &Settings,
    integrations: &[Arc<Integration>],
    shared: &Shared,
    reports: &Reports,
) -> Option<Statistics> {
    let watched = integrations.iter().map(|integration| {
        let asked = integration.clone();
        Watched {
            name: integration.name().into(),
            counters: integration.counters().clone(),
            allow_create: Box::new(move || asked.live().allow_create),
        }
    });
    let destination = Destination {
        spool: shared.spool.clone(),
        reports: reports.clone(),
    };
    Statistics::start(&settings.statistics, watched.collect(), destination)
}

impl Host {
    /// Tells what became of `integrations`, if anybody wants to know.
    pub(super) fn tell<'a>(
        &self,
        integrations: impl IntoIterator<Item = &'a Arc<Integration>>,
        lifecycle: Lifecycle,
    ) {
        if let Some(statistics) = &self.statistics {
            let names = integrations.into_iter();
            let names = names.map(|integration| integration.name().into());
            statistics.tell(names.collect(), lifecycle);
        }
    }

    /// Waits until ThingsBoard has everything. Without a session statistics are
    /// not waited for: those of devices are in the spool, and those of the edge
    /// not worth it.
    pub(super) async fn delivered(&self) {
        let spool = &self.shared.spool;
        if self.reports.in_session() || !only_statistics(spool).await {
            spool.drained().await;
        }
        self.reports.flushed().await;
    }
}

/// Whether nothing waits but statistics, and few of them.
async fn only_statistics(spool: &Spool) -> bool {
    if spool.len() > PAGE as u64 {
        return false;
    }
    let page = spool.page(Position::FIRST, PAGE).await;
    page.is_ok_and(|records| records.iter().all(|record| is_statistics(record.uplink())))
}
