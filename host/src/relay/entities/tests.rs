//! Names across renames, sessions and restarts.

use std::{fs, sync::atomic::Ordering::SeqCst};

use tempfile::TempDir;

use super::*;
use crate::{
    redb_file::testing::{Disk, logged},
    relay::ids::entity_id,
};

const DEVICE: EntityKind = EntityKind::Device;
const EDGE: Uuid = Uuid::from_u128(100);
const ONE: Uuid = Uuid::from_u128(1);
const TWO: Uuid = Uuid::from_u128(2);

fn device(name: &str) -> Known {
    Known {
        kind: DEVICE,
        name: name.to_owned(),
        profile: "default".to_owned(),
    }
}

fn open(folder: &TempDir) -> Entities {
    Entities::open(folder.path()).unwrap()
}

fn entities() -> (Entities, TempDir) {
    let folder = TempDir::new().unwrap();
    (open(&folder), folder)
}

/// A synchronisation in which the server tells `devices`.
fn synchronise(entities: &Entities, devices: &[(Uuid, &str)]) -> usize {
    entities.begin_sync(EDGE);
    for (id, name) in devices {
        entities.learn(*id, device(name));
    }
    entities.complete_sync().entities
}

/// What a process that is killed now leaves behind, opened.
async fn killed(entities: &Entities, folder: &TempDir) -> (Entities, TempDir) {
    entities.written().await;
    let left = TempDir::new().unwrap();
    let file = "entities.redb";
    fs::copy(folder.path().join(file), left.path().join(file)).unwrap();
    (open(&left), left)
}

#[test]
fn devices_and_assets_have_names_of_their_own() {
    let (entities, _folder) = entities();
    assert_eq!(entities.learn(ONE, device("A")), None);
    let asset = Known {
        kind: EntityKind::Asset,
        ..device("A")
    };
    assert_eq!(entities.learn(TWO, asset), None);
    assert_eq!(entities.id(DEVICE, "A"), Some(ONE));
    assert_eq!(entities.id(EntityKind::Asset, "A"), Some(TWO));
}

#[test]
fn a_renamed_device_keeps_its_data() {
    let (entities, _folder) = entities();
    entities.learn(ONE, device("A"));
    assert_eq!(entities.learn(ONE, device("B")).as_deref(), Some("A"));
    assert_eq!(entities.learn(ONE, device("B")), None);
    assert_eq!(entities.id(DEVICE, "A"), Some(ONE));
    assert_eq!(entities.id(DEVICE, "B"), Some(ONE));
    assert_eq!(entities.known(ONE), Some(device("B")));
    assert_eq!(entities.forget(ONE), Some(device("B")));
    assert_eq!(entities.id(DEVICE, "A"), None);
}

#[test]
fn a_name_that_moves_to_another_device_moves() {
    let (entities, _folder) = entities();
    entities.learn(ONE, device("A"));
    entities.learn(TWO, device("A"));
    assert_eq!(entities.id(DEVICE, "A"), Some(TWO));
    entities.forget(ONE);
    assert_eq!(entities.id(DEVICE, "A"), Some(TWO));
}

#[test]
fn what_a_sync_leaves_out_is_gone() {
    let (entities, _folder) = entities();
    synchronise(&entities, &[(ONE, "A"), (TWO, "B")]);
    entities.begin_sync(EDGE);
    entities.learn(TWO, device("B"));
    assert_eq!(entities.id(DEVICE, "A"), Some(ONE));
    assert_eq!(entities.complete_sync().entities, 1);
    assert_eq!(entities.id(DEVICE, "A"), None);
    assert_eq!(entities.id(DEVICE, "B"), Some(TWO));
}

