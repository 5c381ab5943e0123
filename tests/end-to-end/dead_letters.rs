//! What no converter can decode is kept, and decoded when one can.

use std::{fs, path::Path};

use harness::{Host, HostBuilder, Standin, guest, wait_for};
use serde_json::json;

/// A host whose converter `meter` cannot decode device names.
fn host(standin: &Standin) -> HostBuilder {
    Host::builder(standin.grpc.port()).converter("meter", guest("misbehaving"))
}

fn replace(host: &Host, with: &Path) {
    let aside = host.converters.join(".meter.new");
    fs::copy(with, &aside).unwrap();
    fs::rename(aside, host.converters.join("meter.wasm")).unwrap();
}

fn now_ms() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    since.as_millis().try_into().unwrap()
}

#[test]
fn a_frame_that_fails_is_kept_with_all_that_explains_it() {
    let standin = Standin::start();
    let host = host(&standin).start();
    let mut device = host.device();
    let before = now_ms();
    device.send("SN-77\n");
    device.send("panic boom\n");
    wait_for("both are kept", || (host.dead_letters() == 2).then_some(()));

    let list = host.tool(&["dead-letters"]).json();
    let letter = &list["letters"][1];
    assert_eq!(letter["integration"], "TCP integration");
    assert_eq!(letter["peer"], device.address().to_string());
    assert_eq!(letter["converter"], "meter");
    let serving = host.converter("meter").unwrap();
    assert_eq!(letter["version"], serving["version"]);
    assert_eq!(letter["error"], "unknown command \"SN-77\"");
    assert_eq!(letter["frameHex"], "534e2d3737");
    assert_eq!(letter["frameLength"], 5);
    assert_eq!(letter["tries"], 1);
    let received = letter["receivedMs"].as_i64().unwrap();
    assert!((before..=now_ms()).contains(&received));
    let panicked = list["letters"][0]["error"].as_str().unwrap();
    assert!(panicked.contains("lib.rs:"), "{panicked}");

    let one = host.tool(&["dead-letters", "show", &letter["id"].to_string()]);
    assert_eq!(one.json()["frameHex"], "534e2d3737");
    let none = host.tool(&["dead-letters", "show", "999"]);
    assert_eq!(none.code, Some(1));
    assert!(
        none.error.contains("there is no dead letter 999"),
        "{none:?}"
    );
    assert_eq!(
        (&serving["calls"], &serving["errors"]),
        (&json!(2), &json!(2))
    );
}

#[test]
fn a_fixed_converter_decodes_what_the_broken_one_could_not() {
    let standin = Standin::start();
    let host = host(&standin).start();
    let mut device = host.device();
    let before = now_ms();
    device.send("SN-1\nSN-2\nSN-3\n");
    wait_for("all are kept", || (host.dead_letters() == 3).then_some(()));
    let after = now_ms();
    // The converter's own devices go on meanwhile.
    device.send("echo SN-4 k v\n");
    standin.wait_for_latest("SN-4", "k", "v");

    replace(&host, &guest("version_2"));
    for name in ["SN-1", "SN-2", "SN-3"] {
        standin.wait_for_latest(name, "version", 2);
        let telemetry = standin.get(&format!("/devices/{name}/telemetry")).unwrap();
        let ts = telemetry["version"][0]["ts"].as_i64().unwrap();
        assert!((before..=after).contains(&ts), "{ts}: the time of receipt");
    }
    wait_for("none is left", || (host.dead_letters() == 0).then_some(()));
    host.process.wait_for_log("dead letters decoded again");
    for name in ["SN-1", "SN-2", "SN-3"] {
        assert_eq!(standin.history(name, "version").len(), 1);
    }
}

