//! Ends of a session, as an HTTP/2 server of the test brings them about.

use std::{
    convert::Infallible,
    net::{Shutdown, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use prost::Message as _;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::attempt;
use crate::{
    config::SpoolSettings,
    proto::edge::{
        ConnectResponseCode, ConnectResponseMsg, DeviceUpdateMsg, DownlinkMsg, EdgeConfiguration,
        RequestMsg, RequestMsgType, ResponseMsg,
    },
    relay::{
        attributes::Attributes,
        connect::connect,
        dial::testing::{listen, plain},
        entities::Entities,
        memory::Memory,
        reports::Reports,
        session,
    },
    spool::Spool,
};

/// How an HTTP/2 server of a test answers the call.
#[derive(Clone, Copy)]
enum Answer {
    /// An HTTP status without anything of gRPC's.
    Http(u16),
    /// A gRPC status at once.
    Status(u32, &'static str),
    /// The end of the connection, with a code and a text.
    GoAway(h2::Reason),
    /// The end of the stream.
    Reset(h2::Reason),
    /// An acceptance that tells this limit, then one of the others.
    Accept(Option<i32>, &'static Answer),
    /// A message of this size.
    Large(u32),
    /// A device in the form of 3.6.1 and before, which has no JSON.
    OldDevice,
    /// The end of the connection without a word.
    HangUp,
    /// Nothing more, not even the answer to a ping.
    Freeze,
}

/// Serves one connection with `answer`.
async fn answering(answer: Answer) -> (SocketAddr, JoinHandle<Infallible>) {
    let (listener, address) = listen().await;
    (address, tokio::spawn(serve_one(listener, answer)))
}

async fn serve_one(listener: TcpListener, answer: Answer) -> Infallible {
    let (stream, _) = listener.accept().await.unwrap();
    // A socket that is closed with something unread takes back what it said.
    let stream = stream.into_std().unwrap();
    let socket = stream.try_clone().unwrap();
    let stream = TcpStream::from_std(stream).unwrap();
    let mut connection = h2::server::handshake(stream).await.unwrap();
    let (request, mut respond) = connection.accept().await.unwrap().unwrap();
    let mut body = None;
    let mut answer = answer;
    if let Answer::Accept(limit, next) = answer {
        let head = http_response(200, &[("content-type", "application/grpc")]);
        let mut stream = respond.send_response(head, false).unwrap();
        stream.send_data(accept(limit), false).unwrap();
        body = Some(stream);
        answer = *next;
        // The client's first message, and the one by which it lets us go on.
        let mut requests = request.into_body();
        let two_messages = async {
            requests.data().await;
            requests.data().await;
        };
        tokio::select! {
            () = two_messages => {}
            _ = connection.accept() => {}
        }
    }
    match (answer, body) {
        (Answer::Http(code), _) => {
            respond
                .send_response(http_response(code, &[]), true)
                .unwrap();
        }
        (Answer::Status(code, text), None) => {
            let code = code.to_string();
            let head = [
                ("content-type", "application/grpc"),
                ("grpc-status", &code),
                ("grpc-message", text),
            ];
            respond
                .send_response(http_response(200, &head), true)
                .unwrap();
        }
        (Answer::Status(code, text), Some(mut body)) => {
            let head = [("grpc-status", code.to_string())];
            let head = head.iter().map(|(name, value)| (*name, value.as_str()));
            let head: Vec<_> = head.chain([("grpc-message", text)]).collect();
            let trailers = http_response(200, &head).headers().clone();
            body.send_trailers(trailers).unwrap();
        }
        (Answer::HangUp, _) => socket.shutdown(Shutdown::Both).unwrap(),
        (Answer::GoAway(reason), _) => connection.abrupt_shutdown(reason),
        (Answer::Reset(reason), None) => respond.send_reset(reason),
        (Answer::Reset(reason), Some(mut body)) => body.send_reset(reason),
        (Answer::Large(size), Some(mut body)) => {
            let head = [&[0], size.to_be_bytes().as_slice()].concat();
            body.send_data(Bytes::from(head), false).unwrap();
        }
        (Answer::OldDevice, Some(mut body)) => {
            body.send_data(framed(&old_device()), false).unwrap();
        }
        (Answer::Freeze, _body) => std::future::pending().await,
        (Answer::Accept(..) | Answer::Large(_) | Answer::OldDevice, _) => {
            unreachable!("no such script")
        }
    }
    while connection.accept().await.is_some() {}
    std::future::pending().await
}

fn http_response(code: u16, headers: &[(&str, &str)]) -> tonic::codegen::http::Response<()> {
    let mut response = tonic::codegen::http::Response::builder().status(code);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(()).unwrap()
}

/// A gRPC message that accepts the edge.
fn accept(limit: Option<i32>) -> Bytes {
    let message = ResponseMsg {
        connect_response_msg: Some(ConnectResponseMsg {
            response_code: ConnectResponseCode::Accepted.into(),
            configuration: Some(EdgeConfiguration {
                name: "an edge".to_owned(),
                ..EdgeConfiguration::default()
            }),
            max_inbound_message_size: limit,
            ..ConnectResponseMsg::default()
        }),
        ..ResponseMsg::default()
    };
    framed(&message)
}

fn old_device() -> ResponseMsg {
    ResponseMsg {
        downlink_msg: Some(DownlinkMsg {
            downlink_msg_id: 1,
            device_update_msg: vec![DeviceUpdateMsg::default()],
            ..DownlinkMsg::default()
        }),
        ..ResponseMsg::default()
    }
}

/// A message as gRPC frames it.
fn framed(message: &ResponseMsg) -> Bytes {
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    Bytes::from([&[0], length.as_slice(), &message].concat())
}

#[tokio::test]
async fn ends_before_the_acceptance_are_named() {
    const TOO_OLD: &str = "this ThingsBoard is too old (it does not tell the largest message that \
         it takes): tb-tcp needs 3.6.2 or newer; update the server";
    let other_service = |detail: &str| {
        format!(
            "PEER is not ThingsBoard's Edge service ({detail}): check thingsboard.port (RPC_PORT); \
             7070 is the Edge service, 8080 the web page, 9090 the closed service of the \
             Professional Edition's own integrations"
        )
    };
    let gateway = |code: u16| {
        format!(
            "a proxy or load balancer answers for PEER with HTTP {code}: check that it passes gRPC \
             on to port 7070 of ThingsBoard, and that ThingsBoard runs with EDGES_ENABLED=true"
        )
    };
    let pings = "ThingsBoard ended the connection because of too many keep-alive pings: set \
         thingsboard.keepAliveMs, 10000 now, to more than \
         EDGES_RPC_CLIENT_MAX_KEEP_ALIVE_TIME_SEC of the server or what the load balancer before \
         it allows";
    let cases = [
        (Answer::Http(503), gateway(503)),
        (Answer::Http(502), gateway(502)),
        (Answer::Http(404), gateway(404)),
        (
            Answer::Status(12, "Method not found"),
            other_service(
                "it speaks gRPC, but has no such service; on ThingsBoard EDGES_ENABLED has to be \
                 true",
            ),
        ),
        (
            Answer::Status(14, "no healthy upstream"),
            "ThingsBoard cannot serve the edge at the moment: it may be starting, or have a fault \
             that its log names; nothing is to be changed here"
                .to_owned(),
        ),
        (
            Answer::GoAway(h2::Reason::ENHANCE_YOUR_CALM),
            pings.to_owned(),
        ),
        (Answer::Accept(None, &Answer::Freeze), TOO_OLD.to_owned()),
        (Answer::Accept(Some(0), &Answer::Freeze), TOO_OLD.to_owned()),
        (
            Answer::Accept(Some(65_536), &Answer::Freeze),
            "connected as an edge".to_owned(),
        ),
    ];
    for (answer, expected) in cases {
        let (address, server) = answering(answer).await;
        assert_eq!(attempt(&plain(address)).await, expected);
        server.abort();
    }
}

#[tokio::test]
async fn ends_of_an_accepted_session_are_named() {
    let cases = [
        (
            Answer::Status(8, "gRPC message exceeds maximum size 65536: 70000"),
            "a message is larger than ThingsBoard takes (its limit is 65536 bytes): set \
             thingsboard.maxRecordsPerMessage lower, or EDGES_RPC_MAX_INBOUND_MESSAGE_SIZE on the \
             server higher",
        ),
        (
            Answer::Large(64 * 1024 * 1024),
            "ThingsBoard sends a message that is larger than the 33554432 bytes that tb-tcp \
             takes: look for a very large dashboard or image that is assigned to this edge, and \
             unassign it",
        ),
        (
            Answer::GoAway(h2::Reason::ENHANCE_YOUR_CALM),
            "ThingsBoard ended the connection because of too many keep-alive pings: set \
             thingsboard.keepAliveMs, 10000 now, to more than \
             EDGES_RPC_CLIENT_MAX_KEEP_ALIVE_TIME_SEC of the server or what the load balancer \
             before it allows",
        ),
        (
            Answer::Status(14, "Server shutdown"),
            "ThingsBoard went away (Server shutdown): it is being restarted, or a load balancer \
             lost it; nothing is to be changed here, unless it stays away",
        ),
        (
            Answer::Freeze,
            "ThingsBoard did not answer a keep-alive ping within 100 ms \
             (thingsboard.keepAliveTimeoutMs): the network is interrupted, a firewall forgot the \
             connection, or the server hangs",
        ),
        (
            Answer::HangUp,
            "the connection to ThingsBoard broke (the other side closed it): the server was \
             restarted, or something between cuts connections; see the server's log if it happens \
             again and again",
        ),
        (
            Answer::GoAway(h2::Reason::NO_ERROR),
            "ThingsBoard went away (it closes its connections): it is being restarted, or a load \
             balancer lost it; nothing is to be changed here, unless it stays away",
        ),
        (
            Answer::Reset(h2::Reason::CANCEL),
            "ThingsBoard broke off the session without a reason: if its log says that a message \
             exceeds the maximum size (its limit is 65536 bytes), set \
             thingsboard.maxRecordsPerMessage lower, or EDGES_RPC_MAX_INBOUND_MESSAGE_SIZE on the \
             server higher",
        ),
    ];
    for (next, expected) in cases {
        let (listener, address) = listen().await;
        let next: &'static Answer = Box::leak(Box::new(next));
        let server = tokio::spawn(serve_one(listener, Answer::Accept(Some(65_536), next)));
        let mut settings = plain(address);
        if matches!(next, Answer::Freeze) {
            settings.keep_alive_ms = 100;
            settings.keep_alive_timeout_ms = 100;
        }
        let mut connection = connect(&settings).await.unwrap();
        // Lets the server go on.
        let go_on = RequestMsg {
            msg_type: RequestMsgType::SyncRequestRpcMessage.into(),
            ..RequestMsg::default()
        };
        connection.outbound.send(go_on.into()).await.unwrap();
        let end = loop {
            match connection.inbound.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the stream ended in order"),
                Err(status) => break connection.circumstances.after_acceptance(&status),
            }
        };
        assert_eq!(end.to_string(), expected);
        server.abort();
    }
}

/// A session as a whole, with what names its end.
#[tokio::test]
async fn a_whole_session_ends_with_a_name() {
    let cases = [
        (
            Answer::OldDevice,
            "this ThingsBoard is too old (it sends devices in the form of 3.6.1 and before): \
             tb-tcp needs 3.6.2 or newer; update the server",
        ),
        (
            Answer::Status(8, "gRPC message exceeds maximum size 65536: 70000"),
            "a message is larger than ThingsBoard takes (its limit is 65536 bytes): set \
             thingsboard.maxRecordsPerMessage lower, or EDGES_RPC_MAX_INBOUND_MESSAGE_SIZE on the \
             server higher",
        ),
    ];
    for (next, expected) in cases {
        let (listener, address) = listen().await;
        let next: &'static Answer = Box::leak(Box::new(next));
        let server = tokio::spawn(serve_one(listener, Answer::Accept(Some(65_536), next)));
        let (downlinks, _received) = tokio::sync::mpsc::channel(1);
        let mut accepted = false;
        let settings = plain(address);
        let folder = tempfile::tempdir().unwrap();
        let (spool, _) = Spool::open(folder.path(), &SpoolSettings::default()).unwrap();
        let entities = Arc::new(Entities::open(folder.path()).unwrap());
        let context = session::Context {
            settings: &settings,
            spool: &spool,
            entities: &entities,
            downlinks: &downlinks,
            dead_letters: None,
            memory: &Memory::new(Arc::new(Attributes::new(entities.clone()))),
            reports: &Reports::default(),
        };
        let end = session::run(context, || accepted = true);
        assert_eq!(end.await.to_string(), expected);
        assert!(accepted);
        server.abort();
    }
}
