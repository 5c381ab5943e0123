//! From uplinks to bytes.

use super::{
    flag, has,
    keys::KeyNumbers,
    kind,
    varint::{put, zigzag},
};
use crate::message::{EntityKind, KeyValue, Sample, Uplink, Value};

/// What one call appends, as bytes.
#[derive(Debug, Default)]
pub(in crate::spool) struct Run {
    /// The records, one behind the other.
    pub(in crate::spool) bytes: Vec<u8>,
    /// The length of each.
    pub(in crate::spool) lengths: Vec<u32>,
}

/// A guess at what a record takes, to make room once.
const USUAL_BYTES: usize = 64;

/// Encodes `uplinks` in order.
pub(in crate::spool) fn encode(uplinks: &[Uplink]) -> Run {
    let mut run = Run {
        bytes: Vec::with_capacity(uplinks.len() * USUAL_BYTES),
        lengths: Vec::with_capacity(uplinks.len()),
    };
    let mut keys = KeyNumbers::default();
    let mut previous = None;
    for uplink in uplinks {
        let start = run.bytes.len();
        put_record(uplink, previous, &mut keys, &mut run.bytes);
        // A record that large does not fit into memory twice.
        let length = u32::try_from(run.bytes.len() - start).unwrap_or(u32::MAX);
        run.lengths.push(length);
        previous = Some(uplink);
    }
    run
}

fn put_record<'run>(
    uplink: &'run Uplink,
    previous: Option<&Uplink>,
    keys: &mut KeyNumbers<'run>,
    to: &mut Vec<u8>,
) {
    let entity = &uplink.entity;
    let same = |same: fn(&Uplink, &Uplink) -> bool| previous.is_some_and(|old| same(old, uplink));
    let same_integration = same(|old, new| old.integration == new.integration);
    let same_profile = same(|old, new| old.entity.profile == new.entity.profile);
    let same_name = same(|old, new| old.entity.name == new.entity.name);
    let options = [
        (has::LABEL, &entity.label),
        (has::CUSTOMER, &entity.customer),
        (has::GROUP, &entity.group),
    ];
    let present = options
        .iter()
        .filter(|(_, text)| text.is_some())
        .fold(0, |bits, (bit, _)| bits | bit);
    let flags = [
        (previous.is_none(), flag::FIRST),
        (same_integration, flag::SAME_INTEGRATION),
        (same_profile, flag::SAME_PROFILE),
        (same_name, flag::SAME_NAME),
        (entity.kind == EntityKind::Asset, flag::ASSET),
        (uplink.allow_create, flag::ALLOW_CREATE),
        (present != 0, flag::OPTIONS),
    ];
    to.push(
        flags
            .into_iter()
            .filter(|(set, _)| *set)
            .fold(0, |bits, (_, bit)| bits | bit),
    );
    for (same, text) in [
        (same_integration, &*uplink.integration),
        (same_profile, &entity.profile),
        (same_name, &entity.name),
    ] {
        if !same {
            put_text(text, to);
        }
    }
    let before = previous.map_or(0, |old| old.received_ms);
    put(zigzag(uplink.received_ms.wrapping_sub(before)), to);
    if present != 0 {
        to.push(present);
        for text in options.into_iter().filter_map(|(_, text)| text.as_deref()) {
            put_text(text, to);
        }
    }
    put(entity.telemetry.len() as u64, to);
    for sample in &entity.telemetry {
        put_sample(sample, uplink.received_ms, keys, to);
    }
    put(entity.attributes.len() as u64, to);
    for pair in &entity.attributes {
        put_pair(pair, keys, to);
    }
}

fn put_sample<'run>(
    sample: &'run Sample,
    received_ms: i64,
    keys: &mut KeyNumbers<'run>,
    to: &mut Vec<u8>,
) {
    put(
        (sample.values.len() as u64) << 1 | u64::from(sample.ts.is_some()),
        to,
    );
    if let Some(ts) = sample.ts {
        put(zigzag(ts.wrapping_sub(received_ms)), to);
    }
    for pair in &sample.values {
        put_pair(pair, keys, to);
    }
}

fn put_pair<'run>(pair: &'run KeyValue, keys: &mut KeyNumbers<'run>, to: &mut Vec<u8>) {
    match keys.number(&pair.key) {
        Some(number) => put(number as u64 + 1, to),
        None => {
            to.push(0);
            put_text(&pair.key, to);
        }
    }
    match &pair.value {
        Value::Boolean(false) => to.push(kind::FALSE),
        Value::Boolean(true) => to.push(kind::TRUE),
        Value::Long(number) => {
            to.push(kind::LONG);
            put(zigzag(*number), to);
        }
        Value::Double(number) => {
            to.push(kind::DOUBLE);
            to.extend_from_slice(&number.to_bits().to_le_bytes());
        }
        Value::Text(text) => {
            to.push(kind::TEXT);
            put_text(text, to);
        }
        Value::Json(text) => {
            to.push(kind::JSON);
            put_text(text, to);
        }
    }
}

fn put_text(text: &str, to: &mut Vec<u8>) {
    put(text.len() as u64, to);
    to.extend_from_slice(text.as_bytes());
}
