//! Every golden case of every converter, on the built `.wasm`: on fresh and on
//! used instances, as the host runs the cases beside a file. The converters' own
//! tests run the same cases natively.

use std::{fs, thread};

use harness::{component, guest, repository};
use tb_tcp::{
    config::ConverterSettings,
    converter::{Converter, ConverterEngine, LoadError, check_cases},
};
use tokio::runtime::Runtime;

/// Loads a file and runs cases on it, as the host's own thread does.
fn check(file: &std::path::Path, cases: &std::path::Path) -> Result<usize, LoadError> {
    let runtime = Runtime::new().unwrap();
    thread::scope(|scope| {
        let run = || {
            let _context = runtime.enter();
            let engine = ConverterEngine::new(None).unwrap();
            let limits = ConverterSettings::default().limits("golden");
            let wasm = fs::read(file).unwrap();
            let converter = Converter::load(&engine, "golden", &wasm, limits)?;
            check_cases(&converter, cases)
        };
        scope.spawn(run).join().unwrap()
    })
}

#[test]
fn the_built_converters_pass_their_golden_cases() {
    let mut folders: Vec<_> = fs::read_dir(repository().join("converters"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    assert!(folders.len() >= 5, "{folders:?}");
    let mut in_assemblyscript = 0;
    for folder in folders {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let passed = check(&harness::converter(name), &folder).unwrap();
        assert!(passed > 0, "{name}");
        if folder.join("assemblyscript").is_dir() {
            let same = check(
                &harness::converter(&format!("assemblyscript/{name}")),
                &folder,
            );
            assert_eq!(same.unwrap(), passed, "{name} in AssemblyScript");
            in_assemblyscript += 1;
        }
    }
    assert!(in_assemblyscript >= 5);
}

/// Every type, option and helper of both SDKs, with their error texts: one set
/// of cases, because they are to be the same.
#[test]
fn the_sdks_do_the_same() {
    let folder = repository().join("tests/components/sdk-probe");
    let rust = check(&guest("sdk_probe"), &folder).unwrap();
    let assemblyscript = component("sdk-probe-assemblyscript");
    assert_eq!(check(&assemblyscript, &folder).unwrap(), rust);
    assert!(rust >= 121, "{rust}");
    // What only AssemblyScript can get wrong.
    let own = check(&assemblyscript, &folder.join("assemblyscript")).unwrap();
    assert!(own >= 16, "{own}");
}

#[test]
fn a_converter_that_keeps_state_is_caught() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("payload.txt", "count"),
        (
            "result.json",
            r#"{"deviceName":"misbehaving","deviceType":"default","telemetry":{"count":1}}"#,
        ),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let error = check(&guest("misbehaving"), folder.path()).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("a used instance is wrong where a fresh one is right"),
        "{text}"
    );
}
