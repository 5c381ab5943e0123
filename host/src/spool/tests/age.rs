//! What waited too long goes.

use tempfile::TempDir;

use super::super::*;
use crate::{
    config::SpoolSettings,
    spool::testing::{SetClock, all, names, numbered, positions, settled},
};

const MUCH: usize = 1 << 20;
const HOUR: i64 = 3_600_000;

fn open(folder: &TempDir, clock: &SetClock, max_age_hours: u64) -> (Spool, Recovered) {
    let settings = SpoolSettings {
        max_age_hours,
        ..SpoolSettings::default()
    };
    Spool::open_with(folder.path(), &settings, 1 << 30, clock.clock()).unwrap()
}

#[tokio::test]
async fn the_age_of_the_oldest_is_told() {
    let folder = TempDir::new().unwrap();
    let clock = SetClock::at(1_000_000);
    let (spool, _) = open(&folder, &clock, 0);
    assert_eq!(spool.status().oldest_age_ms, None);
    spool.append(numbered([0])).await.unwrap();
    clock.advance(500);
    spool.append(numbered([1])).await.unwrap();
    clock.advance(100);
    assert_eq!(spool.status().oldest_age_ms, Some(600));
    let records = spool.page(Position::FIRST, 1).await.unwrap();
    spool.acknowledge(positions(&records));
    settled(&spool).await;
    assert_eq!(spool.status().oldest_age_ms, Some(100));
    clock.advance(-1000);
    assert_eq!(spool.status().oldest_age_ms, Some(0));
    clock.advance(1000);
    drop(spool);
    let (_, recovered) = open(&folder, &clock, 0);
    assert_eq!(recovered.oldest_age.unwrap().as_millis(), 100);
}

#[tokio::test]
async fn what_is_too_old_is_dropped_before_it_is_read() {
    for from_disk in [false, true] {
        let folder = TempDir::new().unwrap();
        let clock = SetClock::at(0);
        let (mut spool, _) = open(&folder, &clock, 2);
        spool.append(numbered(0..3)).await.unwrap();
        clock.advance(HOUR);
        spool.append(numbered(3..5)).await.unwrap();
        if from_disk {
            drop(spool);
            spool = open(&folder, &clock, 2).0;
        }
        let mut reader = spool.reader();
        let sent = reader.next(1, MUCH).await;
        spool.acknowledge(positions(&sent));
        clock.advance(HOUR);
        // Exactly as old as allowed.
        assert_eq!(names(&reader.next(1, MUCH).await), ["1"]);
        clock.advance(1);
        assert_eq!(names(&reader.next(9, MUCH).await), ["3", "4"]);
        let status = spool.status();
        // One is on its way; it may still be acknowledged.
        assert_eq!((status.dropped_expired, status.records), (1, 3));
        clock.advance(HOUR);
        reader.rewind();
        assert!(reader.try_next(9, MUCH).is_empty());
        // Whoever appends finds the old ones gone.
        spool.append(numbered([5])).await.unwrap();
        assert_eq!(all(&spool).await, [5]);
        assert_eq!(spool.status().dropped_expired, 4);
        assert_eq!(names(&reader.next(9, MUCH).await), ["5"]);
    }
}

#[tokio::test]
async fn nothing_is_too_old_without_a_limit() {
    let folder = TempDir::new().unwrap();
    let clock = SetClock::at(0);
    let (spool, _) = open(&folder, &clock, 0);
    spool.append(numbered([0])).await.unwrap();
    clock.advance(10_000 * HOUR);
    assert_eq!(names(&spool.reader().next(9, MUCH).await), ["0"]);
}

#[tokio::test]
async fn old_records_are_gone_at_the_start() {
    let folder = TempDir::new().unwrap();
    let clock = SetClock::at(0);
    let (spool, _) = open(&folder, &clock, 1);
    for number in 0..2500 {
        spool.append(numbered([number])).await.unwrap();
    }
    clock.advance(HOUR / 2);
    spool.append(numbered([2500])).await.unwrap();
    drop(spool);
    clock.advance(HOUR / 2 + 1);
    let (spool, recovered) = open(&folder, &clock, 1);
    assert_eq!(recovered.records, 2501);
    // The thread removes them by itself, some at a time.
    while spool.len() > 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(spool.status().dropped_expired, 2500);
    assert_eq!(all(&spool).await, [2500]);
}