/// What the server said before a restart, what it says after, and where the data
/// of `A` go then.
#[tokio::test]
async fn after_a_restart_a_name_leads_where_it_led() {
    for (case, before, after, expected) in [
        (
            "nothing changed",
            &[(ONE, "A")][..],
            &[(ONE, "A")][..],
            Some(ONE),
        ),
        (
            "renamed while away",
            &[(ONE, "A")],
            &[(ONE, "B")],
            Some(ONE),
        ),
        (
            "renamed, and another one has the name now",
            &[(ONE, "A")],
            &[(ONE, "B"), (TWO, "A")],
            Some(TWO),
        ),
        (
            "the same, told in the other order",
            &[(ONE, "A")],
            &[(TWO, "A"), (ONE, "B")],
            Some(TWO),
        ),
        (
            "names swapped",
            &[(ONE, "A"), (TWO, "B")],
            &[(ONE, "B"), (TWO, "A")],
            Some(TWO),
        ),
        (
            "deleted while away",
            &[(ONE, "A"), (TWO, "B")],
            &[(TWO, "B")],
            None,
        ),
        (
            "deleted and made anew",
            &[(ONE, "A")],
            &[(TWO, "A")],
            Some(TWO),
        ),
        ("never there", &[(TWO, "B")], &[(TWO, "B")], None),
    ] {
        let (first, folder) = entities();
        synchronise(&first, before);
        let (second, left) = killed(&first, &folder).await;
        assert_eq!(second.id(DEVICE, "A"), None, "{case}: before the sync");
        assert_eq!(second.known(ONE), None, "{case}: before the sync");
        synchronise(&second, after);
        assert_eq!(second.id(DEVICE, "A"), expected, "{case}");
        // And it stays so.
        let (third, _left) = killed(&second, &left).await;
        synchronise(&third, after);
        assert_eq!(third.id(DEVICE, "A"), expected, "{case}: once more");
        drop(first);
    }
}

#[tokio::test]
async fn what_was_renamed_again_and_again_keeps_all_its_names() {
    let (mut entities, mut folder) = entities();
    synchronise(&entities, &[(ONE, "A")]);
    entities.learn(ONE, device("B"));
    for now in ["C", "D", "E"] {
        (entities, folder) = killed(&entities, &folder).await;
        synchronise(&entities, &[(ONE, now)]);
    }
    for name in ["A", "B", "C", "D", "E"] {
        assert_eq!(entities.id(DEVICE, name), Some(ONE), "{name}");
    }
}

/// A downlink for a renamed device goes to where its data come from.
#[tokio::test]
async fn a_renamed_device_is_found_by_what_it_calls_itself() {
    let (first, folder) = entities();
    let made = entity_id(EDGE, DEVICE, "A");
    synchronise(&first, &[(made, "A"), (TWO, "X")]);
    let speaks_as = |entities: &Entities, id| entities.addressee(id).unwrap().speaks_as;
    assert_eq!(speaks_as(&first, made), "A");
    first.learn(made, device("B"));
    first.learn(made, device("C"));
    first.learn(TWO, device("Y"));
    assert_eq!(speaks_as(&first, made), "A");
    assert_eq!(first.addressee(made).unwrap().known.name, "C");
    assert_eq!(speaks_as(&first, TWO), "X");
    assert_eq!(first.addressee(ONE), None);
    // Somebody tells the device its new name.
    assert_eq!(first.id(DEVICE, "C"), Some(made));
    assert_eq!(speaks_as(&first, made), "C");
    assert_eq!(first.id(DEVICE, "A"), Some(made));
    assert_eq!(speaks_as(&first, made), "A");
    assert_eq!(first.called(DEVICE, "B"), Some(made));
    assert_eq!(speaks_as(&first, made), "A", "nobody spoke");

    // Renamed again while the host is away: the name that made the id is it.
    let (second, _left) = killed(&first, &folder).await;
    second.begin_sync(EDGE);
    second.learn(made, device("D"));
    second.learn(TWO, device("Y"));
    let mut outcome = second.complete_sync();
    outcome.renamed.sort();
    let pair = |name: &str, now: &str| (name.to_owned(), now.to_owned());
    assert_eq!(
        outcome.renamed,
        [
            pair("A", "D"),
            pair("B", "D"),
            pair("C", "D"),
            pair("X", "Y")
        ]
    );
    assert_eq!(speaks_as(&second, made), "A");
    assert_eq!(speaks_as(&second, TWO), "X");
    second.forget(made);
    assert_eq!(second.addressee(made), None);
}

