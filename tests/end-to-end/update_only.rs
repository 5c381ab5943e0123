//! `updateOnlyKeys`: values that are forwarded only when they changed.

use harness::{Device, Host, Standin, converter};
use serde_json::{Value as Json, json};

const LISTED: &str = "updateOnlyKeys = ['fw', 'mode']";

fn host(standin: &Standin) -> Host {
    Host::builder(standin.grpc.port())
        .converter("json", converter("json"))
        .converter("attributes-json", converter("attributes-json"))
        .integration(LISTED)
        .start()
}

/// Sends one line of a device.
fn send(device: &mut Device, name: &str, values: Json) {
    let mut frame = values;
    frame["deviceName"] = name.into();
    device.send(&format!("{frame}\n"));
}

#[test]
fn listed_keys_are_forwarded_when_they_change_and_others_always() {
    let standin = Standin::start();
    let host = host(&standin);
    let mut device = host.device();
    // Two connections, one after the other: what is remembered is the integration's.
    for (n, fw) in [json!(1), json!(1), json!(2), json!(2.0)]
        .iter()
        .enumerate()
    {
        send(&mut device, "SN-1", json!({ "n": n, "fw": fw }));
    }
    send(&mut device, "SN-2", json!({ "fw": 2.0 }));
    device.close();
    standin.wait_for_latest("SN-2", "fw", 2.0);
    let mut device = host.device();
    for (n, fw) in [
        (4, json!(2.0)),
        (5, json!("a")),
        (6, json!("a")),
        (7, json!(2)),
    ] {
        send(&mut device, "SN-1", json!({ "n": n, "fw": fw }));
    }
    standin.wait_for_latest("SN-1", "n", 7);
    let all: Vec<_> = (0..8).map(|n| json!(n)).collect();
    assert_eq!(standin.history("SN-1", "n"), all);
    let changes = [json!(1), json!(2), json!(2.0), json!("a"), json!(2)];
    assert_eq!(standin.history("SN-1", "fw"), changes);
}

#[test]
fn a_device_that_sent_nothing_new_still_gets_its_downlinks() {
    let standin = Standin::start();
    let host = host(&standin);
    let frame = json!({ "fw": 1, "attributes": { "mode": "on" } });
    let mut first = host.device();
    send(&mut first, "SN-1", frame.clone());
    standin.wait_for_latest("SN-1", "fw", 1);
    first.close();

    let mut second = host.device();
    send(&mut second, "SN-1", frame);
    send(&mut second, "SN-2", json!({ "n": 1 }));
    standin.wait_for_latest("SN-2", "n", 1);
    standin.share("SN-1", &json!({ "powerState": "on" }));
    assert_eq!(second.read_line(), "{\"powerState\":\"on\"}\n");
    assert_eq!(standin.history("SN-1", "fw"), [1]);
}

#[test]
fn the_list_changes_while_the_host_runs_and_a_restart_sends_values_once_more() {
    let standin = Standin::start();
    let host = host(&standin);
    let mut device = host.device();
    let mut n = 0;
    let mut send_fw = |device: &mut Device| {
        n += 1;
        send(device, "SN-1", json!({ "fw": 1, "n": n }));
        standin.wait_for_latest("SN-1", "n", n);
        standin.history("SN-1", "fw").len()
    };
    assert_eq!([send_fw(&mut device), send_fw(&mut device)], [1, 1]);

    host.change_settings(LISTED, "updateOnlyKeys = ['mode']");
    let line = host.process.wait_for_log("settings changed and are in use");
    assert_eq!(line["keys"], "integrations[TCP integration].updateOnlyKeys");
    assert_eq!([send_fw(&mut device), send_fw(&mut device)], [2, 3]);

    host.change_settings("updateOnlyKeys = ['mode']", LISTED);
    harness::wait_for("the list is in use again", || {
        let changes = host.process.count_log("settings changed and are in use");
        (changes == 2).then_some(())
    });
    assert_eq!([send_fw(&mut device), send_fw(&mut device)], [4, 4]);
    drop(device);

    let host = host.restart();
    let mut device = host.device();
    assert_eq!([send_fw(&mut device), send_fw(&mut device)], [5, 5]);
}
