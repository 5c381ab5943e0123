//! Records stay in order until they are acknowledged, in this process and the
//! next.

use std::time::Duration;

use tempfile::TempDir;
use tokio::task::JoinSet;

use super::super::*;
use crate::{
    config::{Fsync, SpoolSettings},
    message::Value,
    spool::testing::{
        Batch, all, device, names, numbered, on_thread, open, open_as, positions, same, settled,
        stop, with_values,
    },
};

const MUCH: usize = 1 << 20;

#[tokio::test]
async fn records_stay_in_order_until_acknowledged() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    let mut reader = spool.reader();
    spool.append(vec![device("a"), device("b")]).await.unwrap();
    spool.append(vec![device("c")]).await.unwrap();
    assert_eq!(names(&reader.next(2, MUCH).await), ["a", "b"]);
    reader.rewind();
    let records = reader.next(9, MUCH).await;
    assert_eq!(names(&records), ["a", "b", "c"]);
    spool.acknowledge(positions(&records[..2]));
    assert_eq!(spool.len(), 1);
    reader.rewind();
    assert_eq!(names(&reader.next(9, MUCH).await), ["c"]);
    spool.acknowledge(positions(&records));
    assert!(spool.is_empty());
    spool.drained().await;
}

#[tokio::test]
async fn what_was_appended_is_there_in_the_next_process() {
    for fsync in [Fsync::Always, Fsync::Interval, Fsync::Never] {
        let folder = TempDir::new().unwrap();
        let settings = SpoolSettings {
            fsync,
            ..SpoolSettings::default()
        };
        let (spool, recovered) = open_as(folder.path(), &settings);
        assert_eq!((recovered.records, recovered.damage), (0, None));
        assert_eq!(recovered.oldest_age, None);
        let mut uplink = with_values("m", &[("t", Value::Double(-0.0)), ("n", Value::Long(7))]);
        uplink.entity.customer = Some("c".to_owned());
        spool.append(numbered(0..5)).await.unwrap();
        spool.append(vec![uplink]).await.unwrap();
        let first = spool.page(Position::FIRST, 2).await.unwrap();
        spool.acknowledge(positions(&first));
        let bytes = spool.status().bytes;
        drop(spool);

        let (spool, recovered) = open_as(folder.path(), &settings);
        assert_eq!((recovered.records, recovered.damage), (4, None));
        assert_eq!(recovered.bytes, bytes);
        assert!(recovered.oldest_age.is_some());
        let records = spool.reader().next(9, MUCH).await;
        assert_eq!(names(&records), ["2", "3", "4", "m"]);
        assert_eq!(records[0].position.get(), 3);
        let mut expected = with_values("m", &[("t", Value::Double(-0.0)), ("n", Value::Long(7))]);
        expected.entity.customer = Some("c".to_owned());
        assert!(same(&records[3].uplink().to_uplink(), &expected));
        spool.append(numbered([9])).await.unwrap();
        assert_eq!(spool.len(), 5);
    }
}

#[tokio::test]
async fn an_empty_spool_goes_on_with_its_positions() {
    let folder = TempDir::new().unwrap();
    for round in 0..3 {
        let (spool, recovered) = open_as(folder.path(), &SpoolSettings::default());
        assert_eq!(recovered.records, 0);
        spool.append(numbered([round])).await.unwrap();
        let records = spool.reader().next(9, MUCH).await;
        assert_eq!(records[0].position.get(), round + 1);
        spool.acknowledge(positions(&records));
    }
}

#[tokio::test]
async fn callers_share_a_transaction_and_keep_their_order() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    let stopped = stop(&spool).await;
    let mut calls = JoinSet::new();
    for caller in 0..64 {
        let spool = spool.clone();
        calls.spawn(async move { spool.append(numbered(10 * caller..10 * caller + 3)).await });
    }
    while spool.shared().lock().queue.len() < 64 {
        tokio::task::yield_now().await;
    }
    drop(stopped);
    for result in calls.join_all().await {
        result.unwrap();
    }
    let count = |sql: &'static str| {
        on_thread(&spool, move |store| {
            let row = store.connection().query_row(sql, [], |row| row.get(0));
            row.map(|count: i64| count).unwrap()
        })
    };
    assert_eq!(count("SELECT count(*) FROM blocks").await, 1);
    assert_eq!(count("SELECT sum(records) FROM blocks").await, 192);
    let numbers = all(&spool).await;
    assert_eq!(numbers.len(), 192);
    for three in numbers.as_chunks::<3>().0 {
        assert_eq!([three[0] + 1, three[0] + 2], three[1..]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_callers_and_a_sender_lose_nothing() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    let mut callers = JoinSet::new();
    for caller in 0..8_u64 {
        let spool = spool.clone();
        callers.spawn(async move {
            for call in 0..200 {
                let first = caller * 10_000 + call * 10;
                spool
                    .append(numbered(first..first + call % 4 + 1))
                    .await
                    .unwrap();
            }
        });
    }
    let expected: u64 = 8 * (0..200).map(|call| call % 4 + 1).sum::<u64>();
    let mut reader = spool.reader();
    let mut last = [None; 8];
    let mut position = 0;
    let mut seen = 0;
    while seen < expected {
        let records = reader.next(50, MUCH).await;
        for record in &records {
            assert_eq!(record.position.get(), position + 1);
            position += 1;
            let number: u64 = record.uplink().name().parse().unwrap();
            let caller = usize::try_from(number / 10_000).unwrap();
            assert!(last[caller] < Some(number));
            last[caller] = Some(number);
        }
        seen += records.len() as u64;
        spool.acknowledge(positions(&records));
    }
    callers.join_all().await;
    spool.drained().await;
    settled(&spool).await;
    let status = spool.status();
    assert_eq!(
        (status.records, status.bytes, status.oldest_age_ms),
        (0, 0, None)
    );
}

#[tokio::test]
async fn acknowledged_records_leave_the_disk_soon() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    for number in 0..10 {
        spool.append(numbered([number])).await.unwrap();
    }
    let records = spool.page(Position::FIRST, 10).await.unwrap();
    // Out of order; the fourth is missing.
    for index in [5, 0, 2, 1, 9] {
        spool.acknowledge([records[index].position]);
    }
    assert_eq!(spool.len(), 5);
    assert_eq!(all(&spool).await, [3, 4, 6, 7, 8]);
    settled(&spool).await;
    let rows = |store: &mut store::Store| {
        let sql = "SELECT min(position), count(*) FROM blocks";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        store.connection().query_row(sql, [], row).unwrap()
    };
    let left: (i64, i64) = on_thread(&spool, rows).await;
    assert_eq!(left, (4, 7));
    drop(spool);
    // What was acknowledged behind the gap is not written down.
    let spool = open(folder.path());
    assert_eq!(all(&spool).await, [3, 4, 5, 6, 7, 8, 9]);
}

