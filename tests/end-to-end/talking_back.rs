//! Converters that talk back: replies, sessions, answers to calls, connections that
//! they follow, streams that they cut.

use std::{fs, thread, time::Duration};

use harness::{Device, Host, HostBuilder, Standin, guest, wait_for};
use serde_json::{Value as Json, json};

fn builder(standin: &Standin) -> HostBuilder {
    Host::builder(standin.grpc.port()).converter("talker", guest("talker"))
}

/// Logs in, and waits until ThingsBoard knows the device.
fn login(standin: &Standin, device: &mut Device, name: &str) {
    device.send(&format!("login {name};value n 0\n"));
    assert_eq!(device.read_line(), format!("hello {name}\n"));
    standin.wait_for_latest(name, "n", 0);
}

/// A call whose answer is awaited on a thread of its own.
fn call(standin: &Standin, device: &str, body: &Json) -> thread::JoinHandle<(u16, Json)> {
    let url = format!("http://{}/api/devices/{device}/rpc", standin.http);
    let body = body.clone();
    thread::spawn(move || {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build();
        let mut response = ureq::Agent::from(agent).post(url).send_json(body).unwrap();
        let json = response.body_mut().read_json().unwrap_or_default();
        (response.status().as_u16(), json)
    })
}

#[test]
fn a_reply_comes_back_as_it_is_and_in_order() {
    let standin = Standin::start();
    let host = builder(&standin).start();
    let mut device = host.device();
    login(&standin, &mut device, "SN-1");
    // One read, many frames, some without a reply, one with two, one that fails.
    device.send("value n 1\nsay a\nsay b;say c\nsay lost;bad\nvalue n 2;say d\n");
    for line in ["a\n", "b\n", "c\n", "d\n"] {
        assert_eq!(device.read_line(), line);
    }
    standin.wait_for_latest("SN-1", "n", 2);
    assert_eq!(standin.history("SN-1", "n"), [0, 1, 2]);
    // A device that sends and says that it is done still gets its reply.
    device.send("say last\n");
    device.close_sending();
    assert_eq!(device.read_line(), "last\n");
    assert_eq!(device.read_line(), "");
}

#[test]
fn the_session_is_each_connections_own() {
    let standin = Standin::start();
    let host = builder(&standin).start();
    let (mut one, mut other) = (host.device(), host.device());
    login(&standin, &mut one, "SN-1");
    login(&standin, &mut other, "SN-2");
    // What fails changes nothing: the frame does not count.
    one.send("value n 1\nbad\nframes\n");
    other.send("frames\n");
    standin.wait_for_latest("SN-1", "frames", 2);
    standin.wait_for_latest("SN-2", "frames", 1);
    one.close();
    let mut again = host.device();
    again.send("frames\n");
    // Without a login it is nobody: the name is gone with the connection.
    let line = host.process.wait_for_log("frame not decoded");
    let failed = line["error"].as_str().unwrap();
    assert_eq!(failed, "as asked");
    wait_for("the nameless one is refused", || {
        let log = host.process.log();
        log.iter()
            .find(|line| {
                line["error"]
                    .as_str()
                    .is_some_and(|text| text.contains("deviceName is empty"))
            })
            .map(drop)
    });
}

#[test]
fn a_session_value_has_a_limit() {
    let standin = Standin::start();
    let host = builder(&standin).start();
    let mut device = host.device();
    login(&standin, &mut device, "SN-1");
    device.send("fill\nflood\nsay after\n");
    assert_eq!(device.read_line(), "after\n");
    let errors = wait_for("both are said", || {
        let errors = host.process.errors("frame not decoded");
        (errors.len() == 2).then_some(errors)
    });
    assert_eq!(
        errors,
        [
            "the converter set a session value of 5000 bytes; maxSessionBytes = 4096",
            "the converter handed over more than maxOutputKib = 1024 at once and was stopped",
        ]
    );
    host.change_settings("[converters]", "[converters]\nmaxSessionBytes = 5000");
    // The converters' thread takes it over in its own time. Where the first frame succeeds the
    // second one fails: it makes the value longer.
    wait_for("the new limit", || {
        device.send("fill;say filled\nsay not yet\n");
        (device.read_line() == "filled\n").then_some(())
    });
}

