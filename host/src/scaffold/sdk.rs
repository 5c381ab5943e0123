//! The SDKs and the contract, as this binary was built with them.

use serde_json::Value as Json;

use super::{
    content::File,
    error::ScaffoldError,
    language::{Direction, Language},
    manifest,
};

// `SDK`: (path in the repository, text) of guest-sdk/ and wit/; `CASES`: (path, text) of
// templates/cases/. Made by build.rs.
include!(concat!(env!("OUT_DIR"), "/scaffold.rs"));

/// The manifest from which the Rust SDK inherits.
const WORKSPACE: &str = include_str!("../../../Cargo.toml");

const RUST_MANIFEST: &str = "guest-sdk/rust/Cargo.toml";
const NPM_PACKAGE: &str = "guest-sdk/assemblyscript/package.json";
const NPM_LOCKFILE: &str = "guest-sdk/assemblyscript/package-lock.json";

/// What new folders have to know of the SDKs.
pub(super) struct Facts {
    /// Of both.
    pub(super) version: String,
    /// Rust's, of the workspace.
    pub(super) edition: String,
    /// The oldest compiler.
    pub(super) rust: String,
    /// The oldest Node.
    pub(super) node: String,
    /// The AssemblyScript compiler's version.
    pub(super) assemblyscript: String,
}

/// Reads the facts from the SDKs' manifests.
pub(super) fn facts() -> Result<Facts, ScaffoldError> {
    let workspace = table("Cargo.toml", WORKSPACE)?;
    let package = |key: &str| {
        let found = workspace
            .get("workspace")
            .and_then(|workspace| workspace.get("package")?.get(key)?.as_str());
        found
            .map(str::to_owned)
            .ok_or_else(|| unfit("Cargo.toml", &format!("no workspace.package.{key}")))
    };
    let npm = npm_package()?;
    let at = |pointer: &str| {
        let found = npm.pointer(pointer).and_then(Json::as_str);
        found
            .map(str::to_owned)
            .ok_or_else(|| unfit(NPM_PACKAGE, &format!("no {pointer}")))
    };
    Ok(Facts {
        version: package("version")?,
        edition: package("edition")?,
        rust: package("rust-version")?,
        node: at("/engines/node")?.trim_start_matches(">=").to_owned(),
        assemblyscript: at("/devDependencies/assemblyscript")?,
    })
}

/// The SDK of a language with the contract, for the folder `sdk` of a converter
/// that stands alone; laid out as in the repository, because the Rust SDK looks
/// for the contract at `../../wit`.
pub(super) fn files(language: Language) -> Result<Vec<File>, ScaffoldError> {
    let folders = [
        format!("guest-sdk/{}/", language.folder()),
        "wit/".to_owned(),
    ];
    let wanted = SDK
        .iter()
        .filter(|(path, _)| folders.iter().any(|folder| path.starts_with(folder)));
    wanted
        .map(|&(path, text)| {
            let text = match path {
                RUST_MANIFEST => standalone_manifest()?.into(),
                _ => text.into(),
            };
            Ok(File {
                path: format!("sdk/{path}").into(),
                text,
            })
        })
        .collect()
}

/// The golden cases of a direction's example.
pub(super) fn cases(direction: Direction) -> impl Iterator<Item = File> {
    let cases = CASES.iter();
    cases
        .filter(move |(path, _)| path.starts_with(direction.folder()))
        .map(|&(path, text)| File {
            path: path.into(),
            text: text.into(),
        })
}

pub(super) fn npm_package() -> Result<Json, ScaffoldError> {
    json(NPM_PACKAGE)
}

pub(super) fn npm_lockfile() -> Result<Json, ScaffoldError> {
    json(NPM_LOCKFILE)
}

/// The Rust SDK's manifest without the workspace.
fn standalone_manifest() -> Result<String, ScaffoldError> {
    let member = table(RUST_MANIFEST, text_of(RUST_MANIFEST)?)?;
    let workspace = table("Cargo.toml", WORKSPACE)?;
    let manifest = manifest::standalone(&member, &workspace);
    manifest.map_err(|reason| unfit(RUST_MANIFEST, &reason))
}

fn text_of(file: &'static str) -> Result<&'static str, ScaffoldError> {
    let found = SDK.iter().find(|(path, _)| *path == file);
    found
        .map(|(_, text)| *text)
        .ok_or_else(|| unfit(file, "it is missing"))
}

fn table(file: &'static str, text: &str) -> Result<toml::Table, ScaffoldError> {
    text.parse()
        .map_err(|error: toml::de::Error| unfit(file, error.message()))
}

fn json(file: &'static str) -> Result<Json, ScaffoldError> {
    serde_json::from_str(text_of(file)?).map_err(|error| unfit(file, &error.to_string()))
}

pub(super) fn unfit(file: &'static str, reason: &str) -> ScaffoldError {
    ScaffoldError::Sdk {
        file,
        reason: reason.to_owned(),
    }
}