#[tokio::test]
async fn a_stale_or_strange_acknowledgement_does_no_harm() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    spool.append(numbered(0..3)).await.unwrap();
    let records = spool.page(Position::FIRST, 9).await.unwrap();
    spool.acknowledge(positions(&records[..2]));
    spool.acknowledge(positions(&records[..2]));
    // Not appended yet.
    spool.acknowledge([Position(4), Position(100), Position(u64::MAX), Position(0)]);
    assert_eq!(spool.len(), 1);
    spool.append(numbered([3])).await.unwrap();
    assert_eq!(all(&spool).await, [2, 3]);
}

#[tokio::test]
async fn what_was_handed_in_is_stored_though_nobody_waits() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    let stopped = stop(&spool).await;
    let handed_in = spool.clone();
    let call = tokio::spawn(async move { handed_in.append(numbered([1])).await });
    while spool.shared().lock().queue.is_empty() {
        tokio::task::yield_now().await;
    }
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    drop(stopped);
    drop(spool);
    assert_eq!(all(&open(folder.path())).await, [1]);
}

#[tokio::test]
async fn the_last_handle_closes_the_file() {
    let folder = TempDir::new().unwrap();
    let first = open(folder.path());
    let second = first.clone();
    drop(first);
    second.append(numbered([1])).await.unwrap();
    let error = Spool::open(folder.path(), &SpoolSettings::default()).unwrap_err();
    assert!(matches!(error, SpoolError::InUse(_)), "{error}");
    assert!(
        error.to_string().contains("is another tb-tcp running"),
        "{error}"
    );
    // The lock survived the attempt.
    Spool::open(folder.path(), &SpoolSettings::default()).unwrap_err();
    second.append(numbered([2])).await.unwrap();
    drop(second);
    assert_eq!(all(&open(folder.path())).await, [1, 2]);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let error = Spool::open(&file.join("spool"), &SpoolSettings::default()).unwrap_err();
    assert!(matches!(error, SpoolError::Open { .. }), "{error}");
    assert!(error.to_string().contains("file/spool"), "{error}");
    assert!(!Spool::exists(&file));
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let own = folder.path().join("a/b");
    let spool = open(&own);
    spool.append(numbered([1])).await.unwrap();
    assert!(Spool::exists(&own));
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&own), 0o700);
    for file in ["spool.db", "spool.db-wal"] {
        assert_eq!(mode(&own.join(file)), 0o600, "{file}");
    }
}

#[tokio::test]
async fn an_empty_file_gives_its_space_back() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    let text = "x".repeat(100_000);
    for _ in 0..30 {
        let uplinks = (0..10).map(|_| with_values("m", &[("t", Value::Text(text.clone()))]));
        spool.append(uplinks.collect::<Batch>()).await.unwrap();
    }
    assert!(spool.status().disk_bytes > 30_000_000);
    let mut reader = spool.reader();
    while !spool.is_empty() {
        let records = reader.next(100, MUCH).await;
        spool.acknowledge(positions(&records));
    }
    settled(&spool).await;
    // The thread tidies up behind the removal; its next work is behind that.
    on_thread(&spool, |_| ()).await;
    on_thread(&spool, |_| ()).await;
    let file = folder.path().join("spool.db").metadata().unwrap().len();
    assert!(file < 100_000, "{file}");
    spool.append(numbered([1])).await.unwrap();
    assert_eq!(all(&spool).await, [1]);
}

#[tokio::test]
async fn a_stopped_spool_says_so() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    let shared = spool.shared().clone();
    let mut reader = spool.reader();
    drop(spool);
    assert!(shared.lock().stopped);
    let waiting = tokio::time::timeout(Duration::ZERO, reader.next(1, 1)).await;
    assert!(waiting.is_err());
    let error = reader::read(&shared, 1, 1).await.unwrap_err();
    assert_eq!(error, SpoolError::Stopped);
}

#[test]
fn handles_go_to_any_thread() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Spool>();
    check::<Reader>();
    check::<Record>();
}
