//! Order, bound, rejections, names and modes of kept versions.

mod damage;

use std::{os::unix::fs::MetadataExt, thread};

use super::*;

/// Some content and its version.
fn wasm(text: &str) -> (Vec<u8>, String) {
    let content = text.as_bytes().to_vec();
    let version = component::version(&content);
    (content, version)
}

fn keep(kept: &KeptVersions, name: &str, text: &str) -> String {
    let (content, version) = wasm(text);
    kept.keep(name, &version, &content).unwrap();
    version
}

fn versions(kept: &KeptVersions, name: &str) -> Vec<String> {
    let history = kept.history(name);
    history.into_iter().map(|kept| kept.version).collect()
}

/// The names in `folder`, sorted.
fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The files that `csv` has when `versions` are kept.
fn expected_files(versions: &[&String]) -> Vec<String> {
    let mut names: Vec<_> = versions.iter().map(|v| file_name(v)).collect();
    names.push("history.json".to_owned());
    names.sort();
    names
}

#[test]
fn the_newest_three_stay_and_can_be_read_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let kept = KeptVersions::open(folder.path()).unwrap();
    let before = now();
    let [_, b, c, d] = ["a", "bb", "ccc", "dddd"].map(|text| keep(&kept, "csv", text));
    let files_kept = expected_files(&[&b, &c, &d]);
    assert_eq!(files(&folder.path().join("csv")), files_kept);
    drop(kept);
    let kept = KeptVersions::open(folder.path()).unwrap();
    let history = kept.history("csv");
    let lengths: Vec<_> = history.iter().map(|k| (&k.version, k.bytes)).collect();
    assert_eq!(lengths, [(&d, 4), (&c, 3), (&b, 2)]);
    assert!(
        history
            .iter()
            .all(|k| (before..=now()).contains(&k.since_ms))
    );
    assert_eq!(kept.read("csv", &b).unwrap(), b"bb");
    assert_eq!(kept.read("csv", &d).unwrap(), b"dddd");
    assert_eq!(files(&folder.path().join("csv")), files_kept);
}

#[test]
fn a_version_that_goes_live_again_is_moved_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let kept = KeptVersions::open(folder.path()).unwrap();
    let [a, b] = ["a", "bb"].map(|text| keep(&kept, "csv", text));
    let place = folder.path().join("csv");
    let inode = |file: &str| fs::metadata(place.join(file)).unwrap().ino();
    let (wasm_before, history_before) = (inode(&file_name(&a)), inode("history.json"));
    let since = kept.history("csv")[1].since_ms;

    keep(&kept, "csv", "a");
    assert_eq!(versions(&kept, "csv"), [a.as_str(), &b]);
    assert_eq!(kept.history("csv")[0].since_ms, since);
    assert_eq!(inode(&file_name(&a)), wasm_before);

    // The newest already, as after each start: nothing is written at all.
    let history_moved = inode("history.json");
    assert_ne!(history_moved, history_before);
    keep(&kept, "csv", "a");
    assert_eq!(inode("history.json"), history_moved);
}

#[test]
fn what_is_not_kept_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let kept = KeptVersions::open(folder.path()).unwrap();
    let version = keep(&kept, "csv", "a");
    for (name, version) in [("csv", "00000000"), ("json", version.as_str())] {
        let fault = kept.read(name, version).unwrap_err();
        assert_eq!(fault.kind(), io::ErrorKind::NotFound);
        assert!(fault.to_string().contains(version), "{fault}");
    }
    assert_eq!(kept.history("json"), []);
    assert_eq!(kept.rejected("json"), None);
}

#[test]
fn a_rejection_lasts_until_it_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let kept = KeptVersions::open(folder.path()).unwrap();
    let [a, b] = ["a", "bb"].map(|text| keep(&kept, "csv", text));
    kept.reject("csv", &b, &b).unwrap();
    keep(&kept, "csv", "a");
    drop(kept);

    let kept = KeptVersions::open(folder.path()).unwrap();
    assert_eq!(kept.rejected("csv").as_ref(), Some(&b));
    assert_eq!(versions(&kept, "csv"), [a.as_str(), &b]);
    kept.reject("csv", &a, &a).unwrap();
    assert_eq!(kept.rejected("csv").as_ref(), Some(&a));
    kept.accept("csv").unwrap();
    assert_eq!(kept.rejected("csv"), None);
    let kept = KeptVersions::open(folder.path()).unwrap();
    assert_eq!(kept.rejected("csv"), None);
    assert_eq!(versions(&kept, "csv"), [a, b]);
}

