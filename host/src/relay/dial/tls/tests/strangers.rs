//! Servers that do not speak TLS, or not as gRPC needs it.

use tokio_rustls::rustls::version::TLS13;

use super::{assert_said, attempt};
use crate::{
    config::{ThingsBoard, Tls},
    relay::dial::testing::{Authority, Folder, TlsServer, plain, saying, trusting},
};

#[tokio::test]
async fn a_server_that_does_no_tls_is_named() {
    let folder = Folder::new();
    let ca = folder.file("ca.pem", Authority::new("own").pem);
    let not_tls = "PEER speaks no TLS: set thingsboard.tls.enabled (RPC_SSL_ENABLED) to false, or \
         EDGES_RPC_SSL_ENABLED=true on the server; check thingsboard.port (RPC_PORT) too";
    let cases: [(&[u8], &str); 4] = [
        // A gRPC server without TLS begins with its settings.
        (b"\0\0\0\x04\0\0\0\0\0", not_tls),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", not_tls),
        (
            b"",
            "PEER ended the TLS handshake without a reason (it closed the connection without a \
             word): it may speak no TLS (RPC_SSL_ENABLED here, EDGES_RPC_SSL_ENABLED there), or \
             be a load balancer whose server is down",
        ),
        // A fatal alert: handshake_failure.
        (
            b"\x15\x03\x03\0\x02\x02\x28",
            "TLS with PEER failed (its alert: HandshakeFailure): compare the TLS settings of the \
             server or the gateway before it; TLS 1.2 or 1.3 with forward secrecy is needed",
        ),
    ];
    for (says, expected) in cases {
        let address = saying(says, false).await;
        let said = attempt(&trusting(address, ca.clone())).await;
        assert_said(&said, address, &folder, expected);
    }
    let address = saying(b"", true).await;
    let mut settings = trusting(address, ca);
    settings.connect_timeout_ms = 100;
    assert_said(
        &attempt(&settings).await,
        address,
        &folder,
        "PEER did not finish the TLS handshake within 100 ms: it may speak no TLS \
         (RPC_SSL_ENABLED here, EDGES_RPC_SSL_ENABLED there), or be overloaded",
    );
}

#[tokio::test]
async fn a_server_with_other_protocols_is_named() {
    let authority = Authority::new("own");
    let folder = Folder::new();
    let ca = folder.file("ca.pem", &authority.pem);
    let mut server = TlsServer::new(authority.server(&["localhost"]));
    server.protocols = vec![b"http/1.1".to_vec()];
    assert_eq!(server.version, &TLS13);
    let address = server.start().await;
    assert_said(
        &attempt(&trusting(address, ca.clone())).await,
        address,
        &folder,
        "PEER speaks TLS, but no HTTP/2 (ALPN h2), which gRPC needs: check thingsboard.port \
         (RPC_PORT; 7070 is the Edge service), or switch HTTP/2 on in the load balancer",
    );
    // protocol_version and unrecognized_name, as servers send them.
    let cases: [(&[u8], &str); 2] = [
        (
            b"\x15\x03\x03\0\x02\x02\x46",
            "PEER speaks neither TLS 1.2 nor TLS 1.3, which are needed: update the server or the \
             gateway before it",
        ),
        (
            b"\x15\x03\x03\0\x02\x02\x70",
            "PEER has no certificate for the name localhost: check thingsboard.tls.serverName, or \
             thingsboard.host (RPC_HOST)",
        ),
    ];
    for (says, expected) in cases {
        let address = saying(says, false).await;
        let said = attempt(&trusting(address, ca.clone())).await;
        assert_said(&said, address, &folder, expected);
    }
    // A server that names no protocol, as TLS in front of plain TCP: tried.
    let mut server = TlsServer::new(authority.server(&["localhost"]));
    server.protocols = Vec::new();
    let settings = trusting(server.start().await, ca);
    assert_eq!(attempt(&settings).await, "connected");
    let nonsense = ThingsBoard {
        host: "not a name".to_owned(),
        tls: Tls {
            server_name: None,
            ..settings.tls
        },
        ..plain(address)
    };
    assert!(
        attempt(&nonsense)
            .await
            .starts_with("the host name not a name is unknown")
    );
}
