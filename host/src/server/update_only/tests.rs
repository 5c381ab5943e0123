use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::message::{Sample, testing::device};

/// A pair as a test writes it.
type Pair<'a> = (&'a str, Value);

fn only(limit: usize) -> Arc<UpdateOnly> {
    let keys = ["mode", "fw"].map(str::to_owned);
    Arc::new(UpdateOnly::new(&keys, limit))
}

fn pairs(pairs: &[Pair<'_>]) -> Vec<KeyValue> {
    let pair = |(key, value): &Pair<'_>| KeyValue {
        key: (*key).to_owned(),
        value: value.clone(),
    };
    pairs.iter().map(pair).collect()
}

fn uplink(name: &str, samples: &[&[Pair<'_>]], attributes: &[Pair<'_>]) -> Uplink {
    let sample = |values: &&[Pair<'_>]| Sample {
        ts: None,
        values: pairs(values),
    };
    let mut uplink = device(name);
    uplink.entity.telemetry = samples.iter().map(sample).collect();
    uplink.entity.attributes = pairs(attributes);
    uplink
}

/// What is left of uplinks, one text each, such as `a: [fw, n] [] + [mode]`.
fn left(uplinks: &[Uplink]) -> Vec<String> {
    let keys = |pairs: &[KeyValue]| {
        let keys: Vec<_> = pairs.iter().map(|pair| pair.key.as_str()).collect();
        format!("[{}]", keys.join(", "))
    };
    let text = |uplink: &Uplink| {
        let samples: Vec<_> = uplink
            .entity
            .telemetry
            .iter()
            .map(|sample| keys(&sample.values))
            .collect();
        let attributes = keys(&uplink.entity.attributes);
        format!(
            "{}: {} + {attributes}",
            uplink.entity.name,
            samples.join(" ")
        )
    };
    uplinks.iter().map(text).collect()
}

/// Filters one batch that the spool accepts.
fn accepted(only: &Arc<UpdateOnly>, mut uplinks: Vec<Uplink>) -> Vec<String> {
    only.filter(&mut uplinks).accepted();
    left(&uplinks)
}

/// Whether a value of `fw` passes, and is accepted then.
fn passes(only: &Arc<UpdateOnly>, value: Value) -> bool {
    !accepted(only, vec![uplink("a", &[&[("fw", value)]], &[])]).is_empty()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn unchanged_values_are_left_out_with_what_is_empty_then() {
    let (long, changed) = (Value::Long(1), Value::Long(2));
    let fw = || [("fw", long.clone())];
    let first = || uplink("a", &[&fw()], &[("mode", text("on"))]);
    let cases = [
        // (uplink, what passes after the first)
        (first(), None),
        (uplink("a", &[&fw(), &fw()], &[]), None),
        (
            uplink("a", &[&[("fw", long.clone()), ("n", long.clone())]], &[]),
            Some("a: [n] + []"),
        ),
        (
            uplink("a", &[&fw(), &[("n", long.clone())]], &[]),
            Some("a: [n] + []"),
        ),
        (
            uplink("a", &[&[("fw", changed.clone())]], &[("mode", text("on"))]),
            Some("a: [fw] + []"),
        ),
        (
            uplink("a", &[&fw()], &[("mode", text("off")), ("x", text("on"))]),
            Some("a:  + [mode, x]"),
        ),
        // Other entities, and the other place.
        (uplink("b", &[&fw()], &[]), Some("b: [fw] + []")),
        (uplink("a", &[], &fw()), Some("a:  + [fw]")),
        // What was empty before is not touched.
        (uplink("a", &[&[]], &[]), Some("a: [] + []")),
        (uplink("a", &[], &[]), Some("a:  + []")),
        // There and back again within one uplink.
        (
            uplink("a", &[&fw(), &[("fw", changed)], &fw(), &fw()], &[]),
            Some("a: [fw] [fw] + []"),
        ),
    ];
    for (uplink, expected) in cases {
        let only = only(10);
        assert_eq!(accepted(&only, vec![first()]), ["a: [fw] + [mode]"]);
        let shown = format!("{:?}", uplink.entity);
        let expected: Vec<_> = expected.into_iter().collect();
        assert_eq!(accepted(&only, vec![uplink]), expected, "{shown}");
    }
}

#[test]
fn an_asset_is_not_the_device_of_its_name() {
    let only = only(10);
    assert!(passes(&only, Value::Long(1)));
    let mut asset = uplink("a", &[&[("fw", Value::Long(1))]], &[]);
    asset.entity.kind = EntityKind::Asset;
    assert_eq!(accepted(&only, vec![asset]), ["a: [fw] + []"]);
}

#[test]
fn another_type_is_a_change() {
    let values = [
        Value::Long(1),
        Value::Double(1.0),
        text("1"),
        Value::Json("[1]".to_owned()),
        text("[1]"),
        Value::Boolean(true),
        Value::Long(1),
        Value::Double(0.0),
    ];
    let only = only(10);
    for value in values {
        assert!(passes(&only, value.clone()), "{value:?}");
        assert!(!passes(&only, value.clone()), "{value:?}");
    }
    assert!(!passes(&only, Value::Double(-0.0)));
}

#[test]
fn what_the_spool_did_not_accept_was_not_forwarded() {
    let only = only(10);
    let batch = |value| vec![uplink("a", &[&[("fw", Value::Long(value))]], &[])];
    drop(only.filter(&mut batch(1)));
    assert!(passes(&only, Value::Long(1)));
    // The spool may have it or not: so neither value is remembered.
    drop(only.filter(&mut batch(2)));
    assert!(passes(&only, Value::Long(1)));
    assert!(!passes(&only, Value::Long(1)));
}

#[test]
fn two_batches_on_their_way_at_a_time_leave_nothing_remembered() {
    let only = only(10);
    let batch = |value| vec![uplink("a", &[&[("fw", Value::Long(value))]], &[])];
    let (mut one, mut other) = (batch(1), batch(2));
    let first = only.filter(&mut one);
    let second = only.filter(&mut other);
    second.accepted();
    // Still unknown while the first is on its way.
    let mut third = batch(2);
    let last = only.filter(&mut third);
    first.accepted();
    last.accepted();
    assert_eq!((one.len(), other.len(), third.len()), (1, 1, 1));
    assert!(passes(&only, Value::Long(2)));
    assert!(!passes(&only, Value::Long(2)));
    assert!(only.lock().on_the_way.is_empty());
}

#[test]
fn the_limit_holds_and_the_least_recently_used_are_sent_again() {
    let only = only(2);
    let of = |name: &str| vec![uplink(name, &[&[("fw", Value::Long(1))]], &[])];
    for name in ["a", "b", "a", "c"] {
        accepted(&only, of(name));
    }
    assert!(accepted(&only, of("a")).is_empty());
    assert_eq!(accepted(&only, of("b")), ["b: [fw] + []"]);
}

#[test]
fn a_batch_without_listed_keys_does_not_wait_for_the_lock() {
    let only = only(10);
    let state = only.lock();
    let mut uplinks = vec![uplink("a", &[&[("n", Value::Long(1))]], &[])];
    only.filter(&mut uplinks).accepted();
    assert_eq!(left(&uplinks), ["a: [n] + []"]);
    drop(state);
}

proptest! {
    /// One connection's batches, some of which the spool refuses: what passes
    /// is what differs from the last that was accepted.
    #[test]
    fn what_passes_is_what_changed(
        batches in prop::collection::vec(
            (prop::collection::vec((0..3usize, 0..3usize, 0..3i64), 1..6), any::<bool>()),
            0..30,
        ),
    ) {
        let only = only(100);
        let mut known: BTreeMap<(usize, usize), i64> = BTreeMap::new();
        for (values, accepts) in batches {
            let mut expected = Vec::new();
            let mut now = known.clone();
            for (device, key, value) in &values {
                let is_listed = *key > 0;
                if now.insert((*device, *key), *value) != Some(*value) || !is_listed {
                    expected.push((*device, *key, *value));
                }
            }
            let keys = ["n", "fw", "mode"];
            let names = ["a", "b", "c"];
            let mut uplinks: Vec<_> = values
                .iter()
                .map(|(device, key, value)| {
                    uplink(names[*device], &[&[(keys[*key], Value::Long(*value))]], &[])
                })
                .collect();
            let forwarded = only.filter(&mut uplinks);
            let passed: Vec<_> = uplinks.iter().map(|uplink| format!("{:?}", uplink.entity)).collect();
            let expected_entities: Vec<_> = expected
                .iter()
                .map(|(device, key, value)| {
                    let uplink = uplink(names[*device], &[&[(keys[*key], Value::Long(*value))]], &[]);
                    format!("{:?}", uplink.entity)
                })
                .collect();
            prop_assert_eq!(passed, expected_entities);
            if accepts {
                forwarded.accepted();
                known = now;
            } else {
                drop(forwarded);
                for (device, key, _) in expected {
                    known.remove(&(device, key));
                }
            }
            prop_assert!(only.lock().on_the_way.is_empty());
        }
    }
}
