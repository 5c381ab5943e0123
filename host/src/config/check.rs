//! Checks settings before anything is started with them: ranges, names, and
//! what has no default.

use super::{
    ClientConfiguration, ConfigError, ConverterSettings, HandlerConfiguration, HandlerType,
    Integration, LimitOverrides, Settings,
};
use crate::framing::Framer;

/// Where the ThingsBoard key and secret come from, said wherever one is missing.
const CREDENTIALS_REMEDY: &str = "copy it from ThingsBoard: Edge management, Instances, your edge \
     (tb-tcp standin prints its own); set it in the file or in the environment";

/// Longest frame that a setting may allow, in bytes: a connection may keep as
/// many in memory.
const MAX_FRAME: u64 = 64 * 1024 * 1024;

/// Longest key of telemetry or attributes that ThingsBoard stores, in characters.
const MAX_KEY: usize = 255;

/// How much of a key is shown in an error, in characters.
const SHOWN: usize = 40;

/// Refuses settings with which the host could not run.
///
/// # Errors
/// The first value that cannot be used, with `origin` as where it came from.
pub(super) fn check(settings: &Settings, origin: &str) -> Result<(), ConfigError> {
    let thingsboard = &settings.thingsboard;
    if thingsboard.routing_key.is_empty() {
        return Err(ConfigError::Missing {
            key: "thingsboard.routingKey (environment: INTEGRATION_ROUTING_KEY)",
            remedy: CREDENTIALS_REMEDY,
        });
    }
    if thingsboard.secret.reveal().is_empty() {
        return Err(ConfigError::Missing {
            key: "thingsboard.secret (environment: INTEGRATION_SECRET)",
            remedy: CREDENTIALS_REMEDY,
        });
    }
    for (key, value, least, most) in [
        ("thingsboard.port", u64::from(thingsboard.port), 1, 65_535),
        (
            "thingsboard.connectTimeoutMs",
            thingsboard.connect_timeout_ms,
            1,
            600_000,
        ),
        (
            "thingsboard.keepAliveMs",
            thingsboard.keep_alive_ms,
            1_000,
            3_600_000,
        ),
        (
            "thingsboard.keepAliveTimeoutMs",
            thingsboard.keep_alive_timeout_ms,
            100,
            600_000,
        ),
        (
            "thingsboard.acknowledgeTimeoutMs",
            thingsboard.acknowledge_timeout_ms,
            1,
            3_600_000,
        ),
        (
            "thingsboard.syncTimeoutMs",
            thingsboard.sync_timeout_ms,
            1,
            3_600_000,
        ),
        (
            "thingsboard.reconnectDelayMs",
            thingsboard.reconnect_delay_ms,
            1,
            3_600_000,
        ),
        (
            "thingsboard.maxReconnectDelayMs",
            thingsboard.max_reconnect_delay_ms,
            1,
            3_600_000,
        ),
        (
            "thingsboard.maxRecordsPerMessage",
            thingsboard.max_records_per_message as u64,
            1,
            10_000,
        ),
        (
            "thingsboard.maxMessagesInFlight",
            thingsboard.max_messages_in_flight as u64,
            1,
            1_000,
        ),
        ("thingsboard.lingerMs", thingsboard.linger_ms, 0, 1_000),
        (
            "thingsboard.rateLimitPauseMs",
            thingsboard.rate_limit_pause_ms,
            100,
            600_000,
        ),
        (
            "converters.pollIntervalMs",
            settings.converters.poll_interval_ms,
            100,
            3_600_000,
        ),
        (
            "converters.threads",
            settings.converters.threads as u64,
            0,
            1024,
        ),
        (
            "converters.compileCacheMib",
            settings.converters.compile_cache_mib,
            0,
            1 << 20,
        ),
        (
            "deadLetters.maxMib",
            settings.dead_letters.max_mib,
            1,
            1 << 20,
        ),
        (
            "deadLetters.maxLetters",
            settings.dead_letters.max_letters,
            1,
            1_000_000_000,
        ),
        ("spool.maxMib", settings.spool.max_mib, 1, 1 << 20),
        ("spool.maxAgeHours", settings.spool.max_age_hours, 0, 87_600),
        (
            "spool.fsyncIntervalMs",
            settings.spool.fsync_interval_ms,
            10,
            600_000,
        ),
    ] {
        in_range(origin, key, value, least, most)?;
    }
    thingsboard.tls.check(origin, &thingsboard.host)?;
    check_limits(origin, &settings.converters)?;
    let enabled = settings.enabled_integrations().count();
    settings.statistics.check(origin, enabled)?;
    for (index, integration) in settings.integrations.iter().enumerate() {
        if settings.integrations[..index]
            .iter()
            .any(|earlier| earlier.name == integration.name)
        {
            return Err(ConfigError::value(
                origin,
                format!("integrations[{index}].name"),
                &integration.name,
                "another integration has this name; give each its own",
            ));
        }
        check_update_only(origin, integration)?;
        if integration.call_when_idle_ms > 0 {
            let key = format!("{}: callWhenIdleMs", integration.name);
            in_range(origin, &key, integration.call_when_idle_ms, 10, 86_400_000)?;
        }
        check_client(origin, &integration.name, &integration.client_configuration)?;
    }
    Ok(())
}

