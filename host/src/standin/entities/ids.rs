//! UUIDs on the wire, and letters at random.

use uuid::Uuid;

/// A UUID as the wire carries it.
pub(in crate::standin) fn halves(id: Uuid) -> (i64, i64) {
    let (msb, lsb) = id.as_u64_pair();
    (msb.cast_signed(), lsb.cast_signed())
}

/// A UUID from its two halves.
pub(in crate::standin) fn whole(msb: i64, lsb: i64) -> Uuid {
    Uuid::from_u64_pair(msb.cast_unsigned(), lsb.cast_unsigned())
}

/// Letters of both cases.
pub(in crate::standin) fn random_letters(count: usize) -> String {
    (0..count)
        .map(|_| {
            let letter = char::from(rand::random_range(b'a'..=b'z'));
            if rand::random() {
                letter
            } else {
                letter.to_ascii_uppercase()
            }
        })
        .collect()
}
