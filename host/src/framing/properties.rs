//! What holds for all settings and all streams.

use bytes::Bytes;
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::{FrameError, Framer, settings, settings_marks::marks, testing::outcomes};
use crate::config::{ByteOrder, HandlerConfiguration, HandlerType, MessageSeparator};

/// Settings of ThingsBoard's kinds, with limits that the streams below reach.
pub(super) fn thingsboards() -> impl Strategy<Value = HandlerConfiguration> {
    let text = (
        any::<bool>(),
        select(vec![
            MessageSeparator::SystemLineSeparator,
            MessageSeparator::NulDelimiter,
            MessageSeparator::CustomSeparator,
        ]),
        select(vec!["\r\n", "|", "{{", "aba"]),
        select(vec!["UTF-8", "latin1", "Shift_JIS"]),
        any::<bool>(),
    );
    let binary = (
        any::<bool>(),
        0_usize..5,
        select(vec![1_usize, 2, 3, 4, 8]),
        -5_i32..6,
        0_usize..12,
    );
    let common = (
        select(vec![
            HandlerType::Text,
            HandlerType::Binary,
            HandlerType::Json,
        ]),
        0_usize..24,
        any::<bool>(),
        0_usize..24,
        any::<bool>(),
        option::of(any::<bool>()),
    );
    (common, text, binary).prop_map(|(common, text, binary)| HandlerConfiguration {
        handler_type: common.0,
        max_frame_length: common.1,
        fail_fast: common.2,
        max_object_length: common.3,
        split_arrays: common.4,
        skip_empty_frames: common.5,
        strip_delimiter: text.0,
        message_separator: text.1,
        separator: Some(text.2.to_owned()),
        charset_name: text.3.to_owned(),
        flush_on_close: text.4,
        byte_order: if binary.0 {
            ByteOrder::BigEndian
        } else {
            ByteOrder::LittleEndian
        },
        length_field_offset: binary.1,
        length_field_length: binary.2,
        length_adjustment: binary.3,
        initial_bytes_to_strip: binary.4,
        ..HandlerConfiguration::default()
    })
}

/// Bytes that mean something to one of the decoders, and others.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let telling = b"\r\n\0|{}[]\",\\ ab\x01\x02\x09\xff".to_vec();
    vec(prop_oneof![9 => select(telling), 1 => any::<u8>()], 0..300)
}

pub(super) fn cut<'stream>(mut rest: &'stream [u8], lengths: &[usize]) -> Vec<&'stream [u8]> {
    let mut chunks = Vec::new();
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, tail) = rest.split_at((*length).min(rest.len()));
        chunks.push(chunk);
        rest = tail;
    }
    chunks
}

/// Most bytes that stay in the buffer between reads: the limit and what has come
/// of a separator or a mark.
fn most_kept(settings: &HandlerConfiguration) -> usize {
    match settings.handler_type {
        // The separators above have three bytes at most.
        HandlerType::Text => settings.max_frame_length + 2,
        HandlerType::Binary => {
            let params = settings::length_field(settings).unwrap();
            settings.max_frame_length.max(params.most_header())
        }
        HandlerType::Json => settings.max_object_length,
        HandlerType::Marks => {
            let params = marks(settings).unwrap();
            settings.max_frame_length + params.start.len() + params.longest_token()
        }
        HandlerType::FixedLength => settings.frame_length - 1,
        HandlerType::Choice => {
            let framings = settings.framings.iter();
            // No `startsWith` of the tests has more bytes.
            framings.map(most_kept).max().unwrap_or_default().max(4)
        }
        HandlerType::Converter => unreachable!("no handler cuts these"),
    }
}

/// All that comes out; none if the settings are refused.
pub(super) fn run(
    settings: &HandlerConfiguration,
    chunks: &[&[u8]],
) -> Option<Vec<Result<Bytes, String>>> {
    let mut framer = Framer::new(settings).ok()?;
    let limit = most_kept(settings);
    let reads = outcomes(&mut framer, chunks, |buffer| {
        assert!(buffer.len() <= limit, "{} > {limit}", buffer.len());
    });
    Some(
        reads
            .into_iter()
            .flatten()
            .map(|result| result.map_err(kind))
            .collect(),
    )
}

/// How much of a long frame was seen when it was reported may differ.
fn kind(error: FrameError) -> String {
    match error {
        FrameError::TooLong { .. } => "too long".to_owned(),
        FrameError::InFraming { framing, error, .. } => format!("{framing}: {}", kind(*error)),
        other => other.to_string(),
    }
}

/// Settings with room for whatever the encoders below write.
pub(super) fn roomy(handler_type: HandlerType) -> HandlerConfiguration {
    HandlerConfiguration {
        handler_type,
        max_frame_length: 1000,
        skip_empty_frames: Some(false),
        ..HandlerConfiguration::default()
    }
}

pub(super) fn frames_of(
    settings: &HandlerConfiguration,
    stream: &[u8],
    lengths: &[usize],
) -> Vec<Vec<u8>> {
    let results = run(settings, &cut(stream, lengths)).unwrap();
    results
        .into_iter()
        .map(|result| result.unwrap().to_vec())
        .collect()
}

/// JSON text with an object or array outside.
fn json_frame() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        any::<i32>().prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        r#"[a-z"\\{}\[\],\n é]{0,8}"#.prop_map(serde_json::Value::from),
    ];
    let nested = leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            vec((r#"[a-z"\\{]{0,4}"#, inner), 0..4)
                .prop_map(|members| members.into_iter().collect()),
        ]
    });
    vec(nested, 0..3).prop_map(|values| serde_json::Value::from(values).to_string().into_bytes())
}

