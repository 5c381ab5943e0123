//! A full spool and a full disk.

use std::{sync::Arc, time::Duration};

use tempfile::TempDir;
use tokio::time::timeout;

use super::super::*;
use crate::{
    config::{SpoolSettings, WhenFull},
    message::{Uplink, Value, now_ms},
    spool::testing::{
        Batch, all, drain, dropping, names, numbered, on_thread, open, positions, settled,
        with_values,
    },
};

const MUCH: usize = 1 << 20;

fn open_small(folder: &TempDir, max_bytes: u64, when_full: WhenFull) -> Spool {
    let settings = SpoolSettings {
        when_full,
        ..SpoolSettings::default()
    };
    let clock = Arc::new(now_ms);
    Spool::open_with(folder.path(), &settings, max_bytes, clock)
        .unwrap()
        .0
}

/// What one call with this uplink counts.
fn counted(uplinks: &[Uplink]) -> u64 {
    block::counted(block::PREFIX + Batch::of(uplinks).bytes().len())
}

#[tokio::test]
async fn a_full_spool_makes_its_sender_wait() {
    let folder = TempDir::new().unwrap();
    let one = counted(&numbered([0]));
    let spool = open_small(&folder, 2 * one, WhenFull::Block);
    spool.append(numbered([0])).await.unwrap();
    spool.append(numbered([1])).await.unwrap();
    assert_eq!(spool.status().bytes, 2 * one);
    let waiting = spool.append(numbered([2]));
    tokio::pin!(waiting);
    assert!(
        timeout(Duration::from_millis(300), &mut waiting)
            .await
            .is_err()
    );
    assert_eq!(spool.len(), 2);
    let first = spool.reader().next(1, MUCH).await;
    spool.acknowledge(positions(&first));
    waiting.await.unwrap();
    assert_eq!(all(&spool).await, [1, 2]);
    settled(&spool).await;
    assert_eq!(spool.status().bytes, 2 * one);
}

#[tokio::test]
async fn a_batch_larger_than_the_spool_passes_alone() {
    for when_full in [WhenFull::Block, WhenFull::DropOldest] {
        let folder = TempDir::new().unwrap();
        let spool = open_small(&folder, 1, when_full);
        spool.append(numbered(0..2)).await.unwrap();
        assert_eq!(all(&spool).await, [0, 1]);
        let records = spool.page(Position::FIRST, 9).await.unwrap();
        spool.acknowledge(positions(&records));
        spool.append(numbered(2..5)).await.unwrap();
        assert_eq!(all(&spool).await, [2, 3, 4]);
        assert_eq!(spool.status().dropped_full, 0);
    }
}

#[tokio::test]
async fn callers_that_give_up_waiting_are_forgotten() {
    let folder = TempDir::new().unwrap();
    let spool = open_small(&folder, 1, WhenFull::Block);
    spool.append(numbered([0])).await.unwrap();
    let waiting = timeout(Duration::from_millis(10), spool.append(numbered([1])));
    assert!(waiting.await.is_err());
    assert_eq!(spool.shared().lock().waiting_for_room, 0);
    let records = spool.page(Position::FIRST, 9).await.unwrap();
    assert_eq!(names(&records), ["0"]);
    spool.acknowledge(positions(&records));
    spool.append(numbered([2])).await.unwrap();
    assert_eq!(all(&spool).await, [2]);
}

#[tokio::test]
async fn callers_that_wait_get_in_as_they_came() {
    let folder = TempDir::new().unwrap();
    let one = counted(&numbered([10]));
    let spool = open_small(&folder, one, WhenFull::Block);
    spool.append(numbered([10])).await.unwrap();
    let mut calls = Vec::new();
    for number in 11..40 {
        let own = spool.clone();
        calls.push(tokio::spawn(
            async move { own.append(numbered([number])).await },
        ));
        while spool.shared().lock().waiting_for_room < calls.len() {
            tokio::task::yield_now().await;
        }
    }
    let mut reader = spool.reader();
    for number in 10..40 {
        let records = reader.next(9, MUCH).await;
        assert_eq!(names(&records), [number.to_string()]);
        spool.acknowledge(positions(&records));
    }
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(spool.shared().lock().waiting_for_room, 0);
}