#[test]
fn replays_on_request_are_idempotent_and_tell_what_failed() {
    let standin = Standin::start();
    let host = host(&standin)
        .top("deadLetters = { replayOnReload = false }")
        .start();
    let mut device = host.device();
    device.send("SN-1\nnan\n");
    wait_for("both are kept", || (host.dead_letters() == 2).then_some(()));

    // The same version fails again.
    let again = host.tool(&["dead-letters", "replay"]);
    assert_eq!(again.code, Some(1));
    let report: serde_json::Value = serde_json::from_str(&again.output).unwrap();
    assert_eq!(
        (&report["replayed"], &report["failed"]),
        (&json!(0), &json!(2))
    );
    let list = host.tool(&["dead-letters"]).json();
    assert_eq!(list["letters"][0]["tries"], 2);

    replace(&host, &guest("version_1"));
    wait_for("the new version serves", || {
        (host.process.count_log("converter loaded") == 2).then_some(())
    });
    assert_eq!(host.dead_letters(), 2, "nothing is replayed unasked");
    // Two operators at once.
    let reports = std::thread::scope(|scope| {
        let replay = || scope.spawn(|| host.tool(&["dead-letters", "replay"]).json());
        [replay(), replay()].map(|thread| thread.join().unwrap())
    });
    let replayed: u64 = reports
        .iter()
        .map(|report| report["replayed"].as_u64().unwrap())
        .sum();
    assert_eq!(replayed, 2, "each letter once: {reports:?}");
    standin.wait_for_latest("SN-1", "version", 1);
    standin.wait_for_latest("nan", "version", 1);
    assert_eq!(standin.history("SN-1", "version").len(), 1);
    assert_eq!(host.dead_letters(), 0);
}

#[test]
fn letters_outlast_the_process_and_are_read_without_it() {
    let standin = Standin::start();
    let host = host(&standin).start();
    host.device().send("SN-1\nSN-2\n");
    wait_for("both are kept", || (host.dead_letters() == 2).then_some(()));
    let host = host.restart();
    // The same version has tried them already.
    let list = host.tool(&["dead-letters"]).json();
    assert_eq!(list["total"], 2);
    assert_eq!(list["letters"][0]["tries"], 1);
    host.process.signal_stop();
    wait_for("the store can be read without a host", || {
        let tool = host.tool(&["dead-letters", "list", "--converter", "meter"]);
        let list: serde_json::Value = serde_json::from_str(&tool.output).ok()?;
        (list["total"] == 2).then_some(())
    });
    // It answers no more before it has let go of the store.
    let removed = wait_for("the store can be written without a host", || {
        let tool = host.tool(&["dead-letters", "remove", "--all"]);
        (tool.code == Some(0)).then(|| tool.json())
    });
    assert_eq!(removed["letters"], 2);
    assert_eq!(host.dead_letters(), 0);
    let needs_host = host.tool(&["dead-letters", "replay"]);
    assert_eq!(needs_host.code, Some(1));
    assert!(
        needs_host.error.contains("no host answers at"),
        "{needs_host:?}"
    );
}

#[test]
fn the_store_is_bounded_and_the_oldest_go() {
    let standin = Standin::start();
    let host = host(&standin)
        .top("deadLetters = { maxLetters = 10 }")
        .start();
    let mut device = host.device();
    for number in 0..25 {
        device.send(&format!("x{number}\n"));
    }
    wait_for("the last one is kept", || {
        let list = host.tool(&["dead-letters"]).json();
        (list["letters"][0]["frameHex"] == "783234").then_some(())
    });
    let list = host.tool(&["dead-letters"]).json();
    assert_eq!((&list["total"], &list["dropped"]), (&json!(10), &json!(15)));
    host.process.wait_for_log("maxLetters");
}

/// A stopping host has no time for a runaway's frames; they are tried after the
/// next start.
#[test]
fn frames_that_a_stopping_host_has_no_time_for_are_kept() {
    const FRAMES: usize = 40;
    let standin = Standin::start();
    // The one that runs has the lowest priority, and may take its time.
    let host = host(&standin).top("shutdownTimeoutMs = 60000").start();
    let mut device = host.device();
    device.send(&"spin\n".repeat(FRAMES));
    wait_for("the first one is kept", || {
        (host.dead_letters() > 0).then_some(())
    });
    let host = host.restart();
    assert_eq!(host.dead_letters(), FRAMES as u64);
    let list = host.tool(&["dead-letters"]).json();
    let letters = list["letters"].as_array().unwrap();
    assert!(
        letters
            .iter()
            .all(|letter| letter["frameHex"] == "7370696e")
    );
}
