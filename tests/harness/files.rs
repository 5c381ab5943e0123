//! Where the built files are.

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The target folder that this test was built in.
pub fn target() -> PathBuf {
    // target/release/deps/end-to-end-…
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(3).unwrap().to_owned()
}

/// `tb-tcp` of the same profile.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    built(test.ancestors().nth(2).unwrap().join("tb-tcp"))
}

/// A converter of this repository, as users get it.
pub fn converter(name: &str) -> PathBuf {
    built(
        target()
            .join("converters")
            .join(name)
            .with_extension("wasm"),
    )
}

/// A test guest: `misbehaving`, `talker`, `sdk_probe`, `version_1` or `version_2`.
pub fn guest(name: &str) -> PathBuf {
    let folder = target().join("wasm32-wasip2/converter");
    built(match name {
        "misbehaving" => folder.join("guest_misbehaving.wasm"),
        "talker" => folder.join("guest_talker.wasm"),
        "sdk_probe" => folder.join("sdk_probe.wasm"),
        example => folder.join("examples").join(example).with_extension("wasm"),
    })
}

/// The component of another language's toolchain: `javascript`,
/// `sdk-probe-assemblyscript`.
pub fn component(name: &str) -> PathBuf {
    built(
        target()
            .join("components")
            .join(name)
            .with_extension("wasm"),
    )
}

/// The csv converter as the core module that `wasm32-unknown-unknown` gives.
pub fn bare_module() -> PathBuf {
    built(target().join("wasm32-unknown-unknown/converter/converter_csv.wasm"))
}

#[track_caller]
fn built(path: PathBuf) -> PathBuf {
    assert!(
        path.is_file(),
        "{} is missing: run the tests with ./justw test",
        path.display()
    );
    path
}
