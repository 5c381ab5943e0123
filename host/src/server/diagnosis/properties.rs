//! What holds for all settings and all bytes.

use proptest::{
    collection::vec, option, prelude::*, sample::select, strategy::ValueTree,
    test_runner::TestRunner,
};

use super::{never_cut, split_or_merged};
use crate::config::{ByteOrder, HandlerConfiguration, HandlerType, MessageSeparator};

/// Numbers from the usual to the greatest.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 0_usize..24, 2 => 0_usize..40_000, 1 => any::<usize>()]
}

/// Settings of all kinds, among them some with which no connection is served.
fn settings() -> impl Strategy<Value = HandlerConfiguration> {
    let text = (
        any::<bool>(),
        select(vec![
            MessageSeparator::SystemLineSeparator,
            MessageSeparator::NulDelimiter,
            MessageSeparator::CustomSeparator,
        ]),
        option::of(select(vec!["", "\r\n", "\n", "\r", "|", "}", "ä", "aba"])),
        option::of(select(vec!["", "0a", "0D 0A", "00", "0", "xy"])),
        select(vec![
            "UTF-8",
            "latin1",
            "Shift_JIS",
            "UTF-16LE",
            "é€",
            "klingon",
        ]),
        any::<bool>(),
    );
    let binary = (
        any::<bool>(),
        size(),
        prop_oneof![4 => select(vec![1_usize, 2, 3, 4, 8]), 1 => any::<usize>()],
        prop_oneof![4 => -8_i32..8, 1 => any::<i32>()],
        size(),
    );
    let common = (
        select(vec![
            HandlerType::Text,
            HandlerType::Binary,
            HandlerType::Json,
        ]),
        size(),
        any::<bool>(),
        size(),
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
        separator: text.2.map(str::to_owned),
        separator_hex: text.3.map(str::to_owned),
        charset_name: text.4.to_owned(),
        flush_on_close: text.5,
        byte_order: match binary.0 {
            true => ByteOrder::BigEndian,
            false => ByteOrder::LittleEndian,
        },
        length_field_offset: binary.1,
        length_field_length: binary.2,
        length_adjustment: binary.3,
        initial_bytes_to_strip: binary.4,
        ..HandlerConfiguration::default()
    })
}

/// Bytes that mean something to one of the signs, text, and any.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let telling = b"\r\n\0\x03\\n|;#{}[]\",\\ ab\x01\x02\x09\xff\xc3\xa4".to_vec();
    let pieces = select(vec![
        &b"SN-1,25\n"[..],
        b"SN-1,25\r",
        b"\x78\x78\x03",
        b"{\"a\":1}",
        b"{\"a\":",
        b"S\0N\0",
        b"\0\0\0\x07",
        b"\\n",
    ]);
    prop_oneof![
        vec(prop_oneof![9 => select(telling), 1 => any::<u8>()], 0..300),
        vec(any::<u8>(), 0..60),
        vec(pieces, 0..20).prop_map(|pieces| pieces.concat()),
    ]
}

fn runner_config() -> ProptestConfig {
    ProptestConfig {
        cases: 2048,
        // No files beside the sources.
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(runner_config())]

    #[test]
    fn no_settings_and_no_bytes_break_anything(
        settings in settings(),
        bytes in bytes(),
        more in prop_oneof![Just(0_u64), 1_u64..1000, any::<u64>()],
    ) {
        let total = (bytes.len() as u64).saturating_add(more);
        let frame = split_or_merged(&settings, &bytes);
        let connection = never_cut(&settings, &bytes, total);
        for advice in frame.iter().chain(&connection) {
            let text = advice.to_string();
            // The cause, and a fix that names the setting.
            prop_assert!(text.contains(": "), "{text}");
            prop_assert!(advice.fix.contains(advice.setting), "{}: {text}", advice.setting);
        }
    }

    #[test]
    fn nothing_is_said_of_lines_of_fields(
        line in "[A-Za-z0-9_.:-]{1,12}([,;|\t] ?[A-Za-z0-9_.: äé-]{0,12}){1,8}",
        handler_type in select(vec![HandlerType::Text, HandlerType::Binary]),
    ) {
        let settings = HandlerConfiguration {
            handler_type,
            initial_bytes_to_strip: 2,
            ..HandlerConfiguration::default()
        };
        prop_assert_eq!(split_or_merged(&settings, line.as_bytes()), None);
    }

    #[test]
    fn nothing_is_said_of_one_json_object(
        keys in vec("[a-z\\[{},\\\\\" é]{0,6}", 0..5),
        text in "\\PC{0,12}",
        pretty in any::<bool>(),
    ) {
        let mut object = serde_json::Map::new();
        for key in keys {
            object.insert(key, serde_json::json!([1, text, null, { "a": text }]));
        }
        let line = match pretty {
            true => serde_json::to_vec_pretty(&object).unwrap(),
            false => serde_json::to_vec(&object).unwrap(),
        };
        for handler_type in [HandlerType::Text, HandlerType::Json] {
            let settings = HandlerConfiguration {
                handler_type,
                message_separator: MessageSeparator::NulDelimiter,
                ..HandlerConfiguration::default()
            };
            prop_assert_eq!(split_or_merged(&settings, &line), None);
        }
    }
}

/// Of random payloads some repeat their frame's mark by chance.
#[test]
fn random_binary_frames_are_hardly_ever_taken_for_wrong_ones() {
    const FRAMES: usize = 10_000;
    let mut runner = TestRunner::deterministic();
    let payload = vec(any::<u8>(), 0..100);
    let mut alarms = [0; 3];
    for _ in 0..FRAMES {
        let payload = payload.new_tree(&mut runner).unwrap().current();
        let header: [&[u8]; 3] = [b"", b"\x78\x78", b"\xaa\x55\x01\x02"];
        for (alarms, mark) in alarms.iter_mut().zip(header) {
            let settings = HandlerConfiguration {
                handler_type: HandlerType::Binary,
                length_field_offset: mark.len(),
                length_field_length: 2,
                ..HandlerConfiguration::default()
            };
            let length = u16::try_from(payload.len()).unwrap().to_le_bytes();
            let frame = [mark, &length, &payload].concat();
            *alarms += usize::from(split_or_merged(&settings, &frame).is_some());
        }
    }
    assert!(
        alarms[0] == 0 && alarms[1] <= FRAMES / 4000 && alarms[2] == 0,
        "{alarms:?}"
    );
}

/// Under `TEXT` a random frame is told to be binary or not judged; some of 16
/// bytes look like text in an encoding of its own.
#[test]
fn random_frames_are_hardly_ever_taken_for_text() {
    const FRAMES: usize = 5_000;
    let mut runner = TestRunner::deterministic();
    for (length, least_told) in [
        (8, 0),
        (16, FRAMES / 4),
        (30, FRAMES / 2),
        (60, FRAMES * 9 / 10),
    ] {
        let bytes = vec(any::<u8>(), length);
        let (mut told, mut misled) = (0, 0);
        for _ in 0..FRAMES {
            let frame = bytes.new_tree(&mut runner).unwrap().current();
            match split_or_merged(&HandlerConfiguration::default(), &frame) {
                Some(advice) if advice.setting == "handlerType" => told += 1,
                Some(_) => misled += 1,
                None => {}
            }
        }
        assert!(told >= least_told, "{length} bytes: told {told}");
        assert!(misled <= FRAMES / 80, "{length} bytes: misled {misled}");
    }
}
