//! The conversations in `tests/conversations`, with servers that know the
//! packets of real devices.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    thread::{self, JoinHandle},
};

use harness::{PATIENCE, Tool, repository};
use tb_converter::checksum::{crc16_arc, crc16_modbus, crc16_x25};

fn conversations() -> PathBuf {
    repository().join("tests/conversations")
}

#[test]
fn the_conversations_of_this_repository_are_right() {
    let mut files: Vec<_> = fs::read_dir(conversations())
        .unwrap()
        .map(|entry| entry.unwrap().path().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    assert!(files.len() >= 5, "{files:?}");
    let files: Vec<_> = files.iter().map(String::as_str).collect();
    let tool = Tool::run(&[&["device", "--check"], &files[..]].concat());
    assert_eq!(tool.code, Some(0), "{tool:?}");
    assert_eq!(tool.output.lines().count(), files.len(), "{tool:?}");
}

/// A server that hears exactly this, and answers that.
fn scripted(script: Vec<(Vec<u8>, Vec<u8>)>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        for (expected, answer) in script {
            let mut heard = vec![0; expected.len()];
            stream.read_exact(&mut heard).unwrap();
            assert_eq!(
                heard.escape_ascii().to_string(),
                expected.escape_ascii().to_string()
            );
            stream.write_all(&answer).unwrap();
        }
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
    });
    (address, served)
}

