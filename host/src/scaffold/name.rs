//! The name of a converter: of a cargo package, of an npm package and of a file
//! on any system at once.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Longest name. Cargo and npm allow more, the registries of crates do not.
const LONGEST: usize = 64;

/// What else has the name: a converter's crate, package or file could not be
/// told from it, or could not be made.
const RESERVED: [(&[&str], &str); 4] = [
    (
        &["alloc", "core", "proc-macro", "std", "test"],
        "a crate of Rust itself has that name",
    ),
    (
        &["assemblyscript", "tb-converter", "tb-tcp"],
        "a converter is built with a package of that name",
    ),
    (
        &[
            "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
            "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen",
            "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override",
            "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
            "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while",
            "yield",
        ],
        "it is a keyword of Rust",
    ),
    (
        &[
            "aux", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "con",
            "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9", "nul", "prn",
        ],
        "Windows has no files of that name",
    ),
];

/// The name of a converter: lower-case ASCII letters, digits and hyphens, at
/// most 64, a letter first, and none that means something else already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConverterName(String);

impl ConverterName {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// As a crate is called in Rust and its file after a build.
    pub(super) fn as_crate(&self) -> String {
        self.0.replace('-', "_")
    }
}

impl fmt::Display for ConverterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ConverterName {
    type Err = NameFault;

    fn from_str(text: &str) -> Result<Self, NameFault> {
        match fault(text) {
            None => Ok(Self(text.to_owned())),
            Some(reason) => Err(NameFault {
                reason,
                proposal: proposal(text),
            }),
        }
    }
}

/// Why something is no name for a converter. The text has a proposal, where one
/// can be made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{reason}{}",
    proposal.as_ref().map(|name| format!("; try {name}")).unwrap_or_default()
)]
pub struct NameFault {
    reason: String,
    proposal: Option<String>,
}

/// Where a converter is to be made: a name, or a path that ends in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// None: nothing but a name was given.
    parent: Option<PathBuf>,
    name: ConverterName,
}

impl Destination {
    /// The last part.
    #[must_use]
    pub const fn name(&self) -> &ConverterName {
        &self.name
    }

    /// What stands before the name.
    pub(super) fn parent(&self) -> Option<&Path> {
        self.parent.as_deref()
    }
}

impl FromStr for Destination {
    type Err = NameFault;

    fn from_str(text: &str) -> Result<Self, NameFault> {
        let path = Path::new(text);
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(NameFault {
                reason: "it does not end in a name for the converter".to_owned(),
                proposal: Some(path.join("thermometer").display().to_string()),
            });
        };
        let parent = path.parent();
        // What stands before the name belongs to a proposal too.
        let name = name.parse().map_err(|fault: NameFault| NameFault {
            proposal: fault
                .proposal
                .map(|name| path.with_file_name(name).display().to_string()),
            ..fault
        })?;
        Ok(Self {
            parent: parent
                .filter(|parent| !parent.as_os_str().is_empty())
                .map(Path::to_owned),
            name,
        })
    }
}

/// What is wrong with a name, if anything is.
fn fault(name: &str) -> Option<String> {
    let allowed = |char: char| matches!(char, 'a'..='z' | '0'..='9' | '-');
    if let Some(char) = name.chars().find(|char| !allowed(*char)) {
        return Some(format!(
            "a name is of lower-case letters, digits and hyphens, and {char:?} is none of them"
        ));
    }
    if !name.starts_with(|char: char| char.is_ascii_lowercase()) {
        return Some("a name starts with a letter".to_owned());
    }
    if name.len() > LONGEST {
        return Some(format!(
            "a name has at most {LONGEST} characters, and this has {}",
            name.len()
        ));
    }
    let reserved = RESERVED.iter().find(|(names, _)| names.contains(&name));
    reserved.map(|(_, reason)| format!("{name} cannot be a name: {reason}"))
}

