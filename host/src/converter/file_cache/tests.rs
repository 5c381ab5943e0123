//! What is found, what goes first, and who may share a folder.

mod damage;
mod trust;

use std::{
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    thread,
    time::Duration,
};

use super::*;

const CONTENT: &[u8] = b"some machine code";
/// What an entry with `CONTENT` takes.
const ENTRY: u64 = (HEADER_BYTES + CONTENT.len()) as u64;

/// Private whatever the umask is.
fn private_folder() -> tempfile::TempDir {
    tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir()
        .unwrap()
}

fn key(source: &str) -> CacheKey {
    CacheKey::new(1, source.as_bytes())
}

/// Which of the sources have an entry.
fn present<'a>(cache: &FileCache, sources: &[&'a str]) -> Vec<&'a str> {
    let is_there = |source: &&str| cache.path(&key(source)).exists();
    sources.iter().copied().filter(is_there).collect()
}

/// Pretends that an entry was last used `seconds` after some point in time.
fn used_at(cache: &FileCache, source: &str, seconds: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds);
    let file = File::open(cache.path(&key(source))).unwrap();
    file.set_modified(time).unwrap();
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_was_stored_is_found_also_after_a_restart() {
    let folder = private_folder();
    let cache = FileCache::open(folder.path(), 1000).unwrap();
    assert_eq!(cache.get(&key("a")), None);
    for content in [CONTENT, b"", b"another"] {
        cache.put(&key("a"), content).unwrap();
        assert_eq!(cache.get(&key("a")).unwrap(), content);
        let restarted = FileCache::open(folder.path(), 1000).unwrap();
        assert_eq!(restarted.get(&key("a")).unwrap(), content);
    }
    assert_eq!(cache.get(&key("b")), None);
    assert_eq!(cache.get(&CacheKey::new(2, b"a")), None);
}

#[test]
fn the_least_recently_used_goes_first() {
    let all = ["a", "b", "c", "d"];
    type Use = fn(&FileCache);
    let cases: [(&str, Use, &[&str]); 4] = [
        ("nothing", |_| {}, &["b", "c", "d"]),
        (
            "a get",
            |cache| assert!(cache.get(&key("a")).is_some()),
            &["a", "c", "d"],
        ),
        (
            "a put",
            |cache| cache.put(&key("a"), CONTENT).unwrap(),
            &["a", "c", "d"],
        ),
        // A clock that was set back does not make the newest go.
        (
            "the future",
            |cache| {
                for (more, source) in [(1, "a"), (2, "b"), (3, "c")] {
                    used_at(cache, source, 5_000_000_000 + more);
                }
            },
            &["b", "c", "d"],
        ),
    ];
    for (what, make_use, expected) in cases {
        let folder = private_folder();
        let cache = FileCache::open(folder.path(), 3 * ENTRY).unwrap();
        for (seconds, source) in [(1, "a"), (2, "b"), (3, "c")] {
            cache.put(&key(source), CONTENT).unwrap();
            used_at(&cache, source, seconds);
        }
        assert_eq!(present(&cache, &all), ["a", "b", "c"]);
        make_use(&cache);
        cache.put(&key("d"), CONTENT).unwrap();
        assert_eq!(present(&cache, &all), expected, "{what}");
    }
}

#[test]
fn as_many_go_as_a_large_one_needs_and_no_more() {
    let all = ["a", "b", "c", "large"];
    let cases = [
        (0, vec!["a", "b", "c", "large"]),
        (1, vec!["b", "c", "large"]),
        (ENTRY, vec!["b", "c", "large"]),
        (ENTRY + 1, vec!["c", "large"]),
        (3 * ENTRY, vec!["large"]),
        // It can never fit: the others stay.
        (3 * ENTRY + 1, vec!["a", "b", "c"]),
    ];
    for (more, expected) in cases {
        let folder = private_folder();
        let cache = FileCache::open(folder.path(), 4 * ENTRY).unwrap();
        for (seconds, source) in [(1, "a"), (2, "b"), (3, "c")] {
            cache.put(&key(source), CONTENT).unwrap();
            used_at(&cache, source, seconds);
        }
        let large = vec![7; CONTENT.len() + usize::try_from(more).unwrap()];
        cache.put(&key("large"), &large).unwrap();
        assert_eq!(present(&cache, &all), expected, "{more}");
    }
}

