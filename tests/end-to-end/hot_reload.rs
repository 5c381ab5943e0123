//! A converter is replaced while devices speak.

use std::{
    fs,
    io::Write,
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use harness::{Host, Standin, StopAtEnd, guest, wait_for};

const REPLACEMENTS: usize = 50;

/// How a file gets into the folder.
#[derive(Clone, Copy)]
enum Way {
    Copy,
    Rename,
    SlowWrite,
}

fn put(content: &[u8], file: &Path, way: Way) {
    match way {
        Way::Copy => fs::write(file, content).unwrap(),
        Way::Rename => {
            let aside = file.with_extension("new");
            fs::write(&aside, content).unwrap();
            fs::rename(&aside, file).unwrap();
        }
        Way::SlowWrite => {
            let mut file = fs::File::create(file).unwrap();
            for part in content.chunks(content.len().div_ceil(4)) {
                file.write_all(part).unwrap();
                // Longer than the host waits for a quiet folder.
                thread::sleep(Duration::from_millis(150));
            }
        }
    }
}

#[test]
fn no_frame_is_lost_while_the_converter_is_replaced() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .converter("version", guest("version_1"))
        .start();
    let versions = [1, 2].map(|number| fs::read(guest(&format!("version_{number}"))).unwrap());
    let file = host.converters.join("version.wasm");

    let (stop, sent) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut latencies = Vec::new();
    thread::scope(|scope| {
        for name in ["a", "b"] {
            let (host, stop, sent) = (&host, &stop, &sent);
            scope.spawn(move || {
                let mut device = host.device();
                while !stop.load(Ordering::Relaxed) {
                    device.send(&format!("{name}\n"));
                    sent.fetch_add(1, Ordering::Relaxed);
                    // Steady traffic, not a flood.
                    thread::sleep(Duration::from_millis(1));
                }
                device.close();
            });
        }
        let _stop = StopAtEnd(&stop);
        for number in 1..=REPLACEMENTS {
            let way = [Way::Copy, Way::Rename, Way::SlowWrite][number % 3];
            put(&versions[number % 2], &file, way);
            let closed = Instant::now();
            wait_for("the new version serves", || {
                (host.process.count_log("converter loaded") == number + 1).then_some(())
            });
            latencies.push(closed.elapsed());
        }
    });

    let sent = sent.into_inner();
    let arrived = || ["a", "b"].map(|name| standin.history(name, "version"));
    wait_for("every frame is in ThingsBoard", || {
        (arrived().iter().map(Vec::len).sum::<usize>() >= sent).then_some(())
    });
    let arrived = arrived().concat();
    assert_eq!(arrived.len(), sent);
    assert!(arrived.iter().all(|version| *version == 1 || *version == 2));
    assert!(arrived.iter().any(|version| *version == 1));
    assert!(arrived.iter().any(|version| *version == 2));
    for trouble in ["frame not decoded", "converter cannot be loaded"] {
        assert_eq!(host.process.count_log(trouble), 0, "{trouble}");
    }
    latencies.sort();
    println!(
        "{REPLACEMENTS} replacements under {sent} frames; file closed to new version serving: \
         median {:?}, longest {:?}",
        latencies[latencies.len() / 2],
        latencies[latencies.len() - 1]
    );
}

#[test]
fn a_broken_file_leaves_the_last_good_version_serving() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .converter("version", guest("version_1"))
        .start();
    let file = host.converters.join("version.wasm");
    let mut device = host.device();
    let good = fs::read(guest("version_2")).unwrap();
    let broken: [(&[u8], &str); 3] = [
        (b"oops", "not a WebAssembly file"),
        (&good[..good.len() / 2], "damaged or incomplete"),
        (b"\0asm\x0d\0\x01\0", "it exports neither"),
    ];
    for (number, (content, expected)) in broken.into_iter().enumerate() {
        fs::write(&file, content).unwrap();
        wait_for("the fault is reported", || {
            (host.process.count_log("converter cannot be loaded") == number + 1).then_some(())
        });
        let log = host.process.log();
        let fault = log.iter().rfind(|line| {
            line["message"]
                .as_str()
                .is_some_and(|text| text.starts_with("converter cannot be loaded"))
        });
        let error = fault.unwrap()["error"].as_str().unwrap();
        assert!(error.contains(expected), "{error}");
        let name = format!("after-{number}");
        device.send(&format!("{name}\n"));
        standin.wait_for_latest(&name, "version", 1);
    }
    fs::remove_file(&file).unwrap();
    host.process.wait_for_log("file was removed");
    device.send("after-removal\n");
    standin.wait_for_latest("after-removal", "version", 1);

    fs::write(&file, good).unwrap();
    wait_for("the new version serves", || {
        device.send("after-repair\n");
        (standin.latest("after-repair", "version")? == 2).then_some(())
    });
}

/// Nothing is lost before the first converter is there either.
#[test]
fn devices_wait_for_the_first_converter() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .converter("unrelated", harness::converter("attributes-json"))
        .integration("uplinkConverter = 'version'")
        .start();
    host.device().send("early\n");
    host.process.wait_for_log("no uplink converter yet");
    fs::copy(guest("version_2"), host.converters.join("version.wasm")).unwrap();
    standin.wait_for_latest("early", "version", 2);
}
