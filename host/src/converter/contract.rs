//! Says in the words of `wit/converter.wit` how a component does not fit it.

use wasmparser::{Parser, Payload};
use wasmtime::component::{
    Component,
    types::{ComponentInstance, ComponentItem},
};

use super::{
    bindings::{DOWNLINK, FRAMING, LIFECYCLE, UPLINK},
    engine::ConverterEngine,
    error::{LoadError, one_line},
};

/// What a component may import of it, with the functions.
const IMPORTS: [(&str, &[&str]); 4] = [
    ("tb:converter/types@0.1.0", &[]),
    (
        "tb:converter/context@0.1.0",
        &["metadata", "metadata-entries", "integration-metadata"],
    ),
    (
        "tb:converter/connection@0.1.0",
        &[
            "session",
            "set-session",
            "reply",
            "close",
            "expect-answer",
            "answer-rpc",
        ],
    ),
    ("tb:converter/logging@0.1.0", &["log"]),
];
/// What it may export, with the functions that must then be there.
const EXPORTS: [(&str, &[&str]); 4] = [
    (UPLINK, &["decode"]),
    (DOWNLINK, &["encode"]),
    (LIFECYCLE, &["on-connect", "on-idle", "on-close"]),
    (FRAMING, &["cut"]),
];
/// The custom section in which an SDK writes its name and version.
const SDK_SECTION: &str = "tb-converter-sdk";
/// Longest text that is taken from there.
const MAX_SDK_TEXT: usize = 64;

/// Why `component` cannot be linked, which `error` says in wasmtime's words.
pub(super) fn unfit_import(
    engine: &ConverterEngine,
    component: &Component,
    wasm: &[u8],
    error: &wasmtime::Error,
) -> LoadError {
    let ty = component.component_type();
    let fault = ty
        .imports(&engine.engine)
        .find_map(|(name, item)| import_fault(engine, name, &item.ty));
    let wording = one_line(error);
    unfit(wasm, &fault.unwrap_or_else(|| reworded(&wording)))
}

/// What is wrong with an import of our own package, as far as names tell.
fn import_fault(engine: &ConverterEngine, name: &str, item: &ComponentItem) -> Option<String> {
    if !name.starts_with("tb:converter/") {
        return None;
    }
    let Some((_, functions)) = IMPORTS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<_> = IMPORTS.iter().map(|(name, _)| *name).collect();
        return Some(format!(
            "it imports {name}, which this host does not have; it has {}",
            known.join(", ")
        ));
    };
    let ComponentItem::ComponentInstance(instance) = item else {
        return Some(format!(
            "it imports {name} as something that is no interface"
        ));
    };
    let unknown = functions_of(engine, instance).find(|name| !functions.contains(&name.as_str()));
    unknown.map(|function| {
        format!("it imports the function {function} of {name}, which this host does not have")
    })
}

fn functions_of<'a>(
    engine: &'a ConverterEngine,
    instance: &'a ComponentInstance,
) -> impl Iterator<Item = String> + 'a {
    instance
        .exports(&engine.engine)
        .filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentFunc(_)))
        .map(|(name, _)| name.to_owned())
}

/// wasmtime's text on an import that is missing or has another type, such as
/// "component imports instance `x`, but a matching implementation was not found
/// in the linker: …".
fn reworded(wording: &str) -> String {
    let quoted_behind = |start: &str| {
        let (_, rest) = wording.split_once(start)?;
        Some(rest.split_once('`')?.0)
    };
    let Some(import) = quoted_behind("component imports instance `") else {
        return wording.to_owned();
    };
    let function = quoted_behind("instance export `").map(|name| format!(" ({name})"));
    let detail = wording.rsplit(": ").next().unwrap_or_default();
    format!(
        "it imports {import}{}, which this host does not have in this form: {detail}",
        function.unwrap_or_default()
    )
}

/// Refuses a component that exports neither direction, or something of ours
/// without its functions. `found` says which of uplink, downlink, lifecycle and framing the
/// bindings could look up.
pub(super) fn check_exports(
    engine: &ConverterEngine,
    component: &Component,
    wasm: &[u8],
    found: [bool; 4],
) -> Result<(), LoadError> {
    let ty = component.component_type();
    let exports: Vec<_> = ty.exports(&engine.engine).collect();
    for ((name, functions), found) in EXPORTS.iter().zip(found) {
        let export = exports.iter().find(|(export, _)| export == name);
        if !found && let Some((_, item)) = export {
            let missing = missing_function(engine, &item.ty, functions);
            let fault = format!("it exports {name} without its function {missing}");
            return Err(unfit(wasm, &fault));
        }
    }
    if found[..2].contains(&true) {
        return Ok(());
    }
    let ours: Vec<_> = exports
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| name.starts_with("tb:converter/"))
        .collect();
    let instead = if ours.is_empty() {
        "nothing of tb:converter".to_owned()
    } else {
        ours.join(", ")
    };
    let fault = format!(
        "it exports neither {} nor {}, but {instead}",
        EXPORTS[0].0, EXPORTS[1].0
    );
    Err(unfit(wasm, &fault))
}

/// The first of `functions` that an exported interface lacks.
fn missing_function(
    engine: &ConverterEngine,
    item: &ComponentItem,
    functions: &[&'static str],
) -> &'static str {
    let has = |function: &str| match item {
        ComponentItem::ComponentInstance(instance) => {
            functions_of(engine, instance).any(|name| name == function)
        }
        _ => false,
    };
    let missing = functions.iter().find(|function| !has(function));
    missing.or(functions.first()).copied().unwrap_or_default()
}

/// A function of ours that has other parameters or another result.
pub(super) fn wrong_type(wasm: &[u8], detail: &str) -> LoadError {
    unfit(wasm, &format!("a function has another type in {detail}"))
}

fn unfit(wasm: &[u8], fault: &str) -> LoadError {
    let sdk = sdk(wasm).map_or_else(
        || "built without a tb-converter SDK".to_owned(),
        |sdk| format!("built with tb-converter for {sdk}"),
    );
    LoadError::Unfit {
        fault: fault.to_owned(),
        sdk,
    }
}

/// The language and version of the SDK that the converter was built with.
fn sdk(wasm: &[u8]) -> Option<String> {
    let sections = Parser::new(0).parse_all(wasm).map_while(Result::ok);
    for payload in sections {
        if let Payload::CustomSection(section) = payload
            && section.name() == SDK_SECTION
        {
            let text = String::from_utf8_lossy(section.data());
            let shown = &text[..text.floor_char_boundary(MAX_SDK_TEXT)];
            return Some(shown.escape_debug().to_string());
        }
    }
    None
}
