//! Reading a folder of golden cases. The rules are in the [parent](super)'s
//! documentation.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::encoding::{base64_to_bytes, hex_to_bytes};

/// Files of a folder that are no part of a case.
const PASSED_OVER: [&str; 2] = ["converter.json", "README.md"];

/// One payload with what is to become of it.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) payload_file: String,
    pub(super) payload: Vec<u8>,
    pub(super) result_file: String,
    pub(super) expected: Json,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) integration_metadata: BTreeMap<String, String>,
    /// The session value that the call meets.
    pub(super) session: Vec<u8>,
}

/// The names of a case's files, as far as they were found.
#[derive(Default)]
struct Files {
    payload: Option<String>,
    result: Option<String>,
    metadata: Option<String>,
    integration_metadata: Option<String>,
    session: Option<String>,
}

/// What a file of a case holds.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Payload,
    Result,
    Metadata,
    IntegrationMetadata,
    Session,
}

/// What a file holds and the suffix that its case has; none if it is no file of
/// a case.
fn role(name: &str) -> Option<(Role, &str)> {
    let (stem, extension) = name.split_once('.')?;
    let (role, suffix) = stem.split_once('_').unwrap_or((stem, ""));
    let role = match (role, extension) {
        ("payload", "txt" | "json" | "hex" | "base64") => Role::Payload,
        ("session", "txt" | "json" | "hex" | "base64") => Role::Session,
        ("result", "json") => Role::Result,
        ("metadata", "json") => Role::Metadata,
        ("integrationMetadata", "json") => Role::IntegrationMetadata,
        _ => return None,
    };
    Some((role, suffix))
}

pub(super) fn is_payload(name: &str) -> bool {
    role(name).is_some_and(|(role, _)| role == Role::Payload)
}

pub(super) fn is_of_a_case(name: &str) -> bool {
    role(name).is_some()
}

/// Reads all cases of a folder, ordered by suffix; there is at least one.
pub(super) fn read(dir: &Path) -> Result<Vec<Case>, String> {
    read_cases(dir, false)
}

/// The same where results may be missing: such a case expects `null`.
pub(super) fn read_for_update(dir: &Path) -> Result<Vec<Case>, String> {
    read_cases(dir, true)
}

fn read_cases(dir: &Path, results_may_miss: bool) -> Result<Vec<Case>, String> {
    let mut found: BTreeMap<String, Files> = BTreeMap::new();
    for name in file_names(dir)? {
        let (role, suffix) =
            role(&name).ok_or_else(|| format!("{}: {name} is no file of a case", dir.display()))?;
        let files = found.entry(suffix.to_owned()).or_default();
        let place = match role {
            Role::Payload => &mut files.payload,
            Role::Result => &mut files.result,
            Role::Metadata => &mut files.metadata,
            Role::IntegrationMetadata => &mut files.integration_metadata,
            Role::Session => &mut files.session,
        };
        if let Some(other) = place.replace(name.clone()) {
            return Err(format!(
                "{}: {other} and {name} are of one case",
                dir.display()
            ));
        }
    }

    // Metadata and a session without a suffix are those of each case that has none
    // of its own; they need no case without a suffix.
    let shared = found.get("").map(|files| Files {
        payload: None,
        result: None,
        metadata: files.metadata.clone(),
        integration_metadata: files.integration_metadata.clone(),
        session: files.session.clone(),
    });
    let shared = shared.unwrap_or_default();
    found.retain(|suffix, files| {
        !suffix.is_empty() || files.payload.is_some() || files.result.is_some()
    });
    if found.is_empty() {
        return Err(format!("{}: no case, not even a payload", dir.display()));
    }

    found
        .into_iter()
        .map(|(suffix, files)| {
            let (payload, result, expected) = match (files.payload, files.result) {
                (Some(payload), Some(result)) => {
                    let expected = read_json(dir, &result)?;
                    (payload, result, expected)
                }
                (Some(payload), None) if results_may_miss => {
                    let result = match suffix.as_str() {
                        "" => "result.json".to_owned(),
                        suffix => format!("result_{suffix}.json"),
                    };
                    (payload, result, Json::Null)
                }
                (Some(payload), None) => return Err(lonely(dir, &payload, "result")),
                (None, result) => {
                    let metadata = files.metadata.or(files.integration_metadata);
                    let file = result.or(metadata).or(files.session);
                    return Err(lonely(dir, &file.unwrap_or_default(), "payload"));
                }
            };
            Ok(Case {
                payload: read_payload(dir, &payload)?,
                expected,
                metadata: read_strings(dir, files.metadata.as_ref().or(shared.metadata.as_ref()))?,
                integration_metadata: read_strings(
                    dir,
                    files
                        .integration_metadata
                        .as_ref()
                        .or(shared.integration_metadata.as_ref()),
                )?,
                session: match files.session.as_ref().or(shared.session.as_ref()) {
                    Some(session) => read_payload(dir, session)?,
                    None => Vec::new(),
                },
                payload_file: payload,
                result_file: result,
            })
        })
        .collect()
}

