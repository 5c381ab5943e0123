//! Which files a new folder has.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value as Json, json};

use super::{
    ConverterName, Direction, Language,
    content::{self, Converter},
    place::Place,
};

mod manifests;
mod places;

const LANGUAGES: [Language; 2] = [Language::Rust, Language::AssemblyScript];
const DIRECTIONS: [Direction; 2] = [Direction::Uplink, Direction::Downlink];

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn converter(language: Language, direction: Direction) -> Converter {
    Converter {
        name: "em-500".parse::<ConverterName>().unwrap(),
        language,
        direction,
    }
}

fn anywhere() -> Place {
    Place::Anywhere {
        folder: "/home/me/em-500".into(),
    }
}

fn in_repository() -> Place {
    Place::Repository {
        root: "/tb-tcp".into(),
        folder: "/tb-tcp/converters/em-500".into(),
    }
}

/// The texts of a new folder by their paths.
fn texts(language: Language, direction: Direction, place: &Place) -> BTreeMap<String, String> {
    let files = content::files(&converter(language, direction), place).unwrap();
    let count = files.len();
    let texts: BTreeMap<_, _> = files
        .into_iter()
        .map(|file| (file.path.display().to_string(), file.text.into_owned()))
        .collect();
    assert_eq!(texts.len(), count, "a path is there twice");
    texts
}

/// The paths of a folder's files that stand for what an author edits: no SDK,
/// and of the cases just their folders.
fn outline(texts: &BTreeMap<String, String>) -> Vec<&str> {
    let outline: BTreeSet<&str> = texts
        .keys()
        .filter(|path| !path.starts_with("sdk/guest-sdk/"))
        .map(|path| match path.split_once('/') {
            Some((folder @ ("uplink" | "downlink"), _)) => folder,
            _ => path,
        })
        .collect();
    outline.into_iter().collect()
}

fn toml(text: &str) -> toml::Table {
    text.parse().unwrap()
}

#[test]
fn each_variant_has_its_files_and_no_key_is_left() {
    let alone = ["README.md", "sdk/README.md", "sdk/wit/converter.wit"];
    let rust = [".gitignore", "Cargo.toml", "src/lib.rs"];
    let assemblyscript = [
        ".gitignore",
        "asconfig.json",
        "assembly/index.ts",
        "assembly/tsconfig.json",
        "package-lock.json",
        "package.json",
    ];
    let rust_member = ["README.md", "rust/Cargo.toml", "rust/src/lib.rs"];
    let assemblyscript_member = [
        "README.md",
        "assemblyscript/asconfig.json",
        "assemblyscript/assembly/index.ts",
        "assemblyscript/assembly/tsconfig.json",
        "assemblyscript/package.json",
    ];
    let table = [
        (Language::Rust, anywhere(), [&rust[..], &alone].concat()),
        (
            Language::AssemblyScript,
            anywhere(),
            [&assemblyscript[..], &alone].concat(),
        ),
        (Language::Rust, in_repository(), rust_member.to_vec()),
        (
            Language::AssemblyScript,
            in_repository(),
            assemblyscript_member.to_vec(),
        ),
    ];
    for (language, place, expected) in table {
        for direction in DIRECTIONS {
            let texts = texts(language, direction, &place);
            let mut expected = expected.clone();
            expected.push(direction.folder());
            expected.sort_unstable();
            assert_eq!(
                outline(&texts),
                expected,
                "{language} {direction} {place:?}"
            );
            for (path, text) in &texts {
                assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{path}");
                // Rust's sources have such brackets for themselves.
                if !path.starts_with("sdk/guest-sdk/") {
                    assert!(!text.contains("{{"), "{path}: {text}");
                }
            }
        }
    }
}

#[test]
fn a_variant_has_the_cases_of_its_direction_one_of_them_an_error() {
    for direction in DIRECTIONS {
        let other = direction.other().folder();
        let rust = texts(Language::Rust, direction, &anywhere());
        let cases = |texts: &BTreeMap<String, String>| -> BTreeMap<String, String> {
            let texts = texts.clone().into_iter();
            texts
                .filter(|(path, _)| path.starts_with(direction.folder()))
                .collect()
        };
        assert!(!rust.keys().any(|path| path.starts_with(other)));
        for language in LANGUAGES {
            for place in [anywhere(), in_repository()] {
                assert_eq!(cases(&texts(language, direction, &place)), cases(&rust));
            }
        }
        let results: Vec<Json> = cases(&rust)
            .iter()
            .filter(|(path, _)| path.contains("/result"))
            .map(|(_, text)| serde_json::from_str(text).unwrap())
            .collect();
        let errors = results
            .iter()
            .filter(|result| result.get("error").is_some());
        assert!(errors.count() >= 1, "{direction}");
        assert!(results.len() >= 3, "{direction}");
    }
}

#[test]
fn the_sdk_is_the_repositorys() {
    for language in LANGUAGES {
        let texts = texts(language, Direction::Uplink, &anywhere());
        let sdk = texts.iter().filter_map(|(path, text)| {
            let path = path.strip_prefix("sdk/")?;
            (path != "README.md").then_some((path, text))
        });
        let mut found = BTreeSet::new();
        for (path, text) in sdk {
            found.insert(repository().join(path));
            for part in ["/node_modules/", "/build/", "/target/"] {
                assert!(!path.contains(part), "{path}");
            }
            if !path.ends_with("Cargo.toml") {
                let original = fs::read_to_string(repository().join(path)).unwrap();
                assert_eq!(*text, original, "{path}");
            }
        }
        let guest_sdk = repository().join("guest-sdk").join(language.folder());
        let mut expected = BTreeSet::from([repository().join("wit/converter.wit")]);
        match language {
            Language::Rust => {
                expected.insert(guest_sdk.join("Cargo.toml"));
                files_below(&guest_sdk.join("src"), &mut expected);
            }
            Language::AssemblyScript => {
                for file in ["README.md", "package.json", "package-lock.json"] {
                    expected.insert(guest_sdk.join(file));
                }
                // What npm would publish.
                let package = fs::read_to_string(guest_sdk.join("package.json")).unwrap();
                let package: Json = serde_json::from_str(&package).unwrap();
                for published in package["files"].as_array().unwrap() {
                    files_below(&guest_sdk.join(published.as_str().unwrap()), &mut expected);
                }
            }
        }
        assert_eq!(found, expected, "{language}");
    }
}

fn files_below(path: &Path, files: &mut BTreeSet<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            files_below(&entry.unwrap().path(), files);
        }
    } else {
        files.insert(path.to_owned());
    }
}