/// A kept frame that knows who sent it only by the login before it.
#[test]
fn a_dead_letter_keeps_the_session_that_it_met() {
    let standin = Standin::start();
    let host = builder(&standin).start();
    let mut device = host.device();
    login(&standin, &mut device, "SN-7");
    device.send("value n 7;nonsense\n");
    wait_for("it is kept", || (host.dead_letters() == 1).then_some(()));
    device.close();
    let letter = host.tool(&["dead-letters"]).json()["letters"][0].clone();
    assert_eq!(letter["sessionHex"], "534e2d372030", "SN-7 0");
    // The version that knows the command: nonsense is taken for nothing.
    let wasm = fs::read(guest("talker")).unwrap();
    let place = wasm
        .windows(16)
        .position(|window| window == b"unknown command ")
        .unwrap();
    let mut other = wasm.clone();
    other[place] = b'U';
    fs::write(host.converters.join("talker.wasm"), other).unwrap();
    wait_for("it is tried again", || {
        let letter = host.tool(&["dead-letters"]).json()["letters"][0].clone();
        (letter["tries"] == 2).then_some(letter)
    });
    let letter = host.tool(&["dead-letters"]).json()["letters"][0].clone();
    assert_eq!(letter["error"], "Unknown command nonsense");
    assert_eq!(letter["sessionHex"], "534e2d372030");
}

#[test]
fn a_reply_waits_for_what_the_setting_says() {
    let standin = Standin::start();
    for (setting, reply_without_thingsboard) in
        [("decoded", true), ("stored", true), ("acknowledged", false)]
    {
        let host = builder(&standin)
            .integration(&format!("replyWhen = '{setting}'"))
            .start();
        standin.wait_for_edge();
        let mut device = host.device();
        let name = format!("SN-{setting}");
        login(&standin, &mut device, &name);
        standin.must_post("/faults", &json!({ "stallMs": 3_600_000 }));
        device.send("value n 1;say one\nsay two\n");
        if reply_without_thingsboard {
            assert_eq!(device.read_line(), "one\n");
            standin.must_post("/faults", &json!({ "stallMs": 0 }));
        } else {
            assert_eq!(device.heard_within(Duration::from_millis(500)), "");
            // The one behind it waits, too, or the device would take it for the first.
            standin.must_post("/faults", &json!({ "stallMs": 0 }));
            assert_eq!(device.read_line(), "one\n");
            assert_eq!(standin.latest(&name, "n"), Some(json!(1)));
        }
        assert_eq!(device.read_line(), "two\n");
        drop(device);
        host.process.terminate();
    }
}

#[test]
fn the_converter_can_close_the_connection() {
    let standin = Standin::start();
    let host = builder(&standin).start();
    let mut device = host.device();
    login(&standin, &mut device, "SN-1");
    device.send("value n 1;say bye;close\nvalue n 2;say lost\n");
    assert_eq!(device.read_line(), "bye\n");
    assert_eq!(device.read_line(), "", "the end");
    standin.wait_for_latest("SN-1", "n", 1);
    let gone = host
        .process
        .wait_for_log("device gone: the converter closed");
    assert_eq!(gone["peer"], device.address().to_string());
    let dropped = host.process.wait_for_log("are dropped");
    assert_eq!(dropped["dropped"], 1);
    assert_eq!(standin.latest("SN-1", "n"), Some(json!(1)));

    // So can the one that encodes.
    let mut device = host.device();
    login(&standin, &mut device, "SN-1");
    let left = call(&standin, "SN-1", &json!({ "method": "leave" }));
    assert_eq!(device.read_line(), "bye, leave 0\n");
    assert_eq!(device.read_line(), "");
    assert_eq!(left.join().unwrap(), (200, json!({})));
}

