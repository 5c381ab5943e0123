//! The rows of the troubleshooting table of ThingsBoard's TCP integration page:
//! the host recognises each and says cause and fix.

use std::net::TcpListener;

use harness::{Host, Standin, guest};
use serde_json::{Value as Json, json};

fn misbehaving(standin: &Standin) -> Host {
    Host::builder(standin.grpc.port())
        .converter("misbehaving", guest("misbehaving"))
        .start()
}

#[track_caller]
fn assert_says(line: &Json, field: &str, parts: &[&str]) {
    let text = line[field].as_str().unwrap_or_default();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {field} of {line}");
    }
}

/// "No device created after sending data": deviceName is empty or undefined.
#[test]
fn no_device_because_its_name_is_empty() {
    let standin = Standin::start();
    let host = misbehaving(&standin);
    let mut device = host.device();
    device.send("empty-name\n");
    let line = host.process.wait_for_log("frame not decoded");
    assert_says(
        &line,
        "error",
        &[
            "deviceName is empty, so there is no device to store the data for",
            "check how the converter takes it from the frame",
        ],
    );
    device.send("echo undefined k v\n");
    harness::wait_for("the second is reported", || {
        (host.process.count_log("frame not decoded") == 2).then_some(())
    });
    let log = host.process.log();
    let line = log
        .iter()
        .rfind(|line| line["message"] == "frame not decoded");
    assert_says(line.unwrap(), "error", &["deviceName is \"undefined\""]);
}

/// "Error in converter": the line has what is needed to reproduce it.
#[test]
fn an_error_in_the_converter() {
    let standin = Standin::start();
    let host = misbehaving(&standin);
    let mut device = host.device();
    device.send("panic boom\n");
    let line = host.process.wait_for_log("frame not decoded");
    assert_says(
        &line,
        "error",
        &["tests/guests/misbehaving/src/lib.rs:", "boom"],
    );
    assert_eq!(line["converter"], "misbehaving");
    assert_eq!(line["version"].as_str().unwrap().len(), 8);
    assert_eq!(line["peer"], device.address().to_string());
    assert_eq!(line["frame_length"], 10);
    assert_eq!(line["frame_hex"], "70616e696320626f6f6d");
}

/// A device that hangs up within a frame has lost it, and that is said.
#[test]
fn what_came_of_an_unfinished_frame_is_said() {
    let standin = Standin::start();
    let host = Host::start(&standin);
    let mut device = host.device();
    device.send("SN-1,default,n,1\nSN-1,default,");
    device.close();
    let line = host
        .process
        .wait_for_log("the device closed the connection within a frame");
    assert_eq!(line["bytes"], 13);
    assert_eq!(line["start_hex"], "534e2d312c64656661756c742c");
    standin.wait_for_latest("SN-1", "n", 1);
}

/// "Messages split or merged incorrectly": the handler does not match.
#[test]
fn messages_that_were_merged_or_split() {
    let standin = Standin::start();
    let merged = Host::builder(standin.grpc.port())
        .client("[integrations.clientConfiguration.handlerConfiguration]\nmessageSeparator = 'NUL_DELIMITER'")
        .start();
    merged
        .device()
        .send("SN-1,default,n,1\nSN-2,default,n,2\nSN-3,default,n,3\n\0");
    let line = merged.process.wait_for_log("frame not decoded");
    assert_says(&line, "advice", &["line feed", "messageSeparator"]);

    let split = Host::builder(standin.grpc.port()).start();
    split
        .device()
        .send("{\n\"deviceName\": \"SN-1\",\n\"n\": 1\n}\n");
    let line = split.process.wait_for_log("frame not decoded");
    assert_says(&line, "advice", &["handlerType", "JSON"]);

    let never = Host::builder(standin.grpc.port()).start();
    let mut device = never.device();
    device.send("SN-1,default,n,1\r");
    device.close();
    let line = never.process.wait_for_log("the device sent no whole frame");
    assert_says(&line, "advice", &["messageSeparator"]);
    assert_eq!(line["bytes"], 17);
    assert_says(&line, "start_hex", &["534e2d31"]);
}

/// "Integration process fails to connect": `relay.rs` has a test for each of
/// host, port, key and secret.
#[test]
fn thingsboard_cannot_be_reached() {
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let host = Host::builder(port).start();
    let line = host.process.wait_for_log("no session with ThingsBoard");
    let text = line.to_string();
    assert!(text.contains(&port.to_string()), "{text}");
    assert!(text.contains("refuses connections"), "{text}");
}

/// "Port already in use".
#[test]
fn the_port_is_in_use() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let (_folder, process) = Host::builder(1).port(port).spawn();
    let (status, log) = process.wait();
    assert_eq!(status.code(), Some(1));
    let text = format!("{log:?}");
    let expected = format!(
        "port {port} is in use by another process: stop that process, or choose another \
         clientConfiguration.port"
    );
    assert!(text.contains(&expected), "{text}");
}

/// "Device does not receive downlink": the connection was closed after the
/// uplink.
#[test]
fn a_downlink_for_a_device_that_hung_up() {
    let standin = Standin::start();
    let host = Host::start(&standin);
    let mut device = host.device();
    device.send("SN-1,default,n,1\n");
    standin.wait_for_latest("SN-1", "n", 1);
    device.close();
    host.process.wait_for_log("device gone");
    standin.share("SN-1", &json!({ "powerState": "on" }));
    let line = host
        .process
        .wait_for_log("downlink not delivered: the device closed its connection");
    assert_says(&line, "message", &["it must keep it open", "nc: -w60"]);
    assert_says(&line, "outcome", &["waits for the device's next uplink"]);
    assert_eq!(line["device"], "SN-1");
}

/// "Data present but timestamp is wrong": the device sends seconds.
#[test]
fn a_time_in_seconds() {
    let standin = Standin::start();
    let host = misbehaving(&standin);
    host.device().send("at 1732288000 n 1\n");
    let line = host.process.wait_for_log("telemetry time looks wrong");
    assert_says(&line, "advice", &["1732288000", "1970", "2024", "1000"]);
    assert_eq!(line["converter"], "misbehaving");
}

/// "Telemetry not saved": the converter returns nothing, or no values.
#[test]
fn nothing_to_save() {
    let standin = Standin::start();
    let host = misbehaving(&standin);
    host.device().send("no-values\n");
    let line = host.process.wait_for_log("nothing to save");
    assert_says(&line, "advice", &["misbehaving"]);
    host.device().send("log nothing else\n");
    harness::wait_for("the second is said", || {
        (host.process.count_log("nothing to save") == 2).then_some(())
    });
}
