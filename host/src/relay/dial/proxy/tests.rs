//! Small proxies on loopback, good ones and each bad one.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::mpsc,
    time::Instant,
};

use super::super::{
    dial,
    testing::{listen, plain, refusing, saying},
};
use crate::config::{Proxy, ProxyKind, Secret, ThingsBoard};

/// Settings for `tb.example:7070`, which no DNS knows, through a proxy.
fn through(proxy: SocketAddr, kind: ProxyKind) -> ThingsBoard {
    ThingsBoard {
        host: "tb.example".to_owned(),
        port: 7070,
        connect_timeout_ms: 2_000,
        proxy: Some(Proxy {
            variable: "https_proxy",
            host: proxy.ip().to_string(),
            port: proxy.port(),
            kind,
        }),
        ..plain(proxy)
    }
}

async fn attempt(settings: &ThingsBoard) -> String {
    match dial(settings, Instant::now() + settings.connect_timeout()).await {
        Ok(_) => "connected".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// A proxy that answers each read with the next of `answers`, and what it read.
async fn scripted(
    answers: &'static [&'static [u8]],
) -> (SocketAddr, mpsc::UnboundedReceiver<Vec<u8>>) {
    let (listener, address) = listen().await;
    let (heard, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            for answer in answers {
                let request = read_some(&mut stream).await;
                let _ = heard.send(request);
                let _ = stream.write_all(answer).await;
            }
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    });
    (address, requests)
}

async fn read_some(stream: &mut TcpStream) -> Vec<u8> {
    let mut buffer = [0; 1024];
    let length = stream.read(&mut buffer).await.unwrap_or_default();
    buffer[..length].to_vec()
}

#[tokio::test]
async fn connect_asks_for_the_server_by_name_and_loses_no_byte() {
    let answer: &[&[u8]] =
        &[b"HTTP/1.1 200 Connection established\r\nVia: p\r\n\r\n\0\0\0\x04rest"];
    let (proxy, mut requests) = scripted(answer).await;
    let authorization = Secret::new("Basic YW5uOmh1c2g=");
    let settings = through(proxy, ProxyKind::Connect(Some(authorization)));
    let deadline = Instant::now() + settings.connect_timeout();
    let (mut stream, _) = dial(&settings, deadline).await.unwrap();
    assert_eq!(
        String::from_utf8(requests.recv().await.unwrap()).unwrap(),
        "CONNECT tb.example:7070 HTTP/1.1\r\nHost: tb.example:7070\r\n\
         Proxy-Authorization: Basic YW5uOmh1c2g=\r\n\r\n"
    );
    let mut first = [0; 8];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"\0\0\0\x04rest");
}

#[tokio::test]
async fn every_refusal_of_a_connect_proxy_is_named() {
    let no_tunnel = |detail: &str| {
        format!(
            "the proxy PROXY gives no tunnel to tb.example:7070 ({detail}): let it allow CONNECT to \
             this host and port, check thingsboard.host and thingsboard.port (RPC_HOST, RPC_PORT) \
             and that the proxy can reach them, or except the host with NO_PROXY"
        )
    };
    let strange = |detail: &str| {
        format!(
            "the proxy PROXY answers with something that is no proxy's answer ({detail}): check \
             host, port and scheme in https_proxy"
        )
    };
    let credentials = |what: &str| {
        format!(
            "the proxy PROXY {what} user and password: write them into https_proxy as \
             http://USER:PASSWORD@HOST:PORT (socks5:// likewise), with special characters \
             percent-encoded"
        )
    };
    let cases: [(&[u8], bool, String); 8] = [
        (
            b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            false,
            credentials("wants"),
        ),
        (
            b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            true,
            credentials("does not accept"),
        ),
        (
            b"HTTP/1.1 403 Forbidden\r\nA: b\r\n\r\n<html>",
            true,
            no_tunnel("HTTP 403 Forbidden"),
        ),
        (b"HTTP/1.0 502\r\n\r\n", false, no_tunnel("HTTP 502")),
        (
            b"SSH-2.0-OpenSSH_9.2\r\n",
            false,
            strange("\"SSH-2.0-OpenSSH_9.2\\r\\n\""),
        ),
        (
            b"\0\0\0\x04\0\0\0\0\0",
            false,
            strange("\"\\x00\\x00\\x00\\x04\\x00\\x00\\x00\\x00\\x00\""),
        ),
        (
            b"",
            false,
            strange("it closed the connection without a word"),
        ),
        (
            b"HTTP/1.1 200 OK\r\nA: b",
            false,
            strange("\"HTTP/1.1 200 OK\\r\\nA: b\""),
        ),
    ];
    for (says, with_user, expected) in cases {
        let proxy = saying(says, false).await;
        let authorization = with_user.then(|| Secret::new("Basic YW5uOmh1c2g="));
        let said = attempt(&through(proxy, ProxyKind::Connect(authorization))).await;
        assert_eq!(said.replace(&proxy.to_string(), "PROXY"), expected);
        assert!(!said.contains("YW5u"), "{said}");
    }
}