#[test]
fn a_device_answers_calls() {
    let standin = Standin::start();
    let host = builder(&standin).start();
    let mut device = host.device();
    login(&standin, &mut device, "SN-1");
    let ask = json!({ "method": "ask" });
    let mut asked = || {
        let answer = call(&standin, "SN-1", &ask);
        let line = device.read_line();
        let id = line.trim().strip_prefix("ask ").unwrap().to_owned();
        (id, answer)
    };
    let calls: Vec<_> = (0..3).map(|_| asked()).collect();
    let ids: Vec<_> = calls.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["0", "1", "2"]);
    let [first, second, third] = calls.try_into().ok().unwrap();
    // By its number, and by age.
    device.send("answer 1 second\nanswer - first\nfail - \"third\" is broken\n");
    assert_eq!(second.1.join().unwrap(), (200, json!("second")));
    assert_eq!(first.1.join().unwrap(), (200, json!("first")));
    let broken = json!({ "error": "\"third\" is broken" });
    assert_eq!(third.1.join().unwrap(), (200, broken));

    // Nobody asked, or nobody any more.
    device.send("answer 1 again\n");
    let line = host
        .process
        .wait_for_log("an answer to a call is dropped: no call");
    assert_eq!(
        (&line["device"], &line["request_id"]),
        (&json!("SN-1"), &json!(1))
    );
    // ThingsBoard's time for a call ends a moment before the host's: the answer may still be in time for the host.
    let late = json!({ "method": "ask", "timeout": 2000 });
    let mut ids = 3..;
    let last = wait_for("an answer comes too late", || {
        let answer = call(&standin, "SN-1", &late);
        let id: i64 = ids.next()?;
        assert_eq!(device.read_line(), format!("ask {id}\n"));
        assert_eq!(answer.join().unwrap().0, 504);
        device.send(&format!("answer {id} late\n"));
        wait_for("the answer is taken or dropped", || {
            let log = host.process.log();
            let mut of_call = log.iter().filter(|line| line["request_id"] == id);
            of_call.find_map(|line| {
                let text = line["message"].as_str()?;
                let too_late = text.contains("after the time of the call passed");
                let in_time = line["outcome"] == "answered by the device";
                (too_late || in_time).then_some(too_late.then_some(id))
            })
        })
    });

    // The converter itself, and a call that is answered by being sent.
    let (status, answer) = standin.post("/devices/SN-1/rpc", &json!({ "method": "echo" }));
    assert_eq!((status, answer), (200, json!("at once")));
    let (status, answer) = standin.post("/devices/SN-1/rpc", &json!({ "method": "do" }));
    assert_eq!((status, answer), (200, json!({})));
    assert_eq!(device.read_line(), format!("do {}\n", last + 2));
    let one_way = json!({ "method": "ask", "oneway": true });
    let (status, answer) = standin.post("/devices/SN-1/rpc", &one_way);
    assert_eq!((status, answer), (200, json!({})));
}

/// A device that reconnects answers what it was asked before.
#[test]
fn an_answer_may_come_on_another_connection() {
    let standin = Standin::start();
    let host = builder(&standin).start();
    let mut device = host.device();
    login(&standin, &mut device, "SN-1");
    let answer = call(&standin, "SN-1", &json!({ "method": "ask" }));
    assert_eq!(device.read_line(), "ask 0\n");
    device.close();
    let mut again = host.device();
    again.send("login SN-1;answer 0 here I am\n");
    assert_eq!(answer.join().unwrap(), (200, json!("here I am")));
}

