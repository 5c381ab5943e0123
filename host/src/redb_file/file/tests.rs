//! The file itself: rights, locks, damage, and a disk that fails.

use std::sync::atomic::Ordering::SeqCst;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use redb::{TableDefinition, WriteTransaction};
use tempfile::TempDir;

use super::*;
use crate::redb_file::testing::{Disk, NAME, Numbers, logged};

fn open(folder: &Path) -> Result<Numbers, FileError> {
    Numbers::open(folder, Box::new(open_database))
}

fn keep(store: &Numbers, numbers: impl IntoIterator<Item = u64>) -> Result<(), FileError> {
    store.keep(numbers)
}

fn numbers(store: &Numbers) -> Vec<u64> {
    store.all().unwrap()
}

/// The bytes of a closed store with 300 letters.
fn sound_file() -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).unwrap();
    for start in [0, 100, 200] {
        keep(&store, start..start + 100).unwrap();
    }
    drop(store);
    fs::read(folder.path().join(NAME)).unwrap()
}

/// The damaged files in a folder, by name.
fn moved_aside(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().contains(".redb.damaged-"))
        .collect();
    files.sort();
    files
}

#[cfg(unix)]
#[test]
fn folder_and_file_are_their_owner_s_only() {
    use std::os::unix::fs::PermissionsExt;
    let above = TempDir::new().unwrap();
    let folder = above.path().join("a/b");
    let _store = open(&folder).unwrap();
    for (path, expected) in [
        (above.path().join("a"), 0o700),
        (folder.clone(), 0o700),
        (folder.join(NAME), 0o600),
    ] {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, expected, "{}", path.display());
    }
}

#[test]
fn a_file_is_open_once_at_a_time() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(NAME);
    let first = open(folder.path()).unwrap();
    keep(&first, [1]).unwrap();
    let error = open(folder.path()).err().unwrap();
    assert_eq!(error, FileError::InUse(path.clone()));
    assert_eq!(
        error.to_string(),
        format!(
            "{} is in use: is another tb-tcp running with this dataFolder?",
            path.display()
        )
    );
    // The attempt did no harm.
    keep(&first, [2]).unwrap();
    assert_eq!(numbers(&first), [1, 2]);
    drop(first);
    assert_eq!(numbers(&open(folder.path()).unwrap()), [1, 2]);
}

#[test]
fn what_cannot_be_opened_is_named_and_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let not_a_folder = folder.path().join("file");
    fs::write(&not_a_folder, "text").unwrap();
    let error = open(&not_a_folder).err().unwrap().to_string();
    let start = format!("cannot open {}: ", not_a_folder.display());
    assert!(error.starts_with(&start), "{error}");

    let path = folder.path().join(NAME);
    fs::create_dir(&path).unwrap();
    let error = open(folder.path()).err().unwrap().to_string();
    let start = format!("cannot open {}: ", path.display());
    assert!(error.starts_with(&start), "{error}");
    assert!(path.is_dir());
    assert_eq!(moved_aside(folder.path()), Vec::<PathBuf>::new());
}

#[test]
fn a_damaged_file_is_moved_aside_and_a_new_one_started() {
    let sound = sound_file();
    let mut wrong_header = sound.clone();
    wrong_header[..512].fill(0xff);
    let mut no_pages = sound.clone();
    no_pages[4096..].fill(0);
    for (name, content) in [
        ("text", b"not a database at all".to_vec()),
        ("one byte", vec![0]),
        ("zeros", vec![0; 8192]),
        (
            "noise",
            (0..100_000_u32)
                .map(|i| (i.wrapping_mul(i) / 7) as u8)
                .collect(),
        ),
        ("the first byte lacks", sound[1..].to_vec()),
        ("a wrong header", wrong_header),
        ("nothing behind the header", no_pages),
        ("cut in the header", sound[..100].to_vec()),
        ("cut behind the header", sound[..4096].to_vec()),
        ("cut in the middle", sound[..sound.len() / 2].to_vec()),
        ("cut before the end", sound[..20_000].to_vec()),
    ] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(NAME);
        fs::write(&path, &content).unwrap();
        let store = open(folder.path()).unwrap();
        assert_eq!(numbers(&store), Vec::<u64>::new(), "{name}");
        keep(&store, [5]).unwrap();
        assert_eq!(numbers(&store), [5], "{name}");
        let aside = moved_aside(folder.path());
        assert_eq!(aside.len(), 1, "{name}");
        assert!(
            fs::read(&aside[0]).unwrap().starts_with(&content[..1]),
            "{name}"
        );
        drop(store);
        assert_eq!(numbers(&open(folder.path()).unwrap()), [5], "{name}");
        assert_eq!(moved_aside(folder.path()), aside, "{name}");
    }
}

