//! Reads the settings file, lays the environment over it, and checks values.

use std::path::Path;

use super::{ClientConfiguration, ConfigError, Proxy, Secret, Settings, check::check};

/// Settings that passed all checks, and what was odd about them.
#[derive(Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Keys of the file that mean nothing, with the file's name.
    pub warnings: Vec<String>,
}

/// Reads `file` (none: all defaults), then applies the environment through
/// `env`, which answers a variable's name with its value.
///
/// # Errors
/// A file that cannot be read or parsed, a value out of range, a missing key
/// or secret.
pub fn load(
    file: Option<&Path>,
    env: impl Fn(&str) -> Option<String>,
) -> Result<Loaded, ConfigError> {
    let mut warnings = Vec::new();
    let (mut settings, origin) = match file {
        Some(path) => (read_toml(path, &mut warnings)?, path.display().to_string()),
        None => (Settings::default(), "default".to_owned()),
    };
    if let Some(path) = file {
        read_client_configuration_files(&mut settings, path, &mut warnings)?;
    }
    apply_environment(&mut settings, env)?;
    check(&settings, &origin)?;
    warnings.extend(settings.thingsboard.tls.warnings(&origin));
    Ok(Loaded { settings, warnings })
}

/// The settings of a file as far as they can be read, for tools that need
/// neither the environment nor all of them.
///
/// # Errors
/// A file that cannot be read or parsed.
pub fn load_unchecked(file: &Path) -> Result<Settings, ConfigError> {
    let mut warnings = Vec::new();
    let mut settings = read_toml(file, &mut warnings)?;
    read_client_configuration_files(&mut settings, file, &mut warnings)?;
    Ok(settings)
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })
}

fn read_toml(path: &Path, warnings: &mut Vec<String>) -> Result<Settings, ConfigError> {
    let text = read(path)?;
    let parse_error = |error: toml::de::Error| ConfigError::Parse {
        path: path.to_owned(),
        detail: without_secret(&text, &error),
    };
    let document = toml::de::Deserializer::parse(&text).map_err(parse_error)?;
    serde_ignored::deserialize(document, |key| warnings.push(unknown_key(path, &key)))
        .map_err(parse_error)
}

/// What the parser says, which shows the line at fault; not if a secret stands there.
pub(super) fn without_secret(text: &str, error: &toml::de::Error) -> String {
    let said = error.to_string();
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    if !line.contains("secret") {
        return said;
    }
    let place = said.lines().next().unwrap_or_default();
    format!("{place}, which is not shown because it holds a secret: write the secret in quotes")
}

fn unknown_key(path: &Path, key: &serde_ignored::Path<'_>) -> String {
    // Options appear in the path as `?`; they are no part of what was typed.
    let key = key.to_string().replace(".?", "");
    format!("{}: unknown key {key} is ignored", path.display())
}

fn read_client_configuration_files(
    settings: &mut Settings,
    settings_file: &Path,
    warnings: &mut Vec<String>,
) -> Result<(), ConfigError> {
    let folder = settings_file.parent().unwrap_or(Path::new("."));
    for integration in &mut settings.integrations {
        if let Some(file) = &integration.client_configuration_file {
            let path = folder.join(file);
            integration.client_configuration = read_exported(&path, warnings)?;
        }
    }
    Ok(())
}

/// Reads a `clientConfiguration` from ThingsBoard's JSON, wherever in an
/// exported integration it stands.
fn read_exported(
    path: &Path,
    warnings: &mut Vec<String>,
) -> Result<ClientConfiguration, ConfigError> {
    let parse_error = |detail: String| ConfigError::Parse {
        path: path.to_owned(),
        detail,
    };
    let document: serde_json::Value =
        serde_json::from_str(&read(path)?).map_err(|error| parse_error(error.to_string()))?;
    let client = ["/configuration/clientConfiguration", "/clientConfiguration"]
        .iter()
        .find_map(|place| document.pointer(place))
        .unwrap_or(&document);
    if !client.is_object() {
        return Err(parse_error(
            "expected a JSON object with ThingsBoard's clientConfiguration".to_owned(),
        ));
    }
    serde_ignored::deserialize(client, |key| warnings.push(unknown_key(path, &key)))
        .map_err(|error| parse_error(error.to_string()))
}

