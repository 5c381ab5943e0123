//! What holds for the settings that are not ThingsBoard's, and all streams.

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::properties::{check_cuts, cut, frames_of, roomy, run, thingsboards};
use crate::config::{HandlerConfiguration, HandlerType, LengthFieldEncoding, LengthFieldMask};

fn text(from: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    option::of(select(from)).prop_map(|text| text.map(str::to_owned))
}

/// `MARKS` with marks that overlap each other, escapes that begin like marks,
/// and limits that the streams below reach.
fn marks() -> impl Strategy<Value = HandlerConfiguration> {
    let escapes = vec(
        select(vec![
            ("4040", "40"),
            ("4029", "29"),
            ("2929", "29"),
            ("61", ""),
        ]),
        0..3,
    );
    let hides = (
        text(&["24", "7c"]),
        text(&["40"]),
        text(&["20", "00", "69"]),
        escapes,
    );
    (
        (
            text(&["(", "((", "|", "()"]),
            select(vec![")", "|", "))", "ab", "()"]),
        ),
        hides,
        (1_usize..24, any::<bool>(), any::<bool>(), any::<bool>()),
    )
        .prop_map(|((start, end), hides, common)| HandlerConfiguration {
            handler_type: HandlerType::Marks,
            start_mark: start,
            end_mark: Some(end.to_owned()),
            quote_hex: hides.0,
            escape_hex: hides.1,
            escape_xor_hex: hides.2,
            escapes: hides
                .3
                .into_iter()
                .map(|(from, to)| (from.to_owned(), to.to_owned()))
                .collect(),
            max_frame_length: common.0,
            nested_marks: common.1,
            strip_delimiter: common.2,
            skip_empty_frames: Some(common.3),
            ..HandlerConfiguration::default()
        })
}

/// `BINARY` with masks and digits.
fn lengths() -> impl Strategy<Value = HandlerConfiguration> {
    (
        thingsboards(),
        option::of(select(vec![0x0f_u64, 0x7f, 0x7fff, 1 << 63])),
        select(vec![
            LengthFieldEncoding::Binary,
            LengthFieldEncoding::AsciiDecimal,
            LengthFieldEncoding::AsciiHex,
        ]),
        text(&["|", "()", "a"]),
        0_usize..4,
    )
        .prop_map(|(base, mask, encoding, terminator, length)| {
            let digits = encoding != LengthFieldEncoding::Binary;
            HandlerConfiguration {
                handler_type: HandlerType::Binary,
                length_field_mask: mask.map(LengthFieldMask::Number),
                length_field_encoding: encoding,
                length_field_length: match &terminator {
                    Some(_) if digits => 0,
                    _ if digits => length,
                    _ => base.length_field_length,
                },
                length_field_terminator: terminator.filter(|_| digits),
                ..base
            }
        })
}

fn framing() -> impl Strategy<Value = HandlerConfiguration> {
    let fixed = (1_usize..9).prop_map(|length| HandlerConfiguration {
        handler_type: HandlerType::FixedLength,
        frame_length: length,
        ..HandlerConfiguration::default()
    });
    prop_oneof![marks(), lengths(), thingsboards(), fixed]
}

/// Any settings that are not ThingsBoard's.
fn settings() -> impl Strategy<Value = HandlerConfiguration> {
    let entry = (
        framing(),
        text(&["28", "2828", "7c", "2???", "??31", "30", "6162"]),
    );
    let entry = entry.prop_map(|(framing, starts_with_hex)| HandlerConfiguration {
        starts_with_hex,
        ..framing
    });
    let choice = vec(entry, 1..4).prop_map(|framings| HandlerConfiguration {
        handler_type: HandlerType::Choice,
        framings,
        ..HandlerConfiguration::default()
    });
    prop_oneof![framing(), choice]
}

/// Bytes that mean something to one of the decoders, and others.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let telling = b"()()||$@@ab01\x01\x02\x09\r\n \xff\0".to_vec();
    vec(prop_oneof![9 => select(telling), 1 => any::<u8>()], 0..300)
}

/// The payload as a device sends it that escapes each byte of `special`.
fn escaped(payload: &[u8], special: &[u8], escape: impl Fn(u8) -> Vec<u8>) -> Vec<u8> {
    let bytes = payload
        .iter()
        .flat_map(|byte| match special.contains(byte) {
            true => escape(*byte),
            false => vec![*byte],
        });
    bytes.collect()
}

