//! `docs/converters.md`: every command is run and every piece of code built, in
//! both languages, and what the guide shows is what comes out.

mod page;
mod recipes;

use std::{fs, os::unix::fs::symlink, path::PathBuf};

use harness::{Host, Standin, repository};
use page::{Block, blocks, replay, shell};
use serde_json::json;

const STEPS: &str = "A tank gauge, step by step";
/// The example of the manual.
const PACKET: &str = "100120260117692173c00733ffdd0da9c4";

#[test]
fn recipes_do_the_same_in_both_languages() {
    let blocks = blocks();
    let shown: Vec<_> = blocks
        .iter()
        .filter(|block| block.info == "console" && block.chapter != STEPS)
        .collect();
    let names: Vec<_> = blocks.iter().filter_map(recipes::name).collect();
    for name in &names {
        let languages = names.iter().filter(|other| *other == name).count();
        let file = format!(" {name}.wasm ");
        let tried = shown.iter().any(|block| block.text.contains(&file));
        assert!(languages == 2 && tried, "{name}");
    }
    for folder in [
        recipes::build_rust(&blocks),
        recipes::build_assemblyscript(&blocks),
    ] {
        for block in &shown {
            replay(block, &folder);
        }
    }
}

#[test]
fn the_tank_gauge_goes_live_in_rust() {
    follow("rust", "src/lib.rs");
}

#[test]
fn the_tank_gauge_goes_live_in_assemblyscript() {
    follow("assemblyscript", "assembly/index.ts");
}

/// Does what the guide says, in one language, and serves a gauge at the end.
fn follow(language: &str, source: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut here = folder.path().to_owned();
    for block in blocks().iter().filter(|block| block.chapter == STEPS) {
        match block.info.as_str() {
            "sh" => here = step(block, here),
            info if info.strip_prefix("sh ") == Some(language) => here = step(block, here),
            "rust" if language == "rust" => fs::write(here.join(source), &block.text).unwrap(),
            "ts" if language != "rust" => fs::write(here.join(source), &block.text).unwrap(),
            "toml" => fs::write(here.join("tb-tcp.toml"), &block.text).unwrap(),
            "console" => replay(block, &here),
            _ => {}
        }
    }
    let test = match language {
        "rust" => "cargo test --quiet",
        _ => "npm test",
    };
    recipes::run(&mut shell(test, &here));
    serves(here.join("tank-gauge.wasm"));
}

/// Runs a script; answers where it leaves off.
fn step(block: &Block, folder: PathBuf) -> PathBuf {
    let script = format!("{}\npwd >&3", block.text);
    let place = folder.join(".place");
    recipes::run(&mut shell(
        &format!("{{ {script}\n}} 3>'{}'", place.display()),
        &folder,
    ));
    let here = PathBuf::from(fs::read_to_string(&place).unwrap().trim());
    fs::remove_file(place).unwrap();
    // The SDK's dependencies are built once for all runs, in the versions that are there.
    if here != folder && here.join("Cargo.toml").is_file() {
        let target = recipes::outside();
        fs::create_dir_all(&target).unwrap();
        symlink(target, here.join("target")).unwrap();
        fs::copy(repository().join("Cargo.lock"), here.join("Cargo.lock")).unwrap();
    }
    here
}

fn serves(converter: PathBuf) {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .converter("tank-gauge", converter)
        .client(
            "handlerConfiguration = { handlerType = \"BINARY\", lengthFieldOffset = 0, \
             lengthFieldLength = 1, initialBytesToStrip = 1 }",
        )
        .start();
    let mut gauge = host.device();
    let packet = tb_converter::encoding::hex_to_bytes(PACKET).unwrap();
    gauge.send_bytes(&packet);
    standin.wait_for_latest("LT7-20260117", "level", json!(1843));
    standin.wait_for_latest("LT7-20260117", "temperature", json!(-3.5));
}
