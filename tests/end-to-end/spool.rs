//! `tb-tcp spool`: what waits for ThingsBoard can be seen and taken out, with
//! and without a host, and stays.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Command, Stdio},
};

use harness::{Host, HostBuilder, Port, Standin, Tool, binary};
use serde_json::{Value as Json, json};

/// One whose ThingsBoard is down at present.
fn host(port: &Port) -> HostBuilder {
    Host::builder(port.number()).top("shutdownTimeoutMs = 100")
}

fn status(host: &Host) -> Json {
    host.tool(&["spool", "status"]).json()
}

/// Sends `n` from `first` up to `end` for SN-1, and waits until all is stored.
fn send(host: &Host, first: u64, end: u64) {
    let lines: Vec<_> = (first..end)
        .map(|number| format!("SN-1,default,n,{number}\n"))
        .collect();
    host.device().send(&lines.concat());
    host.wait_for_records(end);
}

fn export(host: &Host, more: &[&str]) -> Tool {
    let config = host.config.to_str().unwrap();
    Tool::run(&[&["spool", "export", "--config", config], more].concat())
}

/// The values of `n`, line by line.
fn values(text: &str) -> Vec<u64> {
    let lines = text.lines().enumerate();
    lines
        .map(|(index, line)| {
            let line: Json = serde_json::from_str(line).unwrap();
            assert_eq!(line["position"], index + 1);
            assert_eq!(line["name"], "SN-1");
            assert_eq!(line["profile"], "default");
            assert_eq!(line["kind"], "DEVICE");
            line["telemetry"][0]["values"]["n"].as_u64().unwrap()
        })
        .collect()
}

fn up_to(end: u64) -> Vec<u64> {
    (0..end).collect()
}

/// Every file of the spool with its content.
fn content(host: &Host) -> BTreeMap<String, Vec<u8>> {
    let files = host.data.join("spool").read_dir().unwrap();
    let files = files.map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read(entry.path()).unwrap())
    });
    files.collect()
}

#[test]
fn what_waits_is_seen_and_exported_until_thingsboard_has_it() {
    let port = Port::free();
    let mut host = host(&port).start();
    let empty = status(&host);
    assert_eq!(
        (&empty["records"], &empty["oldestAgeMs"]),
        (&json!(0), &Json::Null)
    );
    assert_eq!(empty["exists"], true);
    assert_eq!(values(&export(&host, &[]).output), up_to(0));

    send(&host, 0, 700);
    let full = status(&host);
    assert_eq!(full["running"], true);
    assert_eq!(full["records"], 700);
    assert_eq!(full["nextPosition"], 701);
    assert!(full["bytes"].as_u64().unwrap() > 0);
    assert!(full["diskBytes"].as_u64().unwrap() > 0);
    assert!(full["oldestAgeMs"].is_u64());
    assert_eq!(full["maxBytes"], 1024 * 1024 * 1024);
    assert_eq!(
        full["dropped"],
        json!({"full": 0, "expired": 0, "damaged": 0})
    );
    assert_eq!(
        (&full["diskError"], &full["damage"]),
        (&Json::Null, &Json::Null)
    );
    assert_eq!(full["folder"], host.data.join("spool").to_str().unwrap());
    let all = export(&host, &[]);
    assert_eq!((all.code, all.error.as_str()), (Some(0), ""));
    assert_eq!(values(&all.output), up_to(700));

    host.kill();
    let before = content(&host);
    let alone = status(&host);
    assert_eq!(alone["running"], false);
    assert_eq!(alone["dropped"], Json::Null);
    for figure in ["records", "bytes", "nextPosition", "maxBytes", "folder"] {
        assert_eq!(alone[figure], full[figure], "{figure}");
    }
    assert_eq!(export(&host, &[]).output, all.output);
    let some = export(&host, &["--limit", "3"]);
    assert_eq!(values(&some.output), up_to(3));
    assert!(before == content(&host), "the tools changed the store");

    host.start_again();
    host.wait_until_started();
    send(&host, 700, 1500);
    let file = host.data.join("export.jsonl");
    let written = export(&host, &["--output", file.to_str().unwrap()]);
    assert_eq!(written.code, Some(0), "{written:?}");
    assert_eq!(
        written.output,
        format!("1500 records written to {}.\n", file.display())
    );
    assert_eq!(values(&fs::read_to_string(&file).unwrap()), up_to(1500));
    let again = export(&host, &["--output", file.to_str().unwrap()]);
    assert_eq!(again.code, Some(1));
    assert!(again.error.contains("is there already"), "{again:?}");

    let standin = Standin::start_on(&port);
    standin.wait_for_latest("SN-1", "n", 1499);
    let expected: Vec<_> = (0..1500).map(|number| json!(number)).collect();
    assert_eq!(standin.history("SN-1", "n"), expected);
    host.wait_for_records(0);
    let done = status(&host);
    assert_eq!(done["oldestAgeMs"], Json::Null);
    assert_eq!(done["nextPosition"], 1501);
    assert_eq!(export(&host, &[]).output, "");
}

