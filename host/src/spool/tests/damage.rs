//! The disk gives other bytes than it was given.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{super::*, crash::rand_like::Random};
use crate::{
    config::{Fsync, SpoolSettings},
    message::Value,
    spool::testing::{Batch, all, drain, numbered, on_thread, open, open_as, with_values},
};

const DATABASE: &str = "spool.db";
const LOG: &str = "spool.db-wal";

/// A store as a killed process leaves it.
struct Left {
    folder: TempDir,
    /// The length of the log after each of the calls, and how many records were
    /// stored then.
    stored: Vec<(usize, u64)>,
    log: Vec<u8>,
}

/// Calls with 0, 1, 2, … records.
async fn left(calls: u64) -> Left {
    let live = TempDir::new().unwrap();
    let spool = open(live.path());
    let log = live.path().join(LOG);
    let length = || usize::try_from(log.metadata().unwrap().len()).unwrap();
    let mut stored = vec![(length(), 0)];
    let mut next = 0;
    for call in 1..=calls {
        let uplinks = (next..next + call).map(|number| {
            let text = "x".repeat(usize::try_from(number % 90).unwrap());
            with_values(&number.to_string(), &[("t", Value::Text(text))])
        });
        spool.append(uplinks.collect::<Batch>()).await.unwrap();
        next += call;
        stored.push((length(), next));
    }
    let folder = TempDir::new().unwrap();
    for file in [DATABASE, LOG] {
        fs::copy(live.path().join(file), folder.path().join(file)).unwrap();
    }
    let log = fs::read(&log).unwrap();
    Left {
        folder,
        stored,
        log,
    }
}

impl Left {
    /// A copy with another log.
    fn with_log(&self, log: &[u8]) -> TempDir {
        let copy = TempDir::new().unwrap();
        fs::copy(
            self.folder.path().join(DATABASE),
            copy.path().join(DATABASE),
        )
        .unwrap();
        fs::write(copy.path().join(LOG), log).unwrap();
        copy
    }

    /// How many records were stored when the log was so long, and how many calls
    /// came later.
    fn stored_at(&self, length: usize) -> (u64, usize) {
        let whole = self.stored.iter().rposition(|(at, _)| *at <= length);
        whole.map_or((0, self.stored.len()), |index| {
            (self.stored[index].1, self.stored.len() - 1 - index)
        })
    }
}

/// The numbers in a store, and what was said of damage.
fn numbers(folder: &Path) -> (Vec<u64>, Option<Damage>) {
    let path = folder.join(DATABASE);
    let (store, damage) = rescue::open_or_rescue(&path, Fsync::Interval).unwrap();
    let found = store.read(0, usize::MAX).unwrap();
    let records = found
        .blocks
        .into_iter()
        .flat_map(|block| reader::decode(block).unwrap());
    let numbers = records.map(|record| record.uplink().name().parse().unwrap());
    (numbers.collect(), damage)
}

#[tokio::test]
async fn a_log_that_ends_early_keeps_what_is_before() {
    let left = left(12).await;
    let (whole, damage) = numbers(left.with_log(&left.log).path());
    assert_eq!((whole.len(), damage), (78, None));
    let mut random = Random(7);
    let length = left.log.len();
    let near = |at: usize| at.saturating_sub(30)..=(at + 30).min(length);
    let boundaries = left.stored.iter().flat_map(|(at, _)| near(*at));
    let pages = (32..length).step_by(4096 + 24).flat_map(near).step_by(7);
    let anywhere = (0..300).map(|_| usize::try_from(random.below(length as u64)).unwrap());
    for cut in (0..64).chain(boundaries).chain(pages).chain(anywhere) {
        let copy = left.with_log(&left.log[..cut]);
        let (expected, later) = left.stored_at(cut);
        let (found, damage) = numbers(copy.path());
        assert_eq!(found, (0..expected).collect::<Vec<_>>(), "cut at {cut}");
        // Of a whole page's beginning, something is known; of less, nothing.
        let behind = cut.saturating_sub(32) % (4096 + 24);
        let boundary = left
            .stored
            .iter()
            .any(|(at, _)| *at <= cut && cut - *at < 24);
        if cut > 0 && !boundary && behind >= 24 {
            assert!(damage.is_some(), "cut at {cut}");
        }
        if later == 0 {
            assert_eq!(damage, None, "cut at {cut}");
        }
        // The next start finds nothing wrong.
        assert_eq!(numbers(copy.path()), (found, None), "cut at {cut}");
    }
}

