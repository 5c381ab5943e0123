//! The converters of real protocols, with devices that speak them: the settings of
//! their READMEs, the conversations in `tests/conversations`, the real host.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use harness::{Host, HostBuilder, PATIENCE, Standin, Tool, converter, repository, wait_for};
use serde_json::{Value as Json, json};
use tb_converter::checksum::crc16_arc;

const PROTOCOLS: [&str; 5] = ["teltonika", "gt06", "wialon", "galileosky", "h02"];
/// Devices of each protocol, at once.
const COPIES: usize = 8;

/// What a README says of an integration: its own lines, and the section of its
/// handler.
fn settings(protocol: &str) -> (String, String) {
    let readme = repository().join(format!("converters/{protocol}/README.md"));
    let text = fs::read_to_string(readme).unwrap();
    let block = text.split("```toml\n").nth(1).unwrap();
    let block = block.split("```").next().unwrap();
    let (integration, rest) = block
        .split_once("[integrations.clientConfiguration]\n")
        .unwrap();
    let handler = rest
        .find("[integrations.clientConfiguration.handlerConfiguration]")
        .unwrap();
    let integration = integration.replace("[[integrations]]\n", "");
    (integration, rest[handler..].to_owned())
}

/// A host with all protocols, each on a port of its own.
fn all_protocols(standin: &Standin) -> HostBuilder {
    let mut lines = String::new();
    let mut builder = Host::builder(standin.grpc.port());
    for protocol in PROTOCOLS {
        builder = builder.converter(protocol, converter(protocol));
        let (integration, handler) = settings(protocol);
        lines += &format!(
            "{integration}[integrations.clientConfiguration]\nport = 0\n\
             bindAddress = '127.0.0.1'\n{handler}[[integrations]]\n"
        );
    }
    // What the builder writes behind them belongs to an integration that nobody uses.
    builder.integration(&format!("{lines}name = 'spare'\nenabled = false"))
}

/// What each kind of device is asked, and what it answers; the name of its copies.
struct Kind {
    protocol: &'static str,
    name: fn(usize) -> String,
    call: Json,
    answer: fn(&str) -> bool,
    /// Position and more, of each device's last record.
    values: &'static [(&'static str, f64)],
    /// Records that each device delivers, by a key that they have.
    records: (&'static str, usize),
}

fn kinds() -> [Kind; 5] {
    [
        Kind {
            protocol: "teltonika",
            name: |copy| format!("35609307{copy:07}"),
            call: json!({ "method": "getinfo" }),
            answer: |text| text.starts_with("getinfo: RTC:"),
            values: &[
                ("latitude", 54.6871),
                ("longitude", 25.2797),
                ("satellites", 9.0),
            ],
            records: ("latitude", 3),
        },
        Kind {
            protocol: "gt06",
            name: |copy| format!("35288707{copy:07}"),
            call: json!({ "method": "WHERE" }),
            answer: |text| text == "WHERE# success!",
            values: &[("latitude", 54.94535), ("longitude", 24.01762)],
            // Of the heartbeats, whose answers the device waits for.
            records: ("voltageLevel", 3),
        },
        Kind {
            protocol: "wialon",
            name: |copy| format!("99359102{copy:07}"),
            call: json!({ "method": "hello", "params": "there" }),
            answer: |text| text == "hello there: done",
            values: &[("latitude", 22.58008), ("longitude", 113.91463)],
            records: ("latitude", 6),
        },
        Kind {
            protocol: "galileosky",
            name: |copy| format!("86359102{copy:07}"),
            call: json!({ "method": "status" }),
            answer: |text| text == "status: done",
            values: &[("latitude", 57.98696), ("longitude", 56.208424)],
            records: ("latitude", 3),
        },
        Kind {
            protocol: "h02",
            name: |copy| format!("13579024{copy:07}"),
            call: json!({ "method": "S20", "params": [1, 1] }),
            answer: |text| text.starts_with("S20"),
            values: &[("latitude", 9.93978), ("longitude", -84.11178)],
            // Of the heartbeats, too.
            records: ("batteryLevel", 3),
        },
    ]
}

