//! Compiles `proto/` with protox, so that no `protoc` is needed.

use anyhow::Context;

fn main() -> anyhow::Result<()> {
    let root = "../proto";
    println!("cargo::rerun-if-changed={root}");
    let files = protox::compile(["edge.proto", "transport.proto"], [root])
        .context("cannot compile the files in proto/")?;
    tonic_prost_build::configure()
        .compile_fds(files)
        .context("cannot generate code from proto/")
}
