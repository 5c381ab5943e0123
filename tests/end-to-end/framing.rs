//! Handlers on real connections, and `tb-tcp frame`.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use harness::{Host, Standin, binary};
use serde_json::{Value as Json, json};
use tb_tcp::cli::FRAME_EXAMPLES;

fn host(standin: &Standin, handler: &str) -> Host {
    Host::builder(standin.grpc.port())
        .client(&format!("handlerConfiguration = {handler}"))
        .start()
}

#[test]
fn binary_frames_arrive_and_a_corrupt_length_closes() {
    let standin = Standin::start();
    let host = host(
        &standin,
        "{ handlerType = 'BINARY', byteOrder = 'BIG_ENDIAN', lengthAdjustment = -2, \
         initialBytesToStrip = 2 }",
    );
    let mut device = host.device();
    device.send("\0\x12SN-1,default,n,1\0\x12SN-1,default,n,2");
    standin.wait_for_latest("SN-1", "n", 2);
    assert_eq!(standin.history("SN-1", "n"), [1, 2]);
    // A frame of one byte cannot hold its own length field.
    device.send("\0\x12SN-1,default,n,3\0\x01");
    assert_eq!(device.read_line(), "", "the host closes");
    standin.wait_for_latest("SN-1", "n", 3);
    let gone = host
        .process
        .wait_for_log("device gone: its frames cannot be cut");
    let text = gone["message"].as_str().unwrap();
    assert!(
        text.contains("length field at offset 0 is 0001 = 1"),
        "{text}"
    );
}

#[test]
fn on_frame_error_close_closes_behind_the_good_frames() {
    let standin = Standin::start();
    let host = host(&standin, "{ maxFrameLength = 20, onFrameError = 'close' }");
    let mut device = host.device();
    device.send(&format!(
        "SN-2,default,n,1\n{}\nSN-2,default,n,2\n",
        "x".repeat(21)
    ));
    assert_eq!(device.read_line(), "", "the host closes");
    standin.wait_for_latest("SN-2", "n", 1);
    host.process
        .wait_for_log("device gone: its frames cannot be cut: frame of 21 bytes");
    assert_eq!(standin.history("SN-2", "n"), [1]);
}

#[test]
fn the_last_line_counts_if_flush_on_close_says_so() {
    let standin = Standin::start();
    let host = host(&standin, "{ flushOnClose = true }");
    let mut device = host.device();
    device.send("SN-3,default,n,1\nSN-3,default,n,2");
    device.close();
    standin.wait_for_latest("SN-3", "n", 2);
}

#[test]
fn text_reaches_the_converter_as_utf8() {
    let standin = Standin::start();
    let host = host(
        &standin,
        "{ messageSeparator = 'CUSTOM_SEPARATOR', separator = '||', charsetName = 'windows-1251' }",
    );
    let mut device = host.device();
    // "датчик" in windows-1251.
    device.send_bytes(b"\xe4\xe0\xf2\xf7\xe8\xea,default,n,1||");
    standin.wait_for_latest("%D0%B4%D0%B0%D1%82%D1%87%D0%B8%D0%BA", "n", 1);
}

#[test]
fn json_frames_are_objects() {
    let standin = Standin::start();
    let host = host(&standin, "{ handlerType = 'JSON' }");
    let mut device = host.device();
    // The csv converter refuses them, and its complaint shows each one whole.
    device.send("{\"a\":[1]}{\"b\":");
    device.send("\"}\"}");
    harness::wait_for("two frames", || {
        (host.process.count_log("frame not decoded") == 2).then_some(())
    });
    let log = host.process.log();
    let frames: Vec<_> = log
        .iter()
        .filter_map(|line| line["frame_length"].as_u64())
        .collect();
    assert_eq!(frames, [9, 9]);
}

#[test]
fn a_handler_that_can_never_work_is_refused_with_the_sum() {
    let (_folder, process) = Host::builder(1)
        .client("handlerConfiguration = { handlerType = 'BINARY', lengthFieldOffset = 127 }")
        .spawn();
    let (status, log) = process.wait();
    assert_eq!(status.code(), Some(2));
    let text = format!("{log:?}");
    for part in ["lengthFieldOffset = 127", "129", "128"] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

struct Run {
    code: Option<i32>,
    output: String,
}

fn frame(arguments: &[&str], input: &[u8]) -> Run {
    let mut child = Command::new(binary())
        .arg("frame")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    Run {
        code: output.status.code(),
        output: String::from_utf8(text).unwrap(),
    }
}

#[test]
fn the_examples_of_the_help_do_what_they_say() {
    let expected = [
        "000c48454c4c4f2c20574f524c44",
        "48454c4c4f2c20574f524c44",
        "000e48454c4c4f2c20574f524c44",
        "cafe00000c48454c4c4f2c20574f524c44",
        "00000ccafe48454c4c4f2c20574f524c44",
        "fe48454c4c4f2c20574f524c44",
    ];
    let examples: Vec<_> = FRAME_EXAMPLES
        .lines()
        .filter_map(|line| {
            line.trim()
                .strip_prefix("--handler '")?
                .split_once("' --hex ")
        })
        .collect();
    assert_eq!(examples.len(), expected.len());
    for ((handler, hex), expected) in examples.into_iter().zip(expected) {
        let run = frame(&["--json", "--handler", handler, "--hex", hex], b"");
        assert_eq!(
            run.output,
            format!("{{\"frame\":\"{expected}\"}}\n"),
            "{handler}"
        );
        assert_eq!(run.code, Some(0));
    }
}

#[test]
fn the_tutorials_binary_sample_is_explained() {
    let handler = r#"{"handlerType":"BINARY","byteOrder":"LITTLE_ENDIAN","maxFrameLength":128,
        "lengthFieldOffset":4,"lengthFieldLength":1,"lengthAdjustment":0,"initialBytesToStrip":5}"#;
    let sample = "30303030 11 534e2d303032 64656661756c74 32352e37 000000";
    let run = frame(&["--handler", handler, "--hex", sample], b"");
    assert_eq!(run.code, Some(0));
    let lines: Vec<_> = run.output.lines().map(str::trim).collect();
    assert_eq!(
        lines,
        [
            "1. frame of 17 bytes",
            "length  length field at offset 4 is 11 = 17; 17 + lengthAdjustment 0 + header 5 = 22 \
             bytes, the first 5 to strip",
            "hex     534e2d30303264656661756c7432352e37",
            "text    SN-002default25.7",
            "3 bytes are left over: the frame that they begin is not complete and is dropped when \
             the device closes the connection.",
        ]
    );
}

