//! Puts the rooms together, and takes them apart in order when the process
//! stops: first the sockets, then the spool and the statistics, then the
//! session.

mod letters;
mod operator;
mod reload;
mod statistics;
mod waiting;

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use anyhow::{Context, Result, bail};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

use self::operator::Operator;
pub use self::reload::SettingsFile;
use crate::{
    config::{self, Changes, Settings},
    control::{ControlError, ControlServer, Request, Response},
    converter::{ConverterEngine, FileCache, Overruns, Registry, SelectionError, Watcher, Workers},
    dead_letters::{DeadLetters, Limits},
    message::{Delivery, millis},
    relay::{Attributes, Entities, Relay, Reports},
    replay::Replayer,
    server::{Directory, Integration, KeptDownlinks, Live, Shared},
    spool::Spool,
    statistics::{Lifecycle, Statistics},
};

/// Messages that may wait between the session and the connections. They wait
/// for microseconds; a page of the server's has 50.
const DOWNLINK_QUEUE: usize = 256;
/// Below the data folder: the last good versions of converters, and compiled
/// code.
const KEPT_FOLDER: &str = "converters";
const COMPILED_FOLDER: &str = "compiled";

/// A host that runs.
pub struct Host {
    /// As the file has them; some take effect at the next start only.
    settings: Mutex<Settings>,
    replay_on_reload: Arc<AtomicBool>,
    /// Where each integration listens, by its name.
    addresses: Vec<(String, SocketAddr)>,
    shared: Arc<Shared>,
    integrations: Vec<Arc<Integration>>,
    listening: TaskTracker,
    relay: TaskTracker,
    stop_relay: CancellationToken,
    /// What the relay tells ThingsBoard of this host itself.
    reports: Reports,
    statistics: Option<Statistics>,
    registry: Arc<Registry>,
    watcher: Arc<Watcher>,
    /// Commands and replays.
    operating: TaskTracker,
}

/// How a host stopped.
#[derive(Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Records that ThingsBoard has not acknowledged yet. They are in the spool,
    /// and sent first by the next start.
    pub waiting: u64,
}

impl Host {
    /// Loads the converters, opens the ports, and starts the session with
    /// ThingsBoard, which may come up later.
    ///
    /// # Errors
    /// Names what cannot be used, and the remedy.
    pub async fn start(settings: Settings) -> Result<Self> {
        let data = &settings.data_folder;
        let control = ControlServer::bind(data).await?;
        let dead_letters = open_dead_letters(&settings)?;
        let folder = settings.spool.folder(data);
        // What was wrong with it is in the log.
        let (spool, _recovered) = Spool::open(&folder, &settings.spool)?;
        let entities = Entities::open(data).context("cannot keep which device is which")?;
        let entities = Arc::new(entities);
        let attributes = Arc::new(Attributes::new(entities.clone()));
        let converters = &settings.converters;
        let engine = ConverterEngine::new(open_cache(&settings))
            .map_err(|error| anyhow::anyhow!("{error:#}"))
            .context("this machine cannot run WebAssembly")?;
        let registry = Arc::new(Registry::default());
        let kept = data.join(KEPT_FOLDER);
        let watcher = Watcher::start(converters.clone(), &kept, engine, registry.clone())
            .await
            .with_context(|| {
                format!(
                    "cannot keep converters in {}: make it writable, or name another dataFolder",
                    kept.display()
                )
            })?;
        let (workers, _threads) = Workers::start(converters.worker_threads())
            .context("cannot start the converter threads")?;
        let shared = Arc::new(Shared {
            calls: Arc::default(),
            workers,
            overruns: Arc::new(Overruns::default()),
            dead_letters,
            spool,
            directory: Arc::new(directory(&settings)?),
            device_metadata: attributes.clone(),
            stop: CancellationToken::new(),
            connections: TaskTracker::new(),
        });
        let integrations = bind(&settings, &registry)?;
        let reports = Reports::default();
        let statistics = statistics::start(&settings, &integrations, &shared, &reports);
        let mut host = Self {
            addresses: Vec::new(),
            shared,
            integrations,
            listening: TaskTracker::new(),
            relay: TaskTracker::new(),
            stop_relay: CancellationToken::new(),
            reports,
            statistics,
            registry,
            watcher: Arc::new(watcher),
            operating: TaskTracker::new(),
            replay_on_reload: Arc::new(AtomicBool::new(settings.dead_letters.replay_on_reload)),
            settings: Mutex::new(settings),
        };
        host.start_relay(entities, attributes);
        for integration in host.integrations.clone() {
            host.start_integration(integration)?;
        }
        host.tell(&host.integrations, Lifecycle::Started);
        host.start_operator(control);
        Ok(host)
    }

