//! From ThingsBoard to a device's socket.

use harness::{Device, Host, Standin, converter, guest, wait_for};
use serde_json::json;

/// Says something as SN-002, and waits until the host takes `device` for it: a second batch of
/// frames is decoded when the first is done with.
fn speak(standin: &Standin, device: &mut Device, value: i32) {
    for key in ["n", "m"] {
        device.send(&format!("SN-002,thermometer,{key},{value}\n"));
        standin.wait_for_latest("SN-002", key, value);
    }
}

#[test]
fn a_shared_attribute_reaches_the_device_of_the_last_uplink() {
    let standin = Standin::start();
    let host = Host::start(&standin);
    let (mut first, mut second) = (host.device(), host.device());
    speak(&standin, &mut first, 1);
    standin.share("SN-002", &json!({ "powerState": "on" }));
    assert_eq!(first.read_line(), "{\"powerState\":\"on\"}\n");

    speak(&standin, &mut second, 2);
    standin.share("SN-002", &json!({ "limit": 7, "auto": true }));
    assert_eq!(second.read_line(), "{\"limit\":7,\"auto\":true}\n");
    speak(&standin, &mut first, 3);
    standin.share("SN-002", &json!({ "limit": 8.5 }));
    assert_eq!(first.read_line(), "{\"limit\":8.5}\n");
}

#[test]
fn downlinks_wait_for_a_device_that_is_away() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .client("cacheSize = 2")
        .start();
    let mut device = host.device();
    speak(&standin, &mut device, 1);
    device.close();
    host.process.wait_for_log("device gone");
    for number in 1..=3 {
        standin.share("SN-002", &json!({ "number": number }));
    }
    host.process.wait_for_log("and it is the oldest");
    let mut device = host.device();
    speak(&standin, &mut device, 2);
    assert_eq!(device.read_line(), "{\"number\":2}\n");
    assert_eq!(device.read_line(), "{\"number\":3}\n");
}

/// What ThingsBoard was told that we have is not lost with the process.
#[test]
fn downlinks_outlast_a_killed_host() {
    let standin = Standin::start();
    let mut host = Host::start(&standin);
    let mut device = host.device();
    speak(&standin, &mut device, 1);
    device.close();
    host.process.wait_for_log("device gone");
    for number in 1..=3 {
        standin.share("SN-002", &json!({ "number": number }));
    }
    wait_for("the acknowledgements", || {
        let edge = standin.get("/edge")?;
        (edge["unacknowledgedDownlinks"] == 0 && edge["queuedDownlinks"] == 0).then_some(())
    });
    host.kill();
    host.start_again();
    host.wait_until_started();
    let mut device = host.device();
    speak(&standin, &mut device, 2);
    for number in 1..=3 {
        assert_eq!(device.read_line(), format!("{{\"number\":{number}}}\n"));
    }
}

#[test]
fn the_terminator_can_be_changed() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .integration("downlinkTerminator = \"\"")
        .start();
    let mut device = host.device();
    speak(&standin, &mut device, 1);
    for value in ["a", "b"] {
        standin.share("SN-002", &json!({ "k": value }));
    }
    assert_eq!(device.read_exact(18), b"{\"k\":\"a\"}{\"k\":\"b\"}");
}

#[test]
fn a_call_reaches_the_device_and_is_answered() {
    let standin = Standin::start();
    let host = Host::start(&standin);
    let call = json!({ "method": "setPin", "params": { "pin": 7 } });

    standin.must_post(
        "/devices",
        &json!({ "name": "SN-002", "type": "thermometer" }),
    );
    standin.wait_for_edge();
    let (status, answer) = standin.post("/devices/SN-002/rpc", &call);
    assert_eq!(
        (status, &answer["error"]),
        (409, &json!("NO_ACTIVE_CONNECTION")),
        "{answer}"
    );

    let mut device = host.device();
    speak(&standin, &mut device, 1);
    let (status, answer) = standin.post("/devices/SN-002/rpc", &call);
    assert_eq!((status, answer), (200, json!({})));
    assert_eq!(
        device.read_line(),
        "{\"method\":\"setPin\",\"params\":{\"pin\":7}}\n"
    );
}

