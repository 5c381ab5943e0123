//! Guests that mean harm: the process stays small, and other converters do not
//! notice.

use harness::{Host, Standin, guest, hostile, wait_for};

/// Memory of the whole process that no guest may push it beyond: some 60 MiB
/// without guests, twice 16 MiB for instances at their limit, and what the
/// spool and the log hold.
const MEMORY_BOUND_KIB: u64 = 192 * 1024;

/// A host with `uplink` on one port and csv on another.
fn host(standin: &Standin, name: &str, file: std::path::PathBuf) -> Host {
    Host::builder(standin.grpc.port())
        .converter(name, file)
        .converter("csv", harness::converter("csv"))
        .limits("threads = 2")
        .integration(&format!(
            "name = 'attacked'\nuplinkConverter = '{name}'\n\
             [integrations.clientConfiguration]\nport = 0\nbindAddress = '127.0.0.1'\n\
             [[integrations]]\nname = 'other'\nuplinkConverter = 'csv'"
        ))
        .start()
}

/// What each dead letter failed with, oldest first. The log would leave some
/// out: they come fast.
fn errors(host: &Host) -> Vec<String> {
    let list = host.tool(&["dead-letters", "list"]).json();
    let letters = list["letters"].as_array().unwrap().iter().rev();
    letters
        .map(|letter| letter["error"].as_str().unwrap().to_owned())
        .collect()
}

/// Each frame costs itself only; the neighbour's come through after each.
fn attack(name: &str, file: std::path::PathBuf, frames: &[(&str, &str)]) -> Host {
    let standin = Standin::start();
    let host = host(&standin, name, file);
    let mut attacker = host.device_of("attacked");
    let mut neighbour = host.device_of("other");
    for (number, (frame, expected)) in frames.iter().enumerate() {
        attacker.send(&format!("{frame}\n"));
        neighbour.send(&format!("SN-1,default,n,{number}\n"));
        standin.wait_for_latest("SN-1", "n", number);
        wait_for(&format!("{frame} is reported"), || {
            (errors(&host).len() > number).then_some(())
        });
        let error = &errors(&host)[number];
        assert!(error.contains(expected), "{frame}: {error}");
    }
    assert_eq!(host.dead_letters(), frames.len() as u64);
    let peak = host.process.memory_kib("VmHWM");
    println!("{name}: {peak} KiB at most");
    assert!(peak < MEMORY_BOUND_KIB, "{peak} KiB");
    host
}

#[test]
fn results_that_are_lies() {
    let host = attack(
        "hostile",
        hostile(),
        &[
            ("g", "out of bounds"),
            ("o", "handed over more than maxOutputKib = 1024 at once"),
            ("s", "out of bounds"),
            ("u", "utf-8"),
            ("m", "aligned"),
            ("d", "invalid expected discriminant"),
            ("l", "took longer than callTimeoutMs = 100"),
            ("L", "handed over more than maxOutputKib = 1024 at once"),
            ("M", "needs more than memoryLimitMib = 16"),
            ("T", "the converter panicked: it said nothing"),
        ],
    );
    // A million lines were asked for.
    assert!(host.process.log().len() < 1000);
    let line = host.process.wait_for_log("converter logs too much");
    assert_eq!(line["converter"], "hostile");
}

#[test]
fn loops_bombs_and_floods() {
    let bombs: Vec<_> = [
        ("spin", "took longer than callTimeoutMs = 100"),
        ("recurse", "recursed too deep"),
        ("alloc 1000", "needs more than memoryLimitMib = 16"),
        ("unreachable", "the converter panicked"),
        (
            "many 1001",
            "returned 1001 entities; maxEntitiesPerFrame = 1000",
        ),
        (
            "many-values 10001",
            "returned 10001 values; maxValuesPerFrame = 10000",
        ),
        (
            "text 2000000",
            "handed over more than maxOutputKib = 1024 at once",
        ),
        (
            "long-line 2000000",
            "handed over more than maxOutputKib = 1024 at once",
        ),
        ("sleep 10", "tried to wait"),
    ]
    .repeat(3);
    attack("misbehaving", guest("misbehaving"), &bombs);
}

/// WASI is linked, with nothing granted.
#[test]
fn guests_have_no_rights() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .converter("misbehaving", guest("misbehaving"))
        .start();
    let mut device = host.device();
    let reachable = standin.http;
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    device.send(&format!(
        "connect {reachable}\nread /etc/hostname\nread {}\nenvironment\nclock\n",
        host.config.display()
    ));
    wait_for("all were tried", || standin.latest("misbehaving", "clock"));
    assert_eq!(standin.history("misbehaving", "environment"), [0]);
    let clock = standin
        .latest("misbehaving", "clock")
        .unwrap()
        .as_u64()
        .unwrap();
    assert!(u128::from(clock) + 1000 > now, "clocks are fine");
    for (key, count) in [("connect", 1), ("read", 2)] {
        let outcomes = standin.history("misbehaving", key);
        assert_eq!(outcomes.len(), count);
        for outcome in outcomes {
            assert_ne!(outcome, "allowed", "{key}");
        }
    }
    assert_eq!(
        standin.latest("misbehaving", "connect").unwrap(),
        "PermissionDenied"
    );
}
