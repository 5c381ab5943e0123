//! Finding the cases of both directions in one folder.

use std::path::{Path, PathBuf};

use super::cases;
use super::report::Report;

/// The folders of a converter's cases, one for each direction; at least one is
/// there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directions {
    /// What [`run_uplink`](super::run_uplink) takes.
    pub uplink: Option<PathBuf>,
    /// What [`run_downlink`](super::run_downlink) takes.
    pub downlink: Option<PathBuf>,
}

/// Says which directions a folder such as `NAME.cases` holds, by the rule in
/// the [layout](super#both-directions). Whether the cases in them are in order
/// shows when they are run.
///
/// # Errors
///
/// [`Report::Folder`] if the folder cannot be read, holds neither direction, or
/// holds cases that nothing would run.
pub fn directions(dir: impl AsRef<Path>) -> Result<Directions, Report> {
    find(dir.as_ref()).map_err(Report::Folder)
}

fn find(dir: &Path) -> Result<Directions, String> {
    let files = cases::file_names(dir)?;
    let folder = |name| Some(dir.join(name)).filter(|path| path.is_dir());
    let (uplink, downlink) = (folder("uplink"), folder("downlink"));
    if uplink.is_none() && downlink.is_none() {
        if !files.iter().any(|name| cases::is_payload(name)) {
            return Err(format!(
                "{}: holds no cases: neither a folder uplink nor a folder downlink, and no payload",
                dir.display()
            ));
        }
        let uplink = Some(dir.to_owned());
        return Ok(Directions { uplink, downlink });
    }
    match files.iter().find(|name| cases::is_of_a_case(name)) {
        Some(stray) => Err(format!(
            "{}: {stray} lies beside the folder of a direction, where nothing reads it; move it \
             into the folder uplink or downlink",
            dir.display()
        )),
        None => Ok(Directions { uplink, downlink }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tempfile::TempDir;

    /// What is said of a folder with these files; a name that ends in a slash
    /// is a folder. The folder's own name is left out.
    fn found(names: &[&str]) -> Result<(Option<String>, Option<String>), String> {
        let dir = TempDir::new().unwrap();
        for name in names {
            match name.strip_suffix('/') {
                Some(folder) => fs::create_dir(dir.path().join(folder)).unwrap(),
                None => fs::write(dir.path().join(name), "").unwrap(),
            }
        }
        let shown = |path: PathBuf| {
            let below = path.strip_prefix(dir.path()).unwrap();
            format!("DIR/{}", below.display())
        };
        directions(&dir)
            .map(|found| (found.uplink.map(shown), found.downlink.map(shown)))
            .map_err(|report| {
                let text = report.to_string();
                text.replace(&dir.path().display().to_string(), "DIR")
            })
    }

    #[test]
    fn each_direction_has_its_folder_and_bare_payloads_are_uplinks() {
        let table: [(&[&str], Option<&str>, Option<&str>); 6] = [
            (&["uplink/"], Some("DIR/uplink"), None),
            (&["downlink/"], None, Some("DIR/downlink")),
            (
                &["uplink/", "downlink/", "rust/", "README.md", "photo.png"],
                Some("DIR/uplink"),
                Some("DIR/downlink"),
            ),
            (&["payload.txt", "result.json"], Some("DIR/"), None),
            (&["payload_1.hex", "rust/"], Some("DIR/"), None),
            // A file of that name is no folder.
            (&["payload.txt", "downlink"], Some("DIR/"), None),
        ];
        for (names, uplink, downlink) in table {
            let expected = (uplink.map(str::to_owned), downlink.map(str::to_owned));
            assert_eq!(found(names), Ok(expected), "{names:?}");
        }
    }

    #[test]
    fn a_folder_without_cases_or_with_some_that_nothing_runs_is_a_failure() {
        let nothing =
            "DIR: holds no cases: neither a folder uplink nor a folder downlink, and no payload";
        let stray = |name| {
            format!(
                "DIR: {name} lies beside the folder of a direction, where nothing reads it; move \
                 it into the folder uplink or downlink"
            )
        };
        let table: [(&[&str], String); 6] = [
            (&[], nothing.to_owned()),
            (&["uplinks/", "README.md"], nothing.to_owned()),
            (&["result.json", ".payload.txt"], nothing.to_owned()),
            (&["uplink"], nothing.to_owned()),
            (&["uplink/", "payload_1.txt"], stray("payload_1.txt")),
            (&["downlink/", "metadata.json"], stray("metadata.json")),
        ];
        for (names, fault) in table {
            assert_eq!(found(names), Err(fault), "{names:?}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let report = directions("no/such.cases").unwrap_err();
        assert_eq!(report.total(), 0);
        let text = report.to_string();
        assert!(text.starts_with("no/such.cases: "), "{text}");
    }
}
