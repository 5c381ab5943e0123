//! What others could have written is not used.

use super::*;

#[test]
fn what_others_could_have_written_is_refused() {
    let folder = private_folder();
    let inside = folder.path().join("cache");
    let cache = FileCache::open(&inside, 1000).unwrap();
    cache.put(&key("a"), CONTENT).unwrap();
    let entry = cache.path(&key("a"));
    // (of the folder, of the entry), and which of both is at fault.
    let cases = [
        ((0o700, 0o600), None),
        ((0o755, 0o644), None),
        ((0o500, 0o400), None),
        ((0o720, 0o600), Some((&inside, "0720"))),
        ((0o702, 0o600), Some((&inside, "0702"))),
        ((0o1777, 0o600), Some((&inside, "1777"))),
        ((0o700, 0o620), Some((&entry, "0620"))),
        ((0o700, 0o602), Some((&entry, "0602"))),
    ];
    for ((of_folder, of_entry), expected) in cases {
        set_mode(&entry, of_entry);
        set_mode(&inside, of_folder);
        let opened = FileCache::open(&inside, 1000);
        set_mode(&inside, 0o700);
        let Some((at_fault, mode)) = expected else {
            assert!(opened.is_ok(), "{of_folder:o} {of_entry:o}: {opened:?}");
            continue;
        };
        let fault = opened.unwrap_err();
        assert_eq!(fault.kind(), io::ErrorKind::PermissionDenied);
        let start = format!(
            "{} can be written by others than its owner (mode {mode}), ",
            at_fault.display()
        );
        assert!(fault.to_string().starts_with(&start), "{fault}");
        assert!(fault.to_string().contains("delete it"), "{fault}");
    }
}

#[test]
fn what_belongs_to_another_user_is_refused() {
    let folder = private_folder();
    let owner = FileCache::open(folder.path(), 1000).unwrap().us;
    assert_eq!(owner, fs::metadata(folder.path()).unwrap().uid());
    let fault = FileCache::open_as(owner + 1, folder.path(), 1000).unwrap_err();
    assert_eq!(fault.kind(), io::ErrorKind::PermissionDenied);
    let start = format!(
        "{} belongs to user {owner}, but this process runs as user {}, ",
        folder.path().display(),
        owner + 1
    );
    assert!(fault.to_string().starts_with(&start), "{fault}");
}

#[test]
fn an_entry_that_became_writable_by_others_is_not_used() {
    let folder = private_folder();
    let cache = FileCache::open(folder.path(), 1000).unwrap();
    for mode in [0o620, 0o602, 0o666] {
        cache.put(&key("a"), CONTENT).unwrap();
        set_mode(&cache.path(&key("a")), mode);
        assert_eq!(cache.get(&key("a")), None, "{mode:o}");
        assert!(!cache.path(&key("a")).exists(), "{mode:o}");
    }
    cache.put(&key("a"), CONTENT).unwrap();
    let other_user = FileCache {
        us: cache.us + 1,
        folder: folder.path().to_owned(),
        max_bytes: 1000,
    };
    assert_eq!(other_user.get(&key("a")), None);
}

#[test]
fn all_that_is_made_is_private() {
    let folder = private_folder();
    let inside = folder.path().join("data/cache");
    let cache = FileCache::open(&inside, 1000).unwrap();
    cache.put(&key("a"), CONTENT).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&inside), 0o700);
    assert_eq!(mode(&cache.path(&key("a"))), 0o600);
}
