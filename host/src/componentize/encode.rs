//! From a core module to a component, with `wit-component`.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::ModuleFault;

/// The contract, so that the binary needs no file beside it.
const CONTRACT: &str = include_str!("../../../wit/converter.wit");

/// The module with the types of these worlds of the contract in it. Its text is
/// UTF-16, as it is in AssemblyScript's strings; other compilers add the types
/// themselves.
pub(super) fn with_types(module: &[u8], worlds: &[&str]) -> Result<Vec<u8>, ModuleFault> {
    let mut resolve = Resolve::default();
    resolve
        .push_str("converter.wit", CONTRACT)
        .map_err(|error| unfit(&error))?;
    let package = resolve
        .push_str("componentize.wit", &united(worlds))
        .map_err(|error| unfit(&error))?;
    let world = resolve
        .select_world(&[package], Some("converter"))
        .map_err(|error| unfit(&error))?;
    let mut module = module.to_vec();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF16)
        .map_err(|error| unfit(&error))?;
    Ok(module)
}

/// A world of all that `worlds` have. The contract has one for each export, because a
/// component must not announce an export that it lacks.
fn united(worlds: &[&str]) -> String {
    let mut text = "package tb:componentize; world converter {".to_owned();
    for world in worlds {
        text += &format!(" include tb:converter/{world}@0.1.0;");
    }
    text + " }"
}

/// The component of a module that carries its types.
pub(super) fn encode(module: &[u8]) -> Result<Vec<u8>, ModuleFault> {
    ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(ComponentEncoder::encode)
        .map_err(|error| unfit(&error))
}

/// All that `wit-component` says, in one line.
fn unfit(error: &anyhow::Error) -> ModuleFault {
    let causes: Vec<_> = error.chain().map(ToString::to_string).collect();
    let line: Vec<_> = causes.iter().flat_map(|text| text.lines()).collect();
    ModuleFault::Unfit(line.join(": "))
}
