//! Every uplink survives, and no bytes break the decoder.

use proptest::{collection::vec, option, prelude::*};

use super::*;
use crate::message::{
    Entity, EntityKind, KeyValue, Sample, Uplink, Value,
    testing::{same, with_values},
};

fn parsed(bytes: &[u8]) -> Result<Vec<Uplink>, Malformed> {
    let batches = parse(&Bytes::copy_from_slice(bytes))?;
    Ok(batches.iter().flat_map(Batch::to_uplinks).collect())
}

fn assert_survives(uplinks: &[Uplink]) {
    let batch = Batch::of(uplinks);
    let read = parse(batch.bytes()).unwrap();
    assert_eq!(read.len(), usize::from(!uplinks.is_empty()));
    for batch in read.iter().chain([&batch]) {
        assert_eq!(batch.len(), uplinks.len());
        for (record, uplink) in batch.iter().zip(uplinks) {
            let back = record.to_uplink();
            assert!(same(&back, uplink), "{back:?}\n{uplink:?}");
        }
        let lengths = batch.iter().map(UplinkRef::bytes);
        assert_eq!(lengths.sum::<usize>(), batch.bytes().len());
    }
    for (written, read) in batch.iter().zip(read.iter().flat_map(Batch::iter)) {
        assert_eq!(written.lane(), read.lane());
        assert_eq!(written.message_bytes(), read.message_bytes());
        assert_eq!(written.has_times(), read.has_times());
        assert_eq!(written.has_attributes(), read.has_attributes());
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
    fn batches_can_be_put_together(one in vec(uplink(), 0..4), two in vec(uplink(), 0..4)) {
        let both = [&Batch::of(&one).bytes()[..], &Batch::of(&two).bytes()[..]].concat();
        let back = parsed(&both).unwrap();
        prop_assert_eq!(back.len(), one.len() + two.len());
        for (uplink, expected) in back.iter().zip(one.iter().chain(&two)) {
            prop_assert!(same(uplink, expected));
        }
    }

    #[test]
    fn no_bytes_break_the_parser(bytes in vec(any::<u8>(), 0..300)) {
        let _ = parsed(&bytes);
    }

    #[test]
    fn no_change_of_a_batch_breaks_the_parser(
        uplinks in vec(uplink(), 1..5),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = Batch::of(&uplinks).bytes().to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = parsed(&bytes);
        let _ = parsed(&bytes[..cut.index(bytes.len())]);
    }
}

#[test]
fn the_bytes_are_the_documented_ones() {
    let mut second = with_values("m", &[("t", Value::Long(-2))]);
    second.received_ms += 3;
    let batch = Batch::of(&[with_values("m", &[("t", Value::Boolean(true))]), second]);
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
    assert_eq!(batch.bytes()[..], [&first[..], &second].concat());
    let lengths: Vec<_> = batch.iter().map(UplinkRef::bytes).collect();
    assert_eq!(lengths, [16, 8]);
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
    let first = flag::FIRST;
    for flags in [flag::SAME_INTEGRATION, flag::SAME_PROFILE, flag::SAME_NAME] {
        let bytes = [first | flags, 0, 0, 0, 0, 0, 0];
        assert_eq!(parsed(&bytes).err(), Some(Malformed));
    }
    // Bits that mean nothing yet, an unknown type, and a key that has no number.
    for bytes in [
        &[first | 0x80, 0, 0, 0, 0, 0, 0][..],
        &[first | flag::OPTIONS, 0, 0, 0, 0, 8, 0, 0],
        &[first, 0, 0, 0, 0, 0, 1, 0, 0, 6],
        &[first, 0, 0, 0, 0, 0, 1, 1, 0],
        // It does not say that it is the first.
        &[0, 0, 0, 0, 0, 0, 0],
    ] {
        assert_eq!(parsed(bytes).err(), Some(Malformed), "{bytes:?}");
    }
    assert_eq!(parsed(&[first, 0, 0, 0, 0, 0, 0]).unwrap().len(), 1);
}

proptest! {
    #[test]
    fn what_is_taken_back_was_never_there(
        kept in vec(uplink(), 0..4),
        gone in vec(uplink(), 0..3),
        more in vec(uplink(), 0..4),
    ) {
        let mut builder = BatchBuilder::default();
        kept.iter().for_each(|uplink| builder.push(uplink));
        let mark = builder.mark();
        gone.iter().for_each(|uplink| builder.push(uplink));
        builder.rewind(mark);
        more.iter().for_each(|uplink| builder.push(uplink));
        let batch = builder.finish();
        let expected = Batch::of(&[kept, more].concat());
        prop_assert_eq!(batch.bytes(), expected.bytes());
        prop_assert_eq!(batch.len(), expected.len());
        for (record, expected) in batch.iter().zip(expected.iter()) {
            prop_assert!(same(&record.to_uplink(), &expected.to_uplink()));
        }
    }
}