#[tokio::test]
async fn a_proxy_that_says_too_much_is_cut_off() {
    let (listener, proxy) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while stream
            .write_all(b"A: bbbbbbbbbbbbbbbbbbbbbbbb\r\n")
            .await
            .is_ok()
        {}
    });
    let said = attempt(&through(proxy, ProxyKind::Connect(None))).await;
    assert!(
        said.contains("no proxy's answer (\"HTTP/1.1 200 OK"),
        "{said}"
    );
}

#[tokio::test]
async fn a_proxy_that_cannot_be_reached_is_named() {
    let (_held, proxy) = refusing();
    assert_eq!(
        attempt(&through(proxy, ProxyKind::Connect(None))).await,
        format!(
            "the proxy {proxy} refuses connections: check https_proxy in the environment and that \
             the proxy runs, or except ThingsBoard with NO_PROXY"
        )
    );
    let mut settings = through(proxy, ProxyKind::Connect(None));
    if let Some(proxy) = &mut settings.proxy {
        proxy.host = "no-such-proxy.invalid".to_owned();
    }
    settings.connect_timeout_ms = 30_000;
    let said = attempt(&settings).await;
    let start = "the proxy's host name no-such-proxy.invalid is unknown (";
    let end = "): check https_proxy in the environment, or except ThingsBoard with NO_PROXY";
    assert!(said.starts_with(start) && said.ends_with(end), "{said}");

    let silent = saying(b"", true).await;
    let mut settings = through(silent, ProxyKind::Connect(None));
    settings.connect_timeout_ms = 100;
    assert_eq!(
        attempt(&settings).await,
        format!(
            "the proxy {silent} did not connect to tb.example:7070 within 100 ms: check that it \
             can reach that host and port, and https_proxy in the environment"
        )
    );
}

#[tokio::test]
async fn socks_asks_for_the_server_by_name_and_loses_no_byte() {
    let answers: &[&[u8]] = &[
        b"\x05\x02",
        b"\x01\x00",
        b"\x05\0\0\x01\0\0\0\0\0\0\0\0\0\x04rest",
    ];
    let (proxy, mut requests) = scripted(answers).await;
    let login = ("ann".to_owned(), Secret::new("hush"));
    let settings = through(proxy, ProxyKind::Socks5(Some(login)));
    let deadline = Instant::now() + settings.connect_timeout();
    let (mut stream, _) = dial(&settings, deadline).await.unwrap();
    assert_eq!(requests.recv().await.unwrap(), b"\x05\x02\x00\x02");
    assert_eq!(requests.recv().await.unwrap(), b"\x01\x03ann\x04hush");
    assert_eq!(
        requests.recv().await.unwrap(),
        b"\x05\x01\0\x03\x0atb.example\x1b\x9e"
    );
    let mut first = [0; 8];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"\0\0\0\x04rest");
}

#[tokio::test]
async fn every_refusal_of_a_socks_proxy_is_named() {
    let cases: [(&[&[u8]], bool, &str); 4] = [
        (&[b"\x05\xff"], false, "wants user and password"),
        (
            &[b"\x05\x02", b"\x01\x01"],
            true,
            "does not accept user and password",
        ),
        (
            &[b"\x05\0", b"\x05\x02\0\x01\0\0\0\0\0\0"],
            false,
            "gives no tunnel to tb.example:7070 (Connection not allowed by ruleset)",
        ),
        (
            &[b"HTTP/1.1 400 Bad Request\r\n\r\n"],
            false,
            "answers with something that is no proxy's answer (Invalid response version)",
        ),
    ];
    for (answers, with_user, expected) in cases {
        let (proxy, _requests) = scripted(answers).await;
        let login = with_user.then(|| ("ann".to_owned(), Secret::new("hush")));
        let said = attempt(&through(proxy, ProxyKind::Socks5(login))).await;
        let start = format!("the proxy {proxy} {expected}");
        assert!(said.starts_with(&start), "{said}");
        assert!(!said.contains("hush"), "{said}");
    }
}
