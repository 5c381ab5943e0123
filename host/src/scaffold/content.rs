//! Which files a new folder has.

use std::{borrow::Cow, path::PathBuf};

use super::{
    error::ScaffoldError,
    language::{Direction, Language},
    lockfile,
    name::ConverterName,
    place::Place,
    sdk::{self, Facts},
    templates::{self, Templates, fill},
};

/// What is to be made.
#[derive(Debug)]
pub(super) struct Converter {
    pub(super) name: ConverterName,
    pub(super) language: Language,
    pub(super) direction: Direction,
}

impl Converter {
    /// The file that a build makes, as it is named in the folder where the
    /// build is started: the converter's own, or the repository.
    pub(super) fn built(&self, place: &Place) -> String {
        let name = &self.name;
        match (place, self.language) {
            (Place::Anywhere { .. }, Language::Rust) => {
                format!("target/wasm32-wasip2/release/{}.wasm", name.as_crate())
            }
            (Place::Anywhere { .. }, Language::AssemblyScript) => format!("build/{name}.wasm"),
            (Place::Repository { .. }, Language::Rust) => format!("target/converters/{name}.wasm"),
            (Place::Repository { .. }, Language::AssemblyScript) => {
                format!("target/converters/assemblyscript/{name}.wasm")
            }
        }
    }

    /// What the example does, in one sentence.
    const fn about(&self) -> &'static str {
        match self.direction {
            Direction::Uplink => {
                "Decodes the ten-byte frames of a thermometer: its serial number, temperature, battery and lid."
            }
            Direction::Downlink => {
                "Sends a thermometer the shared attribute `reportInterval` and the RPC call `reboot` as binary frames."
            }
        }
    }

    const fn description(&self) -> &'static str {
        match self.direction {
            Direction::Uplink => "Decodes the frames of a thermometer",
            Direction::Downlink => "Encodes messages to a thermometer",
        }
    }
}

/// A file of a new folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    /// Where it lies in the folder.
    pub(super) path: PathBuf,
    pub(super) text: Cow<'static, str>,
}

/// All files of a new folder.
///
/// # Errors
/// The SDK in this binary is not what this code takes it for.
pub(super) fn files(converter: &Converter, place: &Place) -> Result<Vec<File>, ScaffoldError> {
    let facts = sdk::facts()?;
    let file = converter.built(place);
    let texts = Templates::of(converter.language, converter.direction);
    let fill = |template: &str| fill(template, &values(converter, place, &texts, &facts, &file));

    let mut files: Vec<File> = sdk::cases(converter.direction).collect();
    let mut add = |path: &str, text: String| {
        files.push(File {
            path: path.into(),
            text: text.into(),
        });
    };
    match place {
        Place::Anywhere { .. } => {
            add("README.md", fill(templates::README));
            add(".gitignore", texts.gitignore.to_owned());
            add("sdk/README.md", fill(templates::README_OF_SDK));
            match converter.language {
                Language::Rust => {
                    add("Cargo.toml", fill(templates::CARGO_MANIFEST));
                    add("src/lib.rs", fill(texts.code));
                }
                Language::AssemblyScript => {
                    let package = fill(templates::NPM_PACKAGE);
                    add("package-lock.json", lockfile::of(&package)?);
                    add("package.json", package);
                    add("asconfig.json", templates::ASCONFIG.to_owned());
                    add("assembly/tsconfig.json", templates::TSCONFIG.to_owned());
                    add("assembly/index.ts", fill(texts.code));
                }
            }
            files.extend(sdk::files(converter.language)?);
        }
        Place::Repository { .. } => {
            add("README.md", fill(templates::README_IN_REPOSITORY));
            match converter.language {
                Language::Rust => {
                    add("rust/Cargo.toml", fill(templates::CARGO_MEMBER));
                    add("rust/src/lib.rs", fill(texts.code));
                }
                Language::AssemblyScript => {
                    add("assemblyscript/package.json", fill(templates::NPM_MEMBER));
                    add(
                        "assemblyscript/asconfig.json",
                        templates::ASCONFIG.to_owned(),
                    );
                    add(
                        "assemblyscript/assembly/tsconfig.json",
                        templates::TSCONFIG.to_owned(),
                    );
                    add("assemblyscript/assembly/index.ts", fill(texts.code));
                }
            }
        }
    }
    Ok(files)
}

/// What the keys of templates stand for. Parts of a README come first, because
/// they have keys themselves.
fn values<'a>(
    converter: &'a Converter,
    place: &Place,
    texts: &Templates,
    facts: &'a Facts,
    file: &'a str,
) -> [(&'static str, &'a str); 16] {
    let direction = converter.direction;
    let (build, source, cases) = match (place, converter.language) {
        (Place::Anywhere { .. }, Language::Rust) => (texts.build, "src/lib.rs", direction.folder()),
        (Place::Anywhere { .. }, Language::AssemblyScript) => {
            (texts.build, "assembly/index.ts", direction.folder())
        }
        (Place::Repository { .. }, _) => (
            texts.build_in_repository,
            "",
            match direction {
                Direction::Uplink => "../uplink",
                Direction::Downlink => "../downlink",
            },
        ),
    };
    [
        ("build", build.trim_end()),
        ("live", templates::live(direction).trim_end()),
        (
            "try",
            match direction {
                Direction::Uplink => "tb-tcp decode {{file}} --hex '01 00352880 00e7 0bc4 01'",
                Direction::Downlink => "tb-tcp encode {{file}} --msg '{\"reportInterval\":60}'",
            },
        ),
        ("about", converter.about()),
        ("description", converter.description()),
        ("file", file),
        ("source", source),
        ("cases", cases),
        ("name", converter.name.as_str()),
        (
            "language",
            match converter.language {
                Language::Rust => "Rust",
                Language::AssemblyScript => "AssemblyScript",
            },
        ),
        ("direction", direction.folder()),
        ("sdk", &facts.version),
        ("edition", &facts.edition),
        ("rust", &facts.rust),
        ("node", &facts.node),
        ("assemblyscript", &facts.assemblyscript),
    ]
}
