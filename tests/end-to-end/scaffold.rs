//! `tb-tcp new`: what it makes builds and passes its golden cases, without a
//! network.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use harness::{Tool, binary, repository};
use serde_json::json;
use tempfile::TempDir;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The target folder in which `tb-tcp` was built.
fn target() -> PathBuf {
    binary().ancestors().nth(2).unwrap().to_owned()
}

/// Runs a program in `folder` with `tb-tcp` on its `PATH` and a target folder
/// that all these tests share, and returns what it printed.
#[track_caller]
fn run(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let mut path = OsString::from(binary().parent().unwrap());
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("PATH", path)
        .env("CARGO_TARGET_DIR", target().join("outside"))
        .env("npm_config_update_notifier", "false")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {arguments:?} in {}:\n{printed}{error}",
        folder.display()
    );
    printed
}

/// `tb-tcp new` of a folder that it can make.
#[track_caller]
fn new(folder: &Path, arguments: &[&str]) -> Tool {
    let tool = Tool::run(&[&["new", text(folder)], arguments].concat());
    assert_eq!(tool.code, Some(0), "{tool:?}");
    tool
}

/// Runs the golden cases of `folder` on a built file: all there are, and more
/// than one.
#[track_caller]
fn assert_cases_pass(file: &Path, folder: &Path, direction: &str) {
    let payloads = fs::read_dir(folder.join(direction)).unwrap();
    let payloads = payloads
        .filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_str().unwrap().starts_with("payload")
        })
        .count();
    assert!(payloads > 1);
    let name = file.file_stem().unwrap().to_str().unwrap();
    let tool = Tool::run(&["test", text(file), "--cases", text(folder), "--json"]);
    assert_eq!(
        tool.json(),
        json!([{ "converter": name, "passed": payloads, "failures": [] }])
    );
}

/// The versions that this repository was built with are on this machine.
fn lock_versions(folder: &Path) {
    fs::copy(repository().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
}

/// Does what `npm ci` does, with the compiler that this repository's converters
/// were built with.
fn install_packages(folder: &Path, sdk: &Path) {
    let installed = target().join("assemblyscript/node_modules");
    assert!(
        installed.join("assemblyscript").is_dir(),
        "{} is missing: run the tests with ./justw test",
        installed.display()
    );
    let modules = folder.join("node_modules");
    fs::create_dir_all(modules.join(".bin")).unwrap();
    symlink(
        installed.join("assemblyscript"),
        modules.join("assemblyscript"),
    )
    .unwrap();
    symlink("../assemblyscript/bin/asc.js", modules.join(".bin/asc")).unwrap();
    symlink(sdk, modules.join("tb-converter")).unwrap();
}

#[test]
fn a_rust_converter_builds_and_passes_its_cases() {
    let work = tempfile::tempdir().unwrap();
    for (name, direction, arguments) in [
        ("new-meter", "uplink", &["--lang", "rust"][..]),
        ("new-valve", "downlink", &["--lang", "rust", "--downlink"]),
    ] {
        let folder = work.path().join(name);
        let made = new(&folder, arguments);
        assert!(made.output.contains("cargo test"), "{made:?}");
        lock_versions(&folder);
        run(&folder, "cargo", &["fmt", "--check"]);
        let tested = run(&folder, "cargo", &["test", "--offline"]);
        assert!(tested.contains("golden_cases_pass ... ok"), "{tested}");
        run(
            &folder,
            "cargo",
            &[
                "build",
                "--offline",
                "--release",
                "--target",
                "wasm32-wasip2",
            ],
        );
        let file = format!("wasm32-wasip2/release/{}.wasm", name.replace('-', "_"));
        let named_in_readme = format!("target/{file}");
        assert!(made.output.contains(&named_in_readme), "{made:?}");
        assert_cases_pass(&target().join("outside").join(file), &folder, direction);
    }
}

#[test]
fn an_assemblyscript_converter_builds_and_passes_its_cases() {
    let work = tempfile::tempdir().unwrap();
    for (name, direction, arguments) in [
        ("new-meter", "uplink", &["--lang", "assemblyscript"][..]),
        (
            "new-valve",
            "downlink",
            &["--lang", "assemblyscript", "--downlink"],
        ),
    ] {
        let folder = work.path().join(name);
        let made = new(&folder, arguments);
        assert!(made.output.contains("npm test"), "{made:?}");
        // Fails if the lock file does not belong to the manifest; installs nothing.
        let npm_ci = ["ci", "--dry-run", "--offline", "--ignore-scripts"];
        run(&folder, "npm", &npm_ci);
        install_packages(&folder, Path::new("../sdk/guest-sdk/assemblyscript"));
        let tested = run(&folder, "npm", &["test"]);
        assert!(tested.contains("cases passed"), "{tested}");
        let file = folder.join("build").join(name).with_extension("wasm");
        assert_cases_pass(&file, &folder, direction);
    }
}

/// What converters of this repository are built from, without the host.
fn skeleton() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let manifest = fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let members = manifest
        .lines()
        .find(|line| line.starts_with("members = "))
        .unwrap();
    let manifest = manifest.replace(
        members,
        "members = [\"guest-sdk/rust\", \"converters/*/rust\"]",
    );
    fs::write(root.path().join("Cargo.toml"), manifest).unwrap();
    lock_versions(root.path());
    fs::create_dir(root.path().join("converters")).unwrap();
    for folder in ["guest-sdk", "wit"] {
        copy(&repository().join(folder), &root.path().join(folder));
    }
    root
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == "node_modules" {
            continue;
        }
        match entry.file_type().unwrap().is_dir() {
            true => copy(&from, &to),
            false => {
                fs::copy(from, to).unwrap();
            }
        }
    }
}

