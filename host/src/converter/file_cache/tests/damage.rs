//! Whatever is wrong with an entry makes it a miss.

use super::*;

#[test]
fn a_damaged_entry_is_a_miss_and_deleted() {
    let folder = private_folder();
    let cache = FileCache::open(folder.path(), 1000).unwrap();
    let path = cache.path(&key("a"));
    cache.put(&key("b"), CONTENT).unwrap();
    let of_another_key = fs::read(cache.path(&key("b"))).unwrap();
    cache.put(&key("a"), CONTENT).unwrap();
    let whole = fs::read(&path).unwrap();

    let (cut_header, cut) = ("its header is cut off", "its content is cut off or changed");
    let (format, other) = (
        "it is not an entry of this format",
        "it was made for another key",
    );
    let mut damages = vec![(of_another_key, other)];
    for length in 0..whole.len() {
        let reason = if length < HEADER_BYTES {
            cut_header
        } else {
            cut
        };
        damages.push((whole[..length].to_vec(), reason));
    }
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << bit;
            let reason = match at {
                0..12 => format,
                12..44 => other,
                _ => cut,
            };
            damages.push((flipped, reason));
        }
    }
    damages.push(([&whole[..], b"x"].concat(), cut));
    damages.push((vec![0; whole.len()], format));
    damages.push((vec![0; 1001], "it is larger than the whole cache may be"));
    for (damaged, reason) in damages {
        fs::write(&path, &damaged).unwrap();
        set_mode(&path, 0o600);
        let fault = cache.read(&path, &key("a")).unwrap_err();
        assert_eq!(fault.to_string(), reason, "{damaged:x?}");
        assert_eq!(cache.get(&key("a")), None);
        assert!(!path.exists(), "{damaged:x?}");
    }
    cache.put(&key("a"), CONTENT).unwrap();
    assert_eq!(cache.get(&key("a")).unwrap(), CONTENT);
}

#[test]
fn what_is_no_file_is_a_miss() {
    let folder = private_folder();
    let cache = FileCache::open(folder.path(), 1000).unwrap();
    cache.put(&key("b"), CONTENT).unwrap();
    let path = cache.path(&key("a"));
    let target = cache.path(&key("b"));
    type Place<'a> = &'a dyn Fn();
    let cases: [(Place<'_>, bool); 4] = [
        (&|| fs::create_dir(&path).unwrap(), true),
        (&|| symlink(&target, &path).unwrap(), true),
        (&|| symlink(&path, &path).unwrap(), true),
        (&|| fs::create_dir_all(path.join("full")).unwrap(), false),
    ];
    for (index, (place, is_deleted)) in cases.into_iter().enumerate() {
        place();
        let fault = cache.read(&path, &key("a")).unwrap_err();
        assert_eq!(fault.to_string(), "it is not a file", "{index}");
        assert_eq!(cache.get(&key("a")), None, "{index}");
        assert_eq!(path.symlink_metadata().is_err(), is_deleted, "{index}");
    }
    // A folder with something in it is not ours to delete.
    let fault = cache.put(&key("a"), CONTENT).unwrap_err();
    assert!(fault.to_string().contains(path.to_str().unwrap()));
    assert_eq!(cache.get(&key("b")).unwrap(), CONTENT);
    FileCache::open(folder.path(), 1000).unwrap();
}

#[test]
fn an_entry_that_cannot_be_read_is_a_miss_and_stays() {
    let folder = private_folder();
    let cache = FileCache::open(folder.path(), 1000).unwrap();
    cache.put(&key("a"), CONTENT).unwrap();
    let path = cache.path(&key("a"));
    set_mode(&path, 0o000);
    let can_read_all = File::open(&path).is_ok();
    let found = cache.get(&key("a"));
    // The superuser reads what nobody may.
    assert_eq!(found.is_some(), can_read_all);
    assert!(path.exists());
    // A new entry takes its place.
    cache.put(&key("a"), CONTENT).unwrap();
    assert_eq!(cache.get(&key("a")).unwrap(), CONTENT);

    let nowhere = FileCache {
        folder: path,
        max_bytes: 1000,
        us: cache.us,
    };
    assert_eq!(nowhere.get(&key("a")), None);
    assert!(nowhere.put(&key("a"), CONTENT).is_err());
}
