//! Where a new folder goes: anywhere, or among the converters of this
//! repository.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{content::Converter, error::ScaffoldError, language::Direction, name::Destination};

/// Where a new folder goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It stands alone and has the SDK in it.
    Anywhere {
        /// The folder to make.
        folder: PathBuf,
    },
    /// It is one of the repository's converters and takes the SDK from there.
    Repository {
        /// The repository.
        root: PathBuf,
        /// The folder to make, or to add a language to.
        folder: PathBuf,
    },
}

impl Place {
    /// The converter's folder.
    pub(super) fn folder(&self) -> &Path {
        match self {
            Self::Anywhere { folder } | Self::Repository { folder, .. } => folder,
        }
    }
}

/// Finds the place for a destination that was named in the folder `current`.
pub(super) fn find(current: &Path, destination: &Destination) -> Result<Place, ScaffoldError> {
    let name = destination.name().as_str();
    let parent = match destination.parent() {
        None => current.to_owned(),
        Some(parent) => current.join(parent),
    };
    // Without links and dots: only then its ancestors are those that it has.
    let parent = match parent.canonicalize() {
        Ok(found) if found.is_dir() => found,
        _ => return Err(ScaffoldError::NoParent(parent)),
    };
    let Some(root) = parent.ancestors().find(|folder| is_repository(folder)) else {
        return Ok(Place::Anywhere {
            folder: parent.join(name),
        });
    };
    let converters = root.join("converters");
    if destination.parent().is_some() && parent != converters {
        return Err(ScaffoldError::NotAmongConverters {
            root: root.to_owned(),
            converters,
        });
    }
    Ok(Place::Repository {
        root: root.to_owned(),
        folder: converters.join(name),
    })
}

fn is_repository(folder: &Path) -> bool {
    let package = || {
        let manifest = fs::read_to_string(folder.join("guest-sdk/rust/Cargo.toml")).ok()?;
        let manifest: toml::Table = manifest.parse().ok()?;
        let name = manifest.get("package")?.get("name")?.as_str()?;
        Some(name == "tb-converter")
    };
    folder.join("converters").is_dir() && package().unwrap_or(false)
}

/// What a converter of the repository has already.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Present {
    /// The names in its folder.
    names: Vec<PathBuf>,
    /// Whether golden cases of the wanted direction are among them.
    pub(super) cases: bool,
}

impl Present {
    /// Whether a path begins with a name that is there.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.names.iter().any(|name| path.starts_with(name))
    }
}

/// Looks at the folder of a converter in the repository; none if it is not
/// there, or empty.
///
/// # Errors
/// The converter is there in this language already, or translates the other way.
pub(super) fn present(
    folder: &Path,
    converter: &Converter,
) -> Result<Option<Present>, ScaffoldError> {
    let names = match names_in(folder) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(ScaffoldError::Occupied(folder.to_owned()));
        }
        Err(error) => {
            return Err(ScaffoldError::Read {
                path: folder.to_owned(),
                error,
            });
        }
    };
    if names.is_empty() {
        return Ok(None);
    }
    let there = |name: &str| names.iter().any(|other| other.as_os_str() == name);
    let language = converter.language.folder();
    if there(language) {
        return Err(ScaffoldError::Occupied(folder.join(language)));
    }
    let cases = |direction: Direction| there(direction.folder());
    let other = converter.direction.other();
    if cases(other) && !cases(converter.direction) {
        return Err(ScaffoldError::OtherDirection {
            folder: folder.join(other.folder()),
            there: other,
        });
    }
    Ok(Some(Present {
        cases: cases(converter.direction),
        names,
    }))
}

fn names_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| PathBuf::from(entry.file_name())))
        .collect()
}
