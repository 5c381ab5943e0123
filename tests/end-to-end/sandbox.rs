//! What a bad converter, or bad data, can do: lose its own frame.

use harness::{Device, Host, Standin, guest};

fn host(standin: &Standin) -> Host {
    Host::builder(standin.grpc.port())
        .converter("misbehaving", guest("misbehaving"))
        .integration("metadata = { site = 'north' }")
        .start()
}

fn echo(standin: &Standin, device: &mut Device, value: &str) {
    device.send(&format!("echo SN-1 k {value}\n"));
    standin.wait_for_latest("SN-1", "k", value);
}

#[test]
fn every_fault_costs_one_frame_and_is_named() {
    let cases = [
        ("error no such command", "no such command"),
        (
            "panic boom",
            "the converter panicked: panicked at tests/guests/misbehaving/src/lib.rs:",
        ),
        ("unreachable", "the converter panicked: it said nothing"),
        ("spin", "the converter took longer than callTimeoutMs = 100"),
        ("recurse", "the converter recursed too deep"),
        (
            "alloc 64",
            "the converter needs more than memoryLimitMib = 16",
        ),
        (
            "sleep 3600",
            "the converter failed: the converter tried to wait",
        ),
        (
            "nan",
            "the converter returned data that cannot be stored: misbehaving: ",
        ),
        (
            "empty-name",
            "the converter returned data that cannot be stored: deviceName is empty",
        ),
        (
            "bad-json",
            "the converter returned data that cannot be stored: misbehaving: ",
        ),
    ];
    let standin = Standin::start();
    let host = host(&standin);
    let (mut bad, mut good) = (host.device(), host.device());
    for (number, (frame, expected)) in cases.iter().enumerate() {
        bad.send(&format!("{frame}\n"));
        echo(&standin, &mut bad, &format!("bad-{number}"));
        echo(&standin, &mut good, &format!("good-{number}"));
        let errors = harness::wait_for("it is said", || {
            let errors = host.process.errors("frame not decoded");
            (errors.len() > number).then_some(errors)
        });
        assert_eq!(errors.len(), number + 1, "{frame}: {errors:?}");
        assert!(
            errors[number].starts_with(expected),
            "{frame}: {}",
            errors[number]
        );
    }
    // Each value once: no frame was decoded again because of its neighbour.
    assert_eq!(standin.history("SN-1", "k").len(), 2 * cases.len());
}

/// WASI's standard output blocks on the async runtime; on one of its threads
/// that would be a panic of the host.
#[test]
fn a_guest_that_prints_writes_to_the_log() {
    let standin = Standin::start();
    let host = host(&standin);
    let mut device = host.device();
    device.send("print out of WASI\neprint err of WASI\nlog through the contract\n");
    for text in ["out of WASI", "err of WASI", "through the contract"] {
        let line = host.process.wait_for_log(text);
        assert_eq!(line["converter"], "misbehaving");
        assert_eq!(line["peer"], device.address().to_string());
    }
    echo(&standin, &mut device, "alive");
}

/// Sends `frames` as one job, and returns the calls that each `count` found its
/// instance to have served.
fn counts(limits: &str, frames: &str, expected: usize) -> Vec<serde_json::Value> {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .converter("misbehaving", guest("misbehaving"))
        // A job that takes long on a busy machine goes on, and must not go on elsewhere.
        .limits("threads = 1")
        .limits(limits)
        .start();
    let mut device = host.device();
    device.send(frames);
    device.close();
    harness::wait_for("the counts", || {
        let counts = standin.history("misbehaving", "count");
        (counts.len() == expected).then_some(counts)
    })
}

#[test]
fn an_instance_is_reused_until_it_traps() {
    let frames = "count\ncount\npanic x\ncount\ncount\n";
    assert_eq!(counts("", frames, 4), [1, 2, 1, 2]);
}

#[test]
fn an_instance_is_replaced_after_its_last_call() {
    assert_eq!(
        counts("maxCallsPerInstance = 3", &"count\n".repeat(7), 7),
        [1, 2, 3, 1, 2, 3, 1]
    );
    assert_eq!(
        counts("maxCallsPerInstance = 0", &"count\n".repeat(4), 4),
        [1, 2, 3, 4]
    );
}

#[test]
fn an_instance_that_has_grown_is_replaced() {
    // 8 MiB, of which the default allows half. To fill much more takes longer than a call may
    // on a regular thread, where a machine is slow.
    let frames = "count\ngrow 1\ncount\ngrow 3\ncount\n";
    let limit = "memoryLimitMib = 8";
    assert_eq!(counts(limit, frames, 3), [1, 3, 1]);
    let no_mark = format!("{limit}\nmemoryMarkPercent = 100");
    assert_eq!(counts(&no_mark, frames, 3), [1, 3, 5]);
}

#[test]
fn log_lines_are_limited_for_the_converter_as_a_whole() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .converter("misbehaving", guest("misbehaving"))
        .limits("logLinesPerSecond = 5\nmaxCallsPerInstance = 1")
        .start();
    let mut device = host.device();
    let start = std::time::Instant::now();
    device.send(&"shout 100\n".repeat(10));
    echo(&standin, &mut device, "after");
    let seconds = start.elapsed().as_secs() + 2;
    let lines = host.process.count_log("line ") as u64;
    assert!(lines >= 5 && lines <= 5 * seconds, "{lines} in {seconds} s");
    let said = host.process.count_log("converter logs too much") as u64;
    assert!(said >= 1 && said <= seconds, "{said} in {seconds} s");
}

#[test]
fn converters_read_the_integrations_metadata() {
    let standin = Standin::start();
    let host = host(&standin);
    let mut device = host.device();
    let peer = device.address();
    let facts = [
        ("integrationName", "TCP integration".to_owned()),
        ("site", "north".to_owned()),
        ("remoteAddress", peer.ip().to_string()),
        ("localPort", host.address.port().to_string()),
    ];
    for (key, value) in facts {
        device.send(&format!("metadata {key}\n"));
        harness::wait_for(&format!("{key} = {value}"), || {
            let seen = standin.latest("misbehaving", key)?;
            // ThingsBoard makes numbers of texts that look like some.
            let seen = seen
                .as_str()
                .map_or_else(|| seen.to_string(), str::to_owned);
            (seen == value).then_some(())
        });
    }
}
