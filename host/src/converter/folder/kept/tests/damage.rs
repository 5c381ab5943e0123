//! What crashes and damage leave is the old state, the new one, or an empty history.

use super::*;

#[test]
fn a_damaged_version_is_named_and_healed_by_going_live_again() {
    let folder = tempfile::tempdir().unwrap();
    let kept = KeptVersions::open(folder.path()).unwrap();
    let version = keep(&kept, "csv", "good");
    let path = wasm_path(&folder.path().join("csv"), &version);
    for damage in ["", "goo", "gooe", "good and more"] {
        fs::write(&path, damage).unwrap();
        let fault = kept.read("csv", &version).unwrap_err();
        assert_eq!(fault.kind(), io::ErrorKind::InvalidData, "{damage:?}");
        assert!(fault.to_string().contains(path.to_str().unwrap()));
        keep(&kept, "csv", "good");
        assert_eq!(kept.read("csv", &version).unwrap(), b"good");
    }
}

#[test]
fn a_damaged_history_is_empty_reported_once_and_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("csv/history.json");
    let whole = {
        let kept = KeptVersions::open(folder.path()).unwrap();
        keep(&kept, "csv", "a");
        fs::read_to_string(&path).unwrap()
    };
    let (a, b) = (wasm("a").1, wasm("bb").1);
    let evil = whole.replace(&a, "../../ab");
    let rejected = r#"{"versions": [], "rejected": "ABCDEF01"}"#;
    for text in [
        "",
        "{}",
        "null",
        "\0\0\0",
        &whole[..whole.len() / 2],
        &evil,
        rejected,
    ] {
        fs::write(&path, text).unwrap();
        let kept = KeptVersions::open(folder.path()).unwrap();
        assert!(kept.reported().contains("csv"), "{text:?}");
        assert_eq!(kept.history("csv"), []);
        assert_eq!(kept.rejected("csv"), None);
        // The version itself is still there for whoever knows it.
        assert_eq!(kept.read("csv", &a).unwrap(), b"a");

        keep(&kept, "csv", "bb");
        assert_eq!(versions(&kept, "csv"), [b.as_str()]);
        assert!(kept.reported().is_empty());
        keep(&kept, "csv", "a");
    }
}

#[test]
fn a_history_that_cannot_be_read_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let kept = KeptVersions::open(folder.path()).unwrap();
    let path = folder.path().join("csv/history.json");
    fs::create_dir_all(&path).unwrap();
    assert_eq!(kept.history("csv"), []);
    let (content, version) = wasm("a");
    assert!(kept.keep("csv", &version, &content).is_err());
    assert!(kept.reject("csv", &version, &version).is_err());
    assert_eq!(files(&folder.path().join("csv")), ["history.json"]);
}

/// Every state in which a crash while a fourth version is kept can leave the
/// folder.
#[test]
fn a_crash_leaves_the_old_or_the_new_state() {
    type Step = fn(&Path);
    const NEW: &str = "dddd";
    let write_half: Step =
        |place| fs::write(place.join(".unfinished-1"), &NEW.as_bytes()[..2]).unwrap();
    let write_wasm: Step =
        |place| fs::write(wasm_path(place, &wasm(NEW).1), NEW.as_bytes()).unwrap();
    let half_history: Step = |place| fs::write(place.join(".unfinished-2"), "{\"ver").unwrap();
    let write_history: Step = |place| {
        let mut manifest = Manifest::read(place).unwrap();
        let newest = KeptVersion {
            version: wasm(NEW).1,
            bytes: 4,
            since_ms: 0,
        };
        manifest.put_first(newest, KEPT);
        manifest.write(place).unwrap();
    };
    let cases: [(&str, &[Step], bool); 6] = [
        ("nothing was done", &[], false),
        ("half the version", &[write_half], false),
        ("the version", &[write_wasm], false),
        ("half the history", &[write_wasm, half_history], false),
        ("the history", &[write_wasm, write_history], true),
        ("the history, not the version", &[write_history], false),
    ];
    for (reached, steps, is_new) in cases {
        let folder = tempfile::tempdir().unwrap();
        let kept = KeptVersions::open(folder.path()).unwrap();
        let [a, b, c] = ["a", "bb", "ccc"].map(|text| keep(&kept, "csv", text));
        drop(kept);
        let place = folder.path().join("csv");
        for step in steps {
            step(&place);
        }
        let kept = KeptVersions::open(folder.path()).unwrap();
        let new = wasm(NEW).1;
        let mut expected = if is_new {
            vec![&new, &c, &b]
        } else {
            vec![&c, &b, &a]
        };
        if reached == "the history, not the version" {
            // A power failure that the order of writing rules out; were it to
            // happen, only what is there is offered.
            expected = vec![&c, &b];
        }
        assert_eq!(
            versions(&kept, "csv").iter().collect::<Vec<_>>(),
            expected,
            "{reached}"
        );
        assert_eq!(files(&place), expected_files(&expected), "{reached}");
        for version in expected {
            kept.read("csv", version).unwrap();
        }
    }
}

#[test]
fn files_of_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let kept = KeptVersions::open(folder.path()).unwrap();
    let version = keep(&kept, "csv", "a");
    let place = folder.path().join("csv");
    for name in ["notes.txt", "0123abcd.wat", "backup.wasm", "0123ABCD.wasm"] {
        fs::write(place.join(name), "x").unwrap();
    }
    fs::write(place.join("0123abcd.wasm"), "an old version").unwrap();
    fs::write(folder.path().join("0123abcd.wasm"), "x").unwrap();
    KeptVersions::open(folder.path()).unwrap();
    let mut expected = vec![
        "0123ABCD.wasm".to_owned(),
        "0123abcd.wat".to_owned(),
        "backup.wasm".to_owned(),
        "history.json".to_owned(),
        "notes.txt".to_owned(),
        file_name(&version),
    ];
    expected.sort();
    assert_eq!(files(&place), expected);
    assert_eq!(files(folder.path()), [".lock", "0123abcd.wasm", "csv"]);
}
