//! What ThingsBoard is told of the integrations themselves.

use std::time::Instant;

use harness::{Device, Host, Port, Standin, wait_for};
use serde_json::{Value as Json, json};

/// A host with the integrations `line2` and `line1`.
fn host(standin: &Standin, statistics: &str) -> Host {
    Host::builder(standin.grpc.port())
        .statistics(statistics)
        .integration(
            "name = 'line2'\n\
             [integrations.clientConfiguration]\nport = 0\nbindAddress = '127.0.0.1'\n\
             [[integrations]]\nname = 'line1'\nmetadata = { site = 'north' }",
        )
        .start()
}

fn event(name: &str) -> Json {
    json!({ "event": name, "success": true })
}

/// Three frames that can be decoded, two that cannot, and one that is too long.
fn send_frames(device: &mut Device) {
    device.send("SN-1,default,n,1\nSN-1,default,n,2\nnonsense\n");
    device.send(&format!("{}\n", "x".repeat(200)));
    device.send("more nonsense\nSN-1,default,n,3\n");
}

/// The sums of what a device was told: messages processed, errors occurred.
fn sums(standin: &Standin, device: &str) -> (i64, i64) {
    let sum = |key| {
        let readings = standin.history(device, key);
        readings.iter().map(|count| count.as_i64().unwrap()).sum()
    };
    (sum("messagesProcessed"), sum("errorsOccurred"))
}

#[track_caller]
fn wait_for_sums(standin: &Standin, device: &str, expected: (i64, i64)) {
    wait_for(&format!("{device} shows {expected:?}"), || {
        (sums(standin, device) == expected).then_some(())
    });
}

#[test]
fn each_integration_has_a_device_with_its_counts_and_events() {
    let standin = Standin::start();
    let host = host(
        &standin,
        "to = 'device'\nintervalMs = 1000\ndeviceName = 'of-{integration}'",
    );
    for device in ["of-line1", "of-line2"] {
        standin.wait_for_latest(device, "lifecycle", event("STARTED"));
    }
    let mut device = host.device_of("line1");
    send_frames(&mut device);
    wait_for_sums(&standin, "of-line1", (3, 3));
    standin.share("SN-1", &json!({ "powerState": "on" }));
    assert_eq!(device.read_line(), "{\"powerState\":\"on\"}\n");
    wait_for_sums(&standin, "of-line1", (4, 3));

    host.change_settings("site = 'north'", "site = 'south'");
    standin.wait_for_latest("of-line1", "lifecycle", event("UPDATED"));
    host.write_settings("secret = 'hush");
    let failed = wait_for("the broken settings are told", || {
        let latest = standin.latest("of-line1", "lifecycle")?;
        (latest["event"] == "FAILED").then_some(latest)
    });
    assert_eq!(failed["success"], false);
    let error = failed["error"].as_str().unwrap();
    assert!(error.contains("tb-tcp.toml: TOML parse error"), "{error}");
    assert!(!error.contains("hush"), "{error}");

    // Counted after the last reading, and told when the host stops.
    device.send("SN-1,default,n,4\n");
    standin.wait_for_latest("SN-1", "n", 4);
    let (status, log) = host.process.terminate();
    assert!(status.success());
    let last = log.last().unwrap();
    assert_eq!(
        last["message"],
        "stopped; ThingsBoard acknowledged everything"
    );
    assert_eq!(sums(&standin, "of-line1"), (5, 3));
    assert_eq!(sums(&standin, "of-line2"), (0, 0));
    let events = |device| standin.history(device, "lifecycle");
    assert_eq!(
        events("of-line1"),
        [
            event("STARTED"),
            event("UPDATED"),
            failed.clone(),
            event("STOPPED")
        ]
    );
    assert_eq!(
        events("of-line2"),
        [event("STARTED"), failed, event("STOPPED")]
    );
    let devices = standin.get("/devices").unwrap();
    let of_line1 = devices.as_array().unwrap().iter();
    let of_line1 = of_line1.filter(|device| device["name"] == "of-line1");
    let profiles: Vec<_> = of_line1.map(|device| &device["type"]).collect();
    assert_eq!(profiles, ["tb-tcp-integration"]);
}

