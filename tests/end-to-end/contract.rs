//! Which `.wasm` files fit the contract.

use std::fs;

use harness::{Host, Standin, bare_module};
use wit_component::ComponentEncoder;

/// `wasm32-unknown-unknown` gives a core module; made a component, it loads and
/// serves like one of `wasm32-wasip2`.
#[test]
fn a_component_without_wasi_serves() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("csv.wasm");
    let component = ComponentEncoder::default()
        .module(&fs::read(bare_module()).unwrap())
        .unwrap()
        .validate(true)
        .encode()
        .unwrap();
    fs::write(&file, component).unwrap();

    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .converter("csv", file)
        .start();
    host.device().send("SN-7,default,n,1.5\n");
    standin.wait_for_latest("SN-7", "n", 1.5);
}

#[test]
fn a_core_module_is_named_as_such() {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .converter("csv", bare_module())
        .start();
    let line = host.process.wait_for_log("converter cannot be loaded");
    assert_eq!(line["converter"], "csv");
    let error = line["error"].as_str().unwrap();
    assert!(
        error.starts_with("a core WebAssembly module, not a component"),
        "{error}"
    );
}
