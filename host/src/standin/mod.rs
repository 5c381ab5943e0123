//! A local stand-in for ThingsBoard, for demonstrations and tests.
//!
//! It is the server side of the Edge gRPC service with a small HTTP API
//! beside it, all in memory unless a folder is named. Towards the edge it keeps the rules of a real
//! server, the unfriendly ones above all: names that are taken are changed,
//! unknown entities are skipped with success, packs wait for every
//! acknowledgement, and some messages are never answered. A client that works
//! here is meant to work there. What a server does only now and then it does
//! here when the HTTP API asks for it.
//!
//! Three things differ. Attributes changed over HTTP reach the edge as if the
//! tenant's root rule chain had a "push to edge" node, which a fresh tenant
//! lacks; each change is a message of its own, where newer servers merge
//! those that wait together; and telemetry history keeps every arrival, where
//! ThingsBoard keeps one value for a time. A key keeps its newest 100 000
//! points unless the settings say otherwise.

mod admin;
mod bulk;
mod calls;
mod change;
mod credentials;
mod customers;
mod data;
mod delays;
mod describe;
mod draft;
mod edge;
mod edit;
mod entities;
mod error;
mod extract;
mod faults;
mod http;
mod hub;
mod journal;
mod outbox;
mod sequence;
mod service;
mod session;
mod telemetry;
mod tls;
mod uplink;
mod values;
mod wire;

#[cfg(test)]
mod tests;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tracing::debug;

pub use self::error::Error;
use self::hub::Hub;
use self::service::EdgeServer;
use self::session::EdgeService;
pub use self::tls::TlsFiles;
use self::wire::Socket;

/// How long open connections may take to end after a shutdown.
const GRACE: Duration = Duration::from_secs(1);
/// How often an idle edge is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// How long its answer may take.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// Points kept for one key unless the settings say otherwise.
pub const KEPT_POINTS: usize = 100_000;

/// What a stand-in needs to know.
#[derive(Clone)]
pub struct Settings {
    /// Where the Edge gRPC service listens. Port 0 picks a free one.
    pub grpc_address: SocketAddr,
    /// Where the HTTP API listens. Port 0 picks a free one.
    pub http_address: SocketAddr,
    /// The key of the one edge there is.
    pub routing_key: String,
    /// The secret that goes with the key, until an administrator changes it.
    pub secret: String,
    /// What the Edge service needs to speak TLS. None: it speaks none.
    pub tls: Option<TlsFiles>,
    /// Where all that it knows outlasts it. None: in memory only.
    pub data: Option<PathBuf>,
    /// Points kept for one key of a device; the oldest make room for new ones.
    pub kept_points: usize,
}

impl fmt::Debug for Settings {
    /// Leaves out the key and the secret, so that no log line shows them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("grpc_address", &self.grpc_address)
            .field("http_address", &self.http_address)
            .field("tls", &self.tls)
            .field("data", &self.data)
            .field("kept_points", &self.kept_points)
            .finish_non_exhaustive()
    }
}

/// A stand-in that listens and does not serve yet.
#[derive(Debug)]
pub struct Standin {
    settings: Settings,
    hub: Hub,
    grpc: TcpListener,
    http: TcpListener,
}

impl Standin {
    /// Reads what the data folder has, and takes both addresses.
    ///
    /// # Errors
    ///
    /// [`Error::DataFile`], [`Error::DataInUse`], [`Error::DataDamaged`] or
    /// [`Error::DataTenant`] when the folder cannot be used; [`Error::Bind`]
    /// when an address cannot be listened on.
    pub async fn bind(mut settings: Settings) -> Result<Self, Error> {
        let hub = open(&settings).await?;
        let (grpc, address) = listen("gRPC", settings.grpc_address).await?;
        settings.grpc_address = address;
        let (http, address) = listen("HTTP", settings.http_address).await?;
        settings.http_address = address;
        Ok(Self {
            settings,
            hub,
            grpc,
            http,
        })
    }

