//! The guest that is written by hand.

use std::{fs, path::PathBuf};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::files::{repository, target};

/// Makes a component of `tests/components/hostile/hostile.wat`.
pub fn hostile() -> PathBuf {
    let source = repository().join("tests/components/hostile/hostile.wat");
    let mut module = wat::parse_file(source).unwrap();
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(repository().join("wit")).unwrap();
    let world = resolve
        .select_world(&[package], Some("uplink-converter"))
        .unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let component = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .unwrap()
        .encode()
        .unwrap();
    let file = target().join("components/hostile.wasm");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    // Tests run side by side: each must find a whole file.
    let aside = tempfile::NamedTempFile::new_in(file.parent().unwrap()).unwrap();
    fs::write(&aside, component).unwrap();
    aside.persist(&file).unwrap();
    file
}