#[tokio::test]
async fn the_oldest_go_where_that_is_wanted() {
    let folder = TempDir::new().unwrap();
    let one = counted(&numbered([10]));
    let spool = open_small(&folder, 5 * one, WhenFull::DropOldest);
    let mut reader = spool.reader();
    for number in 10..15 {
        spool.append(numbered([number])).await.unwrap();
    }
    // Two are on their way, and one of them was acknowledged.
    let sent = reader.next(2, MUCH).await;
    spool.acknowledge([sent[1].position]);
    for number in 15..18 {
        spool.append(numbered([number])).await.unwrap();
    }
    assert_eq!(all(&spool).await, [13, 14, 15, 16, 17]);
    let status = spool.status();
    assert_eq!(
        (status.dropped_full, status.records, status.bytes),
        (2, 5, 5 * one)
    );
    // The reader goes on with what is left; a late acknowledgement is harmless.
    spool.acknowledge([sent[0].position]);
    let left = reader.next(9, MUCH).await;
    assert_eq!(names(&left), ["13", "14", "15", "16", "17"]);
    spool.append(numbered(20..24)).await.unwrap();
    drop(spool);
    let again = open(folder.path());
    assert_eq!(all(&again).await.last(), Some(&23));
}

#[tokio::test]
async fn a_spool_that_became_smaller_drops_what_is_too_much() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    let text = "x".repeat(1000);
    for number in 0..3000 {
        let name = number.to_string();
        let uplink = with_values(&name, &[("t", Value::Text(text.clone()))]);
        spool.append(vec![uplink]).await.unwrap();
    }
    drop(spool);
    let (spool, recovered) = Spool::open(folder.path(), &dropping(1)).unwrap();
    assert_eq!(recovered.records, 3000);
    spool.append(numbered([3000])).await.unwrap();
    // So much is removed step by step.
    settled(&spool).await;
    let status = spool.status();
    assert!(
        status.bytes <= 1 << 20 && status.bytes > 1_000_000,
        "{status:?}"
    );
    let left = all(&spool).await;
    assert_eq!(left.last(), Some(&3000));
    assert_eq!(status.dropped_full, left[0]);
    assert_eq!(status.records, left.len() as u64);
}

#[tokio::test]
async fn a_full_disk_makes_callers_wait_and_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    spool.append(numbered([0])).await.unwrap();
    on_thread(&spool, |store| set_max_pages(store, 1)).await;
    let text = "x".repeat(20_000);
    let large = with_values("1", &[("t", Value::Text(text))]);
    let waiting = spool.append(vec![large]);
    tokio::pin!(waiting);
    // The disk may take its time to refuse.
    let said = loop {
        let end = timeout(Duration::from_millis(20), &mut waiting).await;
        assert!(end.is_err(), "{end:?}");
        if let Some(said) = spool.status().disk_error {
            break said;
        }
    };
    assert!(said.contains("full"), "{said}");
    // What is stored can be read and acknowledged meanwhile.
    let mut reader = spool.reader();
    let records = reader.next(1, MUCH).await;
    assert_eq!(names(&records), ["0"]);
    spool.acknowledge(positions(&records));
    assert!(
        timeout(Duration::from_millis(300), &mut waiting)
            .await
            .is_err()
    );
    on_thread(&spool, |store| set_max_pages(store, 1_000_000)).await;
    waiting.await.unwrap();
    assert_eq!(spool.status().disk_error, None);
    assert_eq!(drain(&spool, &mut reader).await, [1]);
}

/// A file of more pages cannot be written; what is there already stays.
fn set_max_pages(store: &mut store::Store, pages: u32) {
    let sql = format!("PRAGMA max_page_count = {pages}");
    store.connection().query_row(&sql, [], |_| Ok(())).unwrap();
}

#[tokio::test]
async fn a_stopping_process_does_not_wait_for_a_full_disk() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    spool.append(numbered([0])).await.unwrap();
    on_thread(&spool, |store| set_max_pages(store, 1)).await;
    let large = with_values("1", &[("t", Value::Text("x".repeat(20_000)))]);
    let waiting = timeout(Duration::from_millis(50), spool.append(vec![large])).await;
    assert!(waiting.is_err());
    drop(spool);
    assert_eq!(all(&open(folder.path())).await, [0]);
}
