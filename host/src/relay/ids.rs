//! UUIDs as ThingsBoard sends them: two signed halves.

use uuid::Uuid;

use crate::message::EntityKind;

/// A UUID from its halves, most significant first.
pub(super) fn uuid(most: i64, least: i64) -> Uuid {
    Uuid::from_u64_pair(most.cast_unsigned(), least.cast_unsigned())
}

/// The halves of a UUID, most significant first.
pub(super) fn halves(id: Uuid) -> (i64, i64) {
    let (most, least) = id.as_u64_pair();
    (most.cast_signed(), least.cast_signed())
}

/// The id under which this edge creates an entity: made from its name, so that
/// a creation that is sent twice creates once.
pub(super) fn entity_id(edge: Uuid, kind: EntityKind, name: &str) -> Uuid {
    let prefix = match kind {
        EntityKind::Device => "device",
        EntityKind::Asset => "asset",
    };
    Uuid::new_v5(&edge, format!("{prefix}:{name}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_signed_and_big_endian() {
        let id = Uuid::from_u128(0xffff_ffff_ffff_fff0_8000_0000_0000_0001);
        assert_eq!(halves(id), (-16, i64::MIN + 1));
        assert_eq!(uuid(-16, i64::MIN + 1), id);
    }

    #[test]
    fn ids_depend_on_edge_kind_and_name_only() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let id = entity_id(one, EntityKind::Device, "SN-002");
        assert_eq!(id, entity_id(one, EntityKind::Device, "SN-002"));
        assert_eq!(id.get_version_num(), 5);
        for other in [
            entity_id(two, EntityKind::Device, "SN-002"),
            entity_id(one, EntityKind::Asset, "SN-002"),
            entity_id(one, EntityKind::Device, "SN-003"),
        ] {
            assert_ne!(id, other);
        }
    }
}