    /// Where each integration listens, by its name.
    #[must_use]
    pub fn addresses(&self) -> &[(String, SocketAddr)] {
        &self.addresses
    }

    /// Takes over what of `settings` can change while the host runs, and says
    /// what changed.
    pub fn apply(&self, settings: Settings) -> Changes {
        let mut present = self.settings();
        let changes = Changes::between(&present, &settings);
        if !changes.live.is_empty() {
            self.watcher.apply(settings.converters.clone());
            self.replay_on_reload
                .store(settings.dead_letters.replay_on_reload, Relaxed);
        }
        let mut updated = Vec::new();
        for integration in &self.integrations {
            let named = |entry: &&config::Integration| entry.name == integration.name();
            let old = present.integrations.iter().find(named);
            if let Some(new) = settings.integrations.iter().find(named)
                && old.is_none_or(|old| Live::differs(old, new))
            {
                integration.set_live(Live::new(new, &self.registry));
                updated.push(integration);
            }
        }
        if !updated.is_empty() {
            self.tell(updated, Lifecycle::Updated);
        }
        *present = settings;
        changes
    }

    /// Stops: no more connections, no more reading, then waits for
    /// ThingsBoard's acknowledgement of everything that was accepted, and of the
    /// statistics, up to `shutdownTimeoutMs` in all.
    pub async fn stop(mut self) -> Stopped {
        info!("stopping");
        let began = Instant::now();
        let shutdown_timeout = self.settings().shutdown_timeout();
        self.shared.stop.cancel();
        self.listening.close();
        self.shared.connections.close();
        self.operating.close();
        let statistics = self.statistics.take();
        // What is not done by then is in the spool.
        let _ = timeout(shutdown_timeout, async {
            self.listening.wait().await;
            self.shared.connections.wait().await;
            self.operating.wait().await;
            // The last counts are there only now.
            if let Some(statistics) = statistics {
                statistics.stop().await;
            }
            self.delivered().await;
        })
        .await;
        let waiting = self.shared.spool.len();
        let reports = self.reports.len();
        if reports > 0 {
            warn!(
                reports,
                "stopped before ThingsBoard acknowledged the last statistics of the edge"
            );
        }
        self.stop_relay.cancel();
        self.relay.close();
        self.relay.wait().await;
        if waiting > 0 {
            warn!(
                waiting,
                waited_ms = millis(began.elapsed()),
                "stopped before ThingsBoard acknowledged everything; what waits is in the spool and \
                 is sent at the next start"
            );
        } else {
            info!("stopped; ThingsBoard acknowledged everything");
        }
        Stopped { waiting }
    }

    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start_relay(&self, entities: Arc<Entities>, attributes: Arc<Attributes>) {
        let (sender, downlinks) = mpsc::channel(DOWNLINK_QUEUE);
        let relay = Relay::new(
            self.settings().thingsboard.clone(),
            self.shared.spool.clone(),
            entities,
            attributes,
            sender,
            self.shared.dead_letters.clone(),
            self.reports.clone(),
        );
        self.relay.spawn(relay.run(self.stop_relay.clone()));
        let directory = self.shared.directory.clone();
        self.relay.spawn(deliver(downlinks, directory));
    }

    fn start_integration(&mut self, integration: Arc<Integration>) -> Result<()> {
        let name = integration.name().to_owned();
        let address = integration
            .local_address()
            .with_context(|| format!("integration {name} has no address"))?;
        info!(integration = name, %address, "integration started");
        self.addresses.push((name, address));
        self.listening.spawn(integration.run(self.shared.clone()));
        Ok(())
    }