#[test]
fn deletions_and_persistent_calls_reach_the_device() {
    let standin = Standin::start();
    let host = Host::start(&standin);
    let mut device = host.device();
    speak(&standin, &mut device, 1);
    standin.share("SN-002", &json!({ "limit": 1, "mode": "a" }));
    assert_eq!(device.read_line(), "{\"limit\":1,\"mode\":\"a\"}\n");
    standin.must_delete("/devices/SN-002/attributes/SHARED_SCOPE?keys=limit");
    assert_eq!(device.read_line(), "{\"attributes\":[\"limit\"]}\n");
    let call = json!({ "method": "open", "persistent": true, "oneway": true });
    let answer = standin.must_post("/devices/SN-002/rpc", &call);
    assert_eq!(
        device.read_line(),
        "{\"method\":\"open\",\"params\":null}\n"
    );
    let id = answer["rpcId"].as_str().unwrap();
    wait_for("the outcome", || {
        let call = standin.get(&format!("/rpc/{id}"))?;
        call.get("reply").filter(|reply| !reply.is_null()).cloned()
    });
}

/// What was not acknowledged before a session broke, a server sends again under
/// another number.
#[test]
fn what_comes_again_is_delivered_once() {
    let standin = Standin::start();
    let host = Host::start(&standin);
    let mut device = host.device();
    speak(&standin, &mut device, 1);
    standin.must_post("/faults", &json!({ "repeatDownlinks": 1 }));
    standin.share("SN-002", &json!({ "limit": 1 }));
    assert_eq!(device.read_line(), "{\"limit\":1}\n");
    standin.must_post("/faults", &json!({ "repeatDownlinks": 1 }));
    let call = json!({ "method": "open" });
    let (status, _) = standin.post("/devices/SN-002/rpc", &call);
    assert_eq!(status, 200);
    // The same value again is another command.
    standin.share("SN-002", &json!({ "limit": 1 }));
    assert_eq!(
        device.read_line(),
        "{\"method\":\"open\",\"params\":null}\n"
    );
    assert_eq!(device.read_line(), "{\"limit\":1}\n");
    standin.share("SN-002", &json!({ "limit": 2 }));
    assert_eq!(device.read_line(), "{\"limit\":2}\n");
}

/// A converter that reads a server attribute gets it, without any rule chain.
#[test]
fn attributes_that_a_converter_reads_are_fetched() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .converter("csv", converter("csv"))
        .converter("probe", guest("sdk_probe"))
        .integration("uplinkConverter = 'csv'\ndownlinkConverter = 'probe'")
        .start();
    let mut device = host.device();
    speak(&standin, &mut device, 1);
    let server_scope = "/devices/SN-002/attributes/SERVER_SCOPE";
    standin.must_post(server_scope, &json!({ "limit": 7, "other": true }));
    let mut place = |value: i32| {
        standin.share("SN-002", &json!({ "n": value }));
        let body = format!("ATTRIBUTES_UPDATED {{\"n\":{value}}}\n");
        assert_eq!(device.read_line(), body);
        let place = device.read_line();
        // Two bytes of it are line feeds' neighbours: 0, -128, and an empty frame.
        assert_eq!(device.read_exact(5), [0, 0xff, 0x80, b'\n', b'\n']);
        place
    };
    assert_eq!(place(1), "SN-002 at nowhere, limit 7\n");
    // Asked for once; from here on changes tell themselves.
    let messages = || {
        standin.get("/edge").unwrap()["uplinkMessages"]
            .as_i64()
            .unwrap()
    };
    let before = messages();
    assert_eq!(place(2), "SN-002 at nowhere, limit 7\n");
    standin.must_post(server_scope, &json!({ "limit": 8 }));
    assert_eq!(place(3), "SN-002 at nowhere, limit 8\n");
    assert_eq!(messages(), before);
}