#[test]
fn errors_are_lines_of_json_and_an_exit_code() {
    let handler = r#"{"maxFrameLength":4}"#;
    let run = frame(
        &[
            "--json",
            "--handler",
            handler,
            "--chunk",
            "6162",
            "--chunk",
            "0a7878787878 0a 63 0a",
        ],
        b"",
    );
    let lines: Vec<Json> = run
        .output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], json!({ "frame": "6162" }));
    assert_eq!(lines[1]["error"], "tooLong");
    assert!(
        lines[1]["message"]
            .as_str()
            .unwrap()
            .contains("maxFrameLength = 4")
    );
    assert_eq!(lines[2], json!({ "frame": "63" }));
    assert_eq!(run.code, Some(1));
}

#[test]
fn bytes_come_from_standard_input_and_settings_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("tb-tcp.toml");
    std::fs::write(
        &config,
        "[[integrations]]\nname = 'a'\n[[integrations]]\nname = 'b'\n\
         clientConfiguration = { handlerConfiguration = { messageSeparator = 'NUL_DELIMITER' } }\n",
    )
    .unwrap();
    let config = config.to_str().unwrap();
    let run = frame(
        &["--json", "--config", config, "--integration", "b"],
        b"x\ny\0",
    );
    assert_eq!(
        (run.code, run.output.as_str()),
        (Some(0), "{\"frame\":\"780a79\"}\n")
    );
    let run = frame(&["--config", config], b"x");
    assert!(
        run.output
            .contains("name one of its integrations with --integration: a, b")
    );
    let none = frame(&["--hex", "3132"], b"");
    assert_eq!(none.code, Some(1), "{}", none.output);
    assert!(none.output.ends_with("No frame.\n"), "{}", none.output);
    let run = frame(&["--hex", "0g"], b"");
    assert!(
        run.output
            .contains("--hex 0g: 'g' is not a hexadecimal digit"),
        "{}",
        run.output
    );
}

#[test]
fn guesses_find_what_the_packets_were_made_with() {
    let cases: [(&[&str], Json); 5] = [
        (
            &["61620a", "6364650a"],
            json!({ "handlerType": "TEXT", "messageSeparator": "SYSTEM_LINE_SEPARATOR" }),
        ),
        (
            &["2a61623b", "2a6364653b"],
            json!({ "messageSeparator": "CUSTOM_SEPARATOR", "separator": ";" }),
        ),
        (
            &["7b2261223a317d", "5b312c7b7d5d"],
            json!({ "handlerType": "JSON" }),
        ),
        // The number counts what follows it.
        (
            &["000361 6263", "0005 6162636465", "0001 61"],
            json!({ "byteOrder": "BIG_ENDIAN", "lengthFieldOffset": 0, "lengthFieldLength": 2, "lengthAdjustment": 0 }),
        ),
        // The number counts the whole frame, behind one byte of header.
        (
            &["ff0700 61626364", "ff0500 6162", "ff0900 616263646566"],
            json!({ "byteOrder": "LITTLE_ENDIAN", "lengthFieldOffset": 1, "lengthFieldLength": 2, "lengthAdjustment": -3 }),
        ),
    ];
    for (packets, expected) in cases {
        let mut arguments = vec!["--guess", "--json"];
        for packet in packets {
            arguments.extend(["--chunk", packet]);
        }
        let run = frame(&arguments, b"");
        assert_eq!(run.code, Some(0), "{packets:?}: {}", run.output);
        let best: Json = serde_json::from_str(run.output.lines().next().unwrap()).unwrap();
        assert_eq!(best["frames"], packets.len(), "{best}");
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(best["handler"][key], *value, "{packets:?}: {}", run.output);
        }
        assert!(!best["why"].as_str().unwrap().is_empty());
    }
    let run = frame(&["--guess", "--chunk", "0102", "--chunk", "99887766"], b"");
    assert_eq!(run.code, Some(1));
    assert!(
        run.output
            .contains("No handler configuration cuts these bytes cleanly")
    );
}
