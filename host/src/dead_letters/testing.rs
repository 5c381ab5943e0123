//! What the tests of the store share: letters.

use std::net::{Ipv4Addr, Ipv6Addr};

use bytes::Bytes;

use super::letter::{Limits, NewLetter, Origin};

pub(super) const ROOMY: Limits = Limits {
    max_bytes: 1 << 30,
    max_letters: 1 << 20,
};

pub(super) fn new_letter(integration: &str, converter: &str, version: &str) -> NewLetter {
    NewLetter {
        received_ms: 1_700_000_000_000,
        integration: integration.to_owned(),
        origin: Origin::Converter {
            peer: (Ipv4Addr::new(192, 0, 2, 1), 50_000).into(),
            local: (Ipv6Addr::LOCALHOST, 9000).into(),
            converter: converter.to_owned(),
            version: version.to_owned(),
            session_hex: "ff".to_owned(),
        },
        error: "no checksum".to_owned(),
        frame: Bytes::from_static(b"\x01\x02"),
    }
}

/// What ThingsBoard does not take of `entity`.
pub(super) fn refused(integration: &str, entity: &str) -> NewLetter {
    NewLetter {
        origin: Origin::ThingsBoard {
            entity: entity.to_owned(),
        },
        ..new_letter(integration, "", "")
    }
}

/// A letter whose frame is `number`, so that it can be told from the others.
pub(super) fn numbered(number: u64) -> NewLetter {
    NewLetter {
        frame: Bytes::copy_from_slice(&number.to_be_bytes()),
        ..new_letter("meters", "meter", "v1")
    }
}

/// The number that [`numbered`] put into a frame.
pub(super) fn number(frame: &[u8]) -> u64 {
    u64::from_be_bytes(frame.try_into().unwrap())
}
