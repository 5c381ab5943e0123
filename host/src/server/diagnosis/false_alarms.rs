//! Data of real devices and converters: nothing is said of it under the settings
//! that it is made for, and the right thing under others.

use bytes::BytesMut;
use tokio_util::codec::Decoder;

use super::{Advice, never_cut, split_or_merged};
use crate::{config::HandlerConfiguration, framing::Framer};

const LINE: &str = "{}";
const NUL: &str = r#"{"messageSeparator":"NUL_DELIMITER"}"#;
const HASH: &str = r##"{"messageSeparator":"CUSTOM_SEPARATOR","separator":"#"}"##;
const BINARY: &str = r#"{"handlerType":"BINARY"}"#;
const JSON: &str = r#"{"handlerType":"JSON"}"#;
const TUTORIAL: &str = r#"{"handlerType":"BINARY","lengthFieldOffset":4,"lengthFieldLength":1,
    "initialBytesToStrip":5}"#;
const TELTONIKA: &str = r#"{"handlerType":"BINARY","byteOrder":"BIG_ENDIAN","maxFrameLength":32768,
    "lengthFieldOffset":4,"lengthFieldLength":4,"lengthAdjustment":4}"#;
const GT06: &str = r#"{"handlerType":"BINARY","byteOrder":"BIG_ENDIAN","lengthFieldOffset":2,
    "lengthFieldLength":1,"lengthAdjustment":2}"#;
const GALILEO: &str = r#"{"handlerType":"BINARY","lengthFieldOffset":1,"lengthAdjustment":2}"#;

/// The Teltonika protocol: a login, and a packet of one record in codec 8.
const TELTONIKA_LOGIN: &str = "000f313233343536373839303132333435";
const TELTONIKA_AVL: &str = "000000000000002b080100000140d4e3ec6e000cc661d01674a5e0fffc000009\
    00000004020100f0000242322318000000000100007a04";
/// The GT06 protocol: a login, a location, and a heartbeat whose length is wrong.
const GT06_LOGIN: &str = "78780d010352887071911998000479d00d0a";
const GT06_LOCATION: &str =
    "78781f120f0a140e150bc505e51e780293a9e800540000f601006e0055da00035f240d0a";
const GT06_HEARTBEAT: &str = "787808134606020002044dc5050d0a";
/// The Galileo protocol: a head packet, whose length's uppermost bit is a flag.
const GALILEO_HEAD: &str = "011780011102e603383633353931303238393630323437043200801c";
/// The H02 protocol.
const H02: &[u8] =
    b"*HQ,4210051415,V1,164549,A,0956.3869,N,08406.7068,W,000.00,000,221215,FFFFFBFF,712,01,0,0,6";
/// The Wialon IPS protocol.
const WIALON: &[u8] = b"#D#220323;114150;2234.80479;N;11354.87786;E;0;NA;59;11;NA;NA;NA;;NA;\
    d_battr:1:94,d_csq:1:21,di_light:1:1;E7C9";

fn handler(settings: &str) -> HandlerConfiguration {
    serde_json::from_str(settings).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().map(|it| it.to_digit(16).unwrap()).collect();
    let pairs = digits.chunks_exact(2);
    pairs
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap())
        .collect()
}

/// What is said of the frames that the settings make of a stream, and how many
/// those are.
fn said(settings: &str, stream: &[u8]) -> (usize, Vec<Advice>) {
    let handler = handler(settings);
    let mut framer = Framer::new(&handler).unwrap();
    let mut buffer = BytesMut::from(stream);
    let mut frames = 0;
    let mut said = Vec::new();
    while let Some(frame) = framer.decode(&mut buffer).unwrap() {
        frames += 1;
        said.extend(split_or_merged(&handler, &frame));
    }
    (frames, said)
}

/// The uplink payloads of the CSV converter, those that it refuses included.
#[test]
fn nothing_is_said_of_csv_lines() {
    let lines: [&[u8]; 21] = [
        b"SN-002,default,temperature,25.7",
        b"SN-002,default,humidity,69",
        b"SN-002,default,temperature,25.7\r",
        b"SN-002,,temperature,25.7",
        b"SN-002,default,temperature,25.7\\n",
        b"SN-002,default,temperature,",
        b"SN-002,default,temperature,25.7,temperature,26",
        b"SN-002,default",
        b"SN-002,default,temperature,NaN",
        b"SN-002,default,,25.7",
        b",default,temperature,25.7",
        b"SN-002",
        b"SN-002,default,temperature,25.7,humidity",
        b"SN-002,default,temperature,25.7abc",
        b"\"SN-002\",\"default\",\"temperature\",\"25.7\"",
        b"SN-002,default,temperature,25.7,humidity,69,offset,-0.5",
        b" SN-002 , default , temperature , 25.7 ",
        b"SN-002,default,temperature,25.7,",
        b"SN-002,default,temperature,25.7\nSN-002,default,humidity,69",
        "Zähler-7,電表,Leistung °C,1.5".as_bytes(),
        b"SN-002\tdefault\ttemperature\t25.7",
    ];
    for line in lines {
        let shown = line.escape_ascii();
        for (settings, end) in [(LINE, b"\n"), (NUL, b"\0"), (HASH, b"#")] {
            let two_lines = line.contains(&b'\n');
            if two_lines && settings != LINE {
                continue;
            }
            let (frames, said) = said(settings, &[line, end, line, end].concat());
            assert_eq!(frames, if two_lines { 4 } else { 2 }, "{settings} {shown}");
            assert_eq!(said, [], "{settings} {shown}");
        }
    }
    let latin = r#"{"charsetName":"ISO-8859-1"}"#;
    assert_eq!(said(latin, b"SN-002,default,\xb0C,25.7\n"), (1, vec![]));
}

