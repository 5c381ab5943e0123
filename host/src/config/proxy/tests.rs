use super::*;

fn proxy(env: &[(&str, &str)], host: &str) -> Result<Option<Proxy>, ConfigError> {
    let lookup = |name: &str| {
        let found = env.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    Proxy::from_environment(lookup, host, 7070)
}

fn told(env: &[(&str, &str)], host: &str) -> String {
    match proxy(env, host).unwrap() {
        None => "none".to_owned(),
        Some(found) => format!("{} {}", found.variable, found.address()),
    }
}

#[test]
fn the_first_variable_that_is_set_counts() {
    let p = "http://p:3128";
    let cases: [(&[(&str, &str)], &str); 7] = [
        (&[], "none"),
        (&[("http_proxy", p), ("HTTP_PROXY", p)], "none"),
        (&[("ALL_PROXY", p)], "ALL_PROXY p:3128"),
        (
            &[("ALL_PROXY", p), ("HTTPS_PROXY", "q")],
            "HTTPS_PROXY q:80",
        ),
        (&[("HTTPS_PROXY", ""), ("all_proxy", p)], "all_proxy p:3128"),
        (
            &[("grpc_proxy", "socks5://s"), ("https_proxy", p)],
            "grpc_proxy s:1080",
        ),
        (
            &[("https_proxy", "http://[2001:db8::1]:8")],
            "https_proxy [2001:db8::1]:8",
        ),
    ];
    for (env, expected) in cases {
        assert_eq!(told(env, "tb.example"), expected, "{env:?}");
    }
}

#[test]
fn exceptions_follow_the_usual_rules() {
    let cases = [
        ("tb.example", "tb.example", true),
        ("tb.example", "TB.Example", true),
        ("tb.example", "example", true),
        ("tb.example", ".example", true),
        ("tb.example", "*.example", true),
        ("tb.example", "b.example", false),
        ("tb.example", "other", false),
        ("tb.example", "other, tb.example", true),
        ("tb.example", "other tb.example", true),
        ("tb.example", "*", true),
        ("tb.example", "tb.example:7070", true),
        ("tb.example", "tb.example:443", false),
        ("192.0.2.7", "192.0.2.7", true),
        ("192.0.2.7", "192.0.2.0/24", true),
        ("192.0.2.7", "198.51.100.0/24", false),
        ("192.0.2.7", "192.0.2.7:7070", true),
        ("2001:db8::1", "2001:db8::/32", true),
        ("2001:db8::1", "[2001:db8::1]:7070", true),
        ("2001:db8::1", "[2001:db8::1]:443", false),
        ("2001:db8::1", "2001:db8::2", false),
    ];
    for (host, exceptions, excepted) in cases {
        let env = [("https_proxy", "http://p:3128"), ("NO_PROXY", exceptions)];
        let found = proxy(&env, host).unwrap();
        assert_eq!(
            found.is_none(),
            excepted,
            "{host} with NO_PROXY={exceptions}"
        );
    }
}

#[test]
fn this_machine_needs_no_proxy() {
    for host in ["localhost", "LocalHost.", "a.localhost", "127.0.0.1", "::1"] {
        assert_eq!(
            told(&[("https_proxy", "http://p:1")], host),
            "none",
            "{host}"
        );
    }
    assert_eq!(
        told(&[("https_proxy", "http://p:1")], "127.example"),
        "https_proxy p:1"
    );
}

#[test]
fn credentials_are_taken_and_never_printed() {
    let env = [("https_proxy", "http://ann:hu%40sh@p:1")];
    let found = proxy(&env, "tb.example").unwrap().unwrap();
    let ProxyKind::Connect(Some(authorization)) = &found.kind else {
        panic!("{found:?}");
    };
    // ann:hu@sh
    assert_eq!(authorization.reveal(), "Basic YW5uOmh1QHNo");
    let printed = format!("{found:?}");
    assert!(
        !printed.contains("YW5u") && !printed.contains("hu"),
        "{printed}"
    );

    let env = [("https_proxy", "socks5h://ann:hush@p:1")];
    let found = proxy(&env, "tb.example").unwrap().unwrap();
    let ProxyKind::Socks5(Some((user, password))) = &found.kind else {
        panic!("{found:?}");
    };
    assert_eq!((user.as_str(), password.reveal()), ("ann", "hush"));
    assert!(!format!("{found:?}").contains("hush"));
}

#[test]
fn what_names_no_proxy_is_refused_without_being_repeated() {
    for value in [
        "http://ann:t0p@secret@p:1",
        "http://:1",
        "http://t0p secret",
        "ftp://t0p:x@p:1",
        "https://ann:t0p@p:1",
        "socks4://p:1",
        "http://ann:t0p@p:99999",
    ] {
        let env = [("HTTPS_PROXY", value)];
        let text = proxy(&env, "tb.example").map(|found| format!("{found:?}"));
        let text = text.unwrap_err().to_string();
        assert!(
            text.starts_with("environment: HTTPS_PROXY = (not shown): "),
            "{value}: {text}"
        );
        assert!(text.contains("http://") && !text.contains("t0p"), "{text}");
    }
}