    /// Where the Edge gRPC service listens.
    pub fn grpc_address(&self) -> SocketAddr {
        self.settings.grpc_address
    }

    /// Where the HTTP API listens.
    pub fn http_address(&self) -> SocketAddr {
        self.settings.http_address
    }

    /// Serves until `shutdown` completes. Open streams and connections do not
    /// hold it up for more than a second.
    ///
    /// # Errors
    ///
    /// [`Error::TlsFile`] or [`Error::Tls`] when TLS cannot be spoken with the
    /// files; [`Error::Grpc`] or [`Error::Http`] when a server stops by itself.
    pub async fn serve(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Error> {
        let Self {
            settings,
            hub,
            grpc,
            http,
        } = self;
        let Settings {
            grpc_address,
            http_address,
            routing_key,
            tls,
            ..
        } = settings;
        let mut server = Server::builder();
        if let Some(files) = tls {
            server = server
                .tls_config(files.read()?)
                .map_err(|source| Error::Tls { source })?;
        }
        let hub = Arc::new(hub);
        // What comes after this future is neither stored nor acknowledged.
        let _close = CloseJournal(Arc::clone(&hub));
        let stopping = hub.stopping.clone();
        // Sessions run in tasks of their own: they end also when this future is dropped.
        let _stop_sessions = stopping.clone().drop_guard();

        let router = http::router(Arc::clone(&hub));
        let service = EdgeServer(Arc::new(EdgeService { hub, routing_key }));
        let incoming = TcpListenerStream::new(grpc).map(|stream| {
            let stream = stream?;
            stream.set_nodelay(true)?;
            Ok::<_, std::io::Error>(Socket::new(stream))
        });
        let grpc = server
            .http2_keepalive_interval(Some(KEEP_ALIVE))
            .http2_keepalive_timeout(Some(KEEP_ALIVE_TIMEOUT))
            .add_service(service)
            .serve_with_incoming_shutdown(incoming, stopping.clone().cancelled_owned());
        let http = axum::serve(http, router)
            .with_graceful_shutdown(stopping.clone().cancelled_owned())
            .into_future();
        let mut servers = pin!(async {
            tokio::try_join!(
                async {
                    grpc.await.map_err(|source| Error::Grpc {
                        address: grpc_address,
                        source,
                    })
                },
                async {
                    http.await.map_err(|source| Error::Http {
                        address: http_address,
                        source,
                    })
                },
            )
            .map(|_| ())
        });

        debug!(grpc = %grpc_address, http = %http_address, "stand-in serves");
        tokio::select! {
            result = &mut servers => return result,
            () = shutdown => {}
        }
        stopping.cancel();
        // A client that holds its connection open does not hold up the program.
        tokio::time::timeout(GRACE, servers).await.unwrap_or(Ok(()))
    }
}

/// The state to begin with.
async fn open(settings: &Settings) -> Result<Hub, Error> {
    let hub = Hub::new(
        &settings.routing_key,
        &settings.secret,
        settings.kept_points,
    );
    let Some(folder) = settings.data.clone() else {
        return Ok(hub);
    };
    let path = folder.clone();
    let open = tokio::task::spawn_blocking(move || hub.keep_in(&folder));
    open.await.unwrap_or_else(|error| {
        Err(Error::DataFile {
            path,
            source: std::io::Error::other(error),
        })
    })
}

/// Lets the data folder go, however the stand-in ends.
struct CloseJournal(Arc<Hub>);

impl Drop for CloseJournal {
    fn drop(&mut self) {
        self.0.lock().journal.close();
    }
}

async fn listen(
    service: &'static str,
    address: SocketAddr,
) -> Result<(TcpListener, SocketAddr), Error> {
    let bind = async {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    bind.await.map_err(|source| Error::Bind {
        service,
        address,
        source,
    })
}
