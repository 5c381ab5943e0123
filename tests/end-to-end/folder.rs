//! The converters folder, in all the ways in which files come and go.

use std::{fs, os::unix::fs::symlink, path::Path, time::Duration};

use harness::{Host, HostBuilder, Standin, guest, wait_for};

fn builder(standin: &Standin) -> HostBuilder {
    Host::builder(standin.grpc.port())
        .converter("version", guest("version_1"))
        .integration("uplinkConverter = 'version'")
}

/// Waits until frames are decoded by version `number`.
/// The list of converters shows a state a moment after it is so.
#[track_caller]
fn wait_for_state(host: &Host, state: &str) {
    wait_for(state, || {
        (host.converter("version")?["state"] == state).then_some(())
    });
}

#[track_caller]
fn wait_for_version(standin: &Standin, host: &Host, device: &str, number: i64) {
    let mut connection = host.device();
    wait_for(&format!("version {number} serves"), || {
        connection.send(&format!("{device}\n"));
        std::thread::sleep(Duration::from_millis(20));
        (standin.latest(device, "version")? == number).then_some(())
    });
}

fn count_loaded(host: &Host, name: &str) -> usize {
    let log = host.process.log();
    let loaded = log
        .iter()
        .filter(|line| line["message"] == "converter loaded" && line["converter"] == name);
    loaded.count()
}

/// Kubernetes mounts a ConfigMap as symbolic links through `..data`, which is
/// swapped for a new folder.
#[test]
fn a_config_map_is_swapped() {
    let standin = Standin::start();
    let host = builder(&standin).without_folder().start();
    let folder = &host.converters;
    for (number, name) in [(1, "..2026_1"), (2, "..2026_2")] {
        let content = folder.join(name);
        fs::create_dir_all(&content).unwrap();
        fs::copy(
            guest(&format!("version_{number}")),
            content.join("version.wasm"),
        )
        .unwrap();
    }
    symlink("..2026_1", folder.join("..data")).unwrap();
    symlink("..data/version.wasm", folder.join("version.wasm")).unwrap();
    wait_for_version(&standin, &host, "a", 1);
    symlink("..2026_2", folder.join("..data_tmp")).unwrap();
    fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    wait_for_version(&standin, &host, "b", 2);
}

#[test]
fn a_folder_that_comes_later_and_goes_again() {
    let standin = Standin::start();
    let host = builder(&standin).without_folder().start();
    let line = host
        .process
        .wait_for_log("cannot list the converters folder");
    assert_eq!(line["folder"], host.converters.to_str().unwrap());
    host.device().send("early\n");
    fs::create_dir(&host.converters).unwrap();
    let file = host.converters.join("version.wasm");
    fs::copy(guest("version_1"), &file).unwrap();
    standin.wait_for_latest("early", "version", 1);

    // Another folder takes its place; the watch has to follow.
    fs::rename(&host.converters, host.converters.with_extension("old")).unwrap();
    wait_for_version(&standin, &host, "meanwhile", 1);
    fs::create_dir(&host.converters).unwrap();
    fs::copy(guest("version_2"), &file).unwrap();
    wait_for_version(&standin, &host, "late", 2);
}

#[test]
fn a_removed_file_keeps_serving_and_may_come_back() {
    let standin = Standin::start();
    let host = builder(&standin).start();
    let file = host.converters.join("version.wasm");
    fs::remove_file(&file).unwrap();
    host.process.wait_for_log("file was removed");
    wait_for_state(&host, "fileRemoved");
    wait_for_version(&standin, &host, "a", 1);
    // The same content again is no reload.
    fs::copy(guest("version_1"), &file).unwrap();
    wait_for_state(&host, "serving");
    assert_eq!(count_loaded(&host, "version"), 1);
    fs::copy(guest("version_2"), &file).unwrap();
    wait_for_version(&standin, &host, "b", 2);
    // It serves before it is kept, and is said to be loaded after that.
    wait_for("the second load", || {
        (count_loaded(&host, "version") == 2).then_some(())
    });
}

#[test]
fn the_same_content_is_no_reload() {
    let standin = Standin::start();
    let host = builder(&standin).start();
    let loaded = host.converter("version").unwrap();
    for _ in 0..3 {
        fs::copy(guest("version_1"), host.converters.join("version.wasm")).unwrap();
    }
    // Seen after those, so they have been looked at.
    fs::copy(guest("version_2"), host.converters.join("other.wasm")).unwrap();
    wait_for("the other one is loaded", || host.converter("other"));
    assert_eq!(
        host.converter("version").unwrap()["loadedAtMs"],
        loaded["loadedAtMs"]
    );
    assert_eq!(count_loaded(&host, "version"), 1);
}

#[test]
fn two_files_at_once_and_two_hundred() {
    const MANY: usize = 200;
    let standin = Standin::start();
    let host = builder(&standin).start();
    for name in ["left", "right"] {
        fs::copy(
            guest("version_1"),
            host.converters.join(format!("{name}.wasm")),
        )
        .unwrap();
    }
    for name in ["left", "right"] {
        wait_for("both are loaded", || host.converter(name));
    }
    for number in 0..MANY {
        let name = format!("many-{number}.wasm");
        fs::copy(
            guest(&format!("version_{}", 1 + number % 2)),
            host.converters.join(name),
        )
        .unwrap();
    }
    wait_for("all are loaded", || {
        let list = host.tool(&["converters"]).json();
        (list.as_array().unwrap().len() == MANY + 3).then_some(())
    });
    // The chosen one is not disturbed, and each has its own version.
    wait_for_version(&standin, &host, "a", 1);
    let list = host.tool(&["converters"]).json();
    let version = |name: &str| {
        let found = list
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["name"] == name);
        found.unwrap()["version"].clone()
    };
    assert_eq!(version("many-0"), version("version"));
    assert_ne!(version("many-1"), version("version"));
    assert_eq!(version("many-1"), version("many-199"));
}

