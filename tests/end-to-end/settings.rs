//! The command line and the settings, as an operator meets them.

use std::fs;

use harness::{Device, Host, Process, Standin, converter, guest};

/// No file: everything comes from the environment and the defaults.
#[test]
fn without_a_file_it_serves_the_default_port_and_folder() {
    let standin = Standin::start();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("converters")).unwrap();
    for name in ["csv", "attributes-json"] {
        let file = folder
            .path()
            .join("converters")
            .join(name)
            .with_extension("wasm");
        fs::copy(converter(name), file).unwrap();
    }
    let port = standin.grpc.port().to_string();
    let environment = [
        ("RPC_HOST", "127.0.0.1"),
        ("RPC_PORT", port.as_str()),
        ("INTEGRATION_ROUTING_KEY", "end-to-end-key"),
        ("INTEGRATION_SECRET", "end-to-end-secret"),
    ];
    let host = Process::start_in(folder.path(), "host", &["run"], &environment);
    let started = host.wait_for_log("integration started");
    assert_eq!(started["address"], "0.0.0.0:10560");
    let mut device = Device::connect(([127, 0, 0, 1], 10560).into());
    device.send("SN-1,default,n,1\n");
    standin.wait_for_latest("SN-1", "n", 1);
}

#[test]
fn settings_that_cannot_be_used_end_with_code_2_and_the_remedy() {
    let cases: [(&[&str], &[&str]); 3] = [
        (
            &["run"],
            &[
                "thingsboard.routingKey",
                "INTEGRATION_ROUTING_KEY",
                "Edge management",
            ],
        ),
        (
            &["run", "--config", "/nowhere/x.toml"],
            &["cannot read /nowhere/x.toml"],
        ),
        (&["run", "--colour"], &["--colour"]),
    ];
    for (arguments, expected) in cases {
        let (status, log) = Process::start("host", arguments).wait();
        assert_eq!(status.code(), Some(2), "{arguments:?}");
        let text = format!("{log:?}");
        for part in expected {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
        // A cause that the error quotes is not told again.
        assert!(text.matches("os error").count() <= 1, "{text}");
    }
}

#[test]
fn several_converters_need_a_choice() {
    let (_folder, process) = Host::builder(1)
        .converter("csv", converter("csv"))
        .converter("version", guest("version_1"))
        .spawn();
    let (status, log) = process.wait();
    assert_eq!(status.code(), Some(1));
    let text = format!("{log:?}");
    let expected = "the folder holds several uplink converters (csv, version): name one in \
                    uplinkConverter";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_disabled_integration_does_not_listen_and_unknown_keys_are_reported() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .top("colour = 'red'")
        .integration(
            "name = 'off'\nenabled = false\n[integrations.clientConfiguration]\nport = 1\n\
             [[integrations]]\nname = 'on'",
        )
        .start();
    host.process.wait_for_log("unknown key colour is ignored");
    let log = host.process.log();
    let names: Vec<_> = log
        .iter()
        .filter(|line| line["message"] == "integration started")
        .map(|line| line["integration"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["on"]);
}