fn hex(text: &str) -> Vec<u8> {
    let dense: String = text.split_whitespace().collect();
    let pairs = dense.as_bytes().as_chunks::<2>().0.iter();
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// Holds a conversation with a server that knows the device's packets.
fn hold(name: &str, set: &[&str], script: Vec<(Vec<u8>, Vec<u8>)>) {
    let (address, served) = scripted(script);
    let file = conversations().join(name).with_extension("conversation");
    let set: Vec<_> = set.iter().flat_map(|text| ["--set", text]).collect();
    let address = address.to_string();
    let arguments = ["device", file.to_str().unwrap(), "--to", &address];
    let tool = Tool::run(&[&arguments[..], &set].concat());
    assert_eq!(tool.code, Some(0), "{tool:?}");
    served.join().unwrap();
}

#[test]
fn the_teltonika_conversation_is_that_of_a_tracker() {
    let framed = |data: Vec<u8>| {
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        let sum = u32::from(crc16_arc(&data)).to_be_bytes();
        [&[0; 4], &length[..], &data, &sum].concat()
    };
    let answer = b"getinfo: done";
    let response = [b"\x0c\x01\x06\0\0\0\x0d", &answer[..], b"\x01"].concat();
    hold(
        "teltonika",
        &[
            "imei=123456789012345",
            "messages=1",
            "time=1377961241710",
            "longitude=214327760",
            "latitude=376743392",
            "answer=getinfo: done",
        ],
        vec![
            (hex("000f313233343536373839303132333435"), hex("01")),
            (
                hex(
                    "000000000000002b080100000140d4e3ec6e000cc661d01674a5e0fffc00000900000004020100\
                     f0000242322318000000000100007a04",
                ),
                [
                    hex("00000001"),
                    framed(hex("0c0105000000076765 74696e666f01")),
                ]
                .concat(),
            ),
            (framed(response), Vec::new()),
        ],
    );
}

#[test]
fn the_gt06_conversation_is_that_of_a_tracker() {
    let framed = |body: Vec<u8>| {
        let counted = [vec![u8::try_from(body.len() + 2).unwrap()], body].concat();
        let sum = crc16_x25(&counted).to_be_bytes();
        [&b"\x78\x78"[..], &counted, &sum, b"\r\n"].concat()
    };
    let location = hex("12 0f0a140e150b c5 05e51e78 0293a9e8 005400 00f601006e0055da 0005");
    let command = hex("80 0a 12345678 535441545553 0002 0001");
    hold(
        "gt06",
        &[
            "imei=352887071911998",
            "serial=4",
            "messages=1",
            "time=1445350871",
        ],
        vec![
            (
                hex("78780d010352887071911998000479d00d0a"),
                hex("7878050100048e710d0a"),
            ),
            (framed(location), Vec::new()),
            (
                framed(hex("13 460602 0002 0006")),
                [framed(hex("13 0006")), framed(command)].concat(),
            ),
            (
                framed(hex(
                    "15 13 12345678 535441545553 207375636365737321 0002 0007",
                )),
                Vec::new(),
            ),
        ],
    );
}

#[test]
fn the_wialon_conversation_is_that_of_a_device() {
    let text = |text: &str| text.as_bytes().to_vec();
    let body = "270413;205601;2234.80479;N;11354.87786;E;1;NA;59;11;NA;NA;NA;;NA;\
                d_battr:1:94,d_csq:1:21,di_light:1:1";
    let data = format!("#D#{body}\r\n");
    hold(
        "wialon",
        &[
            "imei=863591028960247",
            "messages=1",
            "time=1367096161",
            "speed=1",
        ],
        vec![
            (text("#L#863591028960247;NA\r\n"), text("#AL#1\r\n")),
            (
                text("#SD#270413;205601;5544.6025;N;03739.6834;E;1;2;3;4\r\n"),
                text("#ASD#1\r\n"),
            ),
            (text(&data), text("#AD#1\r\n#M#reboot now\r\n")),
            (text("#AM#1\r\n#M#reboot now: done\r\n"), text("#AM#1\r\n")),
        ],
    );
}

#[test]
fn the_galileosky_conversation_is_that_of_a_tracker() {
    let sum = |packet: &[u8]| crc16_modbus(packet).to_le_bytes();
    let framed = |tags: Vec<u8>| {
        let length = u16::try_from(tags.len()).unwrap().to_le_bytes();
        let packet = [&[1], &length[..], &tags].concat();
        [&packet[..], &sum(&packet)].concat()
    };
    let taken = |packet: &[u8]| [&[2], &packet[packet.len() - 2..]].concat();
    let data = framed(hex(
        "04 3200  10 0100  20 dbd2f051  30 0a 90cf7403 28ac5903  33 0000 0000  34 7600  35 12 \
         41 e92e  42 500f",
    ));
    let imei = hex("03 383633353931303238393630323437");
    let command = framed([&imei[..], &hex("04 0000 e0 07000000 e1 06"), b"status"].concat());
    let answer = framed(
        [
            &imei[..],
            &hex("04 3200 e0 07000000 e1 0c"),
            b"status: done",
        ]
        .concat(),
    );
    hold(
        "galileosky",
        &["imei=863591028960247", "messages=1", "time=1374737115"],
        vec![
            (
                hex("011780011102e603383633353931303238393630323437043200801c"),
                hex("02801c"),
            ),
            (data.clone(), [taken(&data), command].concat()),
            (answer.clone(), taken(&answer)),
        ],
    );
}

#[test]
fn the_h02_conversation_is_that_of_a_tracker() {
    let text = |text: &str| text.as_bytes().to_vec();
    let position = "*HQ,135790246811220,V1,164549,A,0956.3869,N,08406.7068,W,000.00,000,221215,\
                    FFFFFBFF,712,01,0,0,6#";
    hold(
        "h02",
        &[
            "imei=135790246811220",
            "messages=1",
            "time=1450802749",
            "confirmed=1450802760",
        ],
        vec![
            (text(position), Vec::new()),
            (
                text("*HQ,135790246811220,HTBT,100#"),
                text("*HQ,135790246811220,HTBT#*HQ,135790246811220,S20,164555,1,1#"),
            ),
            (
                text("*HQ,135790246811220,V4,S20,164555,20151222164600#"),
                Vec::new(),
            ),
        ],
    );
}

#[test]
fn the_jt808_conversation_is_that_of_a_terminal() {
    let framed = |packet: Vec<u8>| {
        let sum = packet.iter().fold(0, |sum, byte| sum ^ byte);
        let stuffed = packet.into_iter().chain([sum]).flat_map(|byte| match byte {
            0x7e => vec![0x7d, 2],
            0x7d => vec![0x7d, 1],
            byte => vec![byte],
        });
        [vec![0x7e], stuffed.collect(), vec![0x7e]].concat()
    };
    // Both marks stand in the server's serial number and in the code.
    let code = b"a~}c42";
    let location = framed(hex(
        "0200 0022 013800000001 003d 00000000 00000003 01dc89d0 073d8aa5 0010 0258 005a \
         151020222111 01 04 000003e8",
    ));
    let taken = framed(hex("8001 0005 013800000001 00fe 003d 0200 00"));
    // The checksums of these two are escaped.
    assert!(location.ends_with(b"\x7d\x02\x7e"), "{location:x?}");
    assert!(taken.ends_with(b"\x7d\x01\x7e"), "{taken:x?}");
    hold(
        "jt808",
        &["serial=59", "messages=1", "time=1445350871"],
        vec![
            (
                framed(hex(
                    "0100 002b 013800000001 003b 001f 0073 3730313131 54422d383038 \
                     0000000000000000000000000000 49443030303031 01 413132333435",
                )),
                framed([&hex("8100 0009 013800000001 7e7d 003b 00"), &code[..]].concat()),
            ),
            (
                framed([&hex("0102 0006 013800000001 003c"), &code[..]].concat()),
                framed(hex("8001 0005 013800000001 0002 003c 0102 00")),
            ),
            (location, taken),
        ],
    );
}
