//! Where folders go, and what they find there.

use tempfile::TempDir;

use super::*;
use crate::scaffold::{ScaffoldError, make, place};

/// A folder that looks like this repository.
fn repository_like(package: &str) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for folder in ["guest-sdk/rust", "converters", "host/src"] {
        fs::create_dir_all(root.path().join(folder)).unwrap();
    }
    let manifest = format!("[package]\nname = \"{package}\"\n");
    fs::write(root.path().join("guest-sdk/rust/Cargo.toml"), manifest).unwrap();
    root
}

#[test]
fn a_folder_in_the_repository_is_one_of_its_converters() {
    let root = repository_like("tb-converter");
    let root = root.path().canonicalize().unwrap();
    let find = |current: &str, destination: &str| {
        place::find(&root.join(current), &destination.parse().unwrap())
    };
    let expected = Place::Repository {
        root: root.clone(),
        folder: root.join("converters/em-500"),
    };
    for (current, destination) in [
        ("", "em-500"),
        ("host/src", "em-500"),
        ("converters", "em-500"),
        ("converters", "./em-500"),
        ("", "converters/em-500/"),
        ("host", "../converters/em-500"),
    ] {
        assert_eq!(
            find(current, destination).unwrap(),
            expected,
            "{current} {destination}"
        );
    }
    let elsewhere = find("", "host/em-500").unwrap_err().to_string();
    assert_eq!(
        elsewhere,
        format!(
            "converters of this repository lie in {}/converters; give the name alone, or a path \
             outside of {}",
            root.display(),
            root.display()
        )
    );
}

#[test]
fn every_other_folder_stands_alone() {
    // The SDK of a converter that stands alone, somebody else's package of that layout, a file
    // that is no manifest.
    let alone = repository_like("tb-converter");
    fs::remove_dir(alone.path().join("converters")).unwrap();
    let others = repository_like("another");
    let broken = repository_like("tb-converter");
    fs::write(broken.path().join("guest-sdk/rust/Cargo.toml"), "[package").unwrap();
    for root in [&alone, &others, &broken] {
        let root = root.path().canonicalize().unwrap();
        for (destination, folder) in [("em-500", "em-500"), ("host/em-500", "host/em-500")] {
            let found = place::find(&root, &destination.parse().unwrap()).unwrap();
            assert_eq!(
                found,
                Place::Anywhere {
                    folder: root.join(folder)
                }
            );
        }
    }
    let within = repository_like("tb-converter");
    let outside = tempfile::tempdir().unwrap();
    let named = outside.path().canonicalize().unwrap().join("em-500");
    let destination = named.to_str().unwrap().parse().unwrap();
    let found = place::find(within.path(), &destination).unwrap();
    assert_eq!(found, Place::Anywhere { folder: named });

    let missing = outside.path().join("no");
    let destination = missing.join("em-500").to_str().unwrap().parse().unwrap();
    let error = place::find(outside.path(), &destination).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{} is no folder; make it first: mkdir -p {}",
            missing.display(),
            missing.display()
        )
    );
}

#[test]
fn a_second_language_takes_the_cases_that_are_there() {
    let root = repository_like("tb-converter");
    let folder = root.path().join("converters/em-500");
    let place = Place::Repository {
        root: root.path().to_owned(),
        folder: folder.clone(),
    };
    let make = |language, direction| make(&converter(language, direction), &place);

    let first = make(Language::AssemblyScript, Direction::Uplink).unwrap();
    assert!(!first.cases_were_there);
    assert_eq!(first.of_the_sdk, 0);
    let mine = [("uplink/result.json", "{}"), ("README.md", "mine")];
    for (file, text) in mine {
        fs::write(folder.join(file), text).unwrap();
    }
    fs::remove_file(folder.join("uplink/payload_cut-off.hex")).unwrap();

    let wrong = make(Language::Rust, Direction::Downlink).unwrap_err();
    assert_eq!(
        wrong.to_string(),
        format!(
            "{}/uplink is there, so this is a converter for uplinks: leave --downlink out, or \
             choose another name",
            folder.display()
        )
    );
    let second = make(Language::Rust, Direction::Uplink).unwrap();
    assert!(second.cases_were_there);
    assert_eq!(second.files, 2);
    for (file, text) in mine {
        assert_eq!(
            fs::read_to_string(folder.join(file)).unwrap(),
            text,
            "{file}"
        );
    }
    assert!(!folder.join("uplink/payload_cut-off.hex").exists());
    assert!(folder.join("rust/Cargo.toml").is_file());
    assert!(folder.join("assemblyscript/package.json").is_file());

    for language in LANGUAGES {
        let error = make(language, Direction::Uplink).unwrap_err();
        assert!(
            matches!(&error, ScaffoldError::Occupied(path) if *path == folder.join(language.folder())),
            "{error}"
        );
    }
    let names = fs::read_dir(&folder).unwrap().count();
    assert_eq!(names, 4, "nothing else is left");
}

#[test]
fn golden_cases_may_be_there_before_any_code() {
    let root = repository_like("tb-converter");
    let folder = root.path().join("converters/em-500");
    fs::create_dir_all(folder.join("downlink")).unwrap();
    fs::write(folder.join("downlink/payload.json"), "{}").unwrap();
    let place = Place::Repository {
        root: root.path().to_owned(),
        folder: folder.clone(),
    };
    let made = make(&converter(Language::Rust, Direction::Downlink), &place).unwrap();
    assert!(made.cases_were_there);
    assert!(folder.join("README.md").is_file());
    assert_eq!(fs::read_dir(folder.join("downlink")).unwrap().count(), 1);
}
