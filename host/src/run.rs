//! Puts the rooms together, and takes them apart in order when the process
//! stops: first the sockets, then the spool, then the session.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, Result, bail};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

use crate::{
    config::Settings,
    converter::{ConverterEngine, Registry, SelectionError, Watcher, Workers},
    relay::{Relay, Spool},
    server::{Directory, Integration, Shared},
};

/// Messages that may wait between the session and the connections. They wait
/// for microseconds; a page of the server's has 50.
const DOWNLINK_QUEUE: usize = 256;

/// A host that runs.
pub struct Host {
    settings: Settings,
    /// Where each integration listens, by its name.
    addresses: Vec<(String, SocketAddr)>,
    shared: Arc<Shared>,
    integrations: TaskTracker,
    relay: TaskTracker,
    stop_relay: CancellationToken,
    _watcher: Watcher,
}

/// How a host stopped.
#[derive(Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Records that ThingsBoard had not acknowledged in time. They are gone:
    /// the spool is in memory.
    pub lost: usize,
}

impl Host {
    /// Loads the converters, opens the ports, and starts the session with
    /// ThingsBoard, which may come up later.
    ///
    /// # Errors
    /// Names what cannot be used, and the remedy.
    pub async fn start(settings: Settings) -> Result<Self> {
        let converters = &settings.converters;
        let engine = ConverterEngine::new(converters)
            .map_err(|error| anyhow::anyhow!("{error:#}"))
            .context("this machine cannot run WebAssembly")?;
        let registry = Arc::new(Registry::default());
        let watcher = Watcher::start(converters.folder.clone(), engine, registry.clone())
            .await
            .with_context(|| {
                format!(
                    "cannot watch the converters folder {}: create it, or name another one in \
                     converters.folder",
                    converters.folder.display()
                )
            })?;
        let (workers, _threads) = Workers::start(converters.worker_threads())
            .context("cannot start the converter threads")?;
        let shared = Arc::new(Shared {
            workers,
            spool: Arc::new(Spool::new(settings.spool.max_bytes())),
            directory: Arc::new(directory(&settings)),
            stop: CancellationToken::new(),
            connections: TaskTracker::new(),
        });
        let integrations = bind(&settings, &registry)?;
        let mut host = Self {
            addresses: Vec::new(),
            shared,
            integrations: TaskTracker::new(),
            relay: TaskTracker::new(),
            stop_relay: CancellationToken::new(),
            _watcher: watcher,
            settings,
        };
        host.start_relay();
        for integration in integrations {
            host.start_integration(integration)?;
        }
        Ok(host)
    }

    /// Where each integration listens, by its name.
    #[must_use]
    pub fn addresses(&self) -> &[(String, SocketAddr)] {
        &self.addresses
    }

    /// Stops: no more connections, no more reading, then waits for
    /// ThingsBoard's acknowledgement of everything that was accepted, up to
    /// `shutdownTimeoutMs` in all.
    pub async fn stop(self) -> Stopped {
        info!("stopping");
        self.shared.stop.cancel();
        self.integrations.close();
        self.shared.connections.close();
        let finished = timeout(self.settings.shutdown_timeout(), async {
            self.integrations.wait().await;
            self.shared.connections.wait().await;
            self.shared.spool.drained().await;
        })
        .await;
        let lost = self.shared.spool.len();
        self.stop_relay.cancel();
        self.relay.close();
        self.relay.wait().await;
        if finished.is_err() && lost > 0 {
            error!(
                lost,
                waited_ms = self.settings.shutdown_timeout_ms,
                "stopped before ThingsBoard acknowledged everything; these records are lost"
            );
        } else {
            info!("stopped; ThingsBoard acknowledged everything");
        }
        Stopped { lost }
    }

    fn start_relay(&self) {
        let (sender, mut downlinks) = mpsc::channel(DOWNLINK_QUEUE);
        let relay = Relay::new(
            self.settings.thingsboard.clone(),
            self.shared.spool.clone(),
            sender,
        );
        self.relay.spawn(relay.run(self.stop_relay.clone()));
        let directory = self.shared.directory.clone();
        self.relay.spawn(async move {
            while let Some(downlink) = downlinks.recv().await {
                directory.deliver(downlink);
            }
        });
    }

    fn start_integration(&mut self, integration: Integration) -> Result<()> {
        let name = integration.name().to_owned();
        let address = integration
            .local_address()
            .with_context(|| format!("integration {name} has no address"))?;
        info!(integration = name, %address, "integration started");
        self.addresses.push((name, address));
        self.integrations
            .spawn(integration.run(self.shared.clone()));
        Ok(())
    }
}

/// Downlinks wait in one place for all integrations, because a device that was
/// not seen yet belongs to none; the most generous bounds count.
fn directory(settings: &Settings) -> Directory {
    let clients = || {
        settings
            .enabled_integrations()
            .map(|integration| &integration.client_configuration)
    };
    let cache_size = clients().map(|client| client.cache_size).max();
    let time_to_live = clients()
        .map(crate::config::ClientConfiguration::time_to_live)
        .max();
    Directory::new(
        cache_size.unwrap_or_default(),
        time_to_live.unwrap_or_default(),
    )
}

fn bind(settings: &Settings, registry: &Registry) -> Result<Vec<Integration>> {
    let mut integrations = Vec::new();
    for entry in settings.enabled_integrations() {
        let integration = Integration::bind(entry, registry)?;
        for selection in integration.selections() {
            match registry.problem(selection) {
                None => {}
                // It may still come; until then uplinks wait.
                Some(problem @ SelectionError::None { .. }) => {
                    warn!(
                        integration = entry.name,
                        folder = %settings.converters.folder.display(), "{problem}"
                    );
                }
                Some(problem) => bail!("integration {}: {problem}", entry.name),
            }
        }
        integrations.push(integration);
    }
    if integrations.is_empty() {
        bail!("no integration is enabled: set enabled = true for one");
    }
    Ok(integrations)
}
