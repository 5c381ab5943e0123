//! Where an export goes: standard output, or a file that is there when it is
//! complete.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::NamedTempFile;

use crate::output::Output;

/// Where to write.
pub(super) struct Destination<'output, W: Write> {
    output: &'output mut Output<W>,
    file: Option<File>,
}

struct File {
    target: PathBuf,
    /// Removed when it is dropped.
    unfinished: NamedTempFile,
    force: bool,
}

impl<'output, W: Write> Destination<'output, W> {
    /// `file`, or `output` without one. With `force` a file that is there is
    /// replaced.
    ///
    /// # Errors
    /// The file is there already, or cannot be made.
    pub(super) fn open(
        file: Option<&Path>,
        force: bool,
        output: &'output mut Output<W>,
    ) -> Result<Self> {
        let file = file.map(|file| File::new(file, force)).transpose()?;
        Ok(Self { output, file })
    }

    pub(super) fn write(&mut self, text: &str) -> Result<()> {
        match &mut self.file {
            None => {
                self.output.write_all(text.as_bytes())?;
                Ok(self.output.flush()?)
            }
            Some(file) => {
                let written = file.unfinished.write_all(text.as_bytes());
                written.with_context(|| cannot_write(&file.target))
            }
        }
    }

    /// Whether nobody reads any more.
    pub(super) fn closed(&self) -> bool {
        self.file.is_none() && self.output.closed()
    }

    /// Gives the file its name; returns it, with the output, which is free then.
    pub(super) fn finish(self) -> Result<Option<(PathBuf, &'output mut Output<W>)>> {
        let Some(file) = self.file else {
            return Ok(None);
        };
        let target = file.finish()?;
        Ok(Some((target, self.output)))
    }
}

impl File {
    fn new(target: &Path, force: bool) -> Result<Self> {
        let target = match fs::metadata(target) {
            // Elsewhere than the last component nothing is there to replace.
            Err(error) if error.kind() == io::ErrorKind::NotFound => target.to_owned(),
            Err(error) => return Err(error).with_context(|| cannot_write(target)),
            Ok(there) => {
                ensure!(
                    there.is_file(),
                    "{} is no regular file: leave --output out and redirect standard output",
                    target.display()
                );
                ensure!(force, already_there(target));
                // What a symbolic link points to is replaced, not the link.
                fs::canonicalize(target).with_context(|| cannot_write(target))?
            }
        };
        let folder = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let unfinished = tempfile::Builder::new()
            .prefix(".unfinished-")
            .tempfile_in(folder)
            .with_context(|| cannot_write(&target))?;
        Ok(Self {
            target,
            unfinished,
            force,
        })
    }

    fn finish(self) -> Result<PathBuf> {
        let Self {
            target,
            unfinished,
            force,
        } = self;
        let synced = unfinished.as_file().sync_all();
        synced.with_context(|| cannot_write(&target))?;
        let named = match force {
            true => unfinished.persist(&target),
            false => unfinished.persist_noclobber(&target),
        };
        match named {
            Ok(_) => Ok(target),
            Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {
                bail!(already_there(&target))
            }
            Err(failed) => Err(failed.error).with_context(|| cannot_write(&target)),
        }
    }
}

fn cannot_write(file: &Path) -> String {
    format!("cannot write {}", file.display())
}

fn already_there(file: &Path) -> String {
    format!(
        "{} is there already: name another file, or use --force",
        file.display()
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn export(file: &Path, force: bool, text: &str) -> Result<(), String> {
        let mut output = Output::new(Vec::new());
        let mut to =
            Destination::open(Some(file), force, &mut output).map_err(|error| error.to_string())?;
        to.write(text).unwrap();
        assert!(!to.closed());
        to.finish().map(|_| ()).map_err(|error| error.to_string())
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_there_when_it_is_complete_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.jsonl");
        let mut output = Output::new(Vec::new());
        let mut to = Destination::open(Some(&file), false, &mut output).unwrap();
        to.write("1\n").unwrap();
        assert!(!file.exists());
        to.write("2\n").unwrap();
        let (named, _) = to.finish().unwrap().unwrap();
        assert_eq!(named, file);
        assert_eq!(fs::read_to_string(&file).unwrap(), "1\n2\n");
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(names(folder.path()), ["a.jsonl"]);
    }

    #[test]
    fn what_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.jsonl");
        let mut output = Output::new(Vec::new());
        let mut to = Destination::open(Some(&file), false, &mut output).unwrap();
        to.write("1\n").unwrap();
        drop(to);
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn a_file_that_is_there_is_replaced_by_force_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.jsonl");
        fs::write(&file, "old").unwrap();
        let refused = export(&file, false, "new").unwrap_err();
        assert_eq!(refused, already_there(&file));
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        export(&file, true, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");

        let link = folder.path().join("link");
        symlink(&file, &link).unwrap();
        export(&link, true, "newer").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "newer");
        assert_eq!(names(folder.path()), ["a.jsonl", "link"]);
    }

    #[test]
    fn a_file_that_comes_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.jsonl");
        let mut output = Output::new(Vec::new());
        let to = Destination::open(Some(&file), false, &mut output).unwrap();
        fs::write(&file, "other").unwrap();
        let refused = to.finish().map(|_| ()).unwrap_err();
        assert_eq!(refused.to_string(), already_there(&file));
        assert_eq!(fs::read_to_string(&file).unwrap(), "other");
        assert_eq!(names(folder.path()), ["a.jsonl"]);
    }

    #[test]
    fn folders_and_devices_are_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        for target in [folder.path(), Path::new("/dev/null")] {
            let refused = export(target, true, "x").unwrap_err();
            assert!(refused.contains("is no regular file"), "{refused}");
        }
        let nowhere = folder.path().join("missing/a.jsonl");
        let refused = export(&nowhere, true, "x").unwrap_err();
        assert_eq!(refused, cannot_write(&nowhere));
    }
}