fn apply_environment(
    settings: &mut Settings,
    env: impl Fn(&str) -> Option<String>,
) -> Result<(), ConfigError> {
    let thingsboard = &mut settings.thingsboard;
    if let Some(host) = env("RPC_HOST") {
        thingsboard.host = host;
    }
    if let Some(port) = env("RPC_PORT") {
        thingsboard.port = port.parse().map_err(|_| {
            ConfigError::value("environment", "RPC_PORT", &port, "write a port, 1 to 65535")
        })?;
    }
    if let Some(key) = env("INTEGRATION_ROUTING_KEY") {
        thingsboard.routing_key = key;
    }
    if let Some(secret) = env("INTEGRATION_SECRET") {
        thingsboard.secret = Secret::new(secret);
    }
    // Empty is not set, as compose files leave it.
    let not_empty = |name: &str| env(name).filter(|value| !value.is_empty());
    if let Some(enabled) = not_empty("RPC_SSL_ENABLED") {
        thingsboard.tls.enabled = match enabled.to_ascii_lowercase().as_str() {
            "true" => true,
            "false" => false,
            _ => {
                return Err(ConfigError::value(
                    "environment",
                    "RPC_SSL_ENABLED",
                    &enabled,
                    "write true or false",
                ));
            }
        };
    }
    if let Some(file) = not_empty("RPC_SSL_CERT") {
        thingsboard.tls.ca_file = Some(file.into());
    }
    thingsboard.proxy = Proxy::from_environment(&env, &thingsboard.host, thingsboard.port)?;
    settings.statistics.apply_environment(not_empty)
}

#[cfg(test)]
mod tests {
    use std::{fs, net::Ipv4Addr, path::PathBuf};

    use super::*;
    use crate::config::{HandlerType, MessageSeparator};

    const CREDENTIALS: [(&str, &str); 2] = [
        ("INTEGRATION_ROUTING_KEY", "key"),
        ("INTEGRATION_SECRET", "secret"),
    ];

