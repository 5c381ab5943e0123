//! Opens `.wasm` files as the host would.

use std::{fs, path::Path, sync::Arc, thread};

use anyhow::{Context, Result, anyhow, bail};

use crate::{
    config::{ConverterSettings, load_unchecked},
    converter::{Converter, ConverterEngine},
};

/// The limits of a settings file, or the defaults.
pub(super) fn limits(config: Option<&Path>) -> Result<ConverterSettings> {
    match config {
        Some(file) => Ok(load_unchecked(file)?.converters),
        None => Ok(ConverterSettings::default()),
    }
}

/// Makes the engine that all files of one command share.
pub(super) fn engine() -> Result<ConverterEngine> {
    ConverterEngine::new(None)
        .map_err(|error| anyhow!("{error:#}"))
        .context("this machine cannot run WebAssembly")
}

/// Loads a file under the limits that a host would give it.
pub(super) fn load(
    engine: &ConverterEngine,
    file: &Path,
    settings: &ConverterSettings,
) -> Result<Arc<Converter>> {
    let name = name_of(file);
    let wasm = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    Converter::load(engine, &name, &wasm, settings.limits(&name))
        .with_context(|| format!("{} cannot be loaded", file.display()))
}

/// Loads `file` as a host with the settings of `config` would, and works with it where
/// calls may block.
///
/// # Errors
/// A file that cannot be loaded, or what `work` says.
pub(crate) fn with_converter<T: Send>(
    file: &Path,
    config: Option<&Path>,
    work: impl FnOnce(Arc<Converter>) -> Result<T> + Send,
) -> Result<T> {
    let settings = limits(config)?;
    let engine = engine()?;
    apart(|| work(load(&engine, file, &settings)?))
}

/// The converter's name: the file's without `.wasm`.
pub(super) fn name_of(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// Runs `work` where WASI's functions may block: on a thread of its own, within
/// the runtime.
pub(super) fn apart<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let runtime = tokio::runtime::Handle::current();
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let _context = runtime.enter();
            work()
        });
        match thread.join() {
            Ok(result) => result,
            Err(_) => bail!("the thread that runs the converter failed"),
        }
    })
}
