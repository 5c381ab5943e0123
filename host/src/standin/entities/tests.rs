//! Names, profiles and ids.

use super::*;

const ONE: Uuid = Uuid::from_u128(1);
const TWO: Uuid = Uuid::from_u128(2);

fn table() -> Table {
    Table::new(Kind::Device, Uuid::from_u128(9))
}

fn draft(name: &str) -> Draft {
    Draft::named(name.to_owned(), None, None)
}

#[test]
fn a_taken_name_gets_fifteen_letters() {
    let mut table = table();
    table.save(ONE, draft("SN-1"), 0).unwrap();
    let saved = table.save(TWO, draft("SN-1"), 0).unwrap();
    assert_eq!(
        saved,
        Saved {
            created: true,
            renamed: true
        }
    );
    let name = table.get(TWO).unwrap().name.clone();
    let suffix = name.strip_prefix("SN-1_").unwrap();
    assert_eq!(suffix.len(), 15);
    assert!(
        suffix.chars().all(|letter| letter.is_ascii_alphabetic()),
        "{name}"
    );
    assert_eq!(table.id_of("SN-1"), Some(ONE));
    assert_eq!(table.id_of(&name), Some(TWO));
}

#[test]
fn the_same_id_is_an_update_that_keeps_data_and_frees_the_old_name() {
    let mut table = table();
    table.save(ONE, draft("old"), 5).unwrap();
    let entity = table.get_mut(ONE).unwrap();
    entity.assigned = true;
    entity.label = Some("label".to_owned());
    let saved = table.save(ONE, draft("new"), 9).unwrap();
    assert_eq!(
        saved,
        Saved {
            created: false,
            renamed: false
        }
    );
    let entity = table.get(ONE).unwrap();
    assert!(entity.assigned);
    assert_eq!(entity.label, None);
    assert_eq!(entity.created_time, 5);
    assert_eq!(table.id_of("old"), None);
    assert_eq!(table.iter().count(), 1);
}

#[test]
fn profiles_are_made_by_name_and_found_by_id() {
    let mut table = table();
    let by_name = |name: &str| Draft {
        profile: ProfileChoice::Name(name.to_owned()),
        ..draft("a")
    };
    table.save(ONE, by_name("meter"), 0).unwrap();
    let id = table.profile_id("meter");
    let by_id = |id| Draft {
        profile: ProfileChoice::Id(id),
        ..draft("b")
    };
    table.save(TWO, by_id(id), 0).unwrap();
    assert_eq!(table.get(TWO).unwrap().profile, "meter");
    assert!(matches!(
        table.save(TWO, by_id(TWO), 0),
        Err(Refusal::Part(_))
    ));
    assert_eq!(table.get(TWO).unwrap().profile, "meter");
}

#[test]
fn halves_keep_every_bit() {
    for id in [
        Uuid::nil(),
        Uuid::max(),
        NO_CUSTOMER,
        Uuid::from_u128(1 << 127),
    ] {
        let (msb, lsb) = halves(id);
        assert_eq!(whole(msb, lsb), id);
    }
    assert_eq!(
        NO_CUSTOMER.to_string(),
        "13814000-1dd2-11b2-8080-808080808080"
    );
}