#[tokio::test]
async fn damage_in_the_log_keeps_what_is_before() {
    let left = left(12).await;
    let mut reported = 0;
    for seed in 1..=300 {
        let mut random = Random(seed * 0x9e37_79b9);
        for _ in 0..3 {
            random.below(1);
        }
        let mut log = left.log.clone();
        let at = usize::try_from(random.below(log.len() as u64)).unwrap();
        let length = 1 + usize::try_from(random.below(64)).unwrap();
        let end = (at + length).min(log.len());
        for byte in &mut log[at..end] {
            *byte = u8::try_from(random.below(256)).unwrap();
        }
        let Some(first) = (at..end).find(|index| log[*index] != left.log[*index]) else {
            continue;
        };
        let copy = left.with_log(&log);
        let (expected, lost) = left.stored_at(first);
        let (found, damage) = numbers(copy.path());
        let expected = if first < 32 { 0 } else { expected };
        assert_eq!(found, (0..expected).collect::<Vec<_>>(), "seed {seed}");
        // A page that lost its mark looks as if it were an old one.
        assert!(damage.is_some() || lost <= 1, "seed {seed}: {lost} lost");
        reported += usize::from(damage.is_some());
    }
    assert!(reported > 290, "{reported}");
}

/// A closed store of many blocks, as bytes.
async fn closed() -> (Vec<u8>, u64) {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    let mut next = 0;
    for call in 0..400_u64 {
        let count = 1 + call % 5 * 20;
        let uplinks = (next..next + count).map(|number| {
            let text = "x".repeat(usize::try_from(number % 90).unwrap());
            with_values(&number.to_string(), &[("t", Value::Text(text))])
        });
        spool.append(uplinks.collect::<Batch>()).await.unwrap();
        next += count;
    }
    drop(spool);
    (fs::read(folder.path().join(DATABASE)).unwrap(), next)
}