/// A server whose tenant has all the devices it may acknowledges a creation
/// without one.
#[test]
fn what_was_created_and_is_not_there_is_told() {
    let (entities, _folder) = entities();
    synchronise(&entities, &[]);
    entities.created(ONE, device("A"));
    entities.created(TWO, device("B"));
    assert_eq!(entities.id(DEVICE, "A"), Some(ONE));
    entities.begin_sync(EDGE);
    entities.learn(TWO, device("B"));
    let expected = Synchronised {
        entities: 1,
        renamed: Vec::new(),
        missing: vec!["A".to_owned()],
    };
    assert_eq!(entities.complete_sync(), expected);
    assert_eq!(entities.id(DEVICE, "A"), None);
    assert_eq!(synchronise(&entities, &[(TWO, "B")]), 1);
    entities.begin_sync(EDGE);
    assert_eq!(entities.complete_sync().missing, [""; 0], "once is enough");
}

/// Before the server has told all it has, an id of the file's may be one that is
/// gone.
#[tokio::test]
async fn a_file_alone_sends_no_data_anywhere() {
    let (first, folder) = entities();
    synchronise(&first, &[(ONE, "A"), (TWO, "B")]);
    let (second, _left) = killed(&first, &folder).await;
    second.begin_sync(EDGE);
    second.learn(ONE, device("C"));
    assert_eq!(second.id(DEVICE, "A"), None);
    assert_eq!(second.id(DEVICE, "B"), None);
    // The session broke; the next one completes.
    second.begin_sync(EDGE);
    second.learn(ONE, device("C"));
    assert_eq!(second.complete_sync().entities, 1);
    assert_eq!(second.id(DEVICE, "A"), Some(ONE));
    assert_eq!(second.id(DEVICE, "B"), None);
}

#[tokio::test]
async fn what_was_deleted_stays_forgotten() {
    let (first, folder) = entities();
    synchronise(&first, &[(ONE, "A")]);
    first.learn(ONE, device("B"));
    first.forget(ONE);
    let (second, _left) = killed(&first, &folder).await;
    // Assigned to the edge again later, under its last name.
    synchronise(&second, &[(ONE, "B")]);
    assert_eq!(second.id(DEVICE, "A"), None);
    // Deleted in the synchronisation itself, after it was told.
    second.begin_sync(EDGE);
    second.learn(ONE, device("B"));
    second.forget(ONE);
    assert_eq!(second.complete_sync().entities, 0);
    assert_eq!(second.id(DEVICE, "B"), None);
}

/// The name is taken by a device that this edge does not see: the server stores
/// ours under another one and tells so, before or after its acknowledgement.
#[tokio::test]
async fn a_rename_that_the_server_echoes_creates_nothing_twice() {
    for echo_first in [false, true] {
        let (first, folder) = entities();
        synchronise(&first, &[]);
        let id = entity_id(EDGE, DEVICE, "A");
        let stored_as = "A_MwtIxTmOiMUStmK";
        if echo_first {
            assert_eq!(first.learn(id, device(stored_as)), None);
            first.alias(DEVICE, "A", id);
        } else {
            assert_eq!(first.learn(id, device("A")), None);
            let before = first.learn(id, device(stored_as));
            assert_eq!(before.as_deref(), Some("A"));
        }
        assert_eq!(first.id(DEVICE, "A"), Some(id));
        let (second, _left) = killed(&first, &folder).await;
        synchronise(&second, &[(id, stored_as)]);
        assert_eq!(second.id(DEVICE, "A"), Some(id));
        // The other one is assigned to the edge: the name is its own.
        second.learn(TWO, device("A"));
        assert_eq!(second.id(DEVICE, "A"), Some(TWO));
    }
}