#[test]
fn in_the_repository_both_languages_meet_the_same_cases() {
    let root = skeleton();
    let folder = root.path().join("converters/new-meter");
    let made = new(&folder, &["--lang", "rust"]);
    assert!(made.output.contains("./justw build-converters"), "{made:?}");
    assert!(!folder.join("sdk").exists());
    let package = "converter-new-meter";
    let tested = run(root.path(), "cargo", &["test", "--offline", "-p", package]);
    assert!(tested.contains("golden_cases_pass ... ok"), "{tested}");
    run(
        root.path(),
        "cargo",
        &[
            "build",
            "--offline",
            "--release",
            "--target",
            "wasm32-wasip2",
            "-p",
            package,
        ],
    );
    let file = "outside/wasm32-wasip2/release/converter_new_meter.wasm";
    assert_cases_pass(&target().join(file), &folder, "uplink");

    let result = folder.join("uplink/result.json");
    let before = fs::read_to_string(&result).unwrap();
    fs::write(&result, format!("{before}\n")).unwrap();
    let made = new(&folder, &["--lang", "assemblyscript"]);
    assert!(made.output.contains("were there and stay"), "{made:?}");
    assert_eq!(fs::read_to_string(&result).unwrap(), format!("{before}\n"));
    let source = folder.join("assemblyscript");
    let sdk = root.path().join("guest-sdk/assemblyscript");
    install_packages(&source, &sdk);
    run(&source, "npm", &["run", "build"]);
    let built = folder.join("new-meter.wasm");
    let core = source.join("build/new-meter.core.wasm");
    let tool = Tool::run(&["componentize", text(&core), "-o", text(&built)]);
    assert_eq!(tool.code, Some(0), "{tool:?}");
    assert_cases_pass(&built, &folder, "uplink");
}

#[test]
fn what_cannot_be_made_is_refused_and_leaves_nothing() {
    let work = tempfile::tempdir().unwrap();
    let taken = work.path().join("taken");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("mine"), "mine").unwrap();
    let in_work = |name: &str| work.path().join(name).to_str().unwrap().to_owned();
    let cases = [
        (
            vec![in_work("taken"), "--lang=rust".to_owned()],
            1,
            "is there already",
        ),
        (
            vec![in_work("no/meter"), "--lang=rust".to_owned()],
            1,
            "mkdir -p",
        ),
        (
            vec![in_work("Thermo_Meter"), "--lang=rust".to_owned()],
            2,
            "/thermo-meter",
        ),
        (
            vec![in_work("core"), "--lang=rust".to_owned()],
            2,
            "a crate of Rust itself",
        ),
        (vec![in_work("meter")], 2, "--lang <rust|assemblyscript>"),
        (
            vec![in_work("meter"), "--lang=tbel".to_owned()],
            2,
            "[possible values: rust, assemblyscript]",
        ),
    ];
    for (arguments, code, expected) in &cases {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let tool = Tool::run(&[&["new"], &arguments[..]].concat());
        assert_eq!(tool.code, Some(*code), "{tool:?}");
        assert!(tool.error.contains(expected), "{tool:?}");
    }
    let names: Vec<_> = fs::read_dir(work.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert_eq!(fs::read_to_string(taken.join("mine")).unwrap(), "mine");
}
