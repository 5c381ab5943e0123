//! Writing what a converter does now as what is expected of it.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use super::cases::{self, Case};
use super::report::Report;
use super::run::{Outcome, decoded, encoded};
use super::shape;
use crate::{Context, Entity, Message, Result};

/// Rewrites the results of a folder's cases to what `decode` gives, and writes
/// those that are missing. Results that mean the same are left as they are
/// written. Returns the names of the files that changed.
///
/// # Errors
///
/// [`Report::Folder`] if the folder breaks the [layout's](super) rules, a file
/// cannot be written, or a case gives what no case can expect.
pub fn update_uplink(
    dir: impl AsRef<Path>,
    mut decode: impl FnMut(&[u8], &Context) -> Result<Vec<Entity>>,
) -> std::result::Result<Vec<String>, Report> {
    let call = |case: &Case| decoded(case, &mut decode);
    update(dir.as_ref(), shape::normal_uplink, call).map_err(Report::Folder)
}

/// Rewrites the results of a folder's cases to what `encode` gives, as
/// [`update_uplink`] does.
///
/// # Errors
///
/// As [`update_uplink`].
pub fn update_downlink(
    dir: impl AsRef<Path>,
    mut encode: impl FnMut(&Message, &Context) -> Result<Vec<Vec<u8>>>,
) -> std::result::Result<Vec<String>, Report> {
    let call = |case: &Case| encoded(case, &mut encode);
    update(dir.as_ref(), shape::normal_downlink, call).map_err(Report::Folder)
}

fn update(
    dir: &Path,
    normal: impl Fn(&Json) -> Outcome,
    mut call: impl FnMut(&Case) -> Outcome,
) -> std::result::Result<Vec<String>, String> {
    let mut changed = Vec::new();
    for case in cases::read_for_update(dir)? {
        let found = call(&case).map_err(|fault| format!("{}: {fault}", case.payload_file))?;
        let path = dir.join(&case.result_file);
        if path.exists() && normal(&case.expected).as_ref() == Ok(&found) {
            continue;
        }
        let text = format!("{:#}\n", one_alone(found));
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        changed.push(case.result_file);
    }
    Ok(changed)
}

/// A list of one as the one: how most results are written.
fn one_alone(found: Json) -> Json {
    match found {
        Json::Array(mut list) if list.len() == 1 => list.remove(0),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn folder(files: &[(&str, &str)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    /// The frame is the device's name.
    fn decode(frame: &[u8], _context: &Context) -> Result<Vec<Entity>> {
        match frame {
            b"bad" => Err("no such device".into()),
            b"none" => Ok(Vec::new()),
            name => Ok(vec![
                Entity::device(crate::text(name)?, "default").telemetry("n", 1),
            ]),
        }
    }

    #[test]
    fn results_are_written_where_they_differ_or_are_missing() {
        let same = r#"{"telemetry": {"n": 1},   "deviceName": "SN-1", "deviceType": "default"}"#;
        let folder = folder(&[
            ("payload.txt", "SN-1"),
            ("result.json", same),
            ("payload_1.txt", "SN-2"),
            ("result_1.json", "{}"),
            ("payload_2.txt", "bad"),
            ("payload_3.txt", "none"),
        ]);
        let changed = update_uplink(folder.path(), decode).unwrap();
        assert_eq!(changed, ["result_1.json", "result_2.json", "result_3.json"]);
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read("result.json"), same);
        assert!(read("result_1.json").contains("\"SN-2\""));
        assert_eq!(
            read("result_2.json"),
            "{\n  \"error\": \"no such device\"\n}\n"
        );
        assert_eq!(read("result_3.json"), "[]\n");
        assert_eq!(super::super::run_uplink(folder.path(), decode).unwrap(), 4);
        assert_eq!(
            update_uplink(folder.path(), decode).unwrap(),
            Vec::<String>::new()
        );
    }
}
