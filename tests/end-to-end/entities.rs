//! Which device is which: created once, renamed, lost, refused.

use harness::{Host, Standin, guest, wait_for};
use serde_json::{Value as Json, json};

/// The entry of a device or asset in the list of `what`.
fn entry(standin: &Standin, what: &str, name: &str) -> Option<Json> {
    let all = standin.get(what)?;
    let all = all.as_array()?;
    all.iter().find(|entry| entry["name"] == name).cloned()
}

/// Renamed while the host is not running: the device does not know, its data go
/// on, and so do its downlinks.
#[test]
fn a_device_that_was_renamed_meanwhile_stays_itself() {
    let standin = Standin::start();
    let mut host = Host::start(&standin);
    let mut device = host.device();
    device.send("SN-1,default,n,1\n");
    standin.wait_for_latest("SN-1", "n", 1);
    host.kill();
    standin.must_post("/devices/SN-1/rename", &json!({ "name": "Boiler" }));
    host.start_again();
    host.wait_until_started();
    let line = host.process.wait_for_log("renamed in ThingsBoard");
    assert_eq!(
        (&line["device"], &line["stored_as"]),
        (&json!("SN-1"), &json!("Boiler"))
    );
    // Before it speaks, by the name that it had.
    standin.share("Boiler", &json!({ "limit": 1 }));
    let mut device = host.device();
    device.send("SN-1,default,n,2\n");
    standin.wait_for_latest("Boiler", "n", 2);
    assert_eq!(device.read_line(), "{\"limit\":1}\n");
    // Renamed again while it is connected.
    standin.must_post("/devices/Boiler/rename", &json!({ "name": "Kettle" }));
    device.send("SN-1,default,n,3\n");
    standin.wait_for_latest("Kettle", "n", 3);
    standin.share("Kettle", &json!({ "limit": 2 }));
    assert_eq!(device.read_line(), "{\"limit\":2}\n");
    let mut seen = standin.history("Kettle", "n");
    // What was acknowledged just before the kill may come once more.
    seen.dedup();
    assert_eq!(seen, [1, 2, 3]);
    assert_eq!(standin.device_names(), ["Kettle"]);
}

/// A host that lost all it knew, and another one in its place, find the devices
/// that the first one made.
#[test]
fn a_lost_data_folder_duplicates_nothing() {
    let standin = Standin::start();
    let mut first = Host::start(&standin);
    for number in 1..=3 {
        first.device().send(&format!("SN-{number},default,n,1\n"));
        standin.wait_for_latest(&format!("SN-{number}"), "n", 1);
    }
    first.kill();
    // A name that the server no longer tells.
    standin.must_post("/devices/SN-3/rename", &json!({ "name": "Boiler" }));
    std::fs::remove_file(first.data.join("entities.redb")).unwrap();
    first.start_again();
    first.wait_until_started();
    first.device().send("SN-1,default,n,2\nSN-3,default,n,2\n");
    standin.wait_for_latest("SN-1", "n", 2);
    standin.wait_for_latest("Boiler", "n", 2);
    first.process.terminate();
    let second = Host::start(&standin);
    second.device().send("SN-2,default,n,2\nSN-3,default,n,3\n");
    standin.wait_for_latest("SN-2", "n", 2);
    standin.wait_for_latest("Boiler", "n", 3);
    assert_eq!(standin.device_names(), ["Boiler", "SN-1", "SN-2"]);
}

#[test]
fn assets_are_created_with_label_and_customer() {
    let standin = Standin::start();
    let customer = json!({ "title": "a customer", "edge": true });
    standin.must_post("/customers", &customer);
    let host = Host::builder(standin.grpc.port())
        .converter("probe", guest("sdk_probe"))
        .start();
    host.device().send("everything\n");
    let asset = wait_for("the asset", || entry(&standin, "/assets", "Halle 水 😀"));
    assert_eq!(asset["label"], "a label");
    assert_eq!(asset["customer"], "a customer");
    assert_eq!(asset["assigned"], true);
    let group = host.process.wait_for_log("no entity groups");
    assert_eq!(group["group"], "a group");
}