/// What comes out is the same whole, in pieces, and byte by byte.
pub(super) fn check_cuts(
    settings: &HandlerConfiguration,
    stream: &[u8],
    lengths: &[usize],
) -> Result<(), TestCaseError> {
    let whole = run(settings, &[stream]);
    prop_assert_eq!(&run(settings, &cut(stream, lengths)), &whole);
    prop_assert_eq!(&run(settings, &cut(stream, &[1])), &whole);
    Ok(())
}

proptest! {
    #[test]
    fn frames_do_not_depend_on_the_cuts(
        settings in thingsboards(),
        stream in stream(),
        lengths in vec(1_usize..9, 1..60),
    ) {
        check_cuts(&settings, &stream, &lengths)?;
    }

    #[test]
    fn any_settings_and_bytes_are_survived(
        settings in thingsboards(),
        offset in any::<usize>(),
        length in any::<usize>(),
        adjustment in any::<i32>(),
        strip in any::<usize>(),
        max in prop_oneof![0..3_usize, any::<usize>()],
        stream in vec(any::<u8>(), 0..300),
        lengths in vec(1_usize..50, 1..60),
    ) {
        for limit in [settings.max_frame_length, max] {
            let wild = HandlerConfiguration {
                max_frame_length: limit.min(usize::MAX - 2),
                max_object_length: limit,
                length_field_offset: offset,
                length_field_length: length,
                length_adjustment: adjustment,
                initial_bytes_to_strip: strip,
                ..settings.clone()
            };
            run(&wild, &cut(&stream, &lengths));
            let plain = HandlerConfiguration {
                length_field_offset: offset % 9,
                length_field_length: 8,
                ..wild
            };
            run(&plain, &cut(&stream, &lengths));
        }
    }

    #[test]
    fn lines_come_out_as_they_went_in(
        frames in vec(vec(any::<u8>().prop_filter("", |byte| !b"\r\n".contains(byte)), 0..50), 0..9),
        crlf in any::<bool>(),
        lengths in vec(1_usize..40, 1..20),
    ) {
        let end: &[u8] = if crlf { b"\r\n" } else { b"\n" };
        let stream: Vec<u8> = frames.iter().flat_map(|frame| [frame, end].concat()).collect();
        prop_assert_eq!(frames_of(&roomy(HandlerType::Text), &stream, &lengths), frames);
    }

    #[test]
    fn separated_frames_come_out_as_they_went_in(
        // A separator's last byte is nowhere else, so none starts in a frame.
        frames in vec(vec(select(b"a<=\n\0\xff".to_vec()), 0..50), 0..9),
        separator in select(vec!["<>", "<<>", "=<=>", ">"]),
        lengths in vec(1_usize..40, 1..20),
    ) {
        let settings = HandlerConfiguration {
            message_separator: MessageSeparator::CustomSeparator,
            separator: Some(separator.to_owned()),
            ..roomy(HandlerType::Text)
        };
        let stream: Vec<u8> = frames
            .iter()
            .flat_map(|frame| [frame, separator.as_bytes()].concat())
            .collect();
        prop_assert_eq!(frames_of(&settings, &stream, &lengths), frames);
    }

    #[test]
    fn length_fields_come_out_as_they_went_in(
        frames in vec(vec(any::<u8>(), 0..60), 0..9),
        offset in 0_usize..6,
        length in select(vec![1_usize, 2, 3, 4, 8]),
        adjustment in -20_i32..20,
        little in any::<bool>(),
        strip_header in any::<bool>(),
        lengths in vec(1_usize..40, 1..20),
    ) {
        let header = offset + length;
        let settings = HandlerConfiguration {
            length_field_offset: offset,
            length_field_length: length,
            length_adjustment: adjustment,
            initial_bytes_to_strip: if strip_header { header } else { 0 },
            byte_order: if little { ByteOrder::LittleEndian } else { ByteOrder::BigEndian },
            ..roomy(HandlerType::Binary)
        };
        let mut stream = Vec::new();
        let mut expected = Vec::new();
        for payload in &frames {
            let Ok(value) = u64::try_from(payload.len() as i64 - i64::from(adjustment)) else {
                continue;
            };
            let mut field = value.to_le_bytes()[..length].to_vec();
            if !little {
                field.reverse();
            }
            let frame = [vec![b'h'; offset], field, payload.clone()].concat();
            expected.push(if strip_header { payload.clone() } else { frame.clone() });
            stream.extend(frame);
        }
        prop_assert_eq!(frames_of(&settings, &stream, &lengths), expected);
    }

    #[test]
    fn json_comes_out_as_it_went_in(
        frames in vec(json_frame(), 0..6),
        between in select(vec!["", " ", "\n", "\r\n\t"]),
        lengths in vec(1_usize..40, 1..20),
    ) {
        let stream: Vec<u8> = frames
            .iter()
            .flat_map(|frame| [frame, between.as_bytes()].concat())
            .collect();
        prop_assert_eq!(frames_of(&roomy(HandlerType::Json), &stream, &lengths), frames);
    }

    #[test]
    fn split_arrays_come_out_by_element(
        elements in vec(json_frame(), 1..6),
        lengths in vec(1_usize..40, 1..20),
    ) {
        let settings = HandlerConfiguration { split_arrays: true, ..roomy(HandlerType::Json) };
        let stream = [b"[ ".as_slice(), &elements.join(b" , ".as_slice()), b" ]"].concat();
        prop_assert_eq!(frames_of(&settings, &stream, &lengths), elements);
    }
}
