//! Opens a session: dials the server, presents key and secret, and tells
//! every way in which that fails apart.

#[cfg(test)]
mod tests;

use std::io;

use hyper_util::rt::TokioIo;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};
use tonic::{
    Status, Streaming,
    transport::{Channel, Endpoint, Uri},
};
use uuid::Uuid;

use super::{
    dial::{self, Heard},
    error::SessionError,
    failure::Circumstances,
    ids,
    request::{self, Request},
};
use crate::{
    config::ThingsBoard,
    proto::edge::{
        ConnectRequestMsg, ConnectResponseCode, ConnectResponseMsg, RequestMsg, RequestMsgType,
        ResponseMsg,
    },
};

/// Messages that may wait for the network. Acknowledgements are 50 at most,
/// the server's page; one batch with its creations is some 500.
const OUTBOUND_QUEUE: usize = 1024;
/// Largest message that we take, in bytes; the server is told. Dashboards,
/// which a server may send along, can be large.
pub(super) const MAX_INBOUND_MESSAGE: usize = 32 * 1024 * 1024;

/// What the server tells about the edge that we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) id: Uuid,
    pub(super) tenant: Uuid,
    pub(super) name: String,
}

/// An accepted session.
pub(super) struct Connection<'session> {
    pub(super) edge: Edge,
    /// For the name of the session's end.
    pub(super) circumstances: Circumstances<'session>,
    pub(super) outbound: mpsc::Sender<Request>,
    pub(super) inbound: Streaming<ResponseMsg>,
}

/// Connects and presents the credentials.
pub(super) async fn connect(settings: &ThingsBoard) -> Result<Connection<'_>, SessionError> {
    let deadline = Instant::now() + settings.connect_timeout();
    let (stream, clues) = dial::dial(settings, deadline).await?;
    let circumstances = Circumstances {
        settings,
        clues,
        server_limit: None,
    };
    let opening = open(circumstances, stream);
    match timeout_at(deadline, opening).await {
        Ok(outcome) => outcome,
        Err(_) => Err(SessionError::NoAnswer {
            peer: settings.address(),
            timeout: settings.connect_timeout(),
        }),
    }
}

async fn open(
    mut circumstances: Circumstances<'_>,
    stream: Heard,
) -> Result<Connection<'_>, SessionError> {
    let settings = circumstances.settings;
    let failed = |status: Status| circumstances.before_acceptance(&status);
    let channel = channel(settings, stream)
        .await
        .map_err(|error| failed(Status::from_error(error.into())))?;
    let (outbound, requests) = mpsc::channel(OUTBOUND_QUEUE);
    // The first message has to be there before the call: a server may answer
    // a call only once it has read something.
    outbound
        .send(connect_request(settings).into())
        .await
        .map_err(|_| SessionError::Broken("the request stream closed".to_owned()))?;
    let opened = request::open(channel, requests, MAX_INBOUND_MESSAGE).await;
    let mut inbound = opened.map_err(failed)?;
    loop {
        let message = inbound
            .message()
            .await
            .map_err(failed)?
            .ok_or(SessionError::Closed)?;
        if let Some(response) = message.connect_response_msg {
            let edge = accepted(&response)?;
            circumstances.server_limit = Some(server_limit(&response)?);
            return Ok(Connection {
                edge,
                circumstances,
                outbound,
                inbound,
            });
        }
    }
}

/// Wraps the one connection. The channel never dials by itself: a new session
/// has to present its credentials anew anyway.
async fn channel(
    settings: &ThingsBoard,
    stream: Heard,
) -> Result<Channel, tonic::transport::Error> {
    let mut stream = Some(TokioIo::new(stream));
    let connector = tower::service_fn(move |_| {
        let stream = stream
            .take()
            .ok_or_else(|| io::Error::other("the connection is used up"));
        std::future::ready(stream)
    });
    let mut endpoint = Endpoint::from_static("http://thingsboard")
        .http2_keep_alive_interval(settings.keep_alive())
        .keep_alive_timeout(settings.keep_alive_timeout())
        .keep_alive_while_idle(true);
    // What load balancers choose the server by.
    if let Ok(origin) = origin(settings).parse::<Uri>() {
        endpoint = endpoint.origin(origin);
    }
    endpoint.connect_with_connector(connector).await
}

fn origin(settings: &ThingsBoard) -> String {
    let scheme = match settings.tls.enabled {
        true => "https",
        false => "http",
    };
    format!("{scheme}://{}", settings.address())
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

/// The largest message that the server takes, in bytes. Servers tell it since
/// 3.5.
fn server_limit(response: &ConnectResponseMsg) -> Result<u32, SessionError> {
    let limit = response.max_inbound_message_size;
    let limit = limit.and_then(|limit| u32::try_from(limit).ok());
    limit
        .filter(|limit| *limit > 0)
        .ok_or(SessionError::TooOld {
            detail: "it does not tell the largest message that it takes",
        })
}