/// One connection, many devices; each gets its own calls.
#[test]
fn a_gateway_speaks_for_many_devices() {
    let standin = Standin::start();
    let host = builder(&standin).start();
    let mut gateway = host.device();
    let names: Vec<_> = (1..=20).map(|number| format!("M-{number}")).collect();
    for name in &names {
        login(&standin, &mut gateway, name);
    }
    let answers: Vec<_> = names
        .iter()
        .map(|name| call(&standin, name, &json!({ "method": "ask" })))
        .collect();
    for _ in &names {
        assert_eq!(gateway.read_line(), "ask 0\n");
    }
    for name in names.iter().rev() {
        gateway.send(&format!("login {name};answer 0 I am {name}\n"));
    }
    for (name, answer) in names.iter().zip(answers) {
        let expected = json!(format!("I am {name}"));
        assert_eq!(answer.join().unwrap(), (200, expected));
    }
}

/// Frames are decoded while messages are encoded, and both change the session value.
#[test]
fn neither_direction_overwrites_what_the_other_has_set() {
    const FRAMES: usize = 20_000;
    const CALLS: usize = 20;
    let standin = Standin::start();
    let host = builder(&standin).start();
    let mut device = host.device();
    login(&standin, &mut device, "SN-1");
    let calls: Vec<_> = (0..CALLS)
        .map(|_| call(&standin, "SN-1", &json!({ "method": "count" })))
        .collect();
    // So many at once that a call never meets a session that stands still.
    let frames: String = (1..=FRAMES)
        .map(|number| format!("value n {number}\n"))
        .collect();
    device.send(&frames);
    for call in calls {
        assert_eq!(call.join().unwrap(), (200, json!({})));
    }
    // Metadata that are looked up: the call before has changed nothing.
    standin.must_post(
        "/devices/SN-1/attributes/SERVER_SCOPE",
        &json!({ "limit": 7 }),
    );
    let limit = call(&standin, "SN-1", &json!({ "method": "limit" }));
    assert_eq!(limit.join().unwrap(), (200, json!({})));
    device.send("frames\n");
    let expected = FRAMES + 100 * CALLS + 1000 + 1;
    standin.wait_for_latest("SN-1", "frames", expected);
    let lines: Vec<_> = (0..=CALLS).map(|_| device.read_line()).collect();
    assert!(lines.contains(&"limit 7\n".to_owned()), "{lines:?}");
}

#[test]
fn the_converter_follows_connections_if_it_is_to() {
    let standin = Standin::start();
    let host = builder(&standin)
        .integration("callOnConnect = true\ncallOnClose = true\ncallWhenIdleMs = 100")
        .start();
    let mut device = host.device();
    assert_eq!(device.read_line(), "who?\n");
    device.send("login SN-1;value online 1\n");
    let mut line = device.read_line();
    // On a slow machine it is idle before the login has come.
    while line == "still there, ?\n" {
        line = device.read_line();
    }
    assert_eq!(line, "hello SN-1\n");
    for _ in 0..3 {
        assert_eq!(device.read_line(), "still there, SN-1?\n");
    }
    standin.wait_for_latest("SN-1", "online", 1);
    device.close();
    standin.wait_for_latest("SN-1", "online", 0);
    let quiet = "callOnConnect = false\ncallOnClose = false\ncallWhenIdleMs = 0";
    let spoken = "callOnConnect = true\ncallOnClose = true\ncallWhenIdleMs = 100";
    host.change_settings(spoken, quiet);
    host.process.wait_for_log("settings changed");
    let mut device = host.device();
    device.send("say first\n");
    assert_eq!(device.read_line(), "first\n");
    assert_eq!(device.heard_within(Duration::from_millis(300)), "");
}