fn lonely(dir: &Path, name: &str, missing: &str) -> String {
    let remedy = match missing {
        "result" => "; tb-tcp test --update writes what the converter gives now",
        _ => "",
    };
    format!(
        "{}: {name} has no {missing} beside it{remedy}",
        dir.display()
    )
}

/// The names of the files that have to belong to a case, in order.
pub(super) fn file_names(dir: &Path) -> Result<Vec<String>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", dir.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_dir = entry.file_type().map_err(failed)?.is_dir();
        if !is_dir && !name.starts_with('.') && !PASSED_OVER.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn read_file(dir: &Path, name: &str) -> Result<Vec<u8>, String> {
    fs::read(dir.join(name)).map_err(|error| format!("{}/{name}: {error}", dir.display()))
}

fn read_payload(dir: &Path, name: &str) -> Result<Vec<u8>, String> {
    let mut bytes = read_file(dir, name)?;
    let encoded = |bytes: Vec<u8>| {
        String::from_utf8(bytes).map_err(|_| format!("{}/{name}: not text", dir.display()))
    };
    let decoded = match name.split_once('.') {
        Some((_, "hex")) => hex(&encoded(bytes)?),
        Some((_, "base64")) => base64(&encoded(bytes)?),
        _ => {
            // Editors end a file in a line feed that is not the payload's.
            if bytes.last() == Some(&b'\n') {
                bytes.pop();
            }
            Ok(bytes)
        }
    };
    decoded.map_err(|error| format!("{}/{name}: {error}", dir.display()))
}

fn read_json(dir: &Path, name: &str) -> Result<Json, String> {
    serde_json::from_slice(&read_file(dir, name)?)
        .map_err(|error| format!("{}/{name}: {error}", dir.display()))
}

/// Reads an object of strings; no file is an empty object.
fn read_strings(dir: &Path, name: Option<&String>) -> Result<BTreeMap<String, String>, String> {
    let Some(name) = name else {
        return Ok(BTreeMap::new());
    };
    let json = read_json(dir, name)?;
    let object = json
        .as_object()
        .ok_or_else(|| format!("{}/{name}: not an object", dir.display()))?;
    let entry = |(key, value): (&String, &Json)| match value.as_str() {
        Some(text) => Ok((key.clone(), text.to_owned())),
        None => Err(format!("{}/{name}: {key} is not a string", dir.display())),
    };
    object.iter().map(entry).collect()
}

/// Reads hexadecimal text with free white space.
pub(super) fn hex(text: &str) -> Result<Vec<u8>, String> {
    hex_to_bytes(text).map_err(|error| error.to_string())
}

/// Reads padded Base64 with free white space.
pub(super) fn base64(text: &str) -> Result<Vec<u8>, String> {
    base64_to_bytes(text).map_err(|error| error.to_string())
}
