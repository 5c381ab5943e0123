//! Readers: windows, memory and disk, going back.

use std::time::Duration;

use tempfile::TempDir;

use super::super::*;
use crate::{
    message::Value,
    spool::testing::{
        Batch, all, device, drain, names, numbered, on_thread, open, positions, stop, with_values,
    },
};

const MUCH: usize = 1 << 20;

#[tokio::test]
async fn a_reader_wakes_for_the_first_record() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    let mut reader = spool.reader();
    {
        let next = reader.next(1, MUCH);
        tokio::pin!(next);
        assert!(futures_poll(&mut next).await.is_none());
        spool.append(vec![device("a")]).await.unwrap();
        assert_eq!(names(&next.await), ["a"]);
    }
    assert!(reader.try_next(1, MUCH).is_empty());
    spool.append(vec![device("b")]).await.unwrap();
    assert_eq!(names(&reader.try_next(1, MUCH)), ["b"]);
}

/// Polls once.
async fn futures_poll<F: Future>(future: &mut std::pin::Pin<&mut F>) -> Option<F::Output> {
    tokio::time::timeout(Duration::ZERO, future).await.ok()
}

#[tokio::test]
async fn a_call_that_is_given_up_takes_nothing_along() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    spool.append(numbered(0..3)).await.unwrap();
    drop(spool);
    // From disk, which takes several steps.
    let spool = open(folder.path());
    let mut reader = spool.reader();
    for _ in 0..3 {
        let _stopped = stop(&spool).await;
        let next = reader.next(1, MUCH);
        tokio::pin!(next);
        assert!(futures_poll(&mut next).await.is_none());
    }
    assert_eq!(names(&reader.next(9, MUCH).await), ["0", "1", "2"]);
}

#[tokio::test]
async fn a_page_is_bounded_by_records_and_bytes_but_not_empty() {
    let folder = TempDir::new().unwrap();
    let large = |name| with_values(name, &[("t", Value::Text("x".repeat(1000)))]);
    let uplinks = ["a", "b", "c", "d"].into_iter().map(large);
    let mut spool = open(folder.path());
    spool.append(uplinks.collect::<Batch>()).await.unwrap();
    for from_disk in [false, true] {
        if from_disk {
            drop(spool);
            spool = open(folder.path());
        }
        let mut reader = spool.reader();
        assert_eq!(names(&reader.next(9, 0).await), ["a"]);
        assert_eq!(names(&reader.next(9, 2500).await), ["b", "c"]);
        assert_eq!(names(&reader.next(0, MUCH).await), ["d"]);
        reader.rewind();
        assert_eq!(names(&reader.next(3, MUCH).await), ["a", "b", "c"]);
    }
    // From disk to memory.
    let mut reader = spool.reader();
    spool.append(vec![large("e"), large("f")]).await.unwrap();
    assert_eq!(reader.next(3, MUCH).await.len(), 3);
    assert_eq!(names(&reader.next(9, 1500).await), ["d"]);
    assert_eq!(names(&reader.next(9, 1500).await), ["e"]);
    let records = spool.page(Position(5), 9).await.unwrap();
    assert_eq!(names(&records), ["e", "f"]);
}

#[tokio::test]
async fn a_window_is_acknowledged_in_any_order_and_sent_again_after_a_break() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    for first in [0, 4, 8] {
        spool.append(numbered(first..first + 4)).await.unwrap();
    }
    let mut reader = spool.reader();
    let one = reader.next(5, MUCH).await;
    let two = reader.next(5, MUCH).await;
    spool.acknowledge(positions(&two));
    assert_eq!(spool.len(), 7);
    // The link breaks before the first message is acknowledged.
    reader.rewind();
    let again = reader.next(9, MUCH).await;
    assert_eq!(names(&again), ["0", "1", "2", "3", "4", "10", "11"]);
    assert!(
        again[..5]
            .iter()
            .zip(&one)
            .all(|(a, b)| a.position == b.position)
    );
    spool.acknowledge(positions(&again));
    // The acknowledgement of the old session comes late.
    spool.acknowledge(positions(&one));
    assert!(spool.is_empty());
}

#[tokio::test]
async fn a_sender_that_keeps_up_does_not_read_the_disk() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    let mut reader = spool.reader();
    for number in 0..50 {
        spool.append(numbered([number])).await.unwrap();
        let records = reader.next(9, MUCH).await;
        assert_eq!(names(&records), [number.to_string()]);
        if number % 3 == 0 {
            spool.acknowledge(positions(&records));
        }
    }
    reader.rewind();
    assert_eq!(reader.try_next(100, MUCH).len(), spool.len() as usize);
    assert_eq!(reads(&spool).await, 0);
}

/// How many blocks were read with their records. Counted by the database: what
/// is asked for is prepared first.
async fn reads(spool: &Spool) -> i32 {
    on_thread(spool, |store| {
        let sql = store::READ;
        let statement = store.connection().prepare_cached(sql).unwrap();
        statement.get_status(rusqlite::StatementStatus::Run)
    })
    .await
}

#[tokio::test]
async fn what_does_not_fit_into_memory_is_read_from_disk() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    let text = "x".repeat(10_000);
    let count = 3 * tail::TAIL_BYTES / text.len();
    for number in 0..count {
        let name = number.to_string();
        let uplink = with_values(&name, &[("t", Value::Text(text.clone()))]);
        spool.append(vec![uplink]).await.unwrap();
    }
    let held = spool.shared().lock().tail.first().unwrap();
    assert!(held > count as u64 / 3, "{held} of {count}");
    let mut reader = spool.reader();
    let mut window = Vec::new();
    for number in 0..count {
        let records = reader.next(1, MUCH).await;
        assert_eq!(names(&records), [number.to_string()]);
        window.extend(records);
        if window.len() == 100 {
            spool.acknowledge(positions(&window));
            window.clear();
        }
    }
    assert!(reads(&spool).await > 10);
    assert_eq!(spool.len(), window.len() as u64);
    reader.rewind();
    assert_eq!(drain(&spool, &mut reader).await.len(), window.len());
}

#[tokio::test]
async fn several_readers_do_not_disturb_each_other() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    spool.append(numbered(0..6)).await.unwrap();
    let (mut one, mut two) = (spool.reader(), spool.reader());
    assert_eq!(one.next(2, MUCH).await.len(), 2);
    assert_eq!(names(&two.next(1, MUCH).await), ["0"]);
    let page = spool.page(Position(4), 2).await.unwrap();
    assert_eq!(names(&page), ["3", "4"]);
    let next = one.next(1, MUCH).await;
    assert_eq!(names(&next), ["2"]);
    spool.acknowledge(positions(&next));
    assert_eq!(names(&two.next(2, MUCH).await), ["1", "3"]);
    assert_eq!(all(&spool).await, [0, 1, 3, 4, 5]);
}

#[tokio::test]
async fn records_in_memory_are_shared_not_copied() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    spool.append(vec![device("a")]).await.unwrap();
    let mut reader = spool.reader();
    let one = reader.next(1, MUCH).await;
    reader.rewind();
    let two = reader.next(1, MUCH).await;
    let bytes = |records: &[Record]| std::ptr::from_ref(records[0].uplink().name());
    assert_eq!(bytes(&one), bytes(&two));
    spool.acknowledge(positions(&one));
}
