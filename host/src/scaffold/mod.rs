//! `tb-tcp new`: the folder of a new converter, which builds and passes its
//! golden cases as it is.
//!
//! The SDKs and the contract are part of the binary. Outside this repository
//! a new folder gets them as `sdk/`, laid out as they are here, so nothing has
//! to be published anywhere and the SDK always fits the host. Inside, the
//! folder is one of `converters/` and takes them from the workspace.
//!
//! In the order of the work: `name` checks the name, `place` finds out where
//! the folder goes, `content` says which files it has, `install` writes all of
//! them or none, `machine` looks for tools, and `report` says what is next.

mod content;
mod error;
mod install;
mod language;
mod lockfile;
mod machine;
mod manifest;
mod name;
mod place;
mod report;
mod sdk;
mod templates;
#[cfg(test)]
mod tests;

use std::{env, io::Write, process::ExitCode};

use anyhow::Context;

pub use error::ScaffoldError;
pub use language::{Direction, Language};
pub use name::{ConverterName, Destination, NameFault};

use crate::{cli::NewArgs, output::Output};
use content::Converter;
use machine::Machine;
use place::Place;

/// Makes the folder that the arguments name and prints what to do with it.
///
/// # Errors
/// Then nothing was changed; the text names the path and the remedy.
pub fn new(arguments: &NewArgs) -> anyhow::Result<ExitCode> {
    let converter = Converter {
        name: arguments.destination.name().clone(),
        language: arguments.lang,
        direction: match arguments.downlink {
            false => Direction::Uplink,
            true => Direction::Downlink,
        },
    };
    let current = env::current_dir().map_err(ScaffoldError::CurrentFolder)?;
    let place = place::find(&current, &arguments.destination)?;
    let made = make(&converter, &place)?;
    let report = report::report(&converter, &place, &made, &current, &Machine::this());
    write!(Output::standard(), "{report}")
        .context("the folder is made, but what to do with it cannot be printed")?;
    Ok(ExitCode::SUCCESS)
}

/// What was done.
#[derive(Debug, PartialEq, Eq)]
struct Made {
    /// How many files were written.
    files: usize,
    /// How many of them are the SDK's.
    of_the_sdk: usize,
    /// Whether the golden cases were there before.
    cases_were_there: bool,
}

fn make(converter: &Converter, place: &Place) -> Result<Made, ScaffoldError> {
    let mut files = content::files(converter, place)?;
    let folder = place.folder();
    let mut cases_were_there = false;
    match place {
        Place::Anywhere { .. } => install::whole(folder, &files)?,
        Place::Repository { .. } => match place::present(folder, converter)? {
            None => install::whole(folder, &files)?,
            Some(present) => {
                cases_were_there = present.cases;
                files.retain(|file| !present.has(&file.path));
                install::parts(folder, &files)?;
            }
        },
    }
    Ok(Made {
        files: files.len(),
        of_the_sdk: files
            .iter()
            .filter(|file| file.path.starts_with("sdk"))
            .count(),
        cases_were_there,
    })
}
