//! Attempts to open a session with servers on loopback: the stand-in, with and
//! without TLS, and everything that is not ThingsBoard.

mod ends;

use std::net::SocketAddr;

use super::connect;
use crate::{
    config::ThingsBoard,
    relay::dial::testing::{Authority, Folder, Pair, TlsServer, plain, refusing, saying, trusting},
    standin::{self, Standin, TlsFiles},
};

const CLOSED: &str = "PEER closed the connection without a word: check thingsboard.port (RPC_PORT; \
     7070 is the Edge service); if it is right, the server may want TLS (set \
     thingsboard.tls.enabled or RPC_SSL_ENABLED to true), or be a load balancer whose own server is \
     down";

/// What became of one attempt: the edge's name, or the error's text.
async fn attempt(settings: &ThingsBoard) -> String {
    match connect(settings).await {
        Ok(connection) => format!("connected as {}", connection.edge.name),
        Err(error) => error.to_string().replace(&settings.address(), "PEER"),
    }
}

/// A stand-in on free ports: of the Edge service, and of its HTTP API.
async fn standin(tls: Option<TlsFiles>) -> (SocketAddr, SocketAddr) {
    let standin = Standin::bind(standin::Settings {
        grpc_address: ([127, 0, 0, 1], 0).into(),
        http_address: ([127, 0, 0, 1], 0).into(),
        routing_key: "a key".to_owned(),
        secret: "a secret".to_owned(),
        tls,
        data: None,
        kept_points: 1000,
    });
    let standin = standin.await.unwrap();
    let addresses = (standin.grpc_address(), standin.http_address());
    tokio::spawn(standin.serve(std::future::pending()));
    addresses
}

fn files(folder: &Folder, pair: &Pair, client_authority: Option<&Authority>) -> TlsFiles {
    TlsFiles {
        certificate: folder.file("server.pem", &pair.certificate),
        key: folder.file("server.key", &pair.key),
        client_authority: client_authority
            .map(|authority| folder.file("clients.pem", &authority.pem)),
    }
}

#[tokio::test]
async fn a_sessionsockets_with_and_without_tls() {
    let settings = plain(standin(None).await.0);
    let connection = connect(&settings).await.unwrap();
    assert!(!connection.edge.name.is_empty());
    assert_eq!(connection.circumstances.server_limit, Some(4 * 1024 * 1024));

    let (authority, clients) = (Authority::new("own"), Authority::new("clients"));
    let folder = Folder::new();
    let ca = folder.file("ca.pem", &authority.pem);
    let server = authority.server(&["localhost"]);
    let (address, _) = standin(Some(files(&folder, &server, None))).await;
    let said = attempt(&trusting(address, ca.clone())).await;
    assert!(said.starts_with("connected as "), "{said}");

    let (address, _) = standin(Some(files(&folder, &server, Some(&clients)))).await;
    let mut settings = trusting(address, ca);
    let client = clients.client();
    settings.tls.cert_file = Some(folder.file("client.pem", &client.certificate));
    settings.tls.key_file = Some(folder.file("client.key", &client.key));
    let said = attempt(&settings).await;
    assert!(said.starts_with("connected as "), "{said}");
}

/// TLS 1.3 looks at client certificates after its handshake.
#[tokio::test]
async fn a_client_certificate_that_is_refused_late_is_named() {
    let (authority, clients) = (Authority::new("own"), Authority::new("clients"));
    let folder = Folder::new();
    let ca = folder.file("ca.pem", &authority.pem);
    let server = TlsServer::new(authority.server(&["localhost"])).wanting(&clients);
    let mut settings = trusting(server.start().await, ca);
    assert_eq!(
        attempt(&settings).await,
        "PEER wants a client certificate: set thingsboard.tls.certFile and \
         thingsboard.tls.keyFile, or let the server or the gateway before it do without"
    );
    let client = authority.client();
    settings.tls.cert_file = Some(folder.file("client.pem", &client.certificate));
    settings.tls.key_file = Some(folder.file("client.key", &client.key));
    let said = attempt(&settings).await;
    // The alert is lost if the server closes before it was read.
    let reasons = [
        "it does not know who signed it",
        "it closed the connection on seeing it",
    ];
    let expected = reasons.map(|reason| {
        format!(
            "PEER rejects our client certificate ({reason}): check thingsboard.tls.certFile: who \
             signed it, until when it is valid, and that it is for clients"
        )
    });
    assert!(expected.contains(&said), "{said}");
}

