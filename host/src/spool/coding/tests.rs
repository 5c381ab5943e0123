//! Every uplink survives, and no bytes break the decoder.

use std::sync::Arc;

use proptest::{collection::vec, option, prelude::*};

use super::*;
use crate::{
    message::{Entity, EntityKind, KeyValue, Sample, Uplink, Value},
    spool::testing::{device, same, with_values},
};

fn decoded(bytes: &[u8]) -> Result<Vec<(Uplink, usize)>, Malformed> {
    Decoder::new(bytes).collect()
}

fn assert_survives(uplinks: &[Uplink]) {
    let run = encode(uplinks);
    let back = decoded(&run.bytes).unwrap();
    assert_eq!(back.len(), uplinks.len());
    for (index, (uplink, length)) in back.iter().enumerate() {
        assert!(
            same(uplink, &uplinks[index]),
            "{uplink:?}\n{:?}",
            uplinks[index]
        );
        assert_eq!(*length, run.lengths[index] as usize);
    }
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::Long),
        any::<u64>().prop_map(|bits| Value::Double(f64::from_bits(bits))),
        ".{0,20}".prop_map(Value::Text),
        ".{0,20}".prop_map(Value::Json),
    ]
}

fn pairs() -> impl Strategy<Value = Vec<KeyValue>> {
    let key = prop_oneof![4 => "[a-d]", 1 => ".{0,300}"];
    vec(
        (key, value()).prop_map(|(key, value)| KeyValue { key, value }),
        0..8,
    )
}

fn sample() -> impl Strategy<Value = Sample> {
    (option::of(any::<i64>()), pairs()).prop_map(|(ts, values)| Sample { ts, values })
}

fn text() -> impl Strategy<Value = Option<String>> {
    option::weighted(0.2, ".{0,9}")
}

prop_compose! {
    fn entity()(
        asset in any::<bool>(),
        name in "[ab]|.{0,255}",
        profile in "[ab]?",
        label in text(),
        customer in text(),
        group in text(),
        telemetry in vec(sample(), 0..4),
        attributes in pairs(),
    ) -> Entity {
        let kind = if asset { EntityKind::Asset } else { EntityKind::Device };
        Entity { kind, name, profile, label, customer, group, telemetry, attributes }
    }
}

prop_compose! {
    fn uplink()(
        integration in "[ab]?",
        allow_create in any::<bool>(),
        received_ms in any::<i64>(),
        entity in entity(),
    ) -> Uplink {
        Uplink { integration: integration.into(), allow_create, received_ms, entity }
    }
}

proptest! {
    #[test]
    fn every_uplink_comes_back_as_it_was(uplinks in vec(uplink(), 0..9)) {
        assert_survives(&uplinks);
    }

    #[test]
    fn runs_can_be_put_together(one in vec(uplink(), 0..4), two in vec(uplink(), 0..4)) {
        let both = [encode(&one).bytes, encode(&two).bytes].concat();
        let back = decoded(&both).unwrap();
        prop_assert_eq!(back.len(), one.len() + two.len());
        for ((uplink, _), expected) in back.iter().zip(one.iter().chain(&two)) {
            prop_assert!(same(uplink, expected));
        }
    }

    #[test]
    fn no_bytes_break_the_decoder(bytes in vec(any::<u8>(), 0..300)) {
        let _ = decoded(&bytes);
    }

    #[test]
    fn no_change_of_a_run_breaks_the_decoder(
        uplinks in vec(uplink(), 1..5),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = encode(&uplinks).bytes;
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = decoded(&bytes);
        let _ = decoded(&bytes[..cut.index(bytes.len())]);
    }
}

#[test]
fn the_bytes_are_the_documented_ones() {
    let mut second = with_values("m", &[("t", Value::Long(-2))]);
    second.received_ms += 3;
    let run = encode(&[with_values("m", &[("t", Value::Boolean(true))]), second]);
    let first = [
        flag::FIRST | flag::ALLOW_CREATE,
        3,
        b'T',
        b'C',
        b'P',
        0,
        1,
        b'm',
        2,
        1,
        2,
        0,
        1,
        b't',
        1,
        0,
    ];
    let same = flag::SAME_INTEGRATION | flag::SAME_PROFILE | flag::SAME_NAME | flag::ALLOW_CREATE;
    let second = [same, 6, 1, 2, 1, 2, 3, 0];
    assert_eq!(run.bytes, [&first[..], &second].concat());
    assert_eq!(run.lengths, [16, 8]);
}

#[test]
fn more_keys_than_are_numbered_come_back() {
    let names: Vec<_> = (0..3 * keys::MAX_KEYS).map(|key| key.to_string()).collect();
    let values: Vec<_> = names
        .iter()
        .zip(0..)
        .map(|(name, number)| (name.as_str(), Value::Long(number)))
        .collect();
    let uplinks = [with_values("m", &values), with_values("n", &values)];
    assert_survives(&uplinks);
}

#[test]
fn a_record_that_leaves_out_what_no_one_said_is_refused() {
    for flags in [flag::SAME_INTEGRATION, flag::SAME_PROFILE, flag::SAME_NAME] {
        for first in [0, flag::FIRST] {
            let bytes = [flags | first, 0, 0, 0, 0, 0, 0];
            assert_eq!(decoded(&bytes).err(), Some(Malformed));
        }
    }
    // Bits that mean nothing yet, an unknown type, and a key that has no number.
    for bytes in [
        &[0x80, 0, 0, 0, 0, 0, 0][..],
        &[flag::OPTIONS, 0, 0, 0, 0, 8, 0, 0],
        &[0, 0, 0, 0, 0, 0, 1, 0, 0, 6],
        &[0, 0, 0, 0, 0, 0, 1, 1, 0],
    ] {
        assert_eq!(decoded(bytes).err(), Some(Malformed), "{bytes:?}");
    }
    assert_eq!(decoded(&[0, 0, 0, 0, 0, 0, 0]).unwrap().len(), 1);
}

#[test]
fn the_integration_is_shared() {
    let run = encode(&[device("a"), device("b")]);
    let back = decoded(&run.bytes).unwrap();
    assert!(Arc::ptr_eq(&back[0].0.integration, &back[1].0.integration));
}