#[test]
fn polling_sees_what_no_event_tells() {
    let standin = Standin::start();
    let host = builder(&standin)
        .limits("polling = true\npollIntervalMs = 100")
        .start();
    fs::copy(guest("version_2"), host.converters.join("version.wasm")).unwrap();
    wait_for_version(&standin, &host, "a", 2);
}

fn write_case(folder: &Path, frame: &str, version: i64) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("payload.txt"), frame).unwrap();
    let result = format!(
        r#"{{"deviceName":"{frame}","deviceType":"default","telemetry":{{"version":{version}}}}}"#
    );
    fs::write(folder.join("result.json"), result).unwrap();
}

#[test]
fn a_converter_that_fails_its_own_cases_does_not_go_live() {
    let standin = Standin::start();
    let host = builder(&standin).start();
    let cases = host.converters.join("version.cases");
    write_case(&cases.join("uplink"), "SN-1", 1);
    fs::copy(guest("version_2"), host.converters.join("version.wasm")).unwrap();
    let line = host
        .process
        .wait_for_log("converter cannot be loaded; the version before it keeps serving");
    let error = line["error"].as_str().unwrap();
    assert!(
        error.starts_with("it fails its own golden cases: 1 of 1 cases"),
        "{error}"
    );
    assert!(error.contains("\"version\""), "{error}");
    wait_for_version(&standin, &host, "a", 1);
    let status = host.converter("version").unwrap();
    assert_eq!(status["state"], "fileBroken");
    assert_eq!(status["detail"], *error);
    // The cases were wrong: the file is tried again when they change.
    write_case(&cases.join("uplink"), "SN-1", 2);
    wait_for_version(&standin, &host, "b", 2);
    let line = host.process.wait_for_log("golden cases passed");
    assert_eq!(line["passed"], 1);
}

#[test]
fn an_operator_goes_back_to_the_version_before() {
    let standin = Standin::start();
    let host = builder(&standin).start();
    let first = host.converter("version").unwrap()["version"].clone();
    let nothing = host.tool(&["converters", "rollback", "version"]);
    assert_eq!(nothing.code, Some(1));
    assert!(
        nothing.error.contains("no version of version before"),
        "{nothing:?}"
    );

    let file = host.converters.join("version.wasm");
    fs::copy(guest("version_2"), &file).unwrap();
    wait_for_version(&standin, &host, "a", 2);
    // It serves before it is kept.
    let second = wait_for("the version before is listed", || {
        let second = host.converter("version")?;
        (second["previous"] == serde_json::json!([first])).then_some(second)
    });
    let done = host.tool(&["converters", "rollback", "version"]).json();
    assert_eq!((&done["from"], &done["to"]), (&second["version"], &first));
    wait_for_version(&standin, &host, "b", 1);
    assert_eq!(host.converter("version").unwrap()["state"], "rolledBack");

    // It stays so when the file is written again, and after a restart.
    fs::copy(guest("version_2"), &file).unwrap();
    let host = host.restart();
    assert_eq!(host.converter("version").unwrap()["state"], "rolledBack");
    wait_for_version(&standin, &host, "c", 1);

    // Removing the file and copying it again ends it.
    fs::remove_file(&file).unwrap();
    host.process.wait_for_log("file was removed");
    fs::copy(guest("version_2"), &file).unwrap();
    wait_for_version(&standin, &host, "d", 2);
    wait_for_state(&host, "serving");
    let unknown = host.tool(&["converters", "rollback", "nobody"]);
    assert!(
        unknown.error.contains("there is no converter nobody"),
        "{unknown:?}"
    );
}

/// The last good version survives the process too.
#[test]
fn a_broken_file_at_the_start_leaves_the_last_good_version_serving() {
    let standin = Standin::start();
    let host = builder(&standin).start();
    let file = host.converters.join("version.wasm");
    fs::write(&file, "oops").unwrap();
    host.process.wait_for_log("converter cannot be loaded");
    let host = host.restart();
    host.process.wait_for_log("kept version loaded");
    wait_for_version(&standin, &host, "a", 1);
    assert_eq!(host.converter("version").unwrap()["state"], "fileBroken");
}

#[test]
fn a_converter_is_listed_with_what_it_did() {
    let standin = Standin::start();
    let host = Host::start(&standin);
    let mut device = host.device();
    device.send("SN-1,default,n,1\nSN-1,default,n,2\nrubbish\n");
    standin.wait_for_latest("SN-1", "n", 2);
    wait_for("the calls are counted", || {
        let csv = host.converter("csv").unwrap();
        (csv["calls"] == 3 && csv["errors"] == 1).then_some(())
    });
    let csv = host.converter("csv").unwrap();
    assert_eq!(
        (&csv["kind"], &csv["state"]),
        (&"uplink".into(), &"serving".into())
    );
    let size = fs::metadata(harness::converter("csv")).unwrap().len();
    assert_eq!(csv["bytes"], size);
    let text = harness::Tool::run(&["converters", "--config", host.config.to_str().unwrap()]);
    assert!(text.output.contains("attributes-json"), "{text:?}");
    assert!(text.output.contains("downlink"), "{text:?}");
}
