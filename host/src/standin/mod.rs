//! A local stand-in for ThingsBoard, for demonstrations and tests.
//!
//! It is the server side of the Edge gRPC service with a small HTTP API
//! beside it, all in memory. Towards the edge it keeps the rules of a real
//! server, the unfriendly ones above all: names that are taken are changed,
//! unknown entities are skipped with success, packs wait for every
//! acknowledgement, and some messages are never answered. A client that works
//! here is meant to work there.
//!
//! Three things differ. Attributes changed over HTTP reach the edge as if the
//! tenant's root rule chain had a "push to edge" node, which a fresh tenant
//! lacks; each change is a message of its own, where newer servers merge
//! those that wait together; and telemetry history keeps every arrival, where
//! ThingsBoard keeps one value for a time. A key keeps its newest 100 000 points.

mod admin;
mod calls;
mod credentials;
mod data;
mod describe;
mod draft;
mod entities;
mod error;
mod extract;
mod faults;
mod http;
mod hub;
mod outbox;
mod session;
mod tls;
mod uplink;
mod values;

#[cfg(test)]
mod tests;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tonic::codec::CompressionEncoding;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tracing::debug;

pub use self::error::Error;
use self::hub::Hub;
use self::session::EdgeService;
pub use self::tls::TlsFiles;
use crate::proto::edge::edge_rpc_service_server::EdgeRpcServiceServer;

/// How long open connections may take to end after a shutdown.
const GRACE: Duration = Duration::from_secs(1);
/// How often an idle edge is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// How long its answer may take.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// What a stand-in needs to know.
#[derive(Clone)]
pub struct Settings {
    /// Where the Edge gRPC service listens. Port 0 picks a free one.
    pub grpc_address: SocketAddr,
    /// Where the HTTP API listens. Port 0 picks a free one.
    pub http_address: SocketAddr,
    /// The key of the one edge there is.
    pub routing_key: String,
    /// The secret that goes with the key.
    pub secret: String,
    /// What the Edge service needs to speak TLS. None: it speaks none.
    pub tls: Option<TlsFiles>,
}

impl fmt::Debug for Settings {
    /// Leaves out the key and the secret, so that no log line shows them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("grpc_address", &self.grpc_address)
            .field("http_address", &self.http_address)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

/// A stand-in that listens and does not serve yet.
#[derive(Debug)]
pub struct Standin {
    settings: Settings,
    grpc: TcpListener,
    http: TcpListener,
}

impl Standin {
    /// Takes both addresses.
    ///
    /// # Errors
    ///
    /// [`Error::Bind`] when one of them cannot be listened on.
    pub async fn bind(mut settings: Settings) -> Result<Self, Error> {
        let (grpc, address) = listen("gRPC", settings.grpc_address).await?;
        settings.grpc_address = address;
        let (http, address) = listen("HTTP", settings.http_address).await?;
        settings.http_address = address;
        Ok(Self {
            settings,
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
            grpc,
            http,
        } = self;
        let Settings {
            grpc_address,
            http_address,
            routing_key,
            secret,
            tls,
        } = settings;
        let mut server = Server::builder();
        if let Some(files) = tls {
            server = server
                .tls_config(files.read()?)
                .map_err(|source| Error::Tls { source })?;
        }
        let hub = Arc::new(Hub::new(&routing_key));
        let stopping = hub.stopping.clone();
        // Sessions run in tasks of their own: they end also when this future is dropped.
        let _stop_sessions = stopping.clone().drop_guard();

        let router = http::router(Arc::clone(&hub));
        let service = EdgeRpcServiceServer::new(EdgeService {
            hub,
            routing_key,
            secret,
        })
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(session::MAX_INBOUND as usize);
        let incoming = TcpIncoming::from(grpc).with_nodelay(Some(true));
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
