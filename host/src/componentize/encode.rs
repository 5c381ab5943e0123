//! From a core module to a component, with `wit-component`.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::{ModuleFault, module::Directions};

/// The contract, so that the binary needs no file beside it.
const CONTRACT: &str = include_str!("../../../wit/converter.wit");
/// Exports both directions, which no world of the contract does: a component
/// must not announce an export that it lacks.
const BOTH: &str = "
    package tb:componentize;
    world both {
        include tb:converter/uplink-converter@0.1.0;
        include tb:converter/downlink-converter@0.1.0;
    }
";

/// The module with the contract's types in it. Its text is UTF-16, as it is in
/// AssemblyScript's strings; other compilers add the types themselves.
pub(super) fn with_types(module: &[u8], directions: Directions) -> Result<Vec<u8>, ModuleFault> {
    let mut resolve = Resolve::default();
    let contract = resolve
        .push_str("converter.wit", CONTRACT)
        .map_err(|error| unfit(&error))?;
    let both = resolve
        .push_str("both.wit", BOTH)
        .map_err(|error| unfit(&error))?;
    let (package, world) = match directions {
        Directions::Uplink => (contract, "uplink-converter"),
        Directions::Downlink => (contract, "downlink-converter"),
        Directions::Both => (both, "both"),
    };
    let world = resolve
        .select_world(&[package], Some(world))
        .map_err(|error| unfit(&error))?;
    let mut module = module.to_vec();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF16)
        .map_err(|error| unfit(&error))?;
    Ok(module)
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
