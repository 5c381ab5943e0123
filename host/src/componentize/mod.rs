//! `tb-tcp componentize`: makes the component that a host loads of the core
//! module that a compiler made.
//!
//! Compilers that know components, such as Rust's for `wasm32-wasip2`, do this
//! themselves. Two kinds of module come here: those whose bindings were
//! generated and that carry the contract's types in a custom section (Rust for
//! `wasm32-unknown-unknown`), and AssemblyScript's, which knows nothing of
//! components; these get the types of the interfaces that they export.

mod encode;
mod error;
mod module;
#[cfg(test)]
mod tests;

use std::{
    fs::{self, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

pub use error::{ComponentizeError, ModuleFault};

/// Makes the component `out` of the core module `core` and returns its size in
/// bytes. A host that watches the folder of `out` sees the whole file at once.
///
/// # Errors
/// What had the name `out` is then unchanged.
pub fn componentize(core: &Path, out: &Path) -> Result<usize, ComponentizeError> {
    let module = fs::read(core).map_err(|error| ComponentizeError::Read {
        file: core.to_owned(),
        error,
    })?;
    let component = component_of(&module).map_err(|fault| ComponentizeError::Module {
        file: core.to_owned(),
        fault,
    })?;
    write_whole(out, &component).map_err(|error| ComponentizeError::Write {
        file: out.to_owned(),
        error,
    })?;
    Ok(component.len())
}

/// The validated component of a core module.
///
/// # Errors
/// The module is none, or does not fit the contract; the text says why, and
/// what to do.
pub fn component_of(module: &[u8]) -> Result<Vec<u8>, ModuleFault> {
    let surface = module::surface(module)?;
    if surface.carries_types {
        return encode::encode(module);
    }
    encode::encode(&encode::with_types(module, &surface.worlds()?)?)
}

fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut unfinished = tempfile::Builder::new()
        .prefix(".unfinished-")
        // What any new file gets: the host may run as another user.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    unfinished.write_all(content)?;
    unfinished.persist(path)?;
    Ok(())
}