#[tokio::test]
async fn what_is_not_thingsboard_is_named() {
    const HTTP1: &str = "PEER answers with HTTP/1, which is no gRPC: a web server, or a proxy or \
         load balancer that does not pass on HTTP/2; check thingsboard.port (RPC_PORT; 7070 is the \
         Edge service, 8080 the web page), or let the load balancer pass on TCP, HTTP/2 or gRPC";
    let cases: [(&[u8], &str); 4] = [
        (
            // A fatal alert: decode_error.
            b"\x15\x03\x01\0\x02\x02\x32",
            "PEER speaks TLS, but TLS is off here: set thingsboard.tls.enabled (RPC_SSL_ENABLED) \
             to true",
        ),
        (
            b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
            HTTP1,
        ),
        (
            b"SSH-2.0-OpenSSH_9.2\r\n",
            "PEER is not ThingsBoard's Edge service: it answers with \"SSH-2.0-OpenSSH_\"; check \
             thingsboard.port (RPC_PORT; 7070 is the Edge service)",
        ),
        (b"", CLOSED),
    ];
    for (says, expected) in cases {
        let address = saying(says, false).await;
        assert_eq!(attempt(&plain(address)).await, expected);
    }
    // A web server that speaks HTTP/2.
    let (_, http) = standin(None).await;
    let said = attempt(&plain(http)).await;
    let start = "PEER is not ThingsBoard's Edge service (";
    assert!(
        said.starts_with(start) && said.contains("404 Not Found"),
        "{said}"
    );
    // The same within TLS.
    let authority = Authority::new("own");
    let folder = Folder::new();
    let ca = folder.file("ca.pem", &authority.pem);
    let mut server = TlsServer::new(authority.server(&["localhost"]));
    server.protocols = Vec::new();
    server.says = b"HTTP/1.1 400 Bad Request\r\n\r\n";
    let address = server.start().await;
    assert_eq!(attempt(&trusting(address, ca)).await, HTTP1);
}

/// The stand-in with TLS, and with nobody behind its port.
#[tokio::test]
async fn a_server_with_tls_and_a_closed_port_are_named() {
    let authority = Authority::new("own");
    let folder = Folder::new();
    let server = authority.server(&["localhost"]);
    let (address, _) = standin(Some(files(&folder, &server, None))).await;
    let said = attempt(&plain(address)).await;
    // The alert is lost if the server closes before it was read.
    let expected = [
        "PEER speaks TLS, but TLS is off here: set thingsboard.tls.enabled (RPC_SSL_ENABLED) to \
         true",
        CLOSED,
    ];
    assert!(expected.contains(&said.as_str()), "{said}");
    let (_held, address) = refusing();
    assert_eq!(
        attempt(&plain(address)).await,
        "PEER refuses connections: check thingsboard.port (RPC_PORT; ThingsBoard's Edge service \
         listens on 7070 by default), and that the server runs with EDGES_ENABLED=true"
    );
}

#[tokio::test]
async fn a_silent_server_is_named() {
    let mut settings = plain(saying(b"", true).await);
    settings.connect_timeout_ms = 100;
    assert_eq!(
        attempt(&settings).await,
        "PEER took the connection, but did not answer within 100 ms: check thingsboard.port \
         (RPC_PORT; 7070 is the Edge service); if it is right, the server is overloaded or hangs, \
         or thingsboard.connectTimeoutMs is too short for this network"
    );
}