#[test]
fn every_protocol_delivers_and_answers() {
    let standin = Standin::start();
    let host = all_protocols(&standin).start();
    standin.wait_for_edge();
    let kinds = kinds();
    thread::scope(|scope| {
        for kind in &kinds {
            let (host, standin) = (&host, &standin);
            scope.spawn(move || devices(host, kind));
            for copy in 1..=COPIES {
                scope.spawn(move || one_device(standin, kind, copy));
            }
        }
    });
    let failed = host.process.count_log("frame not decoded");
    assert_eq!(
        failed,
        0,
        "{:?}",
        host.process.find_log("frame not decoded")
    );
    assert_eq!(host.process.count_log("an answer to a call is dropped"), 0);
    assert_eq!(host.process.count_log("frame skipped"), 0);
    assert_eq!(host.dead_letters(), 0);
}

/// Runs the devices of one kind, as a user would.
fn devices(host: &Host, kind: &Kind) {
    let integration = wait_for("the integration listens", || {
        let (lines, _) = settings(kind.protocol);
        let name = lines.split('"').nth(1)?.to_owned();
        host.process.log().into_iter().find(|line| {
            line["message"] == "integration started" && line["integration"] == name.as_str()
        })
    });
    let address = integration["address"].as_str().unwrap().to_owned();
    let file = repository()
        .join("tests/conversations")
        .join(kind.protocol)
        .with_extension("conversation");
    let copies = COPIES.to_string();
    let mut arguments = vec!["device", file.to_str().unwrap(), "--to", &address];
    arguments.extend(["--copies", &copies, "--timeout", "30s", "--json"]);
    if kind.protocol == "wialon" {
        // The conversation's own are those of the Galileosky trackers.
        arguments.extend(["--set", "imei=99359102{copy:07}"]);
    }
    let tool = Tool::run(&arguments);
    assert_eq!(tool.code, Some(0), "{}: {tool:?}", kind.protocol);
}

/// Waits for one device's records in ThingsBoard, and calls it.
fn one_device(standin: &Standin, kind: &Kind, copy: usize) {
    let name = (kind.name)(copy);
    let (key, count) = kind.records;
    wait_for(&format!("{} {name} has delivered", kind.protocol), || {
        (standin.history(&name, key).len() >= count).then_some(())
    });
    let (status, answer) = standin.post(&format!("/devices/{name}/rpc"), &kind.call);
    let text = answer.as_str().unwrap_or_default();
    assert!(
        status == 200 && (kind.answer)(text),
        "{} {name}: {status} {answer}",
        kind.protocol
    );
    for (key, expected) in kind.values {
        let found = standin.latest(&name, key).and_then(|value| value.as_f64());
        let found = found.unwrap_or(f64::NAN);
        assert!(
            (found - expected).abs() < 1e-5,
            "{} {name}: {key} is {found}, not {expected}",
            kind.protocol
        );
    }
    let telemetry = standin.get(&format!("/devices/{name}/telemetry")).unwrap();
    let ts = telemetry["latitude"][0]["ts"].as_i64().unwrap();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let age = i64::try_from(now).unwrap() - ts;
    assert!((0..300_000).contains(&age), "{name}: {age} ms old");
    if copy == 1 {
        let values: Vec<_> = kind
            .values
            .iter()
            .map(|(key, value)| format!("{key} {value}"))
            .collect();
        let values = values.join(", ");
        println!(
            "{}: {COPIES} devices; {name} shows {values}, {age} ms old, and answers {text:?}",
            kind.protocol
        );
    }
}

/// A Teltonika tracker that repeats what was not acknowledged, as they do.
struct Tracker {
    imei: String,
    address: SocketAddr,
    /// Unix milliseconds of the first record; each next one is a second later.
    first_ms: i64,
}

impl Tracker {
    /// Delivers records until it is told to stop, and notes the acknowledged ones.
    fn run(&self, acknowledged: &Mutex<BTreeSet<i64>>, stop: &AtomicBool) {
        let mut next = self.first_ms;
        while !stop.load(Relaxed) {
            // The host was killed, or is not there yet.
            if let Err(_broken) = self.session(&mut next, acknowledged, stop) {
                thread::sleep(Duration::from_millis(20));
            }
        }
    }

