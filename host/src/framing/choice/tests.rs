use tokio_util::codec::Decoder;

use super::*;
use crate::framing::testing::transcript;

fn framer(settings: &str) -> Result<Framer, String> {
    let settings = format!(r#"{{"handlerType":"CHOICE","framings":{settings}}}"#);
    Framer::new(&serde_json::from_str(&settings).unwrap()).map_err(|error| error.to_string())
}

fn run(settings: &str, stream: &[u8]) -> Vec<String> {
    let whole = transcript(&mut framer(settings).unwrap(), &[stream]);
    let single: Vec<&[u8]> = stream.chunks(1).collect();
    let cut = transcript(&mut framer(settings).unwrap(), &single);
    assert_eq!(cut, whole, "{settings} {}", stream.escape_ascii());
    whole
}

const MIXED: &str = r###"[
    {"startsWithHex":"ff","handlerType":"FIXED_LENGTH","frameLength":1},
    {"startsWith":"##","handlerType":"FIXED_LENGTH","frameLength":4},
    {"startsWith":"#","handlerType":"TEXT","messageSeparator":"CUSTOM_SEPARATOR",
     "separator":";","maxFrameLength":5},
    {"startsWithHex":"78??01","handlerType":"BINARY","byteOrder":"BIG_ENDIAN",
     "lengthFieldOffset":3,"lengthFieldLength":1,"maxFrameLength":10},
    {"startsWith":"{","handlerType":"JSON"}]"###;

#[test]
fn each_frame_is_cut_by_the_framing_that_it_begins_as() {
    let cases: [(&[u8], &[&str]); 8] = [
        (
            b"\xff##ab#a;x\x01\x02\x02",
            &["\\xff", "##ab", "#a", "!noFraming 8"],
        ),
        (
            b"\xffx\x02\x01\x01#{\"a\":1}\r\n\xff\n",
            &["\\xff", "x\\x02\\x01\\x01#", "{\\\"a\\\":1}", "\\xff"],
        ),
        (
            b"\x78\x02\x01\x01#{\"a\":1}\xff",
            &["x\\x02\\x01\\x01#", "{\\\"a\\\":1}", "\\xff"],
        ),
        (b" \r\n\t\xff", &["\\xff"]),
        // A prefix that breaks off begins garbage, in which the next is found.
        (
            b"x\x02x\x02\x01\x00\xff",
            &["!noFraming 0", "x\\x02\\x01\\x00", "\\xff"],
        ),
        // What is skipped belongs to its own framing, marks of others or not.
        (b"#aaaa{}\xff##;\xff", &["!2!tooLong 10", "\\xff"]),
        (
            b"x\x02\x01\x09aaa\xff{}aaa\xff",
            &["!3!tooLong 13", "\\xff"],
        ),
        (b"##a", &[]),
    ];
    for (stream, expected) in cases {
        assert_eq!(run(MIXED, stream), expected, "{}", stream.escape_ascii());
    }
}

#[test]
fn a_corrupt_length_loses_the_stream_only_if_every_byte_may_begin_a_frame() {
    let known = r#"[{"startsWith":"$","handlerType":"BINARY","lengthFieldOffset":1,
        "lengthFieldLength":1,"lengthAdjustment":-2}]"#;
    let stream = b"$\x00xx$\x03a$\x01$\x04bc";
    assert_eq!(
        run(known, stream),
        [
            "!0!header",
            "!noFraming 2",
            "$\\x03a",
            "!0!header",
            "$\\x04bc"
        ]
    );
    let any = r##"[{"startsWith":"#","handlerType":"FIXED_LENGTH","frameLength":2},
        {"handlerType":"BINARY","lengthFieldLength":1,"lengthAdjustment":-1}]"##;
    for (settings, continues, text) in [
        (
            known,
            true,
            "framings[0]: frame shorter than its header (length field at offset 1 is 00 = 0; 0 \
             + lengthAdjustment -2 + header 2 = 0 bytes): check lengthAdjustment, \
             lengthFieldOffset and byteOrder; skipping to the next start of a frame",
        ),
        (any, false, "framings[1]: frame shorter than its header"),
    ] {
        let mut buffer = BytesMut::from(&b"$\x00"[..]);
        if !continues {
            buffer.advance(1);
        }
        let error = framer(settings).unwrap().decode(&mut buffer).unwrap_err();
        assert_eq!(error.can_continue(), continues, "{error}");
        assert!(error.to_string().starts_with(text), "{error}");
    }
}

