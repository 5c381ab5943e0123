//! A component that another language's toolchain makes: npm's componentize-js,
//! with a JavaScript engine inside.

use std::{fs, time::Instant};

use harness::{Host, HostBuilder, Standin, component, wait_for};

/// The engine's own memory does not fit the default.
const LIMITS: &str = "overrides.javascript = { memoryLimitMib = 96 }";

fn builder(standin: &Standin) -> HostBuilder {
    Host::builder(standin.grpc.port())
        .converter("javascript", component("javascript"))
        .limits(LIMITS)
}

#[test]
fn a_component_with_an_engine_inside_serves() {
    let standin = Standin::start();
    let host = builder(&standin)
        .integration("metadata = { site = 'north' }")
        .start();
    let mut device = host.device();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    device.send("echo SN-1 k größe 水\nmetadata site\ntime\nrandom\nlog from JavaScript\n");
    standin.wait_for_latest("SN-1", "k", "größe 水");
    standin.wait_for_latest("javascript", "site", "north");
    let time = wait_for("the time", || standin.latest("javascript", "time"));
    assert!(u128::from(time.as_u64().unwrap()) + 1000 > now);
    let line = host.process.wait_for_log("from JavaScript");
    assert_eq!(line["converter"], "javascript");

    device.send("print to standard output\nerror no such thing\nspin\necho SN-1 k after\n");
    host.process.wait_for_log("to standard output");
    standin.wait_for_latest("SN-1", "k", "after");
    let errors: Vec<_> = host
        .process
        .log()
        .iter()
        .filter(|line| line["message"] == "frame not decoded")
        .map(|line| line["error"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        errors,
        [
            "no such thing",
            "the converter took longer than callTimeoutMs = 100 and was stopped"
        ]
    );
}

/// AssemblyScript is small and fast, and its errors name their place.
#[test]
fn assemblyscript_serves_and_says_what_failed() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .converter("csv", harness::converter("assemblyscript/csv"))
        .converter("probe", component("sdk-probe-assemblyscript"))
        .integration(
            "name = 'probe'\nuplinkConverter = 'probe'\n[integrations.clientConfiguration]\n\
             port = 0\nbindAddress = '127.0.0.1'\n[[integrations]]\nname = 'csv'\n\
             uplinkConverter = 'csv'",
        )
        .start();
    host.device_of("csv")
        .send("SN-1,default,temperature,25.7\nSN-1,default,größe\n");
    standin.wait_for_latest("SN-1", "temperature", 25.7);
    let line = host.process.wait_for_log("frame not decoded");
    assert_eq!(line["error"], "telemetry key \"größe\" has no value");
    let index = "Index out of range (compare an index with length before, or read with ByteReader)";
    for (frame, said) in [("throw", "index.ts:50: thrown: 水"), ("index", index)] {
        host.device_of("probe").send(&format!("{frame}\n"));
        wait_for("the panic is reported", || {
            let log = host.process.log();
            let mut errors = log.iter().filter(|line| {
                line["message"] == "frame not decoded" && line["converter"] == "probe"
            });
            errors.next_back()?["error"]
                .as_str()?
                .contains(said)
                .then_some(())
        });
    }
}

/// Compiling takes seconds; a restart takes the compiled code, unless it is
/// damaged.
#[test]
fn a_restart_does_not_compile() {
    let standin = Standin::start();
    let host = (0..49)
        .fold(builder(&standin), |builder, number| {
            builder.converter(&format!("csv-{number}"), harness::converter("csv"))
        })
        .integration("uplinkConverter = 'javascript'")
        .start();
    let start = Instant::now();
    let host = host.restart();
    let restart = start.elapsed();
    let took = |host: &Host| {
        let line = host.process.wait_for_log("integration started");
        assert_eq!(host.process.count_log("converter loaded"), 50, "{line}");
        let log = host.process.log();
        log.iter()
            .filter(|line| line["message"] == "converter loaded")
            .map(|line| line["took_ms"].as_u64().unwrap())
            .sum::<u64>()
    };
    println!(
        "50 converters, one of 12 MB: loaded in {} ms, stop and start {restart:?}",
        took(&host)
    );
    assert!(took(&host) < 1000);
    let mut device = host.device();
    device.send("echo SN-1 k warm\n");
    standin.wait_for_latest("SN-1", "k", "warm");

    // Every entry is damaged, each in another way.
    let entries: Vec<_> = fs::read_dir(host.data.join("compiled"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.metadata().unwrap().len() > 1000)
        .collect();
    assert_eq!(entries.len(), 2, "equal files share one entry");
    let mut code = fs::read(&entries[0]).unwrap();
    let middle = code.len() / 2;
    code[middle] ^= 1;
    fs::write(&entries[0], code).unwrap();
    let code = fs::read(&entries[1]).unwrap();
    fs::write(&entries[1], &code[..code.len() / 2]).unwrap();
    let host = host.restart();
    assert!(took(&host) > 1000, "compiled anew");
    let mut device = host.device();
    device.send("echo SN-1 k again\n");
    standin.wait_for_latest("SN-1", "k", "again");
}
