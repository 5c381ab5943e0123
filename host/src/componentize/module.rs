//! What a core module imports, exports and carries.

use wasmparser::{Encoding, ExternalKind, Parser, Payload};

use super::ModuleFault;

/// How WebAssembly files begin.
const MAGIC: &[u8] = b"\0asm";
/// How the names of the sections begin in which generated bindings keep the
/// contract's types.
const TYPES_SECTION: &str = "component-type";
const DECODE: &str = "tb:converter/uplink@0.1.0#decode";
const ENCODE: &str = "tb:converter/downlink@0.1.0#encode";
/// How the names of all functions of an interface begin.
const LIFECYCLE: &str = "tb:converter/lifecycle@0.1.0#";
const FRAMING: &str = "tb:converter/framing@0.1.0#";
/// What a converter may import.
const IMPORTS: [&str; 3] = [
    "tb:converter/connection@0.1.0",
    "tb:converter/context@0.1.0",
    "tb:converter/logging@0.1.0",
];
/// Longest list of exports in an error: a look at the wrong file is enough.
const MAX_NAMED_EXPORTS: usize = 10;

/// What a module shows to its outside.
#[derive(Debug, Default)]
pub(super) struct Surface {
    /// Whether generated bindings left the contract's types in it.
    pub(super) carries_types: bool,
    /// Exported functions.
    exports: Vec<String>,
    /// Module and name of what is imported.
    imports: Vec<(String, String)>,
}

impl Surface {
    /// The worlds of the contract that a module without types of its own belongs to.
    pub(super) fn worlds(&self) -> Result<Vec<&'static str>, ModuleFault> {
        if let Some((module, name)) = self.imports.iter().find(|(m, _)| !is_known(m)) {
            return Err(ModuleFault::UnknownImport {
                import: format!("{module}.{name}"),
            });
        }
        let table = [
            ("uplink-converter", self.exports_any(|name| name == DECODE)),
            (
                "downlink-converter",
                self.exports_any(|name| name == ENCODE),
            ),
            (
                "lifecycle-converter",
                self.exports_any(|name| name.starts_with(LIFECYCLE)),
            ),
            (
                "framing-converter",
                self.exports_any(|name| name.starts_with(FRAMING)),
            ),
        ];
        let [(_, decodes), (_, encodes), (_, follows), (_, cuts)] = table;
        if !decodes && (follows || cuts) {
            return Err(ModuleFault::NoUplink {
                export: if follows { "lifecycle" } else { "framing" },
            });
        }
        if !decodes && !encodes {
            return Err(ModuleFault::NoConverter {
                exports: self.named_exports(),
            });
        }
        let exported = table.into_iter().filter(|(_, is_exported)| *is_exported);
        Ok(exported.map(|(world, _)| world).collect())
    }

    fn exports_any(&self, is_meant: impl Fn(&str) -> bool) -> bool {
        self.exports.iter().any(|export| is_meant(export))
    }

    fn named_exports(&self) -> String {
        let named: Vec<_> = self.exports.iter().take(MAX_NAMED_EXPORTS).collect();
        match self.exports.len() - named.len() {
            _ if named.is_empty() => "no function".to_owned(),
            0 => format!("{named:?}"),
            more => format!("{named:?} and {more} more"),
        }
    }
}

fn is_known(import: &str) -> bool {
    IMPORTS.contains(&import)
}

/// Reads what matters of a module.
pub(super) fn surface(module: &[u8]) -> Result<Surface, ModuleFault> {
    if !module.starts_with(MAGIC) {
        return Err(ModuleFault::NotWasm);
    }
    read(module).map_err(|error| ModuleFault::Damaged(error.to_string()))?
}

fn read(module: &[u8]) -> wasmparser::Result<Result<Surface, ModuleFault>> {
    let mut surface = Surface::default();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::Version {
                encoding: Encoding::Component,
                ..
            } => return Ok(Err(ModuleFault::Component)),
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    let names = (import.module.to_owned(), import.name.to_owned());
                    surface.imports.push(names);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if export.kind == ExternalKind::Func {
                        surface.exports.push(export.name.to_owned());
                    }
                }
            }
            Payload::CustomSection(section) => {
                surface.carries_types |= section.name().starts_with(TYPES_SECTION);
            }
            _ => {}
        }
    }
    Ok(Ok(surface))
}
