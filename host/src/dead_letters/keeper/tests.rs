//! The handle: shared commits, refusals, and the end of the thread.

use std::sync::{atomic::Ordering::SeqCst, mpsc};

use bytes::Bytes;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::*;
use crate::{
    dead_letters::{
        letter::Origin,
        testing::{ROOMY, new_letter, number, numbered},
    },
    redb_file::{FileError, QUEUE, testing::Disk},
};

fn numbers(letters: &DeadLetters) -> Vec<u64> {
    let all = letters.page(&Filter::default(), None, usize::MAX).unwrap();
    all.iter().map(|letter| number(&letter.frame)).collect()
}

/// A disk that tells of each wait for it.
struct SlowDisk {
    disk: Arc<Disk>,
    waits: mpsc::Receiver<()>,
}

impl SlowDisk {
    fn open(folder: &TempDir) -> (Self, DeadLetters) {
        let disk = Disk::new();
        let letters = DeadLetters::open_with(folder.path(), ROOMY, disk.opener()).unwrap();
        let (tell, waits) = mpsc::channel();
        *disk.waits.lock().unwrap() = Some(tell);
        (Self { disk, waits }, letters)
    }
}

/// Waits until so many calls are in the queue.
async fn queued(letters: &DeadLetters, count: usize) {
    while letters.keeper.committer.queued() < count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn calls_that_come_during_a_commit_share_the_next() {
    let folder = TempDir::new().unwrap();
    let (slow, letters) = SlowDisk::open(&folder);
    // Room in the file: a commit that has to make some waits more often.
    letters
        .keep((0..500).map(numbered).collect())
        .await
        .unwrap();
    letters.remove((1..=500).collect()).await.unwrap();
    letters.keep(vec![numbered(0)]).await.unwrap();
    slow.disk.syncs.store(0, SeqCst);
    letters.keep(vec![numbered(1)]).await.unwrap();
    let for_one = slow.disk.syncs.swap(0, SeqCst);
    assert!(for_one > 0);
    while slow.waits.try_recv().is_ok() {}

    let stopped = slow.disk.stop();
    let mut calls = JoinSet::new();
    let keep = |calls: &mut JoinSet<_>, one| {
        let letters = letters.clone();
        calls.spawn(async move { letters.keep(vec![numbered(one)]).await });
    };
    keep(&mut calls, 2);
    tokio::task::yield_now().await;
    // The first is being committed.
    slow.waits.recv().unwrap();
    for one in 3..66 {
        keep(&mut calls, one);
    }
    queued(&letters, 63).await;
    drop(stopped);
    for result in calls.join_all().await {
        result.unwrap();
    }
    assert_eq!(slow.disk.syncs.load(SeqCst), 2 * for_one);
    assert_eq!(numbers(&letters), (0..66).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_full_queue_makes_callers_wait() {
    let folder = TempDir::new().unwrap();
    let (slow, letters) = SlowDisk::open(&folder);
    let stopped = slow.disk.stop();
    let first = letters.clone();
    let first = tokio::spawn(async move { first.keep(vec![numbered(0)]).await });
    tokio::task::yield_now().await;
    slow.waits.recv().unwrap();
    let mut waiting = JoinSet::new();
    for one in 0..2 * QUEUE {
        let letters = letters.clone();
        waiting.spawn(async move { letters.keep(vec![numbered(one as u64)]).await });
    }
    queued(&letters, QUEUE).await;
    // The others have been polled, too, and wait.
    assert_eq!(waiting.len(), 2 * QUEUE);
    assert!(waiting.try_join_next().is_none());
    drop(stopped);
    first.await.unwrap().unwrap();
    for result in waiting.join_all().await {
        result.unwrap();
    }
    assert_eq!(letters.summary().unwrap().letters, 2 * QUEUE as u64 + 1);
}

#[tokio::test]
async fn what_was_handed_in_is_written_though_nobody_waits() {
    let folder = TempDir::new().unwrap();
    let (slow, letters) = SlowDisk::open(&folder);
    let stopped = slow.disk.stop();
    let handed_in = letters.clone();
    let call = tokio::spawn(async move { handed_in.keep(vec![numbered(1)]).await });
    tokio::task::yield_now().await;
    slow.waits.recv().unwrap();
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    drop(stopped);
    drop(letters);
    let again = DeadLetters::open(folder.path(), ROOMY).unwrap();
    assert_eq!(numbers(&again), [1]);
}

#[tokio::test]
async fn the_last_handle_closes_the_file() {
    let folder = TempDir::new().unwrap();
    let first = DeadLetters::open(folder.path(), ROOMY).unwrap();
    let second = first.clone();
    drop(first);
    second.keep(vec![numbered(1)]).await.unwrap();
    let error = DeadLetters::open(folder.path(), ROOMY).unwrap_err();
    assert!(
        matches!(error, StoreError::File(FileError::InUse(_))),
        "{error}"
    );
    drop(second);
    let third = DeadLetters::open(folder.path(), ROOMY).unwrap();
    assert_eq!(numbers(&third), [1]);
}

#[tokio::test]
async fn a_letter_larger_than_the_store_is_refused_alone() {
    let folder = TempDir::new().unwrap();
    let limits = Limits {
        max_bytes: 1000,
        max_letters: 9,
    };
    let letters = DeadLetters::open(folder.path(), limits).unwrap();
    letters.keep(vec![numbered(1)]).await.unwrap();
    let large = |length: usize| NewLetter {
        frame: Bytes::from(vec![0; length]),
        ..new_letter("meters", "meter", "v1")
    };
    let beside = Record::new(large(0)).size();
    let call = vec![large(1000), numbered(2), large(1001)];
    let error = letters.keep(call).await.unwrap_err();
    let expected = StoreError::TooLarge {
        refused: 2,
        bytes: 1001 + beside,
        max_bytes: 1000,
    };
    assert_eq!(error, expected);
    assert!(
        error.to_string().contains("raise deadLetters.maxMib"),
        "{error}"
    );
    assert_eq!(numbers(&letters), [1, 2]);
    // One that just fits takes the whole store.
    let fits = usize::try_from(1000 - beside).unwrap();
    letters.keep(vec![large(fits)]).await.unwrap();
    let summary = letters.summary().unwrap();
    assert_eq!(
        (summary.letters, summary.bytes, summary.dropped),
        (1, 1000, 2)
    );
    letters.keep(vec![large(fits + 1)]).await.unwrap_err();
    assert_eq!(letters.summary().unwrap(), summary);
}

#[tokio::test]
async fn every_caller_of_a_failed_commit_is_told() {
    let folder = TempDir::new().unwrap();
    let (slow, letters) = SlowDisk::open(&folder);
    let stopped = slow.disk.stop();
    let mut calls = JoinSet::new();
    for one in 0..5 {
        let letters = letters.clone();
        calls.spawn(async move { letters.keep(vec![numbered(one)]).await });
        if one == 0 {
            tokio::task::yield_now().await;
            slow.waits.recv().unwrap();
        }
    }
    queued(&letters, 4).await;
    slow.disk.room.store(0, SeqCst);
    drop(stopped);
    for result in calls.join_all().await {
        let error = result.unwrap_err();
        assert!(error.to_string().contains("no storage space"), "{error}");
    }
    slow.disk.room.store(u64::MAX, SeqCst);
    letters.keep(vec![numbered(9)]).await.unwrap();
    assert_eq!(numbers(&letters).last(), Some(&9));
}

#[tokio::test]
async fn letters_are_updated_and_removed() {
    let folder = TempDir::new().unwrap();
    let letters = DeadLetters::open(folder.path(), ROOMY).unwrap();
    letters.keep((0..3).map(numbered).collect()).await.unwrap();
    let again = FailedAgain {
        id: 2,
        converter: "meter".to_owned(),
        version: "v2".to_owned(),
        error: "still".to_owned(),
    };
    let gone = FailedAgain {
        id: 8,
        ..again.clone()
    };
    letters.failed_again(vec![again, gone]).await.unwrap();
    let changed = letters.get(2).unwrap().unwrap();
    assert_eq!(changed.tries, 2);
    assert!(
        matches!(&changed.origin, Origin::Converter { version, .. } if version == "v2"),
        "{:?}",
        changed.origin
    );
    assert_eq!(letters.remove(vec![1, 2, 8]).await.unwrap(), 2);
    assert_eq!(numbers(&letters), [2]);
    letters.keep(Vec::new()).await.unwrap();
}

#[test]
fn handles_go_to_any_thread() {
    fn check<T: Clone + Send + Sync + 'static>() {}
    check::<DeadLetters>();
}
