use super::*;
use crate::relay::{ProxyError, TlsError};

#[test]
fn refusals_are_told_apart_without_their_secrets() {
    for (text, expected) in [
        (
            "Failed to find the edge! Routing key: t0p",
            "knows no edge with this key",
        ),
        (
            "Failed to validate the edge! Provided request secret: t0p",
            "the secret is wrong",
        ),
        ("Something else: t0p", "refuses the credentials"),
    ] {
        let said = SessionError::from_refusal(text).to_string();
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains("t0p"), "{said}");
    }
}

/// What an administrator can look up in each text: what failed, the setting
/// and its environment variable, and what to do.
#[test]
fn every_failure_names_its_setting_and_remedy() {
    let peer = || "tb.example:7070".to_owned();
    let text = |text: &str| text.to_owned();
    let seconds = Duration::from_secs(10);
    let dial = [
        (
            DialError::UnknownHost {
                host: text("tb.example"),
                detail: text("no such name"),
            },
            "host name tb.example is unknown (no such name) | thingsboard.host (RPC_HOST) | DNS",
        ),
        (
            DialError::SilentResolver {
                host: text("tb.example"),
                timeout: seconds,
            },
            "DNS did not answer within 10000 ms | thingsboard.host (RPC_HOST) | DNS servers",
        ),
        (
            DialError::Refused { peer: peer() },
            "refuses connections | RPC_PORT | EDGES_ENABLED=true | 7070",
        ),
        (
            DialError::Silent {
                peer: peer(),
                addresses: 2,
                timeout: seconds,
            },
            "does not answer | (2) | 10000 ms | firewall | RPC_PORT | RPC_HOST",
        ),
        (
            DialError::Unreachable {
                peer: peer(),
                detail: text("no route"),
            },
            "cannot be reached (no route) | RPC_HOST | network",
        ),
        (
            DialError::WantsTls { peer: peer() },
            "speaks TLS, but TLS is off | thingsboard.tls.enabled (RPC_SSL_ENABLED) to true",
        ),
        (
            DialError::Http1 { peer: peer() },
            "HTTP/1 | RPC_PORT | load balancer | 8080",
        ),
        (
            DialError::NotHttp2 {
                peer: peer(),
                beginning: text("SSH-2.0"),
            },
            "is not ThingsBoard's Edge service | \"SSH-2.0\" | RPC_PORT",
        ),
        (
            DialError::ClosedAtOnce { peer: peer() },
            "without a word | RPC_SSL_ENABLED | load balancer",
        ),
    ];
    let proxy = [
        ProxyError::UnknownHost {
            host: text("p"),
            detail: text("x"),
            variable: "https_proxy",
        },
        ProxyError::Unreachable {
            proxy: text("p:1"),
            detail: text("refuses connections"),
            variable: "https_proxy",
        },
        ProxyError::Credentials {
            proxy: text("p:1"),
            variable: "https_proxy",
            given: false,
        },
        ProxyError::Credentials {
            proxy: text("p:1"),
            variable: "https_proxy",
            given: true,
        },
        ProxyError::NoProxy {
            proxy: text("p:1"),
            detail: text("x"),
            variable: "https_proxy",
        },
        ProxyError::Silent {
            proxy: text("p:1"),
            peer: peer(),
            timeout: seconds,
            variable: "https_proxy",
        },
    ];
    let proxy = proxy.map(|error| (DialError::from(error), "the proxy | https_proxy"));
    let denied = ProxyError::Denied {
        proxy: text("p:1"),
        peer: peer(),
        detail: text("HTTP 403"),
    };
    let denied = (
        DialError::from(denied),
        "the proxy p:1 gives no tunnel to tb.example:7070 (HTTP 403) | CONNECT | RPC_HOST | NO_PROXY",
    );
    let tls = [
        (
            TlsError::NotTls { peer: peer() },
            "speaks no TLS | RPC_SSL_ENABLED | EDGES_RPC_SSL_ENABLED",
        ),
        (
            TlsError::Broken {
                peer: peer(),
                detail: text("x"),
            },
            "ended the TLS handshake | RPC_SSL_ENABLED",
        ),
        (
            TlsError::Silent {
                peer: peer(),
                timeout: seconds,
            },
            "did not finish the TLS handshake within 10000 ms | RPC_SSL_ENABLED",
        ),
        (
            TlsError::Version { peer: peer() },
            "neither TLS 1.2 nor TLS 1.3 | update",
        ),
        (
            TlsError::NoHttp2 { peer: peer() },
            "no HTTP/2 (ALPN h2) | RPC_PORT | load balancer",
        ),
        (
            TlsError::UnknownName {
                peer: peer(),
                name: text("a"),
            },
            "no certificate for the name a | thingsboard.tls.serverName | RPC_HOST",
        ),
        (
            TlsError::NoSystemRoots {
                detail: String::new(),
            },
            "no certificates of authorities: install | ca-certificates | RPC_SSL_CERT",
        ),
    ];
    let session = [
        (
            SessionError::NotEdgeService {
                peer: peer(),
                detail: text("x"),
            },
            "is not ThingsBoard's Edge service (x) | RPC_PORT | 7070 | 8080 | 9090",
        ),
        (
            SessionError::Gateway {
                peer: peer(),
                code: 502,
            },
            "proxy or load balancer | HTTP 502 | EDGES_ENABLED",
        ),
        (
            SessionError::NoAnswer {
                peer: peer(),
                timeout: seconds,
            },
            "did not answer within 10000 ms | RPC_PORT | thingsboard.connectTimeoutMs",
        ),
        (
            SessionError::TooOld { detail: "x" },
            "too old (x) | 3.6.2 or newer | update the server",
        ),
        (
            SessionError::UnknownKey,
            "knows no edge with this key | thingsboard.routingKey (INTEGRATION_ROUTING_KEY) | \
             Edge management | add it anew",
        ),
        (
            SessionError::WrongSecret,
            "the secret is wrong | thingsboard.secret (INTEGRATION_SECRET) | copy the Edge secret",
        ),
        (
            SessionError::BadCredentials,
            "refuses the credentials | INTEGRATION_ROUTING_KEY | INTEGRATION_SECRET",
        ),
        (
            SessionError::ServerUnavailable,
            "cannot serve the edge | log | nothing is to be changed here",
        ),
        (
            SessionError::WentAway { detail: text("x") },
            "went away (x) | restarted | load balancer",
        ),
        (
            SessionError::UplinkTooLarge {
                limit: Some(4_194_304),
            },
            "larger than ThingsBoard takes (its limit is 4194304 bytes) | \
             thingsboard.maxRecordsPerMessage | EDGES_RPC_MAX_INBOUND_MESSAGE_SIZE",
        ),
        (
            SessionError::UplinkTooLarge { limit: None },
            "larger than ThingsBoard takes (it did not tell its limit)",
        ),
        (
            SessionError::Reset {
                limit: Some(65_536),
            },
            "broke off the session | its limit is 65536 bytes | thingsboard.maxRecordsPerMessage | \
             EDGES_RPC_MAX_INBOUND_MESSAGE_SIZE",
        ),
        (
            SessionError::DownlinkTooLarge { limit: 33_554_432 },
            "33554432 bytes | dashboard | unassign",
        ),
        (
            SessionError::TooManyPings {
                keep_alive: seconds,
            },
            "too many keep-alive pings | thingsboard.keepAliveMs, 10000 now | \
             EDGES_RPC_CLIENT_MAX_KEEP_ALIVE_TIME_SEC",
        ),
        (
            SessionError::KeepAlive { timeout: seconds },
            "keep-alive ping within 10000 ms | thingsboard.keepAliveTimeoutMs | firewall",
        ),
        (
            SessionError::Closed,
            "closed the session | deleted | same key",
        ),
        (
            SessionError::Broken(text("reset")),
            "broke (reset) | restarted | log",
        ),
        (
            SessionError::SyncTimedOut(seconds),
            "within 10000 ms | connecting anew",
        ),
    ];
    let tls = tls.map(|(error, parts)| (DialError::from(error), parts));
    let dial = dial.into_iter().chain(proxy).chain([denied]).chain(tls);
    let all = dial.map(|(error, parts)| (SessionError::from(error), parts));
    for (error, parts) in all.chain(session) {
        let said = error.to_string();
        for part in parts.split(" | ") {
            assert!(said.contains(part), "{part:?} is not in {said:?}");
        }
        assert!(!said.ends_with('.') && !said.contains("  "), "{said:?}");
    }
}

#[test]
fn refused_attempts_are_not_repeated_at_once() {
    let cases = [
        (SessionError::UnknownKey, 30),
        (SessionError::WrongSecret, 30),
        (SessionError::Closed, 30),
        (SessionError::TooOld { detail: "" }, 30),
        (SessionError::ServerUnavailable, 0),
        (SessionError::Broken(String::new()), 0),
    ];
    for (error, seconds) in cases {
        assert_eq!(error.least_pause(), Duration::from_secs(seconds), "{error}");
    }
}
