//! The session with ThingsBoard: late, broken, refused.

use harness::{Device, Host, Port, Process, Standin, wait_for};
use serde_json::{Value as Json, json};

fn send_numbers(device: &mut Device, numbers: std::ops::Range<i32>) {
    for number in numbers {
        device.send(&format!("SN-1,default,n,{number}\n"));
    }
}

/// Waits for the last of `0..end`, and checks that all came, in order. What was not
/// acknowledged may have come again from some number on.
#[track_caller]
fn all_arrived(standin: &Standin, end: i32) {
    standin.wait_for_latest("SN-1", "n", end - 1);
    let history = standin.history("SN-1", "n");
    let numbers: Vec<_> = history.iter().map(|n| n.as_i64().unwrap()).collect();
    assert_eq!(numbers.first(), Some(&0));
    for pair in numbers.windows(2) {
        assert!(pair[1] <= pair[0] + 1, "{pair:?} of {numbers:?}");
    }
    assert_eq!(numbers.last(), Some(&i64::from(end - 1)));
}

#[test]
fn what_comes_before_thingsboard_is_up_is_kept() {
    let port = Port::free();
    let host = Host::builder(port.number()).start();
    let mut device = host.device();
    send_numbers(&mut device, 0..1000);
    host.process.wait_for_log("refuses connections");
    let standin = Standin::start_on(&port);
    all_arrived(&standin, 1000);
}

#[test]
fn a_restarted_thingsboard_gets_what_follows() {
    let port = Port::free();
    let first = Standin::start_on(&port);
    let host = Host::builder(port.number()).start();
    let mut device = host.device();
    device.send("SN-2,default,n,1\n");
    first.wait_for_latest("SN-2", "n", 1);
    host.wait_for_records(0);
    let (status, _) = first.process.terminate();
    assert!(status.success());

    device.send("SN-2,default,n,2\n");
    send_numbers(&mut device, 0..100);
    let second = Standin::start_on(&port);
    // It knows no devices any more; they are created again.
    all_arrived(&second, 100);
    assert_eq!(second.history("SN-2", "n"), [2]);
}

#[test]
fn a_broken_link_loses_nothing() {
    let standin = Standin::start();
    let host = Host::start(&standin);
    standin.wait_for_edge();
    let mut device = host.device();
    for round in 0..10 {
        send_numbers(&mut device, round * 100..(round + 1) * 100);
        // Refused while the host is just connecting again.
        standin.post("/edge/disconnect", &json!({}));
    }
    all_arrived(&standin, 1000);
    assert!(standin.get("/edge").unwrap()["connects"].as_i64().unwrap() > 1);
}

#[test]
fn what_is_not_acknowledged_is_sent_again() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .thingsboard("acknowledgeTimeoutMs", "200")
        .start();
    let mut device = host.device();
    send_numbers(&mut device, 0..1);
    all_arrived(&standin, 1);
    // The data, the empty message that asks whether anybody is there, and, after
    // connecting anew, the data again.
    standin.must_post("/faults", &json!({ "ignoreUplinks": 3 }));
    send_numbers(&mut device, 1..50);
    all_arrived(&standin, 50);
    let silent = "does not acknowledge anything any more";
    assert_eq!(host.process.count_log(silent), 1);
    assert_eq!(host.process.count_log("data cannot be delivered"), 0);
}

/// What was accepted outlasts a kill, and is sent in order.
#[test]
fn a_killed_host_sends_what_it_had_accepted() {
    let port = Port::free();
    let mut host = Host::builder(port.number()).start();
    let mut device = host.device();
    send_numbers(&mut device, 0..500);
    host.wait_for_records(500);
    host.kill();
    let standin = Standin::start_on(&port);
    host.start_again();
    host.wait_until_started();
    all_arrived(&standin, 500);
}

#[test]
fn a_message_that_is_rejected_is_tried_again() {
    let standin = Standin::start();
    let host = Host::start(&standin);
    let mut device = host.device();
    send_numbers(&mut device, 0..1);
    all_arrived(&standin, 1);
    standin.must_post("/faults", &json!({ "rejectUplinks": 2 }));
    send_numbers(&mut device, 1..10);
    all_arrived(&standin, 10);
    assert_eq!(host.process.count_log("data cannot be delivered"), 0);
}

/// One record that ThingsBoard never takes stands in nobody's way. It is kept with
/// what ThingsBoard said, and sent again when an operator wants it.
#[test]
fn a_record_that_is_always_rejected_becomes_a_dead_letter() {
    let standin = Standin::start();
    let host = Host::start(&standin);
    let mut device = host.device();
    send_numbers(&mut device, 0..1);
    all_arrived(&standin, 1);
    standin.must_post(
        "/faults",
        &json!({ "targets": [{ "action": "reject", "key": "poison" }] }),
    );
    let poison = "SN-1,default,poison,1\nSN-2,default,poison,1\n";
    device.send(poison);
    send_numbers(&mut device, 1..10);
    all_arrived(&standin, 10);
    wait_for("both are given up", || {
        (host.process.count_log("data cannot be delivered") == 2).then_some(())
    });
    let line = host.process.wait_for_log("data cannot be delivered");
    let error = line["error"].as_str().unwrap();
    assert!(
        error.starts_with("ThingsBoard rejects the data: "),
        "{error}"
    );
    wait_for("both are dead letters", || {
        (host.dead_letters() == 2).then_some(())
    });
    let list = host.tool(&["dead-letters", "list"]).json();
    let mut entities: Vec<_> = list["letters"].as_array().unwrap().iter().collect();
    entities.sort_by_key(|letter| letter["entity"].as_str());
    assert_eq!(entities[0]["entity"], "SN-1");
    assert_eq!(entities[1]["entity"], "SN-2");
    assert_eq!(entities[0]["error"], error);
    standin.must_post("/faults", &json!({ "targets": [] }));
    let replayed = host.tool(&["dead-letters", "replay"]).json();
    assert_eq!(replayed["replayed"], 2);
    standin.wait_for_latest("SN-1", "poison", 1);
    standin.wait_for_latest("SN-2", "poison", 1);
    assert_eq!(host.dead_letters(), 0);
}