    /// Starts what answers operators, and what decodes dead letters again.
    fn start_operator(&self, control: ControlServer) {
        let stop = self.shared.stop.clone();
        let replayer = self.shared.dead_letters.clone().map(|store| {
            Arc::new(Replayer {
                store,
                workers: self.shared.workers.clone(),
                spool: self.shared.spool.clone(),
                integrations: self.integrations.clone(),
                stop: stop.clone(),
                running: tokio::sync::Mutex::default(),
            })
        });
        if let Some(replayer) = replayer.clone() {
            let changes = self.registry.changes();
            let enabled = self.replay_on_reload.clone();
            self.operating.spawn(async move {
                replayer.follow(changes, || enabled.load(Relaxed)).await;
            });
        }
        let operator = Operator {
            watcher: self.watcher.clone(),
            replayer,
            spool: self.shared.spool.clone(),
            settings: self.settings().clone(),
        };
        self.operating.spawn(control.serve(operator, stop));
    }
}

/// Answers a command on dead letters without a running host.
///
/// # Errors
/// Says in words what is wrong.
pub async fn answer_offline(settings: &Settings, request: Request) -> Result<Response, String> {
    let store = DeadLetters::open(&settings.data_folder, limits(settings))
        .map_err(|error| error.to_string())?;
    letters::answer(&store, request).await
}

/// Answers a question about the spool without a running host, and leaves the
/// store as it is.
///
/// # Errors
/// Another process has the store open, or it cannot be read.
pub async fn look_offline(settings: &Settings, request: Request) -> Result<Response, ControlError> {
    let settings = settings.clone();
    let answer = tokio::task::spawn_blocking(move || waiting::answer_offline(&settings, &request));
    answer.await.unwrap_or_else(|failed| {
        Err(ControlError::Refused {
            message: failed.to_string(),
        })
    })
}

fn open_dead_letters(settings: &Settings) -> Result<Option<DeadLetters>> {
    if !settings.dead_letters.enabled {
        return Ok(None);
    }
    let store = DeadLetters::open(&settings.data_folder, limits(settings))
        .context("cannot keep dead letters")?;
    Ok(Some(store))
}

fn limits(settings: &Settings) -> Limits {
    Limits {
        max_bytes: settings.dead_letters.max_bytes(),
        max_letters: settings.dead_letters.max_letters,
    }
}

/// The cache of compiled code. Without it converters are compiled at each
/// start, which is no reason not to start.
fn open_cache(settings: &Settings) -> Option<FileCache> {
    let max_bytes = settings
        .converters
        .compile_cache_mib
        .saturating_mul(1024 * 1024);
    if max_bytes == 0 {
        return None;
    }
    let folder = settings.data_folder.join(COMPILED_FOLDER);
    // What is wrong with the folder was logged there.
    FileCache::open(&folder, max_bytes).ok()
}

/// Hands on what comes from ThingsBoard. Whatever comes while the disk is busy
/// shares the next commit.
async fn deliver(mut downlinks: mpsc::Receiver<Delivery>, directory: Arc<Directory>) {
    let mut deliveries = Vec::new();
    while downlinks.recv_many(&mut deliveries, DOWNLINK_QUEUE).await > 0 {
        let mut taken = Vec::new();
        for delivery in deliveries.drain(..) {
            if let Some(downlink) = delivery.downlink {
                directory.deliver(downlink);
            }
            taken.extend(delivery.taken);
        }
        if taken.is_empty() {
            continue;
        }
        directory.written().await;
        for tell in taken {
            // The session may have ended meanwhile.
            let _ = tell.send(());
        }
    }
}

/// Downlinks wait in one place for all integrations, because a device that was
/// not seen yet belongs to none; the most generous bounds count.
fn directory(settings: &Settings) -> Result<Directory> {
    let clients = || {
        settings
            .enabled_integrations()
            .map(|integration| &integration.client_configuration)
    };
    let cache_size = clients().map(|client| client.cache_size).max();
    let time_to_live = clients()
        .map(config::ClientConfiguration::time_to_live)
        .max();
    let cache_size = cache_size.unwrap_or_default();
    let time_to_live = time_to_live.unwrap_or_default();
    KeptDownlinks::open(&settings.data_folder)
        .and_then(|kept| Directory::open(kept, cache_size, time_to_live))
        .context("cannot keep downlinks")
}

fn bind(settings: &Settings, registry: &Registry) -> Result<Vec<Arc<Integration>>> {
    let mut integrations = Vec::new();
    for entry in settings.enabled_integrations() {
        let live = Live::new(entry, registry);
        for selection in live.selections() {
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
        integrations.push(Arc::new(Integration::bind(entry, live)?));
    }
    if integrations.is_empty() {
        bail!("no integration is enabled: set enabled = true for one");
    }
    Ok(integrations)
}
