//! Builds the guide's recipes, all of a language at once.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use harness::{binary, repository};

use super::page::Block;

/// What a block of a recipe begins with.
const MARK: &str = "// recipe: ";

/// The recipe's name, if the block is the code of one.
pub(super) fn name(block: &Block) -> Option<&str> {
    block.text.lines().next()?.strip_prefix(MARK)
}

/// Builds the blocks of Rust; answers the folder that holds NAME.wasm of each.
pub(super) fn build_rust(blocks: &[Block]) -> PathBuf {
    let folder = repository().join("target/guide/rust");
    let root = repository();
    let mut members = Vec::new();
    for (name, code) in recipes(blocks, "rust") {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [lib]\ncrate-type = [\"cdylib\"]\n\n\
             [dependencies]\ntb-converter = {{ path = {:?} }}\n",
            root.join("guest-sdk/rust")
        );
        write(&folder.join(name).join("Cargo.toml"), &manifest);
        write(&folder.join(name).join("src/lib.rs"), code);
        members.push(name);
    }
    let workspace = format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n");
    write(&folder.join("Cargo.toml"), &workspace);
    // The versions that this repository was built with are there; others are not.
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    run(Command::new("cargo")
        .args(["build", "--offline", "--quiet", "--release"])
        .args(["--target", "wasm32-wasip2"])
        .env("RUSTFLAGS", "-D warnings")
        .env("CARGO_TARGET_DIR", outside())
        .current_dir(&folder));
    outside().join("wasm32-wasip2/release")
}

/// Builds the blocks of AssemblyScript; answers the folder that holds NAME.wasm
/// of each.
pub(super) fn build_assemblyscript(blocks: &[Block]) -> PathBuf {
    let compiler = repository().join("target/assemblyscript");
    let built = repository().join("target/guide/assemblyscript");
    fs::create_dir_all(&built).unwrap();
    for (name, code) in recipes(blocks, "ts") {
        // Below the compiler, where it finds the SDK.
        let folder = compiler.join(format!("guide-{name}"));
        write(&folder.join("assembly/index.ts"), code);
        let config = repository().join("converters/csv/assemblyscript/asconfig.json");
        fs::copy(config, folder.join("asconfig.json")).unwrap();
        run(Command::new("node")
            .arg("../node_modules/assemblyscript/bin/asc.js")
            .args(["--config", "asconfig.json", "--outFile", "core.wasm"])
            .current_dir(&folder));
        run(Command::new(binary())
            .arg("componentize")
            .arg(folder.join("core.wasm"))
            .arg("-o")
            .arg(built.join(name).with_extension("wasm")));
    }
    built
}

/// Where crates outside of the workspace are built: what they depend on is
/// compiled once for all.
pub(super) fn outside() -> PathBuf {
    repository().join("target/outside")
}

fn recipes<'a>(blocks: &'a [Block], language: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    blocks
        .iter()
        .filter(move |block| block.info == language)
        .filter_map(|block| Some((name(block)?, block.text.as_str())))
}

/// Writes a file unless it says so already: what did not change is not built.
pub(super) fn write(file: &Path, text: &str) {
    if fs::read_to_string(file).is_ok_and(|before| before == text) {
        return;
    }
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

#[track_caller]
pub(super) fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