/// ThingsBoard refuses messages beyond its tenant's rate, unread.
#[test]
fn rate_limits_slow_down_and_lose_nothing() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .thingsboard("rateLimitPauseMs", "200")
        .start();
    let mut device = host.device();
    send_numbers(&mut device, 0..1);
    all_arrived(&standin, 1);
    standin.must_post("/faults", &json!({ "rateLimitUplinks": 3 }));
    send_numbers(&mut device, 1..300);
    // A creation meets the limit, too.
    device.send("SN-2,default,n,1\n");
    standin.wait_for_latest("SN-2", "n", 1);
    all_arrived(&standin, 300);
    let line = host.process.wait_for_log("limits this edge's messages");
    assert_eq!(line["pause_ms"], 200);
    assert_eq!(host.process.count_log("data cannot be delivered"), 0);
}

/// What an administrator does to the edge, in words that lead to the remedy.
#[test]
fn a_changed_secret_and_a_deleted_edge_are_named() {
    let standin = Standin::start();
    let host = Host::start(&standin);
    standin.wait_for_edge();
    standin.must_post("/edge/secret", &json!({ "secret": "another-secret" }));
    standin.must_post("/edge/disconnect", &json!({}));
    host.process.wait_for_log("the secret is wrong");
    assert_no_secret(&host.process);

    let standin = Standin::start();
    let host = Host::start(&standin);
    standin.wait_for_edge();
    host.device().send("SN-1,default,n,1\n");
    standin.wait_for_latest("SN-1", "n", 1);
    host.wait_for_records(0);
    standin.must_delete("/edge");
    host.process.wait_for_log("ThingsBoard closed the session");
    host.device().send("SN-1,default,n,2\n");
    host.wait_for_records(1);
}

/// Two hosts with one key end each other's sessions; both say so, and neither
/// loses what it has.
#[test]
fn a_second_host_with_the_same_key_is_noticed() {
    let standin = Standin::start();
    let first = Host::start(&standin);
    standin.wait_for_edge();
    let second = Host::start(&standin);
    first.process.wait_for_log("ThingsBoard closed the session");
    second.device().send("SN-1,default,n,1\n");
    standin.wait_for_latest("SN-1", "n", 1);
    first.device().send("SN-2,default,n,1\n");
    // It comes back, and has kept it until then.
    standin.wait_for_latest("SN-2", "n", 1);
}

/// Acknowledgements that come twice, and some that nobody asked for.
#[test]
fn odd_acknowledgements_are_survived() {
    let standin = Standin::start();
    let faults = json!({ "doubleAcks": 5, "unknownAcks": 5, "reverseAcks": 4 });
    standin.must_post("/faults", &faults);
    let host = Host::start(&standin);
    let mut device = host.device();
    send_numbers(&mut device, 0..500);
    all_arrived(&standin, 500);
    assert_eq!(standin.history("SN-1", "n").len(), 500);
}

#[test]
fn a_name_that_another_edge_has_is_reported() {
    let standin = Standin::start();
    standin.must_post("/devices", &json!({ "name": "SN-8", "assigned": false }));
    let host = Host::start(&standin);
    host.device().send("SN-8,default,n,1\n");
    let line = host.process.wait_for_log("not assigned to this edge");
    assert_eq!(line["device"], "SN-8");
    let stored_as = line["stored_as"].as_str().unwrap();
    assert!(stored_as.starts_with("SN-8_"), "{stored_as}");
    standin.wait_for_latest(stored_as, "n", 1);

    // The remedy of the message: afterwards the data goes where it belongs.
    standin.must_post("/devices/SN-8/assign", &json!({}));
    wait_for("data arrives at the assigned device", || {
        host.device().send("SN-8,default,n,2\n");
        (standin.latest("SN-8", "n")? == 2).then_some(())
    });
}

#[test]
fn wrong_host_port_key_and_secret_are_told_apart() {
    let standin = Standin::start();
    let (port, http) = (standin.grpc.port(), standin.http.port().to_string());
    let nobody = Port::free();
    let free = nobody.number().to_string();
    let cases: [(&str, &str, &[&str]); 5] = [
        (
            "host",
            "'no-such-host.invalid'",
            &["no-such-host.invalid is unknown", "RPC_HOST"],
        ),
        ("port", &free, &["refuses connections", "RPC_PORT", "7070"]),
        (
            "port",
            &http,
            &["is not ThingsBoard's Edge service", "RPC_PORT"],
        ),
        (
            "routingKey",
            "'t0p-wrong'",
            &["knows no edge with this key", "INTEGRATION_ROUTING_KEY"],
        ),
        (
            "secret",
            "'t0p-wrong'",
            &["the secret is wrong", "INTEGRATION_SECRET"],
        ),
    ];
    for (key, value, expected) in cases {
        let host = Host::builder(port).thingsboard(key, value).start();
        let line = host.process.wait_for_log("no session with ThingsBoard");
        let text = line["message"].as_str().unwrap();
        for part in expected {
            assert!(text.contains(part), "{key}: {part:?} is not in {text:?}");
        }
        assert_no_secret(&host.process);
    }
    assert_no_secret(&standin.process);
}

fn assert_no_secret(process: &Process) {
    let log = Json::from(process.log()).to_string();
    for secret in ["t0p-wrong", "end-to-end-secret", "end-to-end-key"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