/// Sound files that are not of this store.
#[test]
fn a_file_of_another_program_is_moved_aside() {
    const NUMBERS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("numbers");
    const TOTALS: TableDefinition<'_, &str, u64> = TableDefinition::new("totals");
    const TEXTS: TableDefinition<'_, &str, &str> = TableDefinition::new("totals");
    type Fill = fn(&WriteTransaction);
    let fills: [(&str, Fill); 4] = [
        ("tables of other types", |transaction| {
            transaction.open_table(TEXTS).unwrap();
        }),
        ("no totals", |transaction| {
            transaction.open_table(NUMBERS).unwrap();
            transaction.open_table(TOTALS).unwrap();
        }),
        ("another total", |transaction| {
            transaction.open_table(NUMBERS).unwrap();
            let mut totals = transaction.open_table(TOTALS).unwrap();
            totals.insert("other", 1).unwrap();
        }),
        ("no numbers", |transaction| {
            let mut totals = transaction.open_table(TOTALS).unwrap();
            totals.insert("count", 1).unwrap();
        }),
    ];
    for (name, fill) in fills {
        let folder = TempDir::new().unwrap();
        let other = Database::create(folder.path().join(NAME)).unwrap();
        let transaction = other.begin_write().unwrap();
        fill(&transaction);
        transaction.commit().unwrap();
        drop(other);
        let store = open(folder.path()).unwrap();
        keep(&store, [1]).unwrap();
        assert_eq!(numbers(&store), [1], "{name}");
        assert_eq!(moved_aside(folder.path()).len(), 1, "{name}");
    }
}

#[test]
fn an_empty_file_becomes_a_store() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(NAME), "").unwrap();
    let store = open(folder.path()).unwrap();
    keep(&store, [1]).unwrap();
    assert_eq!(numbers(&store), [1]);
    assert_eq!(moved_aside(folder.path()), Vec::<PathBuf>::new());
}

#[test]
fn the_log_names_the_damaged_file_and_its_new_name() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(NAME);
    fs::write(&path, "text").unwrap();
    let before = unix_seconds();
    let text = logged(|| drop(open(folder.path()).unwrap()));
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("ERROR"), "{text}");
    let aside = &moved_aside(folder.path())[0];
    for named in [&path, aside] {
        assert!(text.contains(&format!("={} ", named.display())), "{text}");
    }
    let (_, seconds) = aside.to_str().unwrap().rsplit_once('-').unwrap();
    let seconds: u64 = seconds.parse().unwrap();
    assert!((before..=unix_seconds()).contains(&seconds));
}

fn unix_seconds() -> u64 {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn damaged_files_do_not_pile_up() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(format!("{NAME}.damaged-7")), "first").unwrap();
    fs::write(
        folder.path().join(format!("{NAME}.damaged-by-hand")),
        "mine",
    )
    .unwrap();
    for round in 0..6 {
        fs::write(folder.path().join(NAME), format!("round {round}")).unwrap();
        open(folder.path()).unwrap();
    }
    let contents: Vec<_> = moved_aside(folder.path())
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let expected = ["round 2", "round 3", "round 4", "round 5", "mine"];
    assert_eq!(contents, expected);
}

/// Flips bits of a closed file. Whatever they hit, nothing panics, what is read is
/// what was written, and the store works.
#[test]
fn flipped_bits_never_panic_and_never_stop_the_store() {
    let sound = sound_file();
    let mut replaced = 0;
    for seed in 0..seeds() {
        let mut random = StdRng::seed_from_u64(seed);
        let mut content = sound.clone();
        // Half of the seeds aim at the header and the first pages.
        let end = if seed % 2 == 0 { content.len() } else { 8192 };
        flip(&mut content[..end], random.random_range(1..20), &mut random);
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join(NAME), content).unwrap();
        let store = open(folder.path()).unwrap();
        assert_eq!(failures_before_it_works(&store, seed), 0, "seed {seed}");
        replaced += moved_aside(folder.path()).len() as u64;
    }
    // Some hit pages that are used, some do not.
    assert!(
        (1..seeds()).contains(&replaced),
        "{replaced} of {}",
        seeds()
    );
}

/// The same under an open store, where the check at the opening does not help: it
/// may fail once, and opens the file again then.
#[test]
fn damage_under_an_open_store_is_an_error_and_not_for_good() {
    let sound = sound_file();
    let mut failures = 0;
    for seed in 0..seeds() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(NAME);
        fs::write(&path, &sound).unwrap();
        let store = open(folder.path()).unwrap();
        let mut random = StdRng::seed_from_u64(seed);
        let mut content = fs::read(&path).unwrap();
        match seed % 4 {
            0 => content.truncate(random.random_range(0..content.len())),
            1 => content.fill(random.random()),
            _ => flip(&mut content, 1 << random.random_range(0..12), &mut random),
        }
        // Written in place: the store has just this file open.
        fs::write(&path, &content).unwrap();
        let failed = failures_before_it_works(&store, seed);
        assert!(failed <= 1, "seed {seed}: failed {failed} times");
        failures += failed;
    }
    assert!(
        (1..seeds()).contains(&failures),
        "{failures} of {}",
        seeds()
    );
}

