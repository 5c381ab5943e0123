//! One integration: accepts connections on its port and lets each live.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::{net::TcpListener, sync::Semaphore, time::sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, info, warn};

use super::{
    calls::Calls, connection, directory::Directory, error::ServerError, listener, live::Live,
};
use crate::{
    config::{self, HandlerType},
    converter::{Converter, Overruns, Workers},
    dead_letters::DeadLetters,
    message::DeviceMetadata,
    spool::Spool,
    statistics::Counters,
};

/// First and longest pause after the operating system refused to accept: out
/// of file descriptors, as a rule.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
const MAX_ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// What all integrations of the process share.
pub struct Shared {
    /// Runs converters.
    pub workers: Workers,
    /// Knows whose frames took too long.
    pub overruns: Arc<Overruns>,
    /// Takes what could not be decoded, if it is to be kept.
    pub dead_letters: Option<DeadLetters>,
    /// Takes what was decoded.
    pub spool: Spool,
    /// Knows who is connected.
    pub directory: Arc<Directory>,
    /// The calls that wait for their devices' answers.
    pub calls: Arc<Calls>,
    /// Knows more of devices than a downlink says.
    pub device_metadata: Arc<dyn DeviceMetadata>,
    /// Told when the process stops.
    pub stop: CancellationToken,
    /// Counts the tasks of the connections.
    pub connections: TaskTracker,
}

/// An integration that listens.
pub struct Integration {
    pub(super) name: Arc<str>,
    /// As the process was started.
    pub(super) settings: config::Integration,
    live: ArcSwap<Live>,
    pub(super) counters: Arc<Counters>,
    listener: TcpListener,
}

/// Numbers connections across all integrations.
static NEXT_CONNECTION: AtomicU64 = AtomicU64::new(1);

impl Integration {
    /// Opens the port.
    ///
    /// # Errors
    /// The port is in use or may not be opened.
    pub fn bind(settings: &config::Integration, live: Live) -> Result<Self, ServerError> {
        let client = &settings.client_configuration;
        let address = SocketAddr::new(client.bind_address, client.port);
        let listener = listener::bind(client).map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => ServerError::PortInUse {
                integration: settings.name.clone(),
                address,
            },
            _ => ServerError::Listen {
                integration: settings.name.clone(),
                address,
                source,
            },
        })?;
        Ok(Self {
            name: settings.name.as_str().into(),
            live: ArcSwap::from_pointee(live),
            settings: settings.clone(),
            counters: Arc::default(),
            listener,
        })
    }

    /// Its name in the settings.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its converters, metadata and rules as they are now.
    #[must_use]
    pub fn live(&self) -> Arc<Live> {
        self.live.load_full()
    }

    /// Takes over other converters, metadata and rules.
    pub fn set_live(&self, live: Live) {
        let live = live.remembering(&self.live());
        self.live.store(Arc::new(live));
    }

    /// What it counts.
    #[must_use]
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// How its connections are cut into frames.
    pub(super) fn handler(&self) -> &config::HandlerConfiguration {
        &self.settings.client_configuration.handler_configuration
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The operating system does not tell.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Says, once there is an uplink converter, what the settings want of it that it
    /// cannot do.
    async fn check_converter(&self) {
        let live = self.live();
        let converter = live.uplink.ready().await;
        if live.lifecycle.is_wanted() && !converter.follows_connections() {
            live.report_lifecycle(&self.name, &converter);
        }
        if self.handler().handler_type == HandlerType::Converter && !converter.cuts_frames() {
            warn!(
                integration = &*self.name,
                "no connection will get a frame: {}",
                no_framing(&converter)
            );
        }
    }

    /// Accepts connections until the process stops.
    pub async fn run(self: Arc<Self>, shared: Arc<Shared>) {
        let integration = self;
        let client = &integration.settings.client_configuration;
        let places = Arc::new(Semaphore::new(client.max_connections));
        let mut pause = ACCEPT_PAUSE;
        let mut checked = std::pin::pin!(integration.check_converter());
        let mut stop = std::pin::pin!(shared.stop.cancelled());
        let mut is_checked = false;
        loop {
            let accepted = tokio::select! {
                accepted = integration.listener.accept() => accepted,
                () = &mut checked, if !is_checked => {
                    is_checked = true;
                    continue;
                }
                () = &mut stop => break,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    warn!(integration = &*integration.name, %error, "cannot accept connections");
                    sleep(pause).await;
                    pause = (pause * 2).min(MAX_ACCEPT_PAUSE);
                    continue;
                }
            };
            pause = ACCEPT_PAUSE;
            let Ok(place) = places.clone().try_acquire_owned() else {
                warn!(
                    integration = &*integration.name, %peer, limit = client.max_connections,
                    "connection refused: maxConnections is reached"
                );
                continue;
            };
            let local = match stream.local_addr() {
                Ok(local) => local,
                // The device hung up before we got to it.
                Err(error) => {
                    debug!(%peer, %error, "connection was gone at once");
                    continue;
                }
            };
            let number = NEXT_CONNECTION.fetch_add(1, Ordering::Relaxed);
            let (integration, connection_shared) = (integration.clone(), shared.clone());
            shared.connections.spawn(async move {
                let ends = (peer, local);
                connection::serve(number, &integration, &connection_shared, stream, ends).await;
                drop(place);
            });
        }
        info!(integration = &*integration.name, "integration stopped");
    }
}

/// What is wrong, and what to do.
pub(super) fn no_framing(converter: &Converter) -> String {
    format!(
        "handlerType is CONVERTER, and the uplink converter {} {} exports no \
         tb:converter/framing; name another one in uplinkConverter, or choose a handler",
        converter.name(),
        converter.version()
    )
}