/// The limits of `[converters]` and of each converter that has its own.
fn check_limits(origin: &str, settings: &ConverterSettings) -> Result<(), ConfigError> {
    let common = LimitOverrides {
        call_timeout_ms: Some(settings.call_timeout_ms),
        memory_limit_mib: Some(settings.memory_limit_mib),
        memory_mark_percent: Some(settings.memory_mark_percent),
        max_output_kib: Some(settings.max_output_kib),
        max_entities_per_frame: Some(settings.max_entities_per_frame),
        max_values_per_frame: Some(settings.max_values_per_frame),
        max_session_bytes: Some(settings.max_session_bytes),
        max_calls_per_instance: Some(settings.max_calls_per_instance),
        log_lines_per_second: Some(settings.log_lines_per_second),
    };
    let overrides = settings.overrides.iter();
    let places = overrides.map(|(name, own)| (format!("converters.overrides.{name}"), own));
    for (place, limits) in std::iter::once(("converters".to_owned(), &common)).chain(places) {
        let sizes = [
            ("callTimeoutMs", limits.call_timeout_ms, 1, 60_000),
            ("memoryLimitMib", limits.memory_limit_mib, 1, 4096),
            ("memoryMarkPercent", limits.memory_mark_percent, 1, 100),
            ("maxOutputKib", limits.max_output_kib, 1, 1 << 20),
            (
                "maxEntitiesPerFrame",
                limits.max_entities_per_frame.map(|count| count as u64),
                1,
                1_000_000,
            ),
            (
                "maxValuesPerFrame",
                limits.max_values_per_frame.map(|count| count as u64),
                1,
                10_000_000,
            ),
            (
                "maxSessionBytes",
                limits.max_session_bytes.map(|count| count as u64),
                0,
                1 << 20,
            ),
            (
                "maxCallsPerInstance",
                limits.max_calls_per_instance,
                0,
                1 << 53,
            ),
        ];
        for (key, value, least, most) in sizes {
            if let Some(value) = value {
                in_range(origin, &format!("{place}.{key}"), value, least, most)?;
            }
        }
    }
    Ok(())
}

fn check_update_only(origin: &str, integration: &Integration) -> Result<(), ConfigError> {
    let keys = &integration.update_only_keys;
    for (index, key) in keys.iter().enumerate() {
        let fault = if key.is_empty() || key.chars().nth(MAX_KEY).is_some() {
            "write a key of 1 to 255 characters, as the converter returns it"
        } else if key.contains('\0') {
            "no key holds a NUL character; write it as the converter returns it"
        } else if keys[..index].contains(key) {
            "the key is listed twice; remove one"
        } else {
            continue;
        };
        let place = format!("{}: updateOnlyKeys[{index}]", integration.name);
        let start: String = key.chars().take(SHOWN).collect();
        return Err(ConfigError::value(
            origin,
            place,
            format!("{start:?}"),
            fault,
        ));
    }
    in_range(
        origin,
        &format!("{}: maxUpdateOnlyValues", integration.name),
        integration.max_update_only_values as u64,
        1,
        10_000_000,
    )
}

fn check_client(
    origin: &str,
    integration: &str,
    client: &ClientConfiguration,
) -> Result<(), ConfigError> {
    let handler = &client.handler_configuration;
    for (key, value, least, most) in [
        (
            "soBacklogOption",
            u64::from(client.so_backlog_option),
            1,
            65_535,
        ),
        ("soRcvBuf", u64::from(client.so_rcv_buf), 1, 1 << 20),
        ("soSndBuf", u64::from(client.so_snd_buf), 1, 1 << 20),
        ("cacheSize", client.cache_size as u64, 0, 10_000_000),
        (
            "timeToLiveInMinutes",
            client.time_to_live_in_minutes,
            0,
            5_256_000,
        ),
        (
            "maxConnections",
            client.max_connections as u64,
            1,
            1_000_000,
        ),
        (
            "maxDevicesPerConnection",
            client.max_devices_per_connection as u64,
            0,
            10_000_000,
        ),
        ("writeTimeoutMs", client.write_timeout_ms, 1, 3_600_000),
    ] {
        let key = format!("{integration}: clientConfiguration.{key}");
        in_range(origin, &key, value, least, most)?;
    }
    let place = format!("{integration}: clientConfiguration.handlerConfiguration");
    check_frame_limits(origin, &place, handler)?;
    if handler.handler_type == HandlerType::Converter {
        // Whether it can is seen when there is one.
        return Ok(());
    }
    Framer::new(handler).map(drop).map_err(|fault| {
        ConfigError::value(
            origin,
            format!(
                "{integration}: clientConfiguration.handlerConfiguration.{}",
                fault.setting
            ),
            fault.value,
            fault.reason,
        )
    })
}

/// The limits of a handler, and of each of its framings.
fn check_frame_limits(
    origin: &str,
    place: &str,
    handler: &HandlerConfiguration,
) -> Result<(), ConfigError> {
    for (key, value, least) in [
        ("maxFrameLength", handler.max_frame_length, 1),
        ("maxObjectLength", handler.max_object_length, 1),
        // 0 is not set, and refused by the handler that needs it.
        ("frameLength", handler.frame_length, 0),
    ] {
        let key = format!("{place}.{key}");
        in_range(origin, &key, value as u64, least, MAX_FRAME)?;
    }
    for (index, framing) in handler.framings.iter().enumerate() {
        check_frame_limits(origin, &format!("{place}.framings[{index}]"), framing)?;
    }
    Ok(())
}

pub(super) fn in_range(
    origin: &str,
    key: &str,
    value: u64,
    least: u64,
    most: u64,
) -> Result<(), ConfigError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    let remedy = format!("write a number from {least} to {most}");
    Err(ConfigError::value(origin, key, value, remedy))
}