#[test]
fn without_a_downlink_converter_the_reason_is_said() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .converter("csv", converter("csv"))
        .start();
    let mut device = host.device();
    speak(&standin, &mut device, 1);
    standin.share("SN-002", &json!({ "powerState": "on" }));
    let line = host.process.wait_for_log("downlink not encoded");
    let problem = line["problem"].as_str().unwrap();
    assert!(
        problem.starts_with("there is no downlink converter"),
        "{problem}"
    );
    let (status, answer) = standin.post("/devices/SN-002/rpc", &json!({ "method": "m" }));
    assert_eq!((status, &answer["error"]), (504, &json!("INTERNAL")));
}

/// Otherwise its connection would hold memory, and its downlinks, for ever.
#[test]
fn a_device_that_does_not_read_is_cut_off_and_gets_its_downlinks_later() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .client("writeTimeoutMs = 200")
        .start();
    let mut deaf = host.device();
    speak(&standin, &mut deaf, 1);
    // More than the buffers of both sockets take.
    let long = "x".repeat(1_000_000);
    for number in 0..8 {
        standin.share("SN-002", &json!({ "number": number, "long": long }));
    }
    host.process
        .wait_for_log("downlink not written; the connection is closed");
    host.process
        .wait_for_log("device gone: it does not take what is sent to it");
    let mut device = host.device();
    // It reads at once: its own time to take them is short, too.
    device.send("SN-002,thermometer,n,2\n");
    // Which one did not fit depends on the buffers; none is left out after it.
    let first = number(&device.read_line());
    for expected in first + 1..8 {
        assert_eq!(number(&device.read_line()), expected);
    }
    drop(deaf);
}

fn number(line: &str) -> u64 {
    let json: serde_json::Value = serde_json::from_str(line).unwrap();
    json["number"].as_u64().unwrap()
}

/// Without `downlinkConverter` none of another protocol is taken, and none that a file
/// in the folder makes ambiguous.
#[test]
fn a_converter_of_another_protocol_encodes_nothing() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .converter("csv", converter("csv"))
        .converter("gt06", converter("gt06"))
        .converter("wialon", converter("wialon"))
        .integration("uplinkConverter = 'csv'")
        .start();
    let mut device = host.device();
    speak(&standin, &mut device, 1);
    let call = json!({ "method": "m" });
    let (status, answer) = standin.post("/devices/SN-002/rpc", &call);
    assert_eq!((status, &answer["error"]), (504, &json!("INTERNAL")));
    host.process.wait_for_log("downlink not encoded");
    // One that does nothing but encode is meant for all.
    let file = host.converters.join("attributes-json.wasm");
    std::fs::copy(converter("attributes-json"), file).unwrap();
    host.process.wait_for_log("converter loaded");
    wait_for("it serves", || {
        let (status, _) = standin.post("/devices/SN-002/rpc", &call);
        (status == 200).then_some(())
    });
    assert_eq!(device.read_line(), "{\"method\":\"m\",\"params\":null}\n");

    // One that speaks both ways answers its own devices. Two hosts with one key would end each
    // other's sessions.
    drop(host);
    let host = Host::builder(standin.grpc.port())
        .converter("gt06", converter("gt06"))
        .converter("talker", guest("talker"))
        .integration("uplinkConverter = 'talker'")
        .start();
    let mut device = host.device();
    device.send("login SN-1;value n 0\n");
    assert_eq!(device.read_line(), "hello SN-1\n");
    standin.wait_for_latest("SN-1", "n", 0);
    let (status, _) = standin.post("/devices/SN-1/rpc", &json!({ "method": "do" }));
    assert_eq!(status, 200);
    assert_eq!(device.read_line(), "do 0\n");
}
