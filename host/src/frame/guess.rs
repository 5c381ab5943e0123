//! Ranks handler configurations by how well they cut captured packets.
//!
//! A capture shows where the device ended its writes, which is nearly always
//! the end of a frame. So a good configuration leaves nothing over at the end
//! of any packet; and it explains the packets by little: a delimiter that ends
//! each of them, or a length field that is right for packets of different
//! lengths.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::cut::{Event, cut};
use crate::config::HandlerConfiguration;

/// Most guesses that are shown.
const MOST: usize = 5;
/// Furthest offset at which a length field is looked for.
const MAX_OFFSET: usize = 16;
/// Greatest difference between a length field and what it counts that is
/// believed: headers and checksums are short.
const MAX_ADJUSTMENT: i64 = 32;
/// The limit that guesses set unless a packet is longer.
const LEAST_MAX_FRAME_LENGTH: usize = 128;

/// A configuration that cuts the packets cleanly.
#[derive(Debug)]
pub(super) struct Guess {
    /// The `handlerConfiguration`, with what differs from the defaults.
    pub(super) handler: Json,
    /// Frames that it makes of the packets.
    pub(super) frames: usize,
    /// What speaks for it.
    pub(super) why: String,
    score: i64,
}

/// The best configurations, best first.
pub(super) fn rank(packets: &[Vec<u8>]) -> Vec<Guess> {
    let packets: Vec<_> = packets
        .iter()
        .filter(|packet| !packet.is_empty())
        .cloned()
        .collect();
    let mut guesses: Vec<_> = delimiters(&packets)
        .into_iter()
        .chain(length_fields(&packets))
        .chain(std::iter::once((
            json!({ "handlerType": "JSON" }),
            95,
            "every packet is a series of whole JSON objects or arrays".to_owned(),
        )))
        .filter_map(|(handler, score, why)| try_out(handler, score, why, &packets))
        .collect();
    guesses.sort_by_key(|guess| std::cmp::Reverse(guess.score));
    guesses.truncate(MOST);
    guesses
}

/// Keeps a candidate that cuts each packet, and all of them as one stream,
/// without an error or a rest.
fn try_out(handler: Json, score: i64, why: String, packets: &[Vec<u8>]) -> Option<Guess> {
    let settings: HandlerConfiguration = serde_json::from_value(handler.clone()).ok()?;
    let clean = |chunks: &[Vec<u8>]| {
        let outcome = cut(&settings, chunks).ok()?;
        let frames = outcome.events.iter();
        let frames = frames
            .filter(|event| matches!(event, Event::Frame { .. }))
            .count();
        (outcome.left == 0 && !outcome.has_error() && frames > 0).then_some(frames)
    };
    for packet in packets {
        clean(std::slice::from_ref(packet))?;
    }
    let frames = clean(packets)?;
    Some(Guess {
        handler,
        frames,
        why,
        score,
    })
}

fn delimiters(packets: &[Vec<u8>]) -> Vec<(Json, i64, String)> {
    let longest = packets.iter().map(Vec::len).max().unwrap_or_default();
    let limit = longest.max(LEAST_MAX_FRAME_LENGTH);
    let text = |separator: &str| json!({ "handlerType": "TEXT", "messageSeparator": separator, "maxFrameLength": limit });
    let mut candidates = Vec::new();
    if packets.iter().all(|packet| packet.ends_with(b"\n")) {
        let why = "every packet ends with a line feed".to_owned();
        candidates.push((text("SYSTEM_LINE_SEPARATOR"), 100, why));
    }
    if packets.iter().all(|packet| packet.ends_with(b"\0")) {
        candidates.push((
            text("NUL_DELIMITER"),
            60,
            "every packet ends with a zero byte".to_owned(),
        ));
    }
    let Some(last) = packets.first().and_then(|packet| packet.last()) else {
        return candidates;
    };
    let common =
        !matches!(last, b'\n' | b'\0') && packets.iter().all(|packet| packet.last() == Some(last));
    if common && packets.len() > 1 && (last.is_ascii_punctuation() || *last == b'\r') {
        let mut handler = text("CUSTOM_SEPARATOR");
        handler["separator"] = json!(char::from(*last).to_string());
        let why = format!("every packet ends with {:?}", char::from(*last));
        candidates.push((handler, 70, why));
    }
    candidates
}

/// Every length field that, with one adjustment, is right for all packets.
fn length_fields(packets: &[Vec<u8>]) -> Vec<(Json, i64, String)> {
    let mut candidates = Vec::new();
    for offset in 0..=MAX_OFFSET {
        for length in [1, 2, 3, 4, 8] {
            for order in ["LITTLE_ENDIAN", "BIG_ENDIAN"] {
                // One byte has no order.
                if length > 1 || order == "LITTLE_ENDIAN" {
                    candidates.extend(length_field(packets, offset, length, order));
                }
            }
        }
    }
    candidates
}

fn length_field(
    packets: &[Vec<u8>],
    offset: usize,
    length: usize,
    order: &str,
) -> Option<(Json, i64, String)> {
    let end = offset + length;
    let mut adjustments = BTreeSet::new();
    let mut values = BTreeSet::new();
    for packet in packets {
        let field = packet.get(offset..end)?;
        let value = read(field, order == "LITTLE_ENDIAN")?;
        let rest = i64::try_from(packet.len()).ok()? - i64::try_from(end).ok()?;
        adjustments.insert(rest.checked_sub(value)?);
        values.insert(value);
    }
    let mut adjustments = adjustments.into_iter();
    let (Some(adjustment), None) = (adjustments.next(), adjustments.next()) else {
        return None;
    };
    if adjustment.abs() > MAX_ADJUSTMENT {
        return None;
    }
    let longest = packets.iter().map(Vec::len).max().unwrap_or_default();
    let handler = json!({
        "handlerType": "BINARY",
        "byteOrder": order,
        "lengthFieldOffset": offset,
        "lengthFieldLength": length,
        "lengthAdjustment": adjustment,
        "maxFrameLength": longest.max(LEAST_MAX_FRAME_LENGTH),
    });
    let counts_all = i64::try_from(end).ok()? == -adjustment;
    let counts = match adjustment {
        0 => "the number of bytes behind it".to_owned(),
        _ if counts_all => "the length of the whole frame".to_owned(),
        1.. => format!("the number of bytes behind it less {adjustment}"),
        _ => format!("the number of bytes behind it plus {}", -adjustment),
    };
    let place = match length {
        1 => format!("byte {offset} is"),
        _ => format!("bytes {offset} to {} are", end - 1),
    };
    let why = format!(
        "{place} {counts} in all {} packets, which have {} different lengths",
        packets.len(),
        values.len()
    );
    // Different lengths are evidence; an odd sum speaks against it.
    let evidence = 30 * i64::try_from(values.len()).ok()?.min(3);
    let plain = match adjustment {
        0 => 10,
        _ if counts_all => 8,
        _ => -adjustment.abs(),
    };
    // A field whose upper bytes are always zero can be read as a narrower one
    // as well: the wider is what its maker meant.
    let width = i64::try_from(length).ok()?;
    let score = evidence + plain + width - i64::try_from(offset).ok()?;
    Some((handler, score, why))
}

/// The number in a field; none beyond what a length can be.
fn read(field: &[u8], little_endian: bool) -> Option<i64> {
    let fold = |value: i64, byte: &u8| value.checked_mul(256)?.checked_add(i64::from(*byte));
    match little_endian {
        true => field.iter().rev().try_fold(0, fold),
        false => field.iter().try_fold(0, fold),
    }
}