#[test]
fn a_smaller_bound_holds_from_the_start() {
    let folder = private_folder();
    let cache = FileCache::open(folder.path(), 3 * ENTRY).unwrap();
    for (seconds, source) in [(1, "a"), (3, "b"), (2, "c")] {
        cache.put(&key(source), CONTENT).unwrap();
        used_at(&cache, source, seconds);
    }
    let cache = FileCache::open(folder.path(), 2 * ENTRY - 1).unwrap();
    assert_eq!(present(&cache, &["a", "b", "c"]), ["b"]);
    FileCache::open(folder.path(), 0).unwrap();
    assert_eq!(present(&cache, &["a", "b", "c"]), [""; 0]);
}

#[test]
fn leftovers_go_and_files_of_others_stay_and_do_not_count() {
    let folder = private_folder();
    let cache = FileCache::open(folder.path(), ENTRY).unwrap();
    cache.put(&key("a"), CONTENT).unwrap();
    fs::write(folder.path().join(".unfinished-1"), [0; 5000]).unwrap();
    fs::write(folder.path().join("notes.txt"), [0; 5000]).unwrap();
    set_mode(&folder.path().join("notes.txt"), 0o666);
    let cache = FileCache::open(folder.path(), ENTRY).unwrap();
    assert_eq!(cache.get(&key("a")).unwrap(), CONTENT);
    assert!(!folder.path().join(".unfinished-1").exists());
    assert!(folder.path().join("notes.txt").exists());
}

#[test]
fn two_handles_share_a_folder() {
    let folder = private_folder();
    let one = FileCache::open(folder.path(), 2 * ENTRY).unwrap();
    let two = FileCache::open(folder.path(), 2 * ENTRY).unwrap();
    one.put(&key("a"), CONTENT).unwrap();
    assert_eq!(two.get(&key("a")).unwrap(), CONTENT);
    // Each makes room for what the other wrote, too.
    used_at(&one, "a", 1);
    two.put(&key("b"), CONTENT).unwrap();
    used_at(&one, "b", 2);
    one.put(&key("c"), CONTENT).unwrap();
    assert_eq!(two.get(&key("a")), None);
    assert_eq!(two.get(&key("b")).unwrap(), CONTENT);
    assert_eq!(two.get(&key("c")).unwrap(), CONTENT);
}

/// Handles that open, write, read and make room all at once: no error, never a
/// wrong content, and the bound holds when all are done.
#[test]
fn handles_do_not_disturb_each_other() {
    const HANDLES: u8 = 4;
    let folder = private_folder();
    let max_bytes = 5 * ENTRY;
    thread::scope(|scope| {
        for handle in 0..HANDLES {
            let folder = folder.path();
            scope.spawn(move || {
                for round in 0..200_u8 {
                    let cache = FileCache::open(folder, max_bytes).unwrap();
                    let number = round.wrapping_mul(handle + 1) % 8;
                    let key = CacheKey::new(1, &[number]);
                    let content = [number; CONTENT.len()];
                    cache.put(&key, &content).unwrap();
                    let found = cache.get(&key);
                    assert!(found.is_none_or(|found| found == content));
                }
            });
        }
    });
    let lengths = fs::read_dir(folder.path()).unwrap().map(|entry| {
        let entry = entry.unwrap();
        assert!(entry.file_name().to_str().is_some_and(entry::is_name));
        entry.metadata().unwrap().len()
    });
    let total = lengths.sum::<u64>();
    assert!((ENTRY..=max_bytes).contains(&total), "{total}");
}
