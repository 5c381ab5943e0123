//! Looks into stores that no host has open.

use std::{collections::BTreeMap, fs, path::Path};

use tempfile::TempDir;

use super::super::*;
use crate::{
    message::Value,
    spool::testing::{Batch, all, names, numbered, on_thread, open, settled, with_values},
};

/// Every file with its content.
fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = folder.read_dir().unwrap().map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read(entry.path()).unwrap())
    });
    files.collect()
}

/// What is seen of a folder that has to stay as it is.
struct Seen {
    records: u64,
    names: Vec<u64>,
    missing: u64,
    damage: Option<String>,
}

fn look(folder: &Path) -> Option<Seen> {
    let before = content(folder);
    let view = View::open(folder).unwrap();
    let seen = view.map(|view| {
        let (status, end) = view.status(1 << 20).unwrap();
        assert_eq!(status.max_bytes, 1 << 20);
        let (mut numbers, mut missing, mut from) = (Vec::new(), 0, Position::FIRST);
        loop {
            let page = view.page(from, 7).unwrap();
            assert!(page.records.len() <= 7);
            numbers.extend(
                names(&page.records)
                    .iter()
                    .map(|name| name.parse::<u64>().unwrap()),
            );
            missing += page
                .unreadable
                .iter()
                .map(|range| range.end - range.start)
                .sum::<u64>();
            match page.next {
                Some(next) => from = next,
                None => break,
            }
        }
        assert!(from < end);
        Seen {
            records: status.records,
            names: numbers,
            missing,
            damage: view.damage().map(str::to_owned),
        }
    });
    let after = content(folder);
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>()
    );
    assert!(before == after, "a file was changed");
    seen
}

/// A copy of what is on disk at the moment, as a killed process leaves it.
fn copy(folder: &Path) -> TempDir {
    let copy = TempDir::new().unwrap();
    for (name, bytes) in content(folder) {
        fs::write(copy.path().join(name), bytes).unwrap();
    }
    copy
}

/// A thousand records of some hundred bytes in many blocks, one part in the
/// database and one in its log. The first hundred are done with.
async fn left() -> TempDir {
    let live = TempDir::new().unwrap();
    let spool = open(live.path());
    for hundred in 0..10 {
        let uplinks = (hundred * 100..hundred * 100 + 100).map(|number| {
            with_values(&format!("{number}"), &[("t", Value::Text("x".repeat(300)))])
        });
        spool.append(uplinks.collect::<Batch>()).await.unwrap();
        if hundred == 6 {
            on_thread(&spool, |store| store.checkpoint().unwrap()).await;
        }
    }
    spool.acknowledge((1..=100).map(Position::at));
    settled(&spool).await;
    copy(live.path())
}

#[tokio::test]
async fn a_killed_hosts_store_is_seen_whole_and_stays() {
    let folder = left().await;
    assert!(content(folder.path())["spool.db-wal"].len() > 1000);
    let seen = look(folder.path()).unwrap();
    assert_eq!(seen.damage, None);
    assert_eq!((seen.records, seen.missing), (900, 0));
    assert_eq!(seen.names, (100..1000).collect::<Vec<_>>());
    // The host finds all of it, too.
    let spool = open(folder.path());
    assert_eq!(all(&spool).await, (100..1000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_closed_store_is_seen_whole_and_stays() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    spool.append(numbered(0..20)).await.unwrap();
    let status = spool.status();
    drop(spool);
    let seen = look(folder.path()).unwrap();
    assert_eq!((seen.records, seen.missing), (20, 0));
    assert_eq!(seen.names, (0..20).collect::<Vec<_>>());
    let view = View::open(folder.path()).unwrap().unwrap();
    let (offline, end) = view.status(status.max_bytes).unwrap();
    assert_eq!(offline.bytes, status.bytes);
    assert_eq!(end.get(), 21);
    assert!(offline.disk_bytes > 0 && offline.oldest_age_ms.is_some());
}

#[tokio::test]
async fn an_open_store_is_not_looked_into_and_a_looking_tool_delays_a_start_only() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    spool.append(numbered(0..3)).await.unwrap();
    let error = View::open(folder.path()).err();
    assert!(matches!(error, Some(SpoolError::InUse(_))), "{error:?}");
    drop(spool);

    let view = View::open(folder.path()).unwrap().unwrap();
    let path = folder.path().to_owned();
    let start = std::thread::spawn(move || open(&path).len());
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert!(!start.is_finished());
    drop(view);
    assert_eq!(start.join().unwrap(), 3);
}

#[test]
fn where_there_is_none_none_is_made() {
    let folder = TempDir::new().unwrap();
    assert!(look(folder.path()).is_none());
    assert!(
        View::open(&folder.path().join("missing"))
            .unwrap()
            .is_none()
    );
    // A host that was killed before it had made the tables.
    fs::write(folder.path().join("spool.db"), "").unwrap();
    assert!(look(folder.path()).is_none());
}

#[tokio::test]
async fn damage_in_a_block_is_told_and_stays() {
    let folder = left().await;
    let file = folder.path().join("spool.db");
    let mut bytes = fs::read(&file).unwrap();
    // A letter of record 250's text, which is in the database.
    let name = bytes
        .windows(4)
        .position(|part| part == b"\x03250")
        .unwrap();
    let text = bytes[name..].iter().position(|byte| *byte == b'x').unwrap();
    bytes[name + text + 5] = b'y';
    fs::write(&file, bytes).unwrap();
    let seen = look(folder.path()).unwrap();
    assert_eq!(seen.damage, None, "it does not show before it is read");
    assert_eq!(seen.records, 900);
    assert_eq!(seen.names.len() as u64 + seen.missing, 900);
    assert!((1..=100).contains(&seen.missing), "{}", seen.missing);
    assert!(!seen.names.contains(&250) && seen.names.is_sorted());
}

#[tokio::test]
async fn a_damaged_log_is_told_and_stays() {
    let folder = left().await;
    let file = folder.path().join("spool.db-wal");
    let mut bytes = fs::read(&file).unwrap();
    let at = bytes
        .windows(4)
        .position(|part| part == b"\x03820")
        .unwrap();
    bytes[at + 1] = b'9';
    fs::write(&file, bytes).unwrap();
    let seen = look(folder.path()).unwrap();
    let damage = seen.damage.unwrap();
    assert!(
        damage.starts_with("its log is damaged, and the last"),
        "{damage}"
    );
    assert_eq!(seen.names.len() as u64, seen.records);
    assert!(seen.names.contains(&700) && !seen.names.contains(&820));
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_is_told_and_stays() {
    // The header; the root of the blocks' table.
    for (from, length) in [(0, 100), (4096, 8)] {
        let folder = TempDir::new().unwrap();
        let spool = open(folder.path());
        spool.append(numbered(0..20)).await.unwrap();
        drop(spool);
        let file = folder.path().join("spool.db");
        let mut bytes = fs::read(&file).unwrap();
        bytes[from..from + length].fill(0xff);
        fs::write(&file, bytes).unwrap();
        let before = content(folder.path());
        let view = View::open(folder.path()).unwrap().unwrap();
        assert!(view.damage().is_some(), "{from}");
        let (status, _) = view.status(1).unwrap();
        assert_eq!(status.records, 0);
        let page = view.page(Position::FIRST, 10).unwrap();
        assert!(page.records.is_empty() && page.next.is_none(), "{from}");
        drop(view);
        assert!(
            before == content(folder.path()),
            "{from}: a file was changed"
        );
    }
}