/// The name nearest to what was given; none if nothing of it can stay.
fn proposal(text: &str) -> Option<String> {
    let mut name = String::new();
    let mut after_small = false;
    for char in text.chars() {
        // thermoMeter is thermo-meter.
        if char.is_ascii_uppercase() && after_small {
            name.push('-');
        }
        after_small = char.is_ascii_lowercase() || char.is_ascii_digit();
        if char.is_ascii_alphanumeric() {
            name.push(char.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    if name.starts_with(|char: char| char.is_ascii_digit()) {
        name.insert_str(0, "device-");
    }
    name.truncate(LONGEST);
    name.truncate(name.trim_end_matches('-').len());
    if RESERVED
        .iter()
        .any(|(names, _)| names.contains(&name.as_str()))
    {
        name.push_str("-device");
    }
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> Result<String, String> {
        let name: Result<ConverterName, NameFault> = text.parse();
        name.map(|name| name.to_string())
            .map_err(|fault| fault.to_string())
    }

    #[test]
    fn what_cargo_npm_and_every_file_system_take_is_a_name() {
        let longest = "a".repeat(LONGEST);
        for name in ["thermometer", "t", "em-500", "a1", &longest] {
            assert_eq!(parsed(name), Ok(name.to_owned()));
        }
        let name: ConverterName = "em-500".parse().unwrap();
        assert_eq!(name.as_crate(), "em_500");
    }

    #[test]
    fn other_names_are_refused_with_the_reason_and_a_proposal() {
        let none_of_them = |char: &str| {
            format!(
                "a name is of lower-case letters, digits and hyphens, and {char} is none of them"
            )
        };
        let too_long = "thermometer".repeat(6);
        let table = [
            ("Thermo_Meter", none_of_them("'T'") + "; try thermo-meter"),
            ("thermoMeter", none_of_them("'M'") + "; try thermo-meter"),
            ("THERMO", none_of_them("'T'") + "; try thermo"),
            ("a..b ", none_of_them("'.'") + "; try a-b"),
            ("ältere", none_of_them("'ä'") + "; try ltere"),
            ("温度", none_of_them("'温'")),
            ("", "a name starts with a letter".to_owned()),
            ("-", "a name starts with a letter".to_owned()),
            ("-a", "a name starts with a letter; try a".to_owned()),
            (
                "500",
                "a name starts with a letter; try device-500".to_owned(),
            ),
            (
                &too_long,
                format!(
                    "a name has at most 64 characters, and this has 66; try {}",
                    &too_long[..64]
                ),
            ),
            (
                "test",
                "test cannot be a name: a crate of Rust itself has that name; try test-device"
                    .to_owned(),
            ),
            (
                "tb-converter",
                "tb-converter cannot be a name: a converter is built with a package of that name; \
                 try tb-converter-device"
                    .to_owned(),
            ),
            (
                "match",
                "match cannot be a name: it is a keyword of Rust; try match-device".to_owned(),
            ),
            (
                "con",
                "con cannot be a name: Windows has no files of that name; try con-device"
                    .to_owned(),
            ),
            ("Std", none_of_them("'S'") + "; try std-device"),
        ];
        for (text, expected) in table {
            assert_eq!(parsed(text), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn a_path_ends_in_the_name() {
        let table = [
            ("meter", None, "meter"),
            ("./meter", Some("."), "meter"),
            ("meter/", None, "meter"),
            ("../meters/meter/", Some("../meters"), "meter"),
            ("/meter", Some("/"), "meter"),
        ];
        for (text, parent, name) in table {
            let destination: Destination = text.parse().unwrap();
            assert_eq!(destination.parent(), parent.map(Path::new), "{text}");
            assert_eq!(destination.name().as_str(), name, "{text}");
        }
        let no_name = "it does not end in a name for the converter; try ";
        let table = [
            ("..", format!("{no_name}../thermometer")),
            ("/", format!("{no_name}/thermometer")),
            (
                "Meters/My Meter",
                "a name is of lower-case letters, digits and hyphens, and 'M' is none of them; try \
                 Meters/my-meter"
                    .to_owned(),
            ),
        ];
        for (text, expected) in table {
            let fault = text.parse::<Destination>().unwrap_err();
            assert_eq!(fault.to_string(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_proposal_is_a_name(text in any::<String>()) {
            if let Some(name) = proposal(&text) {
                prop_assert_eq!(fault(&name), None);
            }
        }

        #[test]
        fn a_proposal_for_almost_a_name_is_a_name(text in "[A-Za-z0-9_. -]{0,80}") {
            if let Some(name) = proposal(&text) {
                prop_assert_eq!(fault(&name), None);
            }
        }
    }
}