/// With the file everything is lost but the ids that are made from names: a
/// creation finds what it created before.
#[tokio::test]
async fn a_lost_file_creates_nothing_twice() {
    let (first, folder) = entities();
    synchronise(&first, &[]);
    let id = entity_id(EDGE, DEVICE, "A");
    first.learn(id, device("A"));
    drop(first);
    fs::remove_file(folder.path().join("entities.redb")).unwrap();
    let second = open(&folder);
    synchronise(&second, &[(id, "renamed meanwhile")]);
    assert_eq!(second.id(DEVICE, "A"), None);
    // What whoever creates `A` asks before: it is there, under another name.
    let again = entity_id(EDGE, DEVICE, "A");
    assert_eq!(second.known(again), Some(device("renamed meanwhile")));
    // A second host of this edge makes the same id; another edge another one.
    assert_eq!(again, id);
    assert_ne!(entity_id(TWO, DEVICE, "A"), id);
}

#[test]
fn another_edge_starts_anew() {
    let (first, folder) = entities();
    synchronise(&first, &[(ONE, "A")]);
    drop(first);
    let other = Uuid::from_u128(200);
    let second = open(&folder);
    let said = logged(|| second.begin_sync(other));
    assert!(said.contains("another edge than before"), "{said}");
    second.learn(ONE, device("B"));
    second.complete_sync();
    assert_eq!(second.id(DEVICE, "A"), None);
    drop(second);
    let third = open(&folder);
    let said = logged(|| third.begin_sync(other));
    assert_eq!(said, "");
    third.learn(ONE, device("C"));
    third.complete_sync();
    assert_eq!(third.id(DEVICE, "A"), None);
    assert_eq!(third.id(DEVICE, "B"), Some(ONE));
}

#[tokio::test]
async fn a_sync_that_tells_nothing_new_writes_nothing() {
    let folder = TempDir::new().unwrap();
    synchronise(&open(&folder), &[(ONE, "A"), (TWO, "B")]);
    let disk = Disk::new();
    let entities = Entities::open_with(folder.path(), disk.opener()).unwrap();
    let before = disk.syncs.load(SeqCst);
    for _ in 0..3 {
        synchronise(&entities, &[(ONE, "A"), (TWO, "B")]);
        entities.written().await;
    }
    assert_eq!(disk.syncs.load(SeqCst), before);
    entities.learn(TWO, device("C"));
    entities.written().await;
    assert!(disk.syncs.load(SeqCst) > before);
}

#[test]
fn a_damaged_file_is_moved_aside() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("entities.redb"), "text").unwrap();
    let entities = open(&folder);
    synchronise(&entities, &[(ONE, "A")]);
    drop(entities);
    synchronise(&open(&folder), &[(ONE, "A")]);
    let files = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names[1].starts_with("entities.redb.damaged-"), "{names:?}");
}

#[tokio::test]
async fn a_full_disk_costs_nothing_once_it_has_room_again() {
    let folder = TempDir::new().unwrap();
    let disk = Disk::new();
    let first = Entities::open_with(folder.path(), disk.opener()).unwrap();
    synchronise(&first, &[(ONE, "A")]);
    first.written().await;
    disk.room.store(0, SeqCst);
    first.learn(ONE, device("B"));
    first.written().await;
    assert_eq!(first.id(DEVICE, "B"), Some(ONE));
    disk.room.store(u64::MAX, SeqCst);
    first.learn(TWO, device("C"));
    first.written().await;
    drop(first);
    let second = open(&folder);
    synchronise(&second, &[(ONE, "D"), (TWO, "C")]);
    assert_eq!(second.id(DEVICE, "B"), Some(ONE));
}