#[test]
fn positions_are_those_of_the_connection() {
    let settings = r#"[{"startsWith":"$","handlerType":"FIXED_LENGTH","frameLength":3},
        {"startsWith":"<","handlerType":"MARKS","startMark":"<<","endMark":">"},
        {"handlerType":"JSON"}]"#;
    assert_eq!(
        run(settings, b"$ab<x<<a>$ab{}$abx{}"),
        [
            "$ab",
            "!1!noStart 3",
            "a",
            "$ab",
            "{}",
            "$ab",
            "!2!notJson 17",
            "{}"
        ]
    );
}

#[test]
fn frames_and_skipped_bytes_are_told() {
    let mut framer = framer(MIXED).unwrap();
    let mut buffer = BytesMut::from(&b"abc\n\r\xff \r\nx\x02\x01\x01a"[..]);
    assert!(framer.decode(&mut buffer).is_err());
    assert_eq!(framer.decode(&mut buffer).unwrap().unwrap(), &b"\xff"[..]);
    assert_eq!((framer.framing(), framer.skipped()), (Some(0), 5));
    let shown = framer.explain(&buffer).unwrap();
    assert_eq!((shown.offset, shown.value), (3, 1));
    assert_eq!(
        framer.decode(&mut buffer).unwrap().unwrap(),
        "x\x02\x01\x01a"
    );
    assert_eq!(framer.framing(), Some(3));
}

#[test]
fn garbage_byte_by_byte_stays_in_no_buffer() {
    let mut framer = framer(r#"[{"startsWith":"ab","handlerType":"TEXT"}]"#).unwrap();
    let mut buffer = BytesMut::new();
    let mut errors = 0;
    for sent in 0..64 * 1024 {
        buffer.extend_from_slice(if sent % 2 == 0 { b"a" } else { b"c" });
        while framer.decode(&mut buffer).is_err() {
            errors += 1;
        }
        assert!(buffer.len() <= 1);
    }
    assert_eq!((errors, framer.skipped()), (1, 64 * 1024));
}

#[test]
fn choices_that_never_work_are_refused() {
    let fixed = |key: &str| format!(r#"{{{key}"handlerType":"FIXED_LENGTH","frameLength":1}}"#);
    let [any, a, ab] = ["", r#""startsWith":"a","#, r#""startsWith":"ab","#].map(fixed);
    let cases = [
        ("[]".to_owned(), "framings = []: "),
        (
            format!("[{a},{ab}]"),
            "framings = [1]: no frame reaches this entry, because framings[0]",
        ),
        (format!("[{any},{a}]"), "framings = [1]: "),
        (format!("[{a},{a}]"), "framings = [1]: "),
        (
            r#"[{"handlerType":"CHOICE"}]"#.to_owned(),
            "framings[0].handlerType = CHOICE: a choice holds no other",
        ),
        (
            format!(r#"[{a},{{"maxFrameLength":0}}]"#),
            "framings[1].maxFrameLength = 0: ",
        ),
        (
            r#"[{"startsWith":"a","startsWithHex":"61"}]"#.to_owned(),
            "framings[0].startsWithHex = 61: startsWith is set too",
        ),
        (
            r#"[{"startsWith":""}]"#.to_owned(),
            "framings[0].startsWith = \"\": ",
        ),
        (
            r#"[{"startsWithHex":" "}]"#.to_owned(),
            "framings[0].startsWithHex = \" \": ",
        ),
        (
            r#"[{"startsWithHex":"7"}]"#.to_owned(),
            "pairs of hexadecimal digits",
        ),
        (
            r#"[{"startsWithHex":"7?"}]"#.to_owned(),
            "pairs of hexadecimal digits",
        ),
        (
            r#"[{"startsWithHex":"????"}]"#.to_owned(),
            "any bytes match",
        ),
    ];
    for (settings, text) in cases {
        let error = framer(&settings).unwrap_err();
        assert!(error.contains(text), "{settings}: {error}");
    }
    assert!(framer(&format!("[{ab},{a},{any}]")).is_ok());
}
