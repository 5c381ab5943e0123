//! The settings file is changed while the host runs.

use std::fs;

use harness::{Host, Standin, guest, wait_for};

fn host(standin: &Standin) -> Host {
    Host::builder(standin.grpc.port())
        .converter("misbehaving", guest("misbehaving"))
        .converter("version", guest("version_1"))
        .limits("callTimeoutMs = 100")
        .integration("uplinkConverter = 'misbehaving'\nmetadata = { site = 'north' }")
        .start()
}

#[test]
fn converters_metadata_and_limits_change_at_once() {
    let standin = Standin::start();
    let host = host(&standin);
    let mut device = host.device();
    device.send("metadata site\n");
    standin.wait_for_latest("misbehaving", "site", "north");

    host.change_settings("site = 'north'", "site = 'south'");
    let line = host.process.wait_for_log("settings changed and are in use");
    assert_eq!(line["keys"], "integrations[TCP integration].metadata.site");
    device.send("metadata site\n");
    standin.wait_for_latest("misbehaving", "site", "south");

    host.change_settings(
        "callTimeoutMs = 100",
        "callTimeoutMs = 20\nmaxEntitiesPerFrame = 3",
    );
    wait_for("the limits are in use", || {
        (host.process.count_log("settings changed and are in use") == 2).then_some(())
    });
    wait_for("both limits were hit", || {
        // The converters' thread takes them over in its own time.
        device.send("spin\nmany 4\n");
        std::thread::sleep(std::time::Duration::from_millis(200));
        let log = host.process.log();
        let has = |text: &str| {
            log.iter().any(|line| {
                line["error"]
                    .as_str()
                    .is_some_and(|error| error.contains(text))
            })
        };
        (has("callTimeoutMs = 20") && has("returned 4 entities; maxEntitiesPerFrame = 3"))
            .then_some(())
    });

    host.change_settings(
        "uplinkConverter = 'misbehaving'",
        "uplinkConverter = 'version'",
    );
    wait_for("the other converter serves the same connection", || {
        device.send("SN-9\n");
        std::thread::sleep(std::time::Duration::from_millis(20));
        (standin.latest("SN-9", "version")? == 1).then_some(())
    });
}

#[test]
fn what_needs_a_restart_is_said_and_a_broken_file_changes_nothing() {
    let standin = Standin::start();
    let host = host(&standin);
    host.change_settings("port = 0", "port = 1");
    let line = host
        .process
        .wait_for_log("settings changed that take effect");
    assert_eq!(
        line["keys"],
        "integrations[TCP integration].clientConfiguration.port"
    );
    let good = fs::read_to_string(&host.config).unwrap();
    host.write_settings("[[[");
    let line = host
        .process
        .wait_for_log("settings cannot be used; those in use stay");
    assert!(
        line["error"].as_str().unwrap().contains("tb-tcp.toml"),
        "{line}"
    );
    fs::write(
        &host.config,
        good.replace("callTimeoutMs = 100", "callTimeoutMs = 0"),
    )
    .unwrap();
    wait_for("the value is refused", || {
        let log = host.process.log();
        log.iter()
            .any(|line| {
                line["error"]
                    .as_str()
                    .is_some_and(|error| error.contains("converters.callTimeoutMs = 0: write"))
            })
            .then_some(())
    });
    let mut device = host.device();
    device.send("metadata site\n");
    standin.wait_for_latest("misbehaving", "site", "north");
}