#[test]
fn a_version_can_be_rejected_that_was_never_kept() {
    let folder = tempfile::tempdir().unwrap();
    let kept = KeptVersions::open(folder.path()).unwrap();
    kept.reject("csv", "0123abcd", "0123abcd").unwrap();
    assert_eq!(kept.rejected("csv").as_deref(), Some("0123abcd"));
    assert_eq!(kept.history("csv"), []);
    // And what is accepted anyway leaves no trace.
    kept.accept("json").unwrap();
    assert_eq!(files(folder.path()), [".lock", "csv"]);
}

#[test]
fn what_a_later_host_wrote_beside_is_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    let kept = KeptVersions::open(folder.path()).unwrap();
    let version = keep(&kept, "csv", "a");
    let text = format!(
        r#"{{"format": 2, "versions": [{{"version": "{version}", "bytes": 1, "sinceMs": 5,
            "signedBy": "x"}}], "rejected": "0123abcd", "why": "it was slow"}}"#
    );
    fs::write(folder.path().join("csv/history.json"), text).unwrap();
    let expected = KeptVersion {
        version,
        bytes: 1,
        since_ms: 5,
    };
    assert_eq!(kept.history("csv"), [expected]);
    assert_eq!(kept.rejected("csv").as_deref(), Some("0123abcd"));
}

#[test]
fn odd_names_are_kept_and_dangerous_ones_refused() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("converters");
    let kept = KeptVersions::open(&inside).unwrap();
    let (content, version) = wasm("a");
    let longest = "n".repeat(250);
    for name in [
        "csv 2",
        "Zähler",
        "温度",
        "a.b",
        "-rf",
        "history.json",
        "new\nline",
        "\\..\\x",
        &longest,
    ] {
        kept.keep(name, &version, &content).unwrap();
        kept.reject(name, "0123abcd", "0123abcd").unwrap();
        let kept = KeptVersions::open(&inside).unwrap();
        assert_eq!(versions(&kept, name), [version.as_str()], "{name:?}");
        assert_eq!(kept.rejected(name).as_deref(), Some("0123abcd"), "{name:?}");
    }
    let count = files(&inside).len();
    let too_long = "n".repeat(300);
    for name in [
        "", ".", "..", ".lock", ".x", "../x", "a/b", "/etc", "a\0b", &too_long,
    ] {
        assert!(kept.keep(name, &version, &content).is_err(), "{name:?}");
        assert!(kept.reject(name, &version, &version).is_err(), "{name:?}");
        assert!(kept.read(name, &version).is_err(), "{name:?}");
        assert_eq!(kept.history(name), [], "{name:?}");
        assert_eq!(kept.rejected(name), None, "{name:?}");
    }
    assert_eq!(files(&inside).len(), count);
    assert_eq!(files(folder.path()), ["converters"]);
}

#[test]
fn only_versions_of_the_content_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let kept = KeptVersions::open(folder.path()).unwrap();
    let (_, other) = wasm("b");
    for version in ["", "..", "../../xy", "0123ABCD", "0123abc", &other] {
        let fault = kept.keep("csv", version, b"a").unwrap_err();
        assert_eq!(fault.kind(), io::ErrorKind::InvalidInput, "{version}");
    }
    for version in ["", "..", "../../xy", "0123ABCD", "0123abc", "0123abcde"] {
        for fault in [
            kept.read("csv", version).unwrap_err(),
            kept.reject("csv", version, version).unwrap_err(),
        ] {
            assert_eq!(fault.kind(), io::ErrorKind::InvalidInput, "{version}");
        }
    }
    assert_eq!(files(folder.path()), [".lock"]);
}

#[test]
fn changes_through_two_handles_are_all_kept() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let name = format!("csv{round}");
        thread::scope(|scope| {
            for text in ["a", "bb", "ccc"] {
                let (folder, name) = (folder.path(), name.as_str());
                scope.spawn(move || keep(&KeptVersions::open(folder).unwrap(), name, text));
            }
            let kept = KeptVersions::open(folder.path()).unwrap();
            kept.reject(&name, "0123abcd", "0123abcd").unwrap();
        });
        let kept = KeptVersions::open(folder.path()).unwrap();
        let mut found = versions(&kept, &name);
        found.sort();
        let mut expected = ["a", "bb", "ccc"].map(|text| wasm(text).1);
        expected.sort();
        assert_eq!(found, expected);
        assert_eq!(kept.rejected(&name).as_deref(), Some("0123abcd"));
    }
}

#[test]
fn all_that_is_made_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("data/converters");
    let version = keep(&KeptVersions::open(&inside).unwrap(), "csv", "a");
    let wasm = format!("csv/{version}.wasm");
    for (path, mode) in [
        ("", 0o700),
        (".lock", 0o600),
        ("csv", 0o700),
        ("csv/history.json", 0o600),
        (wasm.as_str(), 0o600),
    ] {
        let found = fs::metadata(inside.join(path)).unwrap().mode() & 0o777;
        assert_eq!(found, mode, "{path}");
    }
}