    fn load_with(toml: Option<&str>, env: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tb-tcp.toml");
        fs::write(
            folder.path().join("exported.json"),
            r#"{"name":"from ThingsBoard","configuration":{"clientConfiguration":{
                "port":10570,"soBacklogOption":64,"soRcvBuf":32,"soSndBuf":16,
                "soKeepaliveOption":true,"tcpNoDelay":false,"cacheSize":5,
                "timeToLiveInMinutes":7,"futureKey":1,
                "handlerConfiguration":{"handlerType":"TEXT","maxFrameLength":256,
                "failFast":false,"stripDelimiter":false,
                "messageSeparator":"SYSTEM_LINE_SEPARATOR"}},"metadata":{}}}"#,
        )
        .unwrap();
        if let Some(text) = toml {
            fs::write(&path, text).unwrap();
        }
        let lookup = |name: &str| {
            env.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        load(toml.map(|_| path.as_path()), lookup)
    }

    #[test]
    fn without_a_file_the_defaults_are_thingsboards() {
        let settings = load_with(None, &CREDENTIALS).unwrap().settings;
        let integration = &settings.integrations[0];
        let client = &integration.client_configuration;
        assert_eq!(integration.name, "TCP integration");
        assert!(integration.enabled && integration.allow_create_devices_or_assets);
        assert_eq!((client.port, client.so_backlog_option), (10560, 128));
        assert_eq!(client.bind_address, Ipv4Addr::UNSPECIFIED);
        assert_eq!((client.so_rcv_buf, client.so_snd_buf), (64, 64));
        assert!(!client.so_keepalive_option && client.tcp_no_delay);
        assert_eq!(
            (client.cache_size, client.time_to_live_in_minutes),
            (1000, 1440)
        );
        let handler = &client.handler_configuration;
        assert_eq!(handler.handler_type, HandlerType::Text);
        assert_eq!(
            handler.message_separator,
            MessageSeparator::SystemLineSeparator
        );
        assert_eq!(handler.max_frame_length, 128);
        assert!(handler.strip_delimiter && handler.skips_empty_frames());
        assert_eq!(settings.converters.folder, PathBuf::from("./converters"));
        assert_eq!(settings.thingsboard.port, 7070);
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let file = "[thingsboard]\nhost = 'a'\nport = 1\nroutingKey = 'k1'\nsecret = 's1'\n";
        let env = [
            ("RPC_HOST", "b"),
            ("RPC_PORT", "2"),
            ("INTEGRATION_ROUTING_KEY", "k2"),
            ("INTEGRATION_SECRET", "s2"),
        ];
        let server = load_with(Some(file), &env).unwrap().settings.thingsboard;
        assert_eq!((server.host.as_str(), server.port), ("b", 2));
        assert_eq!(
            (server.routing_key.as_str(), server.secret.reveal()),
            ("k2", "s2")
        );
    }

    #[test]
    fn tls_and_proxy_come_from_the_environment_too() {
        let file = "[thingsboard]\nhost = 'tb.example'\n\
                    tls = { enabled = true, caFile = 'a.pem', serverName = 'inner.example' }\n";
        let server = |env: &[(&str, &str)]| {
            let env = [&CREDENTIALS, env].concat();
            load_with(Some(file), &env).unwrap().settings.thingsboard
        };
        let from_file = server(&[]);
        assert!(from_file.tls.enabled && from_file.proxy.is_none());
        assert_eq!(from_file.tls.ca_file, Some(PathBuf::from("a.pem")));
        assert_eq!(from_file.tls.server_name.as_deref(), Some("inner.example"));
        let from_environment = server(&[
            ("RPC_SSL_ENABLED", "False"),
            ("RPC_SSL_CERT", "b.pem"),
            ("https_proxy", "http://ann:hush@p:3128"),
        ]);
        assert!(!from_environment.tls.enabled);
        assert_eq!(from_environment.tls.ca_file, Some(PathBuf::from("b.pem")));
        assert_eq!(from_environment.proxy.unwrap().address(), "p:3128");
        let empty = server(&[("RPC_SSL_ENABLED", ""), ("RPC_SSL_CERT", "")]);
        assert!(empty.tls.enabled);
        assert_eq!(empty.tls.ca_file, Some(PathBuf::from("a.pem")));
    }

    #[test]
    fn an_exported_client_configuration_loads_as_it_is() {
        let file = "[[integrations]]\nclientConfigurationFile = 'exported.json'\n";
        let loaded = load_with(Some(file), &CREDENTIALS).unwrap();
        let client = &loaded.settings.integrations[0].client_configuration;
        assert_eq!((client.port, client.so_backlog_option), (10570, 64));
        assert_eq!((client.so_rcv_buf, client.so_snd_buf), (32, 16));
        assert!(client.so_keepalive_option && !client.tcp_no_delay);
        assert_eq!((client.cache_size, client.time_to_live_in_minutes), (5, 7));
        assert_eq!(client.handler_configuration.max_frame_length, 256);
        assert!(!client.handler_configuration.strip_delimiter);
        assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
        assert!(loaded.warnings[0].ends_with("exported.json: unknown key futureKey is ignored"));
    }

    #[test]
    fn unknown_keys_are_named_and_skipped() {
        let file = "colour = 'red'\n[[integrations]]\nname = 'a'\n\
                    [integrations.clientConfiguration.handlerConfiguration]\nmaxFrameLenght = 3\n";
        let loaded = load_with(Some(file), &CREDENTIALS).unwrap();
        assert_eq!(loaded.settings.integrations[0].name, "a");
        let tails: Vec<_> = loaded
            .warnings
            .iter()
            .map(|warning| warning.split_once(": ").unwrap().1)
            .collect();
        assert_eq!(
            tails,
            [
                "unknown key colour is ignored",
                "unknown key integrations.0.clientConfiguration.handlerConfiguration.\
                 maxFrameLenght is ignored",
            ]
        );
    }

    #[test]
    fn faults_name_key_value_and_remedy() {
        type Case = (
            &'static str,
            &'static [(&'static str, &'static str)],
            &'static [&'static str],
        );
        let cases: [Case; 20] = [
            (
                "",
                &[],
                &[
                    "thingsboard.routingKey",
                    "INTEGRATION_ROUTING_KEY",
                    "Edge management",
                ],
            ),
            (
                "[thingsboard]\nroutingKey='k'\n",
                &[],
                &["thingsboard.secret", "INTEGRATION_SECRET"],
            ),
            (
                "",
                &[("RPC_PORT", "x7")],
                &["environment: RPC_PORT = x7", "1 to 65535"],
            ),
            (
                "",
                &[("RPC_SSL_ENABLED", "yes")],
                &["environment: RPC_SSL_ENABLED = yes: write true or false"],
            ),
            (
                "",
                &[("HTTPS_PROXY", "ftp://p"), ("RPC_HOST", "tb.example")],
                &["environment: HTTPS_PROXY = (not shown): write http://HOST:PORT"],
            ),
            (
                "[thingsboard]\nkeepAliveMs=999",
                &CREDENTIALS,
                &["thingsboard.keepAliveMs = 999: write a number from 1000 to 3600000"],
            ),
            (
                "[thingsboard]\ntls = { certFile = 'a.pem' }",
                &CREDENTIALS,
                &["tb-tcp.toml: thingsboard.tls.certFile = a.pem: keyFile is not set"],
            ),
            (
                "[[integrations]]\n[integrations.clientConfiguration.handlerConfiguration]\nmaxFrameLength = 0",
                &CREDENTIALS,
                &[
                    "tb-tcp.toml: TCP integration: clientConfiguration.handlerConfiguration.maxFrameLength = 0",
                    "1 to",
                ],
            ),
            (
                "[[integrations]]\nclientConfiguration = { handlerConfiguration = { handlerType = 'CHOICE', \
                 framings = [{ handlerType = 'MARKS', endMark = ';', maxFrameLength = 67108865 }] } }",
                &CREDENTIALS,
                &[
                    "handlerConfiguration.framings[0].maxFrameLength = 67108865: write a number from 1",
                ],
            ),
            (
                "[[integrations]]\nclientConfiguration = { handlerConfiguration = { handlerType = 'CHOICE', \
                 framings = [{ handlerType = 'FIXED_LENGTH' }] } }",
                &CREDENTIALS,
                &["handlerConfiguration.framings[0].frameLength = 0: no frame has 0 bytes"],
            ),
            (
                "[[integrations]]\nclientConfiguration = { handlerConfiguration = { charsetName = 'KOI-9' } }",
                &CREDENTIALS,
                &["charsetName = KOI-9", "WHATWG"],
            ),
            (
                "[[integrations]]\nupdateOnlyKeys = ['fw', '']\n",
                &CREDENTIALS,
                &[
                    "tb-tcp.toml: TCP integration: updateOnlyKeys[1] = \"\": write a key of 1 to 255",
                ],
            ),
            (
                "[[integrations]]\nupdateOnlyKeys = [\"f\\u0000\"]\n",
                &CREDENTIALS,
                &["updateOnlyKeys[0] = \"f\\0\": no key holds a NUL"],
            ),
            (
                "[[integrations]]\nupdateOnlyKeys = ['fw', 'mode', 'fw']\n",
                &CREDENTIALS,
                &["updateOnlyKeys[2] = \"fw\": the key is listed twice"],
            ),
            (
                "[[integrations]]\nmaxUpdateOnlyValues = 0\n",
                &CREDENTIALS,
                &["TCP integration: maxUpdateOnlyValues = 0: write a number from 1 to 10000000"],
            ),
            (
                "[statistics]\nintervalMs = 0",
                &CREDENTIALS,
                &["tb-tcp.toml: statistics.intervalMs = 0: write a number from 1000 to 86400000"],
            ),
            (
                "[statistics]\nto = 'devices'",
                &CREDENTIALS,
                &["tb-tcp.toml", "to = 'devices'", "`edge`, `device`, `none`"],
            ),
            (
                "[[integrations]]\n[[integrations]]\n",
                &CREDENTIALS,
                &["integrations[1].name = TCP integration"],
            ),
            (
                "[[integrations]]\nenabled = 'yes'\n",
                &CREDENTIALS,
                &["tb-tcp.toml", "enabled = 'yes'", "boolean"],
            ),
            (
                "[[integrations]\n",
                &CREDENTIALS,
                &["tb-tcp.toml", "line 1"],
            ),
        ];
        for (file, env, expected) in cases {
            let text = load_with(Some(file), env).unwrap_err().to_string();
            for part in expected {
                assert!(text.contains(part), "{file:?}: {part:?} is not in {text:?}");
            }
        }
    }

    #[test]
    fn the_readmes_settings_are_the_defaults() {
        let readme = include_str!("../../../README.md");
        let (_, rest) = readme.split_once("```toml\n").unwrap();
        let (file, _) = rest.split_once("```").unwrap();
        let loaded = load_with(Some(file), &[]).unwrap();
        assert_eq!(loaded.warnings, Vec::<String>::new());
        let mut defaults = Settings::default();
        defaults.thingsboard.routing_key = "the Edge key".to_owned();
        assert_eq!(format!("{:#?}", loaded.settings), format!("{defaults:#?}"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = load(Some(Path::new("/nowhere/tb-tcp.toml")), |_| None).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cannot read /nowhere/tb-tcp.toml: ")
        );
    }
}
