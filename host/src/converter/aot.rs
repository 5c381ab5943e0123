//! Machine code that an earlier process made of a converter.
//!
//! One of the three places of this crate with `unsafe`. wasmtime cannot check compiled
//! code, so whoever writes the cache decides what the host executes. What makes
//! it sound is [`FileCache`]: its folder belongs to us and nobody else may write
//! there, an entry is taken only if its content has the hash that it was
//! stored with, and its key names the converter's content and wasmtime's own
//! hash of its version, settings and processor features.

#![allow(unsafe_code)]

use std::hash::{DefaultHasher, Hash, Hasher};

use tracing::{debug, warn};
use wasmtime::{Engine, component::Component};

use super::file_cache::{CacheKey, FileCache};
use crate::allocator;

/// Takes the compiled `wasm` from `cache`; compiles it and stores the result if
/// that fails for whatever reason.
pub(super) fn compile(
    engine: &Engine,
    cache: &FileCache,
    wasm: &[u8],
    digest: [u8; 32],
) -> wasmtime::Result<Component> {
    let key = CacheKey::of_digest(compatibility(engine), digest);
    if let Some(code) = cache.get(&key) {
        // SAFETY: `FileCache` returns what this function stored under this key,
        // unchanged; see the module's comment.
        match unsafe { Component::deserialize(engine, &code) } {
            Ok(component) => return Ok(component),
            Err(error) => debug!(%error, "compiled converter of another build; compiled anew"),
        }
    }
    let component = Component::new(engine, wasm)?;
    let stored = component
        .serialize()
        .and_then(|code| Ok(cache.put(&key, &code)?));
    if let Err(error) = stored {
        warn!(%error, "compiled converter cannot be kept; the next start compiles it again");
    }
    // The compiler took tens of megabytes.
    allocator::give_back();
    Ok(component)
}

/// Differs wherever compiled code of one engine is none for another.
fn compatibility(engine: &Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}