/// The payloads of the JSON converter, and the tutorial's object.
#[test]
fn nothing_is_said_of_json() {
    let documents: [&[u8]; 8] = [
        b"{\"powerState\":\"on\"}",
        b"{\"temperatureUploadFrequency\":60,\"humidityUploadFrequency\":30}",
        b"{}",
        b"{\n  \"limits\": [1, 2.50, null],\r\n\t\"on\" : true\n}",
        b"{\"method\": \"reboot\", \"params\": {\"delay\": 5}}",
        b"{\"greeting\": \"a  b: \\\"c, d\\\" \\\\\", \"next\": 1}",
        "{\"Gruß\": \"10 °C\"}".as_bytes(),
        b"{\"deviceName\":\"SN-002\",\"deviceType\":\"default\",\"temperature\":25.7}",
    ];
    for document in documents {
        let shown = document.escape_ascii();
        for (settings, end) in [(JSON, b"\n"), (NUL, b"\0"), (HASH, b"#"), (LINE, b"\n")] {
            if settings == LINE && document.contains(&b'\n') {
                continue;
            }
            let (frames, said) = said(settings, &[document, end].concat());
            assert_eq!((frames, said), (1, vec![]), "{settings} {shown}");
        }
    }
}

#[test]
fn nothing_is_said_of_frames_of_devices() {
    let cases = [
        (TELTONIKA, bytes(TELTONIKA_AVL)),
        (TELTONIKA, bytes(TELTONIKA_LOGIN)),
        (TELTONIKA, vec![0xff]),
        (GT06, bytes(GT06_LOGIN)),
        (GT06, bytes(GT06_LOCATION)),
        (GT06, bytes(GT06_HEARTBEAT)),
        (GT06, bytes("79790008940b02e3048614200d0a")),
        (GALILEO, bytes(GALILEO_HEAD)),
        (TUTORIAL, b"SN-002default25.7".to_vec()),
        (HASH, H02.to_vec()),
        (HASH, b"*HQ,135790246811220,HTBT,100".to_vec()),
        (
            LINE,
            b"#SD#270413;205601;5544.6025;N;03739.6834;E;1;2;3;4".to_vec(),
        ),
        (LINE, WIALON.to_vec()),
    ];
    for (settings, frame) in cases {
        let said = split_or_merged(&handler(settings), &frame);
        assert_eq!(said, None, "{}", frame.escape_ascii());
    }
}

#[test]
fn binary_frames_under_text_are_told() {
    for frame in [TELTONIKA_AVL, GT06_LOGIN, GT06_LOCATION, GALILEO_HEAD] {
        for settings in [LINE, NUL, HASH, r#"{"charsetName":"ISO-8859-1"}"#] {
            let advice = split_or_merged(&handler(settings), &bytes(frame)).unwrap();
            assert_eq!(
                advice.setting, "handlerType",
                "{settings} {frame}: {advice}"
            );
            assert!(advice.to_string().contains("BINARY"), "{advice}");
        }
    }
}

#[test]
fn connections_under_settings_of_others_are_told() {
    let end = |line: &[u8], end: &[u8]| [line, end].concat();
    let cases = [
        (LINE, bytes(TELTONIKA_LOGIN), "handlerType", "BINARY"),
        (LINE, bytes(TELTONIKA_AVL), "handlerType", "BINARY"),
        (
            NUL,
            bytes(GT06_LOGIN)[..12].to_vec(),
            "handlerType",
            "BINARY",
        ),
        (LINE, bytes(GALILEO_HEAD), "handlerType", "BINARY"),
        (
            LINE,
            end(H02, b"#"),
            "messageSeparator",
            "separator to \"#\"",
        ),
        (
            HASH,
            WIALON[3..].to_vec(),
            "flushOnClose",
            "no separator \"#\"",
        ),
        (
            NUL,
            end(WIALON, b"\r\n"),
            "messageSeparator",
            "SYSTEM_LINE_SEPARATOR",
        ),
        (BINARY, end(WIALON, b"\r\n"), "handlerType", "TEXT"),
        (BINARY, end(H02, b"#"), "handlerType", "TEXT"),
        (BINARY, bytes(TELTONIKA_LOGIN), "byteOrder", "BIG_ENDIAN"),
        (JSON, bytes(TELTONIKA_LOGIN), "handlerType", "BINARY"),
        (JSON, end(WIALON, b"\r\n"), "handlerType", "TEXT"),
        (
            GT06,
            bytes(GT06_LOCATION)[..20].to_vec(),
            "lengthFieldOffset",
            "= 36 bytes; 20 came",
        ),
        (
            TELTONIKA,
            bytes(GT06_LOGIN),
            "lengthFieldOffset",
            "; 18 came",
        ),
    ];
    for (settings, received, setting, text) in cases {
        let shown = received.escape_ascii();
        let advice = never_cut(&handler(settings), &received, received.len() as u64);
        let advice = advice.unwrap_or_else(|| panic!("nothing said of {settings} {shown}"));
        assert_eq!(advice.setting, setting, "{settings} {shown}: {advice}");
        assert!(
            advice.to_string().contains(text),
            "{settings} {shown}: {advice}"
        );
    }
}
