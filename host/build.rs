//! Compiles `proto/` with protox, so that no `protoc` is needed, and puts the
//! SDKs into the binary for `tb-tcp new`.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

fn main() -> anyhow::Result<()> {
    compile_proto()?;
    embed_scaffold()
}

fn compile_proto() -> anyhow::Result<()> {
    let root = "../proto";
    println!("cargo::rerun-if-changed={root}");
    let files = protox::compile(["edge.proto", "transport.proto"], [root])
        .context("cannot compile the files in proto/")?;
    tonic_prost_build::configure()
        .compile_fds(files)
        .context("cannot generate code from proto/")
}

/// Folders that tools make inside the SDKs; they hold no sources.
const NO_SOURCES: [&str; 3] = ["build", "node_modules", "target"];

/// Writes the tables `SDK` and `CASES` of `scaffold`: the path of each file in
/// the repository, or in its folder of cases, and its text.
fn embed_scaffold() -> anyhow::Result<()> {
    let tables = [
        ("SDK", "..", ["guest-sdk", "wit"].as_slice()),
        (
            "CASES",
            "src/scaffold/templates/cases",
            ["uplink", "downlink"].as_slice(),
        ),
    ];
    let mut code = String::new();
    for (table, base, folders) in tables {
        let base = Path::new(base).canonicalize()?;
        let mut files = Vec::new();
        for folder in folders {
            let folder = base.join(folder);
            // Cargo looks into all that is below, so a new file is seen too.
            println!("cargo::rerun-if-changed={}", folder.display());
            sources(&folder, &mut files)
                .with_context(|| format!("cannot look into {}", folder.display()))?;
        }
        files.sort();
        writeln!(code, "static {table}: &[(&str, &str)] = &[")?;
        for file in files {
            let name = file.strip_prefix(&base)?;
            writeln!(code, "    ({name:?}, include_str!({file:?})),")?;
        }
        writeln!(code, "];")?;
    }
    let out = Path::new(&std::env::var("OUT_DIR")?).join("scaffold.rs");
    fs::write(&out, code).with_context(|| format!("cannot write {}", out.display()))
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true if NO_SOURCES.iter().any(|other| name == *other) => {}
            true => sources(&entry.path(), files)?,
            false => files.push(entry.path()),
        }
    }
    Ok(())
}
