//! Opens a session: dials the server, presents key and secret, and tells
//! every way in which that fails apart.

use std::{io, time::Duration};

use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Code, Status, Streaming,
    transport::{Channel, Endpoint},
};
use uuid::Uuid;

use super::{error::SessionError, ids};
use crate::{
    config::ThingsBoard,
    proto::edge::{
        ConnectRequestMsg, ConnectResponseCode, ConnectResponseMsg, RequestMsg, RequestMsgType,
        ResponseMsg, edge_rpc_service_client::EdgeRpcServiceClient,
    },
};

/// Messages that may wait for the network. Acknowledgements are 50 at most,
/// the server's page; one batch with its creations is some 500.
const OUTBOUND_QUEUE: usize = 1024;
/// Largest message that we take, in bytes; the server is told. Dashboards,
/// which a server may send along, can be large.
const MAX_INBOUND_MESSAGE: usize = 32 * 1024 * 1024;
/// Time between keep-alive pings and longest wait for their answer, as
/// ThingsBoard's own edge has them.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// What the server tells about the edge that we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) id: Uuid,
    pub(super) tenant: Uuid,
    pub(super) name: String,
}

/// An accepted session.
pub(super) struct Connection {
    pub(super) edge: Edge,
    pub(super) outbound: mpsc::Sender<RequestMsg>,
    pub(super) inbound: Streaming<ResponseMsg>,
}

/// Connects and presents the credentials.
pub(super) async fn connect(settings: &ThingsBoard) -> Result<Connection, SessionError> {
    let no_answer = || SessionError::NoAnswer {
        host: settings.host.clone(),
        port: settings.port,
        timeout: settings.connect_timeout(),
    };
    timeout(settings.connect_timeout(), open(settings))
        .await
        .map_err(|_| no_answer())?
}

async fn open(settings: &ThingsBoard) -> Result<Connection, SessionError> {
    let channel = channel(settings, dial(settings).await?).await?;
    let mut client =
        EdgeRpcServiceClient::new(channel).max_decoding_message_size(MAX_INBOUND_MESSAGE);
    let (outbound, requests) = mpsc::channel(OUTBOUND_QUEUE);
    // The first message has to be there before the call: a server may answer
    // a call only once it has read something.
    outbound
        .send(connect_request(settings))
        .await
        .map_err(|_| SessionError::Broken("the request stream closed".to_owned()))?;
    let mut inbound = client
        .handle_msgs(ReceiverStream::new(requests))
        .await
        .map_err(|status| not_edge_service(settings, &status))?
        .into_inner();
    loop {
        let message = inbound
            .message()
            .await
            .map_err(|status| not_edge_service(settings, &status))?
            .ok_or(SessionError::Closed)?;
        if let Some(response) = message.connect_response_msg {
            let edge = accepted(&response)?;
            return Ok(Connection {
                edge,
                outbound,
                inbound,
            });
        }
    }
}

async fn dial(settings: &ThingsBoard) -> Result<TcpStream, SessionError> {
    let (host, port) = (settings.host.as_str(), settings.port);
    let addresses: Vec<_> = tokio::net::lookup_host((host, port))
        .await
        .map_err(|error| SessionError::UnknownHost {
            host: host.to_owned(),
            detail: error.to_string(),
        })?
        .collect();
    match TcpStream::connect(addresses.as_slice()).await {
        Ok(stream) => {
            // Acknowledgements are small and somebody waits for them.
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Err(SessionError::Refused {
                host: host.to_owned(),
                port,
            })
        }
        Err(error) => Err(SessionError::Unreachable {
            host: host.to_owned(),
            port,
            detail: error.to_string(),
        }),
    }
}

/// Wraps the one connection. The channel never dials by itself: a new session
/// has to present its credentials anew anyway.
async fn channel(settings: &ThingsBoard, stream: TcpStream) -> Result<Channel, SessionError> {
    let mut stream = Some(TokioIo::new(stream));
    let connector = tower::service_fn(move |_| {
        let stream = stream
            .take()
            .ok_or_else(|| io::Error::other("the connection is used up"));
        std::future::ready(stream)
    });
    Endpoint::from_static("http://thingsboard")
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .connect_with_connector(connector)
        .await
        .map_err(|error| SessionError::NotEdgeService {
            host: settings.host.clone(),
            port: settings.port,
            detail: causes(&error),
        })
}

fn connect_request(settings: &ThingsBoard) -> RequestMsg {
    RequestMsg {
        msg_type: RequestMsgType::ConnectRpcMessage.into(),
        connect_request_msg: Some(ConnectRequestMsg {
            edge_routing_key: settings.routing_key.clone(),
            edge_secret: settings.secret.reveal().to_owned(),
            edge_version: settings.edge_version,
            max_inbound_message_size: i32::try_from(MAX_INBOUND_MESSAGE).ok(),
        }),
        ..RequestMsg::default()
    }
}

fn accepted(response: &ConnectResponseMsg) -> Result<Edge, SessionError> {
    match response.response_code() {
        ConnectResponseCode::Accepted => {}
        ConnectResponseCode::BadCredentials => {
            return Err(SessionError::from_refusal(&response.error_msg));
        }
        ConnectResponseCode::ServerUnavailable => return Err(SessionError::ServerUnavailable),
    }
    let configuration = response
        .configuration
        .as_ref()
        .ok_or_else(|| SessionError::Broken("the answer has no edge configuration".to_owned()))?;
    Ok(Edge {
        id: ids::uuid(configuration.edge_id_msb, configuration.edge_id_lsb),
        tenant: ids::uuid(configuration.tenant_id_msb, configuration.tenant_id_lsb),
        name: configuration.name.clone(),
    })
}

/// An error before the first answer: as a rule somebody else listens there.
fn not_edge_service(settings: &ThingsBoard, status: &Status) -> SessionError {
    if status.code() == Code::Unavailable {
        return SessionError::ServerUnavailable;
    }
    let detail = match status.code() {
        Code::Unimplemented => "it speaks gRPC, but has no such service".to_owned(),
        _ => causes(status),
    };
    SessionError::NotEdgeService {
        host: settings.host.clone(),
        port: settings.port,
        detail,
    }
}

/// An error with its causes, the innermost last.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}