proptest! {
    #[test]
    fn frames_do_not_depend_on_the_cuts(
        settings in settings(),
        stream in stream(),
        lengths in vec(1_usize..9, 1..60),
    ) {
        check_cuts(&settings, &stream, &lengths)?;
    }

    #[test]
    fn escaped_frames_come_out_as_they_went_in(
        frames in vec(vec(select(b"}~ab\x5d\x5e\x01\x02\x10\x03\xff".to_vec()), 1..50), 0..9),
        way in select(vec!["table", "xor", "remove", "double"]),
        shared in any::<bool>(),
        kept in any::<bool>(),
        lengths in vec(1_usize..40, 1..20),
    ) {
        let flag = |settings| HandlerConfiguration {
            start_mark_hex: Some("7e".to_owned()),
            end_mark_hex: Some("7e".to_owned()),
            strip_delimiter: !kept,
            ..settings
        };
        let base = roomy(HandlerType::Marks);
        let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        let (settings, start, end): (_, &[u8], &[u8]) = match way {
            "table" => (flag(HandlerConfiguration {
                escapes: [pair("7d01", "7d"), pair("7d02", "7e")].into(),
                ..base
            }), b"~", b"~"),
            "xor" => (flag(HandlerConfiguration {
                escape_hex: Some("7d".to_owned()),
                escape_xor_hex: Some("20".to_owned()),
                ..base
            }), b"~", b"~"),
            "remove" => (flag(HandlerConfiguration {
                escape_hex: Some("7d".to_owned()),
                escape_xor_hex: Some("00".to_owned()),
                ..base
            }), b"~", b"~"),
            _ => (HandlerConfiguration {
                start_mark_hex: Some("1002".to_owned()),
                end_mark_hex: Some("1003".to_owned()),
                escapes: [pair("1010", "10")].into(),
                strip_delimiter: !kept,
                ..base
            }, b"\x10\x02", b"\x10\x03"),
        };
        let mut stream = Vec::new();
        let mut expected = Vec::new();
        for payload in &frames {
            let sent = match way {
                "table" => escaped(payload, b"}~", |byte| vec![b'}', byte - b'}' + 1]),
                "xor" => escaped(payload, b"}~", |byte| vec![b'}', byte ^ 0x20]),
                "remove" => escaped(payload, b"}~", |byte| vec![b'}', byte]),
                _ => escaped(payload, b"\x10", |byte| vec![byte, byte]),
            };
            let has_start = shared && start == end && !stream.is_empty();
            stream.extend([if has_start { b"" } else { start }, &sent, end].concat());
            expected.push(match kept {
                true => [start, payload, end].concat(),
                false => payload.clone(),
            });
        }
        prop_assert_eq!(frames_of(&settings, &stream, &lengths), expected);
    }

    #[test]
    fn digits_come_out_as_they_went_in(
        frames in vec(vec(any::<u8>(), 0..60), 0..9),
        offset in 0_usize..6,
        hex in any::<bool>(),
        length in 3_usize..7,
        terminator in text(&[",", ": ", "\r\n"]),
        adjustment in -3_i32..20,
        lengths in vec(1_usize..40, 1..20),
    ) {
        let settings = HandlerConfiguration {
            length_field_encoding: match hex {
                true => LengthFieldEncoding::AsciiHex,
                false => LengthFieldEncoding::AsciiDecimal,
            },
            length_field_offset: offset,
            length_field_length: if terminator.is_some() { 0 } else { length },
            length_field_terminator: terminator.clone(),
            length_adjustment: adjustment,
            ..roomy(HandlerType::Binary)
        };
        let mut expected = Vec::new();
        for payload in &frames {
            let Ok(value) = u64::try_from(payload.len() as i64 - i64::from(adjustment)) else {
                continue;
            };
            let width = if terminator.is_some() { 1 } else { length };
            let field = match hex {
                true => format!("{value:0width$x}"),
                false => format!("{value:0width$}"),
            };
            let end = terminator.clone().unwrap_or_default();
            expected.push([&vec![b'h'; offset], field.as_bytes(), end.as_bytes(), payload].concat());
        }
        prop_assert_eq!(frames_of(&settings, &expected.concat(), &lengths), expected);
    }

    #[test]
    fn a_flag_above_the_mask_changes_nothing(
        frames in vec((vec(any::<u8>(), 0..60), any::<bool>()), 0..9),
        lengths in vec(1_usize..40, 1..20),
    ) {
        let settings = HandlerConfiguration {
            length_field_mask: Some(LengthFieldMask::Digits("7fff".to_owned())),
            ..roomy(HandlerType::Binary)
        };
        let frames: Vec<Vec<u8>> = frames.iter().map(|(payload, flag)| {
            let field = payload.len() as u16 | u16::from(*flag) << 15;
            [&field.to_le_bytes(), payload.as_slice()].concat()
        }).collect();
        prop_assert_eq!(frames_of(&settings, &frames.concat(), &lengths), frames);
    }

    #[test]
    fn noise_between_frames_costs_no_frame(
        packets in vec((vec(any::<u8>(), 0..60), any::<bool>(), vec(0x80_u8..0xff, 0..5)), 0..9),
        lengths in vec(1_usize..40, 1..20),
    ) {
        let settings: HandlerConfiguration = serde_json::from_str(
            r#"{"handlerType":"CHOICE","framings":[
                {"startsWithHex":"7878","handlerType":"BINARY","lengthFieldOffset":2,
                 "lengthFieldLength":1},
                {"startsWith":"(","handlerType":"MARKS","startMark":"(","endMark":")",
                 "escapeHex":"5c","stripDelimiter":false}]}"#,
        ).unwrap();
        let mut stream = Vec::new();
        let mut expected = Vec::new();
        let mut noises = 0;
        for (payload, binary, noise) in packets {
            let frame = match binary {
                true => [&[0x78, 0x78, payload.len() as u8], payload.as_slice()].concat(),
                false => {
                    let text = escaped(&payload, b"()\\", |byte| vec![b'\\', byte]);
                    [b"(", text.as_slice(), b")"].concat()
                }
            };
            stream.extend(&frame);
            expected.push(frame);
            noises += usize::from(!noise.is_empty());
            stream.extend(noise);
        }
        let results = run(&settings, &cut(&stream, &lengths)).unwrap();
        let errors = results.iter().filter(|result| result.is_err()).count();
        let frames: Vec<_> = results.into_iter().flatten().map(|frame| frame.to_vec()).collect();
        prop_assert_eq!(frames, expected);
        prop_assert_eq!(errors, noises);
    }
}