#[test]
fn a_customer_that_the_edge_does_not_know_is_left_out() {
    let standin = Standin::start();
    standin.must_post("/customers", &json!({ "title": "a customer" }));
    let host = Host::builder(standin.grpc.port())
        .converter("probe", guest("sdk_probe"))
        .start();
    host.device().send("everything\n");
    let line = host.process.wait_for_log("its own customer");
    assert_eq!(line["customer"], "a customer");
    let asset = wait_for("the asset", || entry(&standin, "/assets", "Halle 水 😀"));
    assert_eq!(asset["customer"], Json::Null);
}

/// ThingsBoard acknowledges what it does not create. The next synchronisation
/// brings it to light.
#[test]
fn a_device_beyond_the_tenants_limit_is_told() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .thingsboard("reconnectDelayMs", "100")
        .start();
    let mut device = host.device();
    device.send("SN-1,default,n,1\n");
    standin.wait_for_latest("SN-1", "n", 1);
    standin.must_post("/faults", &json!({ "deviceLimit": 1 }));
    device.send("SN-2,default,n,1\nSN-1,default,n,2\n");
    standin.wait_for_latest("SN-1", "n", 2);
    // What is sent once more would create it anew, within the limit as it is.
    host.wait_for_records(0);
    standin.must_post("/edge/disconnect", &json!({}));
    let line = host.process.wait_for_log("does not have it");
    assert_eq!(line["device"], "SN-2");
    standin.must_post("/faults", &json!({ "deviceLimit": null }));
    device.send("SN-2,default,n,2\n");
    standin.wait_for_latest("SN-2", "n", 2);
}

#[test]
fn creation_can_be_forbidden() {
    let standin = Standin::start();
    standin.must_post("/devices", &json!({ "name": "SN-1" }));
    let host = Host::builder(standin.grpc.port())
        .integration("allowCreateDevicesOrAssets = false")
        .start();
    host.device()
        .send("SN-9,default,n,1\nSN-9,default,n,2\nSN-1,default,n,3\n");
    standin.wait_for_latest("SN-1", "n", 3);
    let line = host
        .process
        .wait_for_log("allowCreateDevicesOrAssets is off");
    assert_eq!(
        (&line["device"], &line["kind"]),
        (&json!("SN-9"), &json!("DEVICE"))
    );
    assert_eq!(
        host.process.count_log("allowCreateDevicesOrAssets is off"),
        1
    );
    assert_eq!(standin.device_names(), ["SN-1"]);
    // The remedy of the message.
    standin.must_post("/devices", &json!({ "name": "SN-9" }));
    // Until the host has heard of it, what it sends is still dropped.
    let mut device = host.device();
    wait_for("data of the device that was made by hand", || {
        device.send("SN-9,default,n,4\n");
        (standin.latest("SN-9", "n")? == 4).then_some(())
    });
}

/// Whatever the server does while it synchronises.
#[test]
fn odd_synchronisations_are_survived() {
    let standin = Standin::start();
    standin.add_devices(120, "D-", "meter");
    standin.must_post(
        "/faults",
        &json!({ "sync": { "twice": true, "unreadable": 3, "unknownKinds": true } }),
    );
    let host = Host::start(&standin);
    let line = host.process.wait_for_log("has sent its devices");
    assert_eq!(line["entities"], 120);
    assert!(host.process.count_log("cannot be read; it is left out") >= 3);
    host.device().send("D-77,meter,n,1\n");
    standin.wait_for_latest("D-77", "n", 1);
    assert_eq!(standin.device_names().len(), 120);
}

#[test]
fn a_synchronisation_without_an_end_is_begun_again() {
    let standin = Standin::start();
    standin.must_post("/devices", &json!({ "name": "SN-1" }));
    standin.must_post("/faults", &json!({ "sync": { "never": true } }));
    let host = Host::builder(standin.grpc.port())
        .thingsboard("syncTimeoutMs", "300")
        .thingsboard("reconnectDelayMs", "100")
        .start();
    host.device().send("SN-1,default,n,1\n");
    host.process
        .wait_for_log("did not finish sending its devices");
    standin.must_post("/faults", &json!({ "sync": {} }));
    standin.wait_for_latest("SN-1", "n", 1);
    assert_eq!(standin.history("SN-1", "n"), [1]);
}
