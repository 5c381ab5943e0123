//! Why no component can be made of a file: always the fault of whoever built
//! it or named it.

use std::{io, path::PathBuf};

/// Why `tb-tcp componentize` made no file.
#[derive(Debug, thiserror::Error)]
pub enum ComponentizeError {
    /// The core module cannot be read.
    #[error("cannot read {}: {error}", file.display())]
    Read {
        /// The core module.
        file: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// No component can be made of the file.
    #[error("no component can be made of {}: {fault}", file.display())]
    Module {
        /// The core module.
        file: PathBuf,
        /// Why not.
        fault: ModuleFault,
    },
    /// The component cannot be written.
    #[error("cannot write {}: {error}", file.display())]
    Write {
        /// The component.
        file: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// What is wrong with a core module.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModuleFault {
    /// The file does not start like WebAssembly.
    #[error("it is not a WebAssembly file; give the .wasm that the compiler made")]
    NotWasm,
    /// The work was done before.
    #[error("it is a component already; copy it into the converters folder as it is")]
    Component,
    /// The file ends early or is damaged.
    #[error("it is damaged or incomplete: {0}; compile it again")]
    Damaged(String),
    /// The module is no converter.
    #[error(
        "it exports neither decode nor encode of tb:converter@0.1.0 but {exports}; export a \
         function decode or encode from the entry file, and compile it with the SDK: for \
         AssemblyScript with an asconfig.json that extends tb-converter/asconfig.json"
    )]
    NoConverter {
        /// Names of the functions that it exports, or `nothing`.
        exports: String,
    },
    /// The module has what an uplink converter may add, and is none.
    #[error(
        "it exports {export} of tb:converter@0.1.0 and not decode, and the host asks an uplink \
         converter only; export a function decode from the entry file too"
    )]
    NoUplink {
        /// `lifecycle` or `framing`.
        export: &'static str,
    },
    /// The module wants something of the host that the host does not have.
    #[error("it imports {import}, which no host has; {}", remedy(import))]
    UnknownImport {
        /// Module and name, with a full stop between them.
        import: String,
    },
    /// The types of imports and exports do not fit the contract.
    #[error(
        "it does not fit tb:converter@0.1.0: {0}; compile it with the SDK and the wit/ of this host"
    )]
    Unfit(String),
}

/// How an import that compilers add of themselves is avoided.
fn remedy(import: &str) -> &'static str {
    match import {
        "env.seed" => "a converter has no random numbers: do without Math.random",
        "env.Date.now" => {
            "a converter has no clock: leave a value's time out, and it is that of the frame"
        }
        _ if import.starts_with("env.console.") || import == "env.trace" => {
            "use log.info and its like of the SDK"
        }
        _ if import.starts_with("env.") => {
            "compile it with the SDK: for AssemblyScript with an asconfig.json that extends \
             tb-converter/asconfig.json"
        }
        _ if import.starts_with("wasi") => {
            "compile it without WASI: for Rust for the target wasm32-wasip2 or \
             wasm32-unknown-unknown, for AssemblyScript without wasi-shim"
        }
        _ => "import nothing but connection, context and logging of tb:converter@0.1.0",
    }
}