#[test]
fn a_device_that_may_not_be_created_is_not() {
    let standin = Standin::start();
    standin.must_post("/devices", &json!({ "name": "SN-1" }));
    let host = Host::builder(standin.grpc.port())
        .statistics("to = 'device'\nintervalMs = 1000")
        .integration("name = 'line1'\nallowCreateDevicesOrAssets = false")
        .start();
    let mut device = host.device();
    device.send("SN-1,default,n,1\n");
    standin.wait_for_latest("SN-1", "n", 1);
    let line = host
        .process
        .wait_for_log("allowCreateDevicesOrAssets is off");
    assert_eq!(line["device"], "line1");
    assert_eq!(standin.device_names(), ["SN-1"]);
}

#[test]
fn the_edge_has_the_counts_and_events_of_all_integrations() {
    let standin = Standin::start();
    // Refused three times, each is tried again.
    standin.must_post("/faults", &json!({ "rejectUplinks": 3 }));
    let host = host(&standin, "to = 'edge'\nintervalMs = 1000");
    let wait = |key: &str, value: Json| {
        wait_for(&format!("the edge shows {key} = {value}"), || {
            (standin.latest_of_edge(key)? == value).then_some(())
        });
    };
    wait("line1.lifecycle", event("STARTED"));
    wait("line2.lifecycle", event("STARTED"));
    send_frames(&mut host.device_of("line1"));
    let sum = |key: &str| -> i64 {
        let history = standin.get(&format!("/edge/telemetry/history?keys={key}"));
        let points = history.unwrap_or_default()[key].clone();
        let points = points.as_array().cloned().unwrap_or_default();
        points
            .iter()
            .map(|point| point["value"].as_i64().unwrap())
            .sum()
    };
    wait_for("what line1 counted", || {
        let sums = (sum("line1.messagesProcessed"), sum("line1.errorsOccurred"));
        (sums == (3, 3)).then_some(())
    });
    assert_eq!(sum("line2.messagesProcessed"), 0);
    let (status, log) = host.process.terminate();
    assert!(status.success());
    assert!(!format!("{log:?}").contains("last statistics"), "{log:?}");
    for key in ["line1.lifecycle", "line2.lifecycle"] {
        assert_eq!(standin.latest_of_edge(key), Some(event("STOPPED")));
    }
}

/// An hour is not waited for; nor is it said that all was acknowledged.
#[test]
fn without_a_session_no_stop_waits_for_statistics() {
    let port = Port::free();
    for (to, expected) in [
        ("edge", "stopped before ThingsBoard acknowledged the last"),
        ("device", "stopped before ThingsBoard acknowledged everyth"),
    ] {
        let host = Host::builder(port.number())
            .top("shutdownTimeoutMs = 3600000")
            .statistics(&format!("to = '{to}'"))
            .start();
        host.process.wait_for_log("no session with ThingsBoard");
        let since = Instant::now();
        let (status, log) = host.process.terminate();
        assert!(status.success());
        assert!(since.elapsed() < harness::PATIENCE, "{to}");
        assert!(format!("{log:?}").contains(expected), "{to}: {log:?}");
    }
}

#[test]
fn the_environment_switches_statistics_off() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .statistics("to = 'device'\nintervalMs = 1000")
        .environment("INTEGRATION_STATISTICS_ENABLED", "false")
        .start();
    let mut device = host.device();
    device.send("SN-1,default,n,1\n");
    standin.wait_for_latest("SN-1", "n", 1);
    host.process.terminate();
    assert_eq!(standin.device_names(), ["SN-1"]);
}