#[test]
fn a_spool_elsewhere_is_found_by_the_settings() {
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = elsewhere.path().join("queue");
    let settings = format!(
        "spool = {{ directory = '{}', maxMib = 3 }}",
        folder.display()
    );
    let port = Port::free();
    let mut host = host(&port).top(&settings).start();
    send(&host, 0, 5);
    host.kill();
    let alone = status(&host);
    assert_eq!(
        (&alone["records"], &alone["maxBytes"]),
        (&json!(5), &json!(3 << 20))
    );
    assert_eq!(alone["folder"], folder.to_str().unwrap());
    assert_eq!(values(&export(&host, &[]).output), up_to(5));
    // The data folder alone does not tell where it is.
    let data = host.data.to_str().unwrap();
    let default = Tool::run(&["spool", "--data-folder", data, "--json"]).json();
    assert_eq!(
        (&default["exists"], &default["records"]),
        (&json!(false), &json!(0))
    );
    assert!(!host.data.join("spool").exists());
}

#[test]
fn where_there_is_no_spool_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data_folder = ["--data-folder", data.to_str().unwrap()];
    let status = Tool::run(&[&["spool", "status"], &data_folder[..]].concat());
    assert_eq!(status.code, Some(0));
    assert_eq!(
        status.output,
        format!(
            "host       does not run\nspool      there is none in {}/spool; 0 records wait\n",
            data.display()
        )
    );
    let export = Tool::run(&[&["spool", "export"], &data_folder[..]].concat());
    assert_eq!((export.code, export.output.as_str()), (Some(0), ""));
    assert!(export.error.contains("there is no spool in"), "{export:?}");
    assert!(!data.exists());
}

#[test]
fn a_damaged_store_is_told_and_stays_as_it_is() {
    let port = Port::free();
    let mut host = host(&port).start();
    for end in 1..=40 {
        send(&host, end - 1, end);
    }
    host.kill();
    // Somewhere in the last tenth of the log.
    let log = host.data.join("spool/spool.db-wal");
    let mut bytes = fs::read(&log).unwrap();
    let at = bytes.len() / 10 * 9;
    bytes[at..at + 8].fill(0xee);
    fs::write(&log, bytes).unwrap();
    let before = content(&host);

    let damaged = host.tool(&["spool", "status"]);
    assert_eq!(damaged.code, Some(1));
    let told: Json = serde_json::from_str(&damaged.output).unwrap();
    let damage = told["damage"].as_str().unwrap();
    assert!(damage.starts_with("its log is damaged"), "{damage}");
    let records = told["records"].as_u64().unwrap();
    assert!((1..40).contains(&records), "{records}");
    let export = export(&host, &[]);
    assert_eq!(export.code, Some(1));
    assert!(
        export.error.contains("is damaged: its log is damaged"),
        "{export:?}"
    );
    assert_eq!(values(&export.output), up_to(records));
    assert!(before == content(&host), "the tools changed the store");

    // Of a file that is no database, and has no log, nothing can be read.
    fs::remove_file(&log).unwrap();
    fs::write(host.data.join("spool/spool.db"), "rubbish".repeat(1000)).unwrap();
    let before = content(&host);
    let ruined = host.tool(&["spool", "status"]);
    assert_eq!(ruined.code, Some(1));
    let told: Json = serde_json::from_str(&ruined.output).unwrap();
    assert!(
        told["damage"].as_str().unwrap().contains("not a database"),
        "{told}"
    );
    assert_eq!(host.tool(&["spool", "export"]).code, Some(1));
    assert!(before == content(&host), "the tools changed the store");
}

/// The code and standard error of a tool whose first line is read, and no more.
fn first_line(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut tool = Command::new(binary())
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::with_capacity(64, tool.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let mut error = String::new();
    let mut errors = tool.stderr.take().unwrap();
    errors.read_to_string(&mut error).unwrap();
    (tool.wait().unwrap().code(), line, error)
}

#[test]
fn a_closed_pipe_ends_an_export_quietly() {
    let port = Port::free();
    let mut host = host(&port).start();
    send(&host, 0, 3000);
    let config = host.config.to_str().unwrap().to_owned();
    let arguments = ["spool", "export", "--config", &config];
    for running in [true, false] {
        let (code, line, error) = first_line(&arguments);
        assert_eq!((code, error.as_str()), (Some(0), ""), "{running}");
        assert_eq!(values(&line), [0]);
        if running {
            host.kill();
        }
    }
}

/// Nothing that prints panics when its reader is gone, and the exit code is that
/// of the work.
#[test]
fn a_closed_pipe_is_no_failure_of_other_tools() {
    let folder = tempfile::tempdir().unwrap();
    let converters = folder.path().to_str().unwrap();
    let closed = |arguments: &[&str]| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(binary())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(writer)
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!error.contains("panicked"), "{arguments:?}: {error}");
        output.status.code()
    };
    let csv = harness::converter("csv");
    let cases = Path::new(converters).join("csv.cases");
    fs::copy(csv, folder.path().join("csv.wasm")).unwrap();
    fs::create_dir_all(cases.join("uplink")).unwrap();
    fs::write(cases.join("uplink/payload_a.txt"), "SN-1,default,n,1").unwrap();
    let result = cases.join("uplink/result_a.json");
    fs::write(&result, "[]").unwrap();
    assert_eq!(closed(&["test", converters]), Some(1), "the case fails");
    assert_eq!(closed(&["test", converters, "--update"]), Some(0));
    assert_eq!(closed(&["test", converters]), Some(0));
    assert_eq!(closed(&["test", converters, "--json"]), Some(0));
    assert_eq!(closed(&["frame", "--hex", "610a"]), Some(0));
    assert_eq!(
        closed(&["new", &format!("{converters}/meter"), "--lang", "rust"]),
        Some(0)
    );
    assert_eq!(closed(&["spool", "--data-folder", converters]), Some(0));
    assert_eq!(
        closed(&["dead-letters", "--data-folder", converters]),
        Some(0)
    );
}
