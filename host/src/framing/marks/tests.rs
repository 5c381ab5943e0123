use tokio_util::codec::Decoder;

use super::*;
use crate::framing::testing::transcript;

fn params(start: &str, end: &str) -> MarksParams {
    MarksParams {
        max_frame_length: 4,
        start: start.into(),
        end: end.into(),
        strip_delimiter: true,
        ..MarksParams::default()
    }
}

fn run(params: &MarksParams, stream: &[u8]) -> Vec<String> {
    let whole = transcript(&mut MarksDecoder::new(params.clone()).unwrap(), &[stream]);
    let single: Vec<&[u8]> = stream.chunks(1).collect();
    let cut = transcript(&mut MarksDecoder::new(params.clone()).unwrap(), &single);
    assert_eq!(cut, whole, "{}", stream.escape_ascii());
    whole
}

#[test]
fn frames_lie_between_marks() {
    type Case = (
        &'static str,
        &'static str,
        &'static [u8],
        &'static [&'static str],
    );
    let cases: [Case; 12] = [
        ("(", ")", b"(ab)(c)", &["ab", "c"]),
        ("(", ")", b"(ab)\r\n (c)()(d", &["ab", "c", ""]),
        (
            "(",
            ")",
            b"x)y(ab)z(c)",
            &["!noStart 0", "ab", "!noStart 7", "c"],
        ),
        ("(", ")", b"(a(b)", &["a(b"]),
        ("<<", ">>", b"<<a>b>><x<<c>>", &["a>b", "!noStart 7", "c"]),
        ("\r\n(", ")", b"\r\n(a)\r\n\r\n(b)", &["a", "b"]),
        ("", ";", b"ab;;c;d", &["ab", "", "c"]),
        ("~", "~", b"~a~~b~c~~~d~", &["a", "b", "c", "d"]),
        ("~", "~", b"xx~~a~", &["!noStart 0", "a"]),
        // Too long: up to the end mark, or to a start mark.
        ("(", ")", b"(abcdefg)(h)", &["!tooLong 5", "h"]),
        ("(", ")", b"(abcdefg(h)", &["!tooLong 5", "h"]),
        (
            "",
            ";",
            b"abcd;abcde;fghijklmn;o;",
            &["abcd", "!tooLong 5", "!tooLong 5", "o"],
        ),
    ];
    for (start, end, stream, expected) in cases {
        let shown = stream.escape_ascii();
        assert_eq!(
            run(&params(start, end), stream),
            expected,
            "{start} {end} {shown}"
        );
    }
    let kept = MarksParams {
        strip_delimiter: false,
        skip_empty_frames: true,
        ..params("(", ")")
    };
    assert_eq!(run(&kept, b"(ab)()(c)"), ["(ab)", "(c)"]);
    let shared = MarksParams {
        strip_delimiter: false,
        ..params("~", "~")
    };
    assert_eq!(run(&shared, b"~a~b~~c~"), ["~a~", "~b~", "~c~"]);
}

#[test]
fn quotes_and_escapes_hide_marks() {
    let roomy = MarksParams {
        max_frame_length: 20,
        ..params("(", ")")
    };
    let quoted = MarksParams {
        quote: Some(b'$'),
        ..roomy.clone()
    };
    assert_eq!(run(&quoted, b"(a$)$)(b)"), ["a$)$", "b"]);
    // An unpaired quote costs its frame and what comes up to the limit.
    let unpaired = run(&quoted, b"(a$)(b)aaaaaaaaaaaaaaaaaaaaaaa(c)");
    assert_eq!(unpaired, ["!tooLong 21", "c"]);
    let escaped = MarksParams {
        escape: Some(b'\\'),
        ..roomy.clone()
    };
    assert_eq!(run(&escaped, br"(a\)b\\)(c)"), [r"a\\)b\\\\", "c"]);
    let removed = MarksParams {
        escape_xor: Some(0),
        ..escaped.clone()
    };
    assert_eq!(run(&removed, br"(a\)b\\)(c)"), [r"a)b\\", "c"]);
    // A mark is never sent as it is, so it is one behind the escape, too.
    let changed = MarksParams {
        escape_xor: Some(0x20),
        ..escaped
    };
    assert_eq!(run(&changed, b"(a\\\tb\\)(c)"), [r"a)b\\", "c"]);
    let nested = MarksParams {
        nested: true,
        ..roomy.clone()
    };
    assert_eq!(run(&nested, b"(a(b)c)(d)"), ["a(b)c", "d"]);
    let listed = MarksParams {
        escapes: vec![
            (b"))".to_vec(), b")".to_vec()),
            (b"%41".to_vec(), b"A".to_vec()),
        ],
        ..roomy
    };
    assert_eq!(run(&listed, b"(a))%41%4)(b)"), ["a)A%4", "b"]);
}

#[test]
fn what_bytes_to_come_could_change_waits_for_them() {
    let line = MarksParams {
        escapes: vec![(b"\r\n".to_vec(), b"\r\n".to_vec())],
        ..params("", "\r")
    };
    let mut decoder = MarksDecoder::new(line).unwrap();
    let mut buffer = BytesMut::from(&b"ab\r"[..]);
    assert!(decoder.decode(&mut buffer).unwrap().is_none());
    let last = decoder.decode_eof(&mut buffer).unwrap().unwrap();
    assert_eq!(last, "ab");
    assert!(decoder.decode_eof(&mut buffer).unwrap().is_none());
}

#[test]
fn frames_without_escapes_are_not_copied() {
    let mut decoder = MarksDecoder::new(MarksParams {
        escapes: vec![(b"}1".to_vec(), b"}".to_vec())],
        ..params("(", ")")
    })
    .unwrap();
    let mut buffer = BytesMut::from(&b"(a}b)(c}1)"[..]);
    let place = buffer.as_ptr().wrapping_add(1);
    let frame = decoder.decode(&mut buffer).unwrap().unwrap();
    assert_eq!((frame.as_ptr(), &frame[..]), (place, &b"a}b"[..]));
    assert_eq!(decoder.decode(&mut buffer).unwrap().unwrap(), "c}");
}

#[test]
fn a_frame_that_arrives_byte_by_byte_is_looked_at_once() {
    let mut decoder = MarksDecoder::new(MarksParams {
        max_frame_length: 64 * 1024,
        escape: Some(b'}'),
        ..params("(", "))")
    })
    .unwrap();
    let mut buffer = BytesMut::from(&b"("[..]);
    assert!(decoder.decode(&mut buffer).unwrap().is_none());
    for sent in 1..=64 * 1024 {
        let byte: &[u8] = if sent % 2 == 0 { b")" } else { b"}" };
        buffer.extend_from_slice(byte);
        assert!(decoder.decode(&mut buffer).unwrap().is_none());
        // The last byte waits for what is behind it.
        assert_eq!(decoder.scan.seen, sent - sent % 2);
    }
    buffer.extend_from_slice(b"))");
    let frame = decoder.decode(&mut buffer).unwrap().unwrap();
    assert_eq!(frame.len(), 64 * 1024);
    // What is in no frame does not stay.
    for _ in 0..100 {
        buffer.extend_from_slice(b"xxxxxxxx");
        while !matches!(decoder.decode(&mut buffer), Ok(None)) {}
        assert!(buffer.is_empty());
    }
    assert_eq!(decoder.skipped(), 800);
}