    fn session(
        &self,
        next: &mut i64,
        acknowledged: &Mutex<BTreeSet<i64>>,
        stop: &AtomicBool,
    ) -> io::Result<()> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let login = [&[0, 15], self.imei.as_bytes()].concat();
        stream.write_all(&login)?;
        let mut accepted = [0];
        stream.read_exact(&mut accepted)?;
        assert_eq!(accepted, [1]);
        while !stop.load(Relaxed) {
            stream.write_all(&record(*next))?;
            let mut count = [0; 4];
            stream.read_exact(&mut count)?;
            assert_eq!(count, [0, 0, 0, 1]);
            acknowledged.lock().unwrap().insert(*next);
            *next += 1000;
        }
        Ok(())
    }
}

/// A packet of codec 8 with one record, which has one value.
fn record(ts: i64) -> Vec<u8> {
    let mut data = vec![8, 1];
    data.extend(ts.to_be_bytes());
    data.push(0);
    data.extend(252_797_000_i32.to_be_bytes());
    data.extend(546_871_000_i32.to_be_bytes());
    data.extend([0, 100, 0, 0, 9, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 1]);
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    let sum = u32::from(crc16_arc(&data)).to_be_bytes();
    [&[0; 4], &length[..], &data, &sum].concat()
}

/// What a device was told to be stored is stored, whenever the host dies.
#[test]
fn a_host_that_is_killed_in_mid_conversation_loses_no_acknowledged_record() {
    const TRACKERS: usize = 4;
    const KILLS: usize = 5;
    let standin = Standin::start();
    let (integration, handler) = settings("teltonika");
    let mut host = Host::builder(standin.grpc.port())
        .converter("teltonika", converter("teltonika"))
        .integration(&integration)
        .client(&handler)
        .start();
    let stop = AtomicBool::new(false);
    let trackers: Vec<_> = (0..TRACKERS)
        .map(|number| Tracker {
            imei: format!("35609307{number:07}"),
            address: host.address,
            first_ms: 1_700_000_000_000,
        })
        .collect();
    let acknowledged: Vec<Mutex<BTreeSet<i64>>> =
        trackers.iter().map(|_| Mutex::default()).collect();
    let count = || -> usize {
        let counts = acknowledged.iter().map(|set| set.lock().unwrap().len());
        counts.sum()
    };
    thread::scope(|scope| {
        for (tracker, set) in trackers.iter().zip(&acknowledged) {
            let stop = &stop;
            scope.spawn(move || tracker.run(set, stop));
        }
        for kill in 0..KILLS {
            let before = count();
            wait_for("the devices deliver", || {
                (count() > before + 50 + 37 * kill).then_some(())
            });
            host.kill();
            host.start_again();
            host.wait_until_started();
        }
        let before = count();
        wait_for("the devices deliver again", || {
            (count() > before + 50).then_some(())
        });
        stop.store(true, Relaxed);
    });
    for (tracker, set) in trackers.iter().zip(&acknowledged) {
        let set = set.lock().unwrap();
        wait_for(&format!("{} is complete", tracker.imei), || {
            let stored = stored(&standin, &tracker.imei);
            set.is_subset(&stored).then_some(())
        });
        let stored = stored(&standin, &tracker.imei);
        // Beyond those at most the one whose acknowledgement was cut off.
        assert!(
            stored.len() <= set.len() + 1,
            "{} {}",
            stored.len(),
            set.len()
        );
    }
    println!(
        "{KILLS} kills, {} records acknowledged by {TRACKERS} devices, none lost",
        count()
    );
}

/// The times of a device's records.
fn stored(standin: &Standin, name: &str) -> BTreeSet<i64> {
    let path = format!("/devices/{name}/telemetry/history?keys=latitude");
    let history = standin.get(&path).unwrap_or_default();
    let points = history["latitude"].as_array().cloned().unwrap_or_default();
    points
        .iter()
        .map(|point| point["ts"].as_i64().unwrap())
        .collect()
}
