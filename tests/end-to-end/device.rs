//! `tb-tcp device`: written conversations with the host, and with servers that
//! misbehave.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use harness::{Host, Port, Process, Standin, Tool, repository};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// A folder with one conversation.
fn written(text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.conversation");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

fn device(file: &str, server: SocketAddr, more: &[&str]) -> Tool {
    let server = server.to_string();
    Tool::run(&[&["device", file, "--to", &server], more].concat())
}

/// A server that does the same with each connection, one after the other, as
/// long as the test runs.
fn server(serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().flatten().for_each(serve));
    address
}

fn echo() -> SocketAddr {
    server(|mut stream| {
        // Each copy has a thread: they talk at once.
        thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(count @ 1..) = stream.read(&mut bytes) {
                stream.write_all(&bytes[..count]).unwrap();
            }
        });
    })
}

#[test]
fn a_device_talks_to_the_host_and_gets_its_attribute() {
    let standin = Standin::start();
    let host = Host::start(&standin);
    let (_folder, file) = written(
        "set name = \"SN-1\"\n\
         repeat 3 {\n    send \"{name},default,n,{loop}\\n\"\n}\n\
         expect '{\"powerState\":' <state> '}' 0a within 60s\n\
         send \"{name},default,state,{len(state)}\\n\"\n",
    );
    let to = host.address.to_string();
    let process = Process::start("device", &["device", &file, "--to", &to]);
    standin.wait_for_latest("SN-1", "n", 3);
    standin.share("SN-1", &json!({ "powerState": "on" }));
    let (status, log) = process.wait();
    assert_eq!(status.code(), Some(0), "{log:?}");
    standin.wait_for_latest("SN-1", "state", 4);
    assert_eq!(standin.history("SN-1", "n"), [1, 2, 3]);
}

#[test]
fn many_devices_are_many_devices() {
    let standin = Standin::start();
    let host = Host::start(&standin);
    let (_folder, file) = written(
        "set name = \"never\"\nsend \"{name},default,n,{copy}\\n\"\nexpect nothing for 50ms\n",
    );
    let arguments = ["--copies", "40", "--ramp", "200ms", "--json"];
    let set = ["--set", "name=SN-{copy:03}", "--quiet"];
    let summary = device(&file, host.address, &[&arguments[..], &set].concat()).json();
    for (key, expected) in [
        ("copies", 40),
        ("finished", 40),
        ("failed", 0),
        ("connections", 40),
    ] {
        assert_eq!(summary[key], expected, "{key}: {summary}");
    }
    assert_eq!(summary["sent"]["messages"], 40);
    assert!(summary["seconds"].as_f64().unwrap() >= 0.2);
    standin.wait_for_latest("SN-040", "n", 40);
    harness::wait_for("40 devices", || {
        (standin.device_names().len() == 40).then_some(())
    });
}

#[test]
fn a_transcript_shows_both_sides() {
    let (_folder, file) = written(
        "send \"ID\" {copy:02} 0d 0a\nexpect \"ID\" <number:2> \"\\r\\n\"\nsend {number + 1:u16be}\n\
         expect ?? 02",
    );
    let tool = device(&file, echo(), &[]);
    assert_eq!(tool.code, Some(0), "{tool:?}");
    let lines: Vec<_> = tool
        .output
        .lines()
        .filter_map(|line| line.split_once(" ms "))
        .map(|(_, line)| line)
        .collect();
    assert!(
        lines[0].starts_with("- connected to 127.0.0.1:"),
        "{tool:?}"
    );
    assert_eq!(
        lines[1..],
        [
            r#"> "ID01\r\n""#,
            r#"< "ID01\r\n""#,
            "> 00 02",
            "< 00 02",
            "- closed"
        ]
    );
    let quiet = device(&file, echo(), &["--quiet"]);
    assert_eq!(
        (quiet.code, quiet.output.as_str()),
        (Some(0), ""),
        "{quiet:?}"
    );
}

#[test]
fn failures_say_what_was_expected_and_what_came() {
    let echo = echo();
    let closing = server(|mut stream| {
        let _ = stream.read(&mut [0; 16]);
    });
    let port = Port::free();
    let nobody = SocketAddr::from(([127, 0, 0, 1], port.number()));
    for (text, server, kind, expected) in [
        (
            "send \"#AL#0\"\nexpect \"#AL#1\"",
            echo,
            "mismatch",
            ":2: copy 1: something else came than expected: byte 4 is 30 \"0\", not 31 \"1\"\n  \
             expected  23 41 4c 23 31   \"#AL#1\"\n  came      23 41 4c 23 30   \"#AL#0\"",
        ),
        (
            "send \"a\"\nexpect \"ab\" within 1s",
            echo,
            "timeout",
            ":2: copy 1: what was expected did not come within 1 s\n  expected  61 62   \"ab\"\n  \
             came      61   \"a\"",
        ),
        (
            "send \"a\"",
            echo,
            "unexpected",
            ":1: copy 1: 1 byte came that no expect asks for",
        ),
        (
            "send \"a\"\nexpect \"a\"",
            closing,
            "closed",
            ":2: copy 1: the server closed the connection before all of this came",
        ),
        ("send \"a\"", nobody, "refused", ":1: copy 1: 127.0.0.1:"),
        (
            "set x = 0\nsend {x - 1:u8}",
            echo,
            "value",
            ":2: copy 1: -1 does not fit into u8",
        ),
    ] {
        let (_folder, file) = written(text);
        let tool = device(&file, server, &[]);
        assert_eq!(tool.code, Some(1), "{tool:?}");
        assert!(
            tool.error.contains(&format!("a.conversation{expected}")),
            "{tool:?}"
        );

        let tool = device(&file, server, &["--json", "--copies", "3"]);
        assert_eq!(tool.code, Some(1), "{tool:?}");
        let summary: Json = serde_json::from_str(&tool.output).unwrap();
        assert_eq!(summary["failureKinds"], json!({ kind: 3 }), "{summary}");
        assert_eq!(summary["failures"][2]["kind"], kind);
        assert_eq!(summary["failed"], 3);
    }
    let (_folder, file) = written("send \"a\"");
    let lenient = device(&file, echo, &["--lenient"]);
    assert_eq!(lenient.code, Some(0), "{lenient:?}");
}