#[tokio::test]
async fn damage_in_the_database_costs_no_more_than_it_hits() {
    let (bytes, count) = closed().await;
    let mut kept = 0;
    let mut told = 0;
    for seed in 1..=200_u64 {
        let mut random = Random(seed * 0x9e37_79b9);
        let mut damaged = bytes.clone();
        // The first page is the database's own; see the next test.
        let at = 4096 + usize::try_from(random.below(bytes.len() as u64 - 4096)).unwrap();
        let length = 1 + usize::try_from(random.below(200)).unwrap();
        let end = (at + length).min(damaged.len());
        for byte in &mut damaged[at..end] {
            *byte = u8::try_from(random.below(256)).unwrap();
        }
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join(DATABASE), &damaged).unwrap();
        let (spool, recovered) = open_as(folder.path(), &SpoolSettings::default());
        let found = drain(&spool, &mut spool.reader()).await;
        assert!(found.is_sorted_by(|a, b| a < b), "seed {seed}");
        assert!(found.last() < Some(&count), "seed {seed}");
        kept += found.len() as u64;
        let lost = spool.status().dropped_damaged;
        let missing = count - found.len() as u64;
        assert!(lost <= missing, "seed {seed}: {lost} of {missing}");
        told += u64::from(missing == 0 || lost > 0 || recovered.damage.is_some());
        spool.append(numbered([count])).await.unwrap();
        assert_eq!(all(&spool).await, [count], "seed {seed}");
    }
    // A block in the middle, or a few pages of them.
    assert!(kept > count * 200 / 100 * 97, "{kept} of {}", count * 200);
    assert!(told > 195, "{told}");
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_is_moved_aside() {
    let (bytes, count) = closed().await;
    let mut newer = bytes.clone();
    newer[63] = 99;
    let mut no_header = bytes.clone();
    no_header[..16].fill(7);
    let mut no_tables = bytes.clone();
    no_tables[100..4096].fill(0);
    for (content, what) in [
        (
            &b"not a database, but longer than nothing"[..],
            "not a database",
        ),
        (&no_header, "not a database"),
        (&no_tables, "malformed"),
        (&newer, "its format is 99"),
    ] {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join(DATABASE), content).unwrap();
        let (spool, recovered) = open_as(folder.path(), &SpoolSettings::default());
        let damage = recovered.damage.unwrap();
        assert!(damage.what.contains(what), "{damage:?}");
        let aside = damage.moved_to.unwrap();
        assert_eq!(fs::read(&aside).unwrap(), content, "{what}");
        let name = aside.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("spool.db.damaged-"), "{name}");
        spool.append(numbered([count])).await.unwrap();
        let found = all(&spool).await;
        assert_eq!(found.last(), Some(&count));
        drop(spool);
        let (_, recovered) = open_as(folder.path(), &SpoolSettings::default());
        assert_eq!(recovered.damage, None);
        assert_eq!(recovered.records, found.len() as u64);
    }
}

#[tokio::test]
async fn a_rescue_that_was_interrupted_is_finished_or_begun_anew() {
    let (bytes, count) = closed().await;
    // The copy has not taken the store's place yet, and there is an old log.
    let folder = TempDir::new().unwrap();
    let file = |name: &str| -> PathBuf { folder.path().join(name) };
    fs::write(file("spool.db.new"), &bytes).unwrap();
    fs::write(file(LOG), &left(3).await.log).unwrap();
    let spool = open(folder.path());
    assert_eq!(all(&spool).await.len() as u64, count);
    drop(spool);
    assert!(!file("spool.db.new").exists());
    // The copy is not whole.
    fs::write(file("spool.db.new"), &bytes[..5000]).unwrap();
    let spool = open(folder.path());
    assert_eq!(all(&spool).await.len() as u64, count);
    assert!(!file("spool.db.new").exists());
}

#[tokio::test]
async fn damage_that_shows_while_the_spool_is_open_is_survived() {
    let folder = TempDir::new().unwrap();
    let spool = open(folder.path());
    for first in (0..600).step_by(3) {
        spool.append(numbered(first..first + 3)).await.unwrap();
    }
    // The newest stay in memory, where the disk does not matter.
    on_thread(&spool, |store| {
        let run = |sql| store.connection().execute(sql, []).unwrap();
        assert_eq!(run("UPDATE blocks SET data = x'00' WHERE position = 4"), 1);
        assert_eq!(
            run("UPDATE blocks SET stored_ms = 1 WHERE position = 10"),
            1
        );
        assert_eq!(run("DELETE FROM blocks WHERE position = 16"), 1);
    })
    .await;
    let found = all(&spool).await;
    assert_eq!(found[..9], [0, 1, 2, 6, 7, 8, 12, 13, 14]);
    let mut reader = spool.reader();
    assert_eq!(drain(&spool, &mut reader).await.len(), 600);
    drop(spool);
    let (spool, recovered) = open_as(folder.path(), &SpoolSettings::default());
    assert_eq!((recovered.records, recovered.damage), (0, None));
    // Tables that are gone are damage, too.
    on_thread(&spool, |store| {
        store
            .connection()
            .execute_batch("DROP TABLE blocks")
            .unwrap()
    })
    .await;
    spool.append(numbered([7])).await.unwrap();
    assert_eq!(all(&spool).await, [7]);
}
