//! A component that another language's toolchain makes: npm's componentize-js,
//! with a JavaScript engine inside.

use std::{
    collections::BTreeMap, fs, os::unix::fs::MetadataExt, path::PathBuf, thread, time::Instant,
};

use harness::{Device, Host, HostBuilder, Standin, component, guest, repository, wait_for};
use serde_json::{Value as Json, json};

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
    let errors = host.process.errors("frame not decoded");
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
    let source = "tests/components/sdk-probe/assemblyscript/assembly/index.ts";
    let source = fs::read_to_string(repository().join(source)).unwrap();
    let line = source.lines().position(|line| line.contains("thrown: 水"));
    let thrown = format!("index.ts:{}: thrown: 水", line.unwrap() + 1);
    for (frame, said) in [("throw", thrown.as_str()), ("index", index)] {
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

/// The same converter of each SDK: what devices see of both is the same.
fn probes() -> [PathBuf; 2] {
    [guest("sdk_probe"), component("sdk-probe-assemblyscript")]
}

/// A host whose probe cuts the frames and is told of connections, also by the function
/// that it does without.
fn talkative(standin: &Standin, probe: PathBuf, settings: &str) -> Host {
    Host::builder(standin.grpc.port())
        .converter("probe", probe)
        .integration(
            "uplinkConverter = 'probe'\ndownlinkConverter = 'probe'\ncallOnConnect = true\n\
             callOnClose = true",
        )
        .integration(settings)
        .client("handlerConfiguration = { handlerType = 'CONVERTER', maxFrameLength = 4000 }")
        .start()
}

/// Sends a frame of lines as the probe's `cut` wants it.
fn ask(device: &mut Device, lines: &str) {
    let frame = format!("connection\n{lines}");
    device.send(&format!("#{}:{frame}", frame.len()));
}

/// What the probe's `reply` is given.
fn hex(text: &str) -> String {
    tb_converter::encoding::bytes_to_hex(text.as_bytes())
}

#[test]
fn a_converter_greets_cuts_and_replies() {
    for probe in probes() {
        let standin = Standin::start();
        let host = talkative(&standin, probe, "replyWhen = 'decoded'");
        let mut device = host.device();
        assert_eq!(device.read_line(), "hello\n");
        standin.wait_for_latest("probe", "connected", 1);

        // Bytes to drop, a header in three pieces, two frames in one piece.
        for part in ["noise", "#", "1", "9:connection\nreply 31"] {
            device.send(part);
        }
        device.send("noise#19:connection\nreply 32#0:#21:connection\nreply 330a");
        assert_eq!(device.read_line(), "123\n");
        // Longer than what `cut` is shown at first.
        let long = "水".repeat(500);
        ask(&mut device, &format!("reply {}0a", hex(&long)));
        assert_eq!(device.read_line(), format!("{long}\n"));

        // What a failed call asked for does not happen.
        ask(&mut device, "reply 78\nclose\nfail on purpose");
        ask(
            &mut device,
            &format!("reply {}\nclose\nreply {}", hex("bye\n"), hex("end\n")),
        );
        assert_eq!(device.read_line(), "bye\n");
        assert_eq!(device.read_line(), "end\n");
        assert_eq!(device.read_line(), "", "the host closes");
        host.process.wait_for_log("device gone");
        assert_eq!(host.process.count_log("frame not decoded"), 1);
        // Not even the function that the converter does without.
        assert_eq!(host.process.count_log("the converter failed"), 0);
    }
}

#[test]
fn a_device_answers_a_call_through_its_converter() {
    for probe in probes() {
        let standin = Standin::start();
        let host = talkative(&standin, probe, "replyWhen = 'acknowledged'");
        let mut device = host.device();
        assert_eq!(device.read_line(), "hello\n");
        standin.wait_for_latest("probe", "connected", 1);
        let call = |lines: &str, device: &mut Device, answer: &dyn Fn(&str) -> String| {
            let body = json!({ "method": "connection", "params": lines });
            thread::scope(|scope| {
                let call = scope.spawn(|| standin.post("/devices/probe/rpc", &body));
                let id = device.read_line();
                ask(device, &answer(id.trim_end()));
                call.join().unwrap()
            })
        };
        let by_id = |id: &str| format!("answerRpc probe {id} json {{\"pin\":[7,\"水\"]}}");
        let answered = call("expectAnswer\nmetadata requestId", &mut device, &by_id);
        assert_eq!(answered, (200, json!({ "pin": [7, "水"] })));

        // What `onConnect` left in the session, and bytes that no frame of the answer has.
        let lines = format!("session\nexpectAnswer\nreply {}", hex("> "));
        let oldest = |shown: &str| {
            assert_eq!(shown, format!("> {}", hex("greeted")));
            "answerRpc probe oldest boolean true".to_owned()
        };
        assert_eq!(call(&lines, &mut device, &oldest), (200, Json::Bool(true)));

        let failed = |id: &str| format!("failRpc probe {id} stuck 水");
        let (status, answer) = call("expectAnswer\nmetadata requestId", &mut device, &failed);
        assert!(answer.to_string().contains("stuck 水"), "{status} {answer}");
    }
}

#[test]
fn a_silent_device_is_asked_and_a_broken_stream_ends() {
    for probe in probes() {
        let standin = Standin::start();
        let host = talkative(&standin, probe, "callWhenIdleMs = 50");
        let mut device = host.device();
        assert_eq!(device.read_line(), "hello\n");
        assert_eq!(device.read_line(), "idle greeted\n");
        assert_eq!(device.read_line(), "idle idle\n");
        standin.wait_for_latest("probe", "idle", 1);

        device.send("#x:");
        let gone = wait_for("the connection is closed", || {
            (device.read_line().is_empty()).then(|| {
                host.process
                    .wait_for_log("device gone: its frames cannot be cut")
            })
        });
        let text = gone["message"].as_str().unwrap();
        assert!(text.contains("\"x\""), "{text}");
        assert_eq!(host.process.count_log("frame not decoded"), 0);
    }
}

/// The files of compiled code, and which ones they are: a file that is made anew takes the
/// place of the one before.
fn entries(host: &Host) -> BTreeMap<PathBuf, u64> {
    fs::read_dir(host.data.join("compiled"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.path(), entry.metadata().unwrap()))
        .filter(|(_, metadata)| metadata.len() > 1000)
        .map(|(path, metadata)| (path, metadata.ino()))
        .collect()
}

fn change(mut code: Vec<u8>) -> Vec<u8> {
    let middle = code.len() / 2;
    code[middle] ^= 1;
    code
}

fn cut(mut code: Vec<u8>) -> Vec<u8> {
    code.truncate(code.len() / 2);
    code
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
    let compiled = entries(&host);
    assert_eq!(compiled.len(), 2, "equal files share one entry");
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
    assert_eq!(entries(&host), compiled, "none was made anew");
    let mut device = host.device();
    device.send("echo SN-1 k warm\n");
    standin.wait_for_latest("SN-1", "k", "warm");

    // Every entry is damaged, each in another way.
    let damaged: Vec<_> = compiled
        .keys()
        .zip([change as fn(Vec<u8>) -> Vec<u8>, cut])
        .map(|(path, damage)| (path, damage(fs::read(path).unwrap())))
        .collect();
    for (path, code) in &damaged {
        fs::write(path, code).unwrap();
    }
    let host = host.restart();
    took(&host);
    for (path, code) in &damaged {
        assert!(fs::read(path).unwrap() != *code, "{} stays", path.display());
    }
    let mut device = host.device();
    device.send("echo SN-1 k again\n");
    standin.wait_for_latest("SN-1", "k", "again");
}