#[test]
fn devices_that_talk_for_ever_are_stopped() {
    let (_folder, file) = written("repeat forever {\nsend \"a\"\nexpect \"a\"\nwait 10ms\n}");
    let arguments = ["--for", "300ms", "--copies", "20", "--seed", "7"];
    let tool = device(&file, echo(), &arguments);
    assert_eq!(tool.code, Some(0), "{tool:?}");
    let first = tool.output.lines().next().unwrap();
    let rest = first.strip_prefix("20 copies: 0 finished, 0 failed, 20 stopped, in ");
    let (seconds, rest) = rest.unwrap().split_once(" s (").unwrap();
    // What it takes to end comes on top.
    let seconds: f64 = seconds.parse().unwrap();
    assert!((0.3..3.0).contains(&seconds), "{tool:?}");
    assert!(rest.starts_with("--seed 7 "), "{tool:?}");
    assert!(tool.output.contains("answers:  p50 "), "{tool:?}");
}

#[test]
fn each_file_may_have_a_server_of_its_own() {
    let (_one, talks) = written("send \"a\"\nexpect \"a\"");
    let (_other, listens) = written("expect \"hello\"\nexpect close");
    let greeting = server(|mut stream| stream.write_all(b"hello").unwrap());
    let (echo, greeting) = (echo().to_string(), greeting.to_string());
    let files = ["device", &talks, &listens, "--copies", "2", "--json"];
    let each = Tool::run(&[&files[..], &["--to", &echo, "--to", &greeting]].concat());
    let summary = each.json();
    assert_eq!(summary["copies"], 4);
    let finished: Vec<_> = [0, 1]
        .map(|file| &summary["files"][file]["finished"])
        .into();
    assert_eq!(finished, [2, 2]);
    let wrong = Tool::run(
        &[
            &files[..],
            &["--to", &greeting, "--to", &echo, "--timeout", "200ms"],
        ]
        .concat(),
    );
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
}

#[test]
fn wrong_files_and_arguments_are_told() {
    let (_folder, file) = written("send 78 78\nsend {imei:bcd8}\n");
    let check = |more: &[&str]| Tool::run(&[&["device", "--check", &file], more].concat());
    let tool = check(&[]);
    assert_eq!(tool.code, Some(2), "{tool:?}");
    assert!(
        tool.error
            .contains("a.conversation:2:7: imei never gets a value: write `set imei = …` above"),
        "{tool:?}"
    );
    let tool = check(&["--set", "imei=123"]);
    assert_eq!(tool.code, Some(0), "{tool:?}");
    assert!(tool.output.ends_with("--set can give imei\n"), "{tool:?}");
    for (arguments, expected) in [
        (&["--set", "imei"][..], "--set imei: write --set NAME=VALUE"),
        (
            &["--set", "imei=1", "--set", "ime=1"],
            "--set ime: no file has this variable",
        ),
        (
            &["--timeout", "5"],
            "write a number with its unit, such as 200ms",
        ),
    ] {
        let tool = check(arguments);
        assert_eq!(tool.code, Some(2), "{tool:?}");
        assert!(tool.error.contains(expected), "{tool:?}");
    }
    let tool = Tool::run(&["device", &file, "--set", "imei=1", "--to", "localhost"]);
    assert_eq!(tool.code, Some(2), "{tool:?}");
    assert!(
        tool.error.contains("--to localhost: write HOST:PORT"),
        "{tool:?}"
    );
    let tool = Tool::run(&["device", &file]);
    assert_eq!(tool.code, Some(2), "{tool:?}");
    assert!(tool.error.contains("--to <HOST:PORT>"), "{tool:?}");
}

#[test]
fn the_example_of_the_help_and_those_of_the_guide_are_right() {
    let help = Tool::run(&["device", "--help"]).output;
    let (_, example) = help.split_once("tracker.conversation:\n\n").unwrap();
    let (example, _) = example.split_once("\n\n").unwrap();
    let guide = fs::read_to_string(repository().join("docs/device.md")).unwrap();
    let blocks = guide.split("```text\n").skip(1);
    let blocks: Vec<_> = blocks
        .map(|block| block.split("```").next().unwrap())
        .collect();
    assert!(blocks.len() >= 5, "{}", blocks.len());
    for text in blocks.into_iter().chain([example]) {
        let (_folder, file) = written(text);
        let tool = Tool::run(&["device", "--check", &file]);
        assert_eq!(tool.code, Some(0), "{text}\n{tool:?}");
    }
}
