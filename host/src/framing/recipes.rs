//! The recipes of `docs/framing.md`, run on what such devices send.
//!
//! Hexadecimal packets of GT06, Teltonika, Galileosky and H02 are traccar test
//! data, Apache-2.0; the others are written here from the protocols' layouts.

use super::{Framer, testing::transcript};
use crate::config::HandlerConfiguration;

const GUIDE: &str = include_str!("../../../docs/framing.md");

/// The settings below a heading.
fn recipe(heading: &str) -> HandlerConfiguration {
    let (_, section) = GUIDE.split_once(&format!("\n### {heading}\n")).unwrap();
    let (_, block) = section.split_once("```toml\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let reader = toml::de::Deserializer::parse(block).unwrap();
    let unknown = |key: serde_ignored::Path<'_>| panic!("{heading}: unknown key {key}");
    serde_ignored::deserialize(reader, unknown).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let pairs = digits.chunks_exact(2);
    pairs.map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

/// What the recipe makes of a stream: frames escaped, and errors. The same
/// whether the stream comes at once, byte by byte or in pieces.
fn cut(heading: &str, stream: &[u8]) -> Vec<String> {
    let framer = || Framer::new(&recipe(heading)).unwrap();
    let whole = transcript(&mut framer(), &[stream]);
    for size in [1, 2, 3, 7] {
        let chunks: Vec<&[u8]> = stream.chunks(size).collect();
        assert_eq!(
            transcript(&mut framer(), &chunks),
            whole,
            "{heading} by {size}"
        );
    }
    whole
}

/// Asserts that the packets come out as they are, one after the other.
fn assert_frames(heading: &str, packets: &[Vec<u8>]) {
    let expected: Vec<String> = packets
        .iter()
        .map(|packet| packet.escape_ascii().to_string())
        .collect();
    assert_eq!(cut(heading, &packets.concat()), expected, "{heading}");
}

#[test]
fn every_recipe_can_be_loaded() {
    let headings: Vec<&str> = GUIDE
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .collect();
    assert_eq!(headings.len(), 15);
    for heading in headings {
        assert!(Framer::new(&recipe(heading)).is_ok(), "{heading}");
    }
}

const GT06_LOGIN: &str = "78780d010352887071911998000479d00d0a";
const GT06_LOCATION: &str =
    "78781f120f0a140e150bc505e51e780293a9e800540000f601006e0055da00035f240d0a";
const GT06_INFO: &str = "79790008940b02e3048614200d0a";

#[test]
fn gt06_mixes_both_packets_and_comes_back_into_step() {
    let packets = [GT06_LOGIN, GT06_INFO, GT06_LOCATION, GT06_LOGIN].map(bytes);
    assert_frames("GT06", &packets);

    // Its length byte says 8 where 10 follow.
    let short = bytes("787808134606020002044dc5050d0a");
    let stream = [&short, &packets[1], &short[..]].concat();
    let frames = cut("GT06", &stream);
    let cut_short = short[..13].escape_ascii().to_string();
    let info = packets[1].escape_ascii().to_string();
    assert_eq!(frames, [cut_short.clone(), info.clone(), cut_short]);

    let noisy = [b"\0q".as_slice(), &packets[0], b"q78y\x78", &packets[1]].concat();
    let login = packets[0].escape_ascii().to_string();
    assert_eq!(
        cut("GT06", &noisy),
        ["!noFraming 0", &login, "!noFraming 20", &info]
    );
}

#[test]
fn teltonika_has_three_kinds_of_packets() {
    let login = bytes("000f313233343536373839303132333435");
    let data = bytes(
        "000000000000002b080100000140d4e3ec6e000cc661d01674a5e0fffc00000900000004020100f0000242322318\
         000000000100007a04",
    );
    let keep_alive = vec![0xff];
    assert_frames(
        "Teltonika",
        &[login, keep_alive.clone(), data.clone(), keep_alive, data],
    );
}

#[test]
fn galileosky_sets_a_flag_in_the_length() {
    let flagged = bytes("011780011102e603383633353931303238393630323437043200801c");
    let plain = [&[1, 3, 0][..], &[4, 0x32, 0, 0xab, 0xcd]].concat();
    assert_frames("Galileosky", &[flagged.clone(), plain, flagged]);
}

#[test]
fn h02_mixes_text_and_binary() {
    let heartbeat = "*HQ,135790246811220,HTBT,100#";
    let position = "*HQ,4210051415,V1,164549,A,0956.3869,N,08406.7068,W,000.00,000,221215,FFFFFBFF,712,01,0,0,6#";
    // Holds both marks of the text.
    let mut binary = *b"$\x41\x06\x01#*$\x45........................";
    let stream = [
        heartbeat.as_bytes(),
        b"\r\n",
        &binary,
        position.as_bytes(),
        &binary,
    ];
    let shown = binary.escape_ascii().to_string();
    let [heartbeat, position] = [heartbeat, position].map(|text| text.trim_end_matches('#'));
    assert_eq!(
        cut("H02", &stream.concat()),
        [heartbeat, &shown, position, &shown]
    );
    binary[0] = b'X';
    assert_frames("H02", &[binary.to_vec()]);
}

/// `body` with a comma before it and a line end behind, and the length of both.
fn meitrack(flag: char, body: &str) -> Vec<u8> {
    let rest = format!(",{body}*C1\r\n");
    format!("$${flag}{}{rest}", rest.len()).into_bytes()
}

#[test]
fn meitrack_counts_from_the_comma() {
    let long = format!("353358017784062,CCC,{}\n\0$$", "data,".repeat(40));
    let packets = [
        meitrack('A', "353358017784062,A10"),
        meitrack('B', &long),
        meitrack('z', "353358017784062,AAA,35,22.1,113.2"),
    ];
    assert!(packets[0].starts_with(b"$$A25,353358017784062,A10*C1\r\n"));
    assert_frames("Meitrack", &packets);
    assert_eq!(cut("Meitrack", b"$$A2x,35"), ["!digit 4"]);
}

#[test]
fn totem_counts_the_whole_frame_in_two_ways() {
    let decimal = |body: &str| format!("$${:04}{body}", body.len() + 6).into_bytes();
    let hex = |body: &str| format!("$${:02X}{body}", body.len() + 4).into_bytes();
    let long = "AA862010037294861|AA$GPRMC,".repeat(6);
    let packets = [
        decimal("BB8620100372948613E"),
        hex(&long),
        decimal(&long),
        hex("86201003729486190"),
    ];
    assert_frames("Totem", &packets);
    let lines = [&packets[1][..], b"\r\n", &packets[0], b"\r\n"].concat();
    assert_eq!(cut("Totem", &lines).len(), 2);
    let stray = [&b"#"[..], &packets[0], b"$$xy", &packets[3]].concat();
    let shown = |packet: &[u8]| packet.escape_ascii().to_string();
    assert_eq!(
        cut("Totem", &stray),
        [
            "!noFraming 0",
            &shown(&packets[0]),
            "!1!digit 2",
            "!noFraming 29",
            &shown(&packets[3])
        ]
    );
}

#[test]
fn tk103_quotes_free_text() {
    let stream =
        b"garbage@#)(013612345678BP05HSO)\r\n(0136,ZC03,$)Notice (1):\r\n2)$)(013612345678BR00)";
    assert_eq!(
        cut("Tk103", stream),
        [
            "!noStart 0",
            "013612345678BP05HSO",
            "0136,ZC03,$)Notice (1):\\r\\n2)$",
            "013612345678BR00"
        ]
    );
}

#[test]
fn watch_escapes_and_nests() {
    let stream = b"[3G*8800000015*0009*LK,0,0,53][3G*8800000015*003a*UD,5,[Wall] AC,66:a1,[x[y]]]\
        [CS*1234567890*000e*TK,#!AMR}\x01}\x02}\x03}\x04}\x05\xff]";
    assert_eq!(
        cut("Watch", stream),
        [
            "3G*8800000015*0009*LK,0,0,53",
            "3G*8800000015*003a*UD,5,[Wall] AC,66:a1,[x[y]]",
            "CS*1234567890*000e*TK,#!AMR}[],*\\xff"
        ]
    );
}

#[test]
fn jtt808_marks_each_frame_at_both_ends() {
    // The example of the standard, a packet without escapes, and a shared mark.
    let stream = bytes("7e 30 7d02 08 7d01 55 7e 7e 0002 0000 013912345678 0001 3d 7e 01 02 7e");
    assert_eq!(
        cut("JT/T 808", &stream),
        [
            "0~\\x08}U",
            "\\x00\\x02\\x00\\x00\\x019\\x124Vx\\x00\\x01=",
            "\\x01\\x02"
        ]
    );
    let torn = bytes("55 7e 7e 0001 7e 7e 0002 7e");
    assert_eq!(
        cut("JT/T 808", &torn),
        ["!noStart 0", "\\x00\\x01", "\\x00\\x02"]
    );
}

#[test]
fn suntech_mixes_binary_and_lines() {
    let binary = bytes("81 0005 0520001338");
    let framed = bytes("02 0004 0520 0013 03");
    let stream = [
        b"ST600ALV;008728327\r",
        &binary[..],
        &framed,
        b"ST600HB;1\r",
    ]
    .concat();
    let shown = |packet: &[u8]| packet.escape_ascii().to_string();
    assert_eq!(
        cut("Suntech", &stream),
        [
            "ST600ALV;008728327",
            &shown(&binary),
            &shown(&framed),
            "ST600HB;1"
        ]
    );
    assert_eq!(
        cut(
            "Suntech with serial data",
            b"ST600UEX;1;t_0=13;\r\n;B4;1\rST600ALV;1\r"
        ),
        ["ST600UEX;1;t_0=13;\\r\\n;B4;1", "ST600ALV;1"]
    );
}

#[test]
fn general_framings_are_undone() {
    let cases: [(&str, &[u8], &[&str]); 5] = [
        (
            "HDLC and PPP",
            b"~\xff\x03}]ab}^~~c}~d~",
            &["\\xff\\x03}ab~", "c}", "d"],
        ),
        (
            "SLIP",
            b"\xc0a\xdb\xdcb\xc0\xc0\xdb\xdd\xc0",
            &["a\\xc0b", "\\xdb"],
        ),
        (
            "DLE framing",
            b"\x10\x02a\x10\x10\x03b\x10\x03\x10\x02c\x10\x03",
            &["a\\x10\\x03b", "c"],
        ),
        (
            "Netstrings",
            b"5:hello,0:,11:hello world,",
            &["5:hello,", "0:,", "11:hello world,"],
        ),
        (
            "Netstrings",
            b"5hello,",
            &[
                "!digit 1", "!digit 0", "!digit 0", "!digit 0", "!digit 0", "!digit 0",
            ],
        ),
    ];
    for (heading, stream, expected) in cases {
        assert_eq!(cut(heading, stream), expected, "{heading}");
    }
}