#[test]
fn a_converter_that_cannot_follow_connections_is_named_once() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .integration("callOnConnect = true\ncallWhenIdleMs = 10")
        .start();
    let mut device = host.device();
    device.send("SN-1,default,n,1\n");
    standin.wait_for_latest("SN-1", "n", 1);
    let line = host
        .process
        .wait_for_log("exports no tb:converter/lifecycle");
    assert_eq!(line["converter"], "csv");
    host.device().send("SN-1,default,n,2\n");
    standin.wait_for_latest("SN-1", "n", 2);
    assert_eq!(
        host.process.count_log("exports no tb:converter/lifecycle"),
        1
    );
}

fn cutting(standin: &Standin) -> HostBuilder {
    builder(standin)
        .client("handlerConfiguration = { handlerType = 'CONVERTER', maxFrameLength = 64 }")
}

#[test]
fn the_converter_cuts_the_stream() {
    let standin = Standin::start();
    let host = cutting(&standin).start();
    let mut device = host.device();
    // Two frames and noise in one read, and a frame that comes byte by byte.
    device.send("noise<login SN-1>\r\n<value n 1;say 1><value n 2");
    assert_eq!(device.read_line(), "hello SN-1\n");
    assert_eq!(device.read_line(), "1\n");
    for byte in ";say 2>more noise".bytes() {
        device.send_bytes(&[byte]);
    }
    assert_eq!(device.read_line(), "2\n");
    standin.wait_for_latest("SN-1", "n", 2);
    assert_eq!(standin.history("SN-1", "n"), [1, 2]);
}

#[test]
fn a_stream_that_the_converter_cannot_cut_is_closed() {
    let standin = Standin::start();
    let host = cutting(&standin).start();
    let long = format!("<{}", "x".repeat(100));
    for (stream, said) in [
        ("<lost>", "its frames cannot be cut: the stream is lost"),
        (
            long.as_str(),
            "the converter needs 102 bytes to find the end of a frame, and maxFrameLength = 64",
        ),
        (
            "<spin>",
            "the converter took longer than callTimeoutMs = 100",
        ),
    ] {
        let mut device = host.device();
        device.send(stream);
        assert_eq!(device.read_line(), "", "closed");
        host.process.wait_for_log(said);
    }
    // The others go on.
    let mut device = host.device();
    device.send("<login SN-1>");
    assert_eq!(device.read_line(), "hello SN-1\n");
}

#[test]
fn a_converter_without_framing_is_named() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .client("handlerConfiguration = { handlerType = 'CONVERTER' }")
        .start();
    let mut device = host.device();
    device.send("SN-1,default,n,1\n");
    assert_eq!(device.read_line(), "", "closed");
    let line = host.process.wait_for_log("no connection will get a frame");
    assert_eq!(line["level"], "WARN");
    let line = host
        .process
        .wait_for_log("device gone: its frames cannot be cut");
    let text = line["message"].as_str().unwrap();
    assert!(text.contains("the uplink converter csv "), "{text}");
}

/// The writer gives up in the middle of a batch; the rest of it is not lost for that.
#[test]
fn what_was_decoded_is_stored_though_the_device_does_not_listen() {
    for setting in ["decoded", "stored"] {
        let standin = Standin::start();
        let host = builder(&standin)
            .integration(&format!("replyWhen = '{setting}'"))
            .client("writeTimeoutMs = 100\nhandlerConfiguration = { maxFrameLength = 10000 }")
            .start();
        let mut device = host.device();
        login(&standin, &mut device, "SN-1");
        // More replies than both sockets' buffers take.
        let reply = "x".repeat(2000);
        let mut number = 1;
        while device
            .try_send(&format!("value n {number};say {reply}\n"))
            .is_ok()
        {
            number += 1;
        }
        host.process
            .wait_for_log("device gone: it does not take what is sent to it");
        let calls = host.converter("talker").unwrap()["calls"].as_u64().unwrap();
        assert!(calls > 64, "{calls}");
        wait_for(&format!("all {calls} are stored, {setting}"), || {
            (standin.history("SN-1", "n").len() as u64 == calls).then_some(())
        });
    }
}
