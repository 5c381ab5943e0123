//! From a line on a socket to a value in ThingsBoard.

use harness::{Host, Standin, converter, wait_for};
use serde_json::json;

/// The tutorial's commands, byte for byte.
#[test]
fn the_tutorials_lines_become_a_device_with_values() {
    let standin = Standin::start();
    let host = Host::start(&standin);

    let mut device = host.device();
    device.send("SN-002,default,temperature,25.7\n");
    device.close();
    standin.wait_for_latest("SN-002", "temperature", 25.7);

    let mut device = host.device();
    device.send("SN-002,default,temperature,25.7\nSN-002,default,humidity,69\n");
    device.close();
    standin.wait_for_latest("SN-002", "humidity", 69);

    let devices = standin.get("/devices").unwrap();
    assert_eq!(devices.as_array().unwrap().len(), 1, "{devices}");
    assert_eq!(devices[0]["name"], "SN-002");
    assert_eq!(devices[0]["type"], "default");
    assert_eq!(standin.history("SN-002", "temperature"), [25.7, 25.7]);
}

#[test]
fn frames_of_one_connection_arrive_in_order_however_they_are_cut() {
    let standin = Standin::start();
    let host = Host::start(&standin);
    let mut device = host.device();
    for number in 0..2000 {
        let line = format!("SN-1,default,n,{number}\r\n");
        // The first in small pieces, then more and more lines in one write.
        if number < 20 {
            let (start, end) = line.split_at(number % line.len());
            device.send(start);
            device.send(end);
        } else {
            device.send(&line);
        }
    }
    device.close();
    standin.wait_for_latest("SN-1", "n", 1999);
    let expected: Vec<_> = (0..2000).map(|number| json!(number)).collect();
    assert_eq!(standin.history("SN-1", "n"), expected);
}

#[test]
fn samples_without_a_time_get_the_time_of_reception() {
    let standin = Standin::start();
    let host = Host::start(&standin);
    let before = now_ms();
    let mut device = host.device();
    device.send("SN-3,default,n,1\n");
    standin.wait_for_latest("SN-3", "n", 1);
    let telemetry = standin.get("/devices/SN-3/telemetry").unwrap();
    let ts = telemetry["n"][0]["ts"].as_i64().unwrap();
    assert!((before..=now_ms()).contains(&ts), "{ts}");
}

/// ThingsBoard would store doubles with more decimals as text.
#[test]
fn doubles_of_any_size_stay_numbers() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .converter("json", converter("json"))
        .start();
    let mut device = host.device();
    let doubles = [
        "0.30000000000000004",
        "-1.2345678901234567e-5",
        "5e-324",
        "1e-15",
        "0.5000000000000001",
        "1.7976931348623157e300",
        "25.0",
    ];
    for double in doubles {
        device.send(&format!("{{\"deviceName\":\"SN-1\",\"x\":{double}}}\n"));
    }
    standin.wait_for_latest("SN-1", "x", 25.0);
    let stored = standin.history("SN-1", "x");
    let expected = [
        0.3,
        -1.234_567_890_12e-5,
        0.0,
        1e-15,
        0.500_000_000_000_000_1,
    ];
    assert_eq!(stored[..5], expected);
    // Nobody can prevent that one.
    assert!(stored[5].is_string(), "{stored:?}");
}

#[test]
fn many_devices_speak_at_once() {
    let standin = Standin::start();
    let host = Host::start(&standin);
    std::thread::scope(|scope| {
        for number in 0..50 {
            let host = &host;
            scope.spawn(move || {
                let mut device = host.device();
                for value in 0..20 {
                    device.send(&format!("meter-{number},meter,value,{value}\n"));
                }
                device.close();
            });
        }
    });
    let expected: Vec<_> = (0..20).map(|value| json!(value)).collect();
    for number in 0..50 {
        let name = format!("meter-{number}");
        standin.wait_for_latest(&name, "value", 19);
        assert_eq!(standin.history(&name, "value"), expected, "{name}");
    }
    assert_eq!(standin.device_names().len(), 50);
}

#[test]
fn a_bad_frame_costs_itself_only() {
    let standin = Standin::start();
    let host = Host::start(&standin);
    let mut device = host.device();
    let long = "x".repeat(200);
    device.send(&format!(
        "SN-4,default,n,1\nSN-4,default,n,two\n{long}\n\nSN-4,default,n,3\n"
    ));
    standin.wait_for_latest("SN-4", "n", 3);
    assert_eq!(standin.history("SN-4", "n"), [1, 3]);

    let refused = host.process.wait_for_log("frame not decoded");
    assert_eq!(
        refused["error"],
        "the value of telemetry key \"n\" is not a number: \"two\""
    );
    assert_eq!(refused["converter"], "csv");
    assert_eq!(refused["peer"], device.address().to_string());
    assert_eq!(refused["frame_length"], 18);
    assert_eq!(refused["frame_hex"], "534e2d342c64656661756c742c6e2c74776f");
    let skipped = host.process.wait_for_log("frame skipped");
    let text = skipped["error"].as_str().unwrap();
    assert!(
        text.contains("200 bytes or more exceeds maxFrameLength = 128"),
        "{text}"
    );
}

#[test]
fn an_integration_can_be_kept_from_creating_devices() {
    let standin = Standin::start();
    standin.must_post("/devices", &json!({ "name": "known", "type": "meter" }));
    let host = Host::builder(standin.grpc.port())
        .integration("allowCreateDevicesOrAssets = false")
        .start();
    let mut device = host.device();
    device.send("unknown,default,n,1\nknown,default,n,2\n");
    standin.wait_for_latest("known", "n", 2);
    let refused = host
        .process
        .wait_for_log("allowCreateDevicesOrAssets is off");
    assert_eq!(refused["device"], "unknown");
    assert_eq!(standin.device_names(), ["known"]);
}

#[test]
fn a_device_that_exists_is_used_and_not_created_again() {
    let standin = Standin::start();
    standin.must_post(
        "/devices",
        &json!({ "name": "SN-9", "type": "meter", "label": "Hall" }),
    );
    let before = standin.get("/devices").unwrap();
    let host = Host::start(&standin);
    host.device().send("SN-9,default,n,1\n");
    standin.wait_for_latest("SN-9", "n", 1);
    assert_eq!(standin.get("/devices").unwrap(), before);
}

#[test]
fn connections_beyond_the_limit_are_refused() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .client("maxConnections = 1")
        .start();
    let mut first = host.device();
    first.send("SN-5,default,n,1\n");
    standin.wait_for_latest("SN-5", "n", 1);
    host.device().close();
    host.process.wait_for_log("maxConnections is reached");
    first.close();
    wait_for("a place is free again", || {
        let mut next = host.device();
        next.send("SN-5,default,n,2\n");
        next.close();
        standin
            .history("SN-5", "n")
            .contains(&json!(2))
            .then_some(())
    });
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_millis()).unwrap()
}
