//! Writes a folder: all of it or nothing.
//!
//! Files are written into a folder of their own beside the place where they
//! belong, and get there by being renamed.

use std::{
    collections::BTreeSet,
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{content::File, error::ScaffoldError};

/// Makes the folder `target` with the files in it.
///
/// # Errors
/// Something other than an empty folder has that name, or it cannot be written.
pub(super) fn whole(target: &Path, files: &[File]) -> Result<(), ScaffoldError> {
    match fs::read_dir(target).map(|mut entries| entries.next().is_none()) {
        Ok(true) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        _ => return Err(ScaffoldError::Occupied(target.to_owned())),
    }
    let folder = target.parent().unwrap_or(Path::new("."));
    let unfinished = written(folder, target, files)?;
    // Takes the place of an empty folder, and of nothing else.
    fs::rename(unfinished.path(), target).map_err(|error| not_written(target, error))?;
    let _ = unfinished.keep();
    Ok(())
}

/// Adds files to the folder `target`, which has none of their first parts yet.
///
/// # Errors
/// What was there is unchanged, and nothing was added.
pub(super) fn parts(target: &Path, files: &[File]) -> Result<(), ScaffoldError> {
    let unfinished = written(target, target, files)?;
    let names: BTreeSet<_> = files
        .iter()
        .filter_map(|file| file.path.components().next())
        .collect();
    let mut moved: Vec<PathBuf> = Vec::new();
    for name in names {
        let to = target.join(name);
        if let Err(error) = fs::rename(unfinished.path().join(name), &to) {
            for part in moved {
                // What cannot be removed now is whole, and in nobody's way.
                let _ = fs::remove_dir_all(&part).or_else(|_| fs::remove_file(&part));
            }
            return Err(not_written(&to, error));
        }
        moved.push(to);
    }
    Ok(())
}

/// A folder in `folder` with the files in it, which is removed unless it is
/// kept. Errors name the paths that the files would have in `target`.
fn written(folder: &Path, target: &Path, files: &[File]) -> Result<TempDir, ScaffoldError> {
    let unfinished = tempfile::Builder::new()
        .prefix(".unfinished-")
        // What any new folder gets, not one for temporary files.
        .permissions(Permissions::from_mode(0o777))
        .tempdir_in(folder)
        .map_err(|error| not_written(folder, error))?;
    for file in files {
        let path = unfinished.path().join(&file.path);
        let write = || {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(&path, file.text.as_bytes())
        };
        write().map_err(|error| not_written(&target.join(&file.path), error))?;
    }
    Ok(unfinished)
}

fn not_written(path: &Path, error: io::Error) -> ScaffoldError {
    ScaffoldError::Write {
        path: path.to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.into(),
            text: text.to_owned().into(),
        }
    }

    /// The names in a folder, in order.
    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_whole_folder_appears_with_the_rights_of_any_other() {
        let parent = tempfile::tempdir().unwrap();
        let usual = parent.path().join("usual");
        fs::create_dir(&usual).unwrap();
        let target = parent.path().join("meter");
        whole(&target, &[file("a", "1"), file("b/c", "2")]).unwrap();
        assert_eq!(names(parent.path()), ["meter", "usual"]);
        assert_eq!(names(&target), ["a", "b"]);
        assert_eq!(fs::read_to_string(target.join("b/c")).unwrap(), "2");
        let mode = |path: &Path| fs::metadata(path).unwrap().mode();
        assert_eq!(mode(&target), mode(&usual));
        assert_eq!(mode(&target.join("b")), mode(&usual));
    }

    #[test]
    fn an_empty_folder_is_filled_and_all_else_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        let target = parent.path().join("meter");
        fs::create_dir(&target).unwrap();
        whole(&target, &[file("a", "1")]).unwrap();
        assert_eq!(names(&target), ["a"]);

        let taken = parent.path().join("file");
        fs::write(&taken, "mine").unwrap();
        for occupied in [&target, &taken] {
            let error = whole(occupied, &[file("b", "2")]).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "{} is there already, and nothing is overwritten; choose another name, or \
                     remove it first",
                    occupied.display()
                )
            );
        }
        assert_eq!(names(&target), ["a"]);
        assert_eq!(fs::read_to_string(&taken).unwrap(), "mine");
        assert_eq!(names(parent.path()), ["file", "meter"]);
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let parent = tempfile::tempdir().unwrap();
        let target = parent.path().join("meter");
        // `a` cannot be a file and a folder.
        let impossible = [file("z", "0"), file("a", "1"), file("a/b", "2")];
        let error = whole(&target, &impossible).unwrap_err().to_string();
        let start = format!("cannot write {}: ", target.join("a/b").display());
        assert!(error.starts_with(&start), "{error}");
        assert_eq!(names(parent.path()), [""; 0]);

        fs::create_dir(&target).unwrap();
        fs::write(target.join("mine"), "mine").unwrap();
        parts(&target, &impossible).unwrap_err();
        assert_eq!(names(&target), ["mine"]);
    }

    #[test]
    fn parts_are_taken_back_if_one_does_not_fit() {
        let target = tempfile::tempdir().unwrap();
        let target = target.path();
        fs::create_dir(target.join("c")).unwrap();
        fs::write(target.join("c/mine"), "mine").unwrap();
        let files = [file("a", "1"), file("b/x", "2"), file("c/x", "3")];
        let error = parts(target, &files).unwrap_err().to_string();
        let start = format!("cannot write {}: ", target.join("c").display());
        assert!(error.starts_with(&start), "{error}");
        assert_eq!(names(target), ["c"]);
        assert_eq!(names(&target.join("c")), ["mine"]);

        parts(target, &files[..2]).unwrap();
        assert_eq!(names(target), ["a", "b", "c"]);
    }
}