fn flip(content: &mut [u8], bits: usize, random: &mut StdRng) {
    for _ in 0..bits {
        content[random.random_range(0..content.len())] ^= 1 << random.random_range(0..8);
    }
}

/// How many random damages are tried; more in a long run by hand.
fn seeds() -> u64 {
    let wanted = std::env::var("DAMAGE_SEEDS").ok();
    wanted.and_then(|seeds| seeds.parse().ok()).unwrap_or(200)
}

/// Writes and reads until both succeed, and looks at what is read: letters of
/// [`sound_file`] from the first one on without a gap, or none, and the new ones.
fn failures_before_it_works(store: &Numbers, seed: u64) -> u64 {
    for failures in 0..5 {
        let written = keep(store, [1000]);
        let Ok(numbers) = store.all() else { continue };
        let old = numbers.partition_point(|number| *number < 1000);
        assert!(
            numbers[..old].iter().copied().eq(0..old as u64),
            "seed {seed}"
        );
        assert!(
            numbers[old..].iter().all(|number| *number == 1000),
            "seed {seed}"
        );
        if written.is_ok() {
            assert!(numbers.len() > old, "seed {seed}");
            assert_eq!(store.count().unwrap(), numbers.len() as u64);
            return failures;
        }
    }
    panic!("seed {seed}: it does not work again");
}

#[test]
fn what_was_kept_survives_a_process_that_was_killed() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).unwrap();
    for end in 1..40 {
        keep(&store, [end - 1]).unwrap();
        // The file as a killed process leaves it: never closed.
        let killed = TempDir::new().unwrap();
        fs::copy(folder.path().join(NAME), killed.path().join(NAME)).unwrap();
        let left = open(killed.path()).unwrap();
        assert_eq!(numbers(&left), (0..end).collect::<Vec<_>>());
        assert_eq!(moved_aside(killed.path()), Vec::<PathBuf>::new());
    }
}

/// The disk gets full at any byte of a commit; then there is room again.
#[test]
fn a_full_disk_costs_what_was_not_written_and_no_more() {
    let mut failed = 0;
    for room in (0..120_000).step_by(2999) {
        let folder = TempDir::new().unwrap();
        let disk = Disk::new();
        let store = Numbers::open(folder.path(), disk.opener()).unwrap();
        keep(&store, 0..50).unwrap();
        disk.room.store(room, SeqCst);
        let mut kept: Vec<_> = (0..50).collect();
        let mut uncertain = None;
        for next in 50..60 {
            match keep(&store, [next]) {
                Ok(()) => kept.push(next),
                Err(error) => {
                    let text = error.to_string();
                    assert!(matches!(error, FileError::Write { .. }), "{text}");
                    assert!(
                        text.contains("no storage space; free room on its disk"),
                        "{text}"
                    );
                    uncertain = Some(next);
                    break;
                }
            }
        }
        failed += usize::from(uncertain.is_some());
        // Still full.
        if uncertain.is_some() {
            assert!(keep(&store, [60]).is_err());
        }
        disk.room.store(u64::MAX, SeqCst);
        keep(&store, [61]).unwrap();
        let mut there = numbers(&store);
        // What failed may be there or not.
        there.retain(|number| Some(*number) != uncertain && *number != 60);
        kept.push(61);
        assert_eq!(there, kept, "room for {room} bytes");
        assert_eq!(store.count().unwrap(), numbers(&store).len() as u64);
        drop(store);
        let again = open(folder.path()).unwrap();
        assert_eq!(numbers(&again).last(), Some(&61), "room for {room} bytes");
        assert_eq!(moved_aside(folder.path()), Vec::<PathBuf>::new());
    }
    assert!(failed > 20, "{failed}");
}

#[test]
fn a_disk_that_is_full_from_the_start_leaves_nothing_behind() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(NAME);
    let (mut failed, mut opened) = (0, 0);
    for room in (0..40_000).step_by(499) {
        let disk = Disk::new();
        disk.room.store(room, SeqCst);
        match Numbers::open(folder.path(), disk.opener()) {
            Ok(_) => {
                opened += 1;
                fs::remove_file(&path).unwrap();
            }
            Err(error) => {
                failed += 1;
                assert!(matches!(error, FileError::Open { .. }), "{error}");
                assert!(!path.exists(), "room for {room} bytes");
            }
        }
        assert_eq!(moved_aside(folder.path()), Vec::<PathBuf>::new());
    }
    assert!(failed > 3 && opened > 3, "{failed}, {opened}");
}
