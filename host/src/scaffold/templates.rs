//! The texts of a new folder. `{{key}}` in them stands for a value.

use super::language::{Direction, Language};

/// The code and the files around it that differ by language.
pub(super) struct Templates {
    /// The example.
    pub(super) code: &'static str,
    /// How a folder that stands alone is built.
    pub(super) build: &'static str,
    /// How one in the repository is built.
    pub(super) build_in_repository: &'static str,
    /// What version control leaves out.
    pub(super) gitignore: &'static str,
}

impl Templates {
    pub(super) const fn of(language: Language, direction: Direction) -> Self {
        match language {
            Language::Rust => Self {
                code: match direction {
                    Direction::Uplink => include_str!("templates/rust/uplink.rs"),
                    Direction::Downlink => include_str!("templates/rust/downlink.rs"),
                },
                build: include_str!("templates/rust/build.md"),
                build_in_repository: include_str!("templates/rust/repository.md"),
                gitignore: include_str!("templates/rust/gitignore"),
            },
            Language::AssemblyScript => Self {
                code: match direction {
                    Direction::Uplink => include_str!("templates/assemblyscript/uplink.ts"),
                    Direction::Downlink => include_str!("templates/assemblyscript/downlink.ts"),
                },
                build: include_str!("templates/assemblyscript/build.md"),
                build_in_repository: include_str!("templates/assemblyscript/repository.md"),
                gitignore: include_str!("templates/assemblyscript/gitignore"),
            },
        }
    }
}

/// The manifest of a Rust package that stands alone, and of one in the repository.
pub(super) const CARGO_MANIFEST: &str = include_str!("templates/rust/manifest.toml");
pub(super) const CARGO_MEMBER: &str = include_str!("templates/rust/member.toml");
/// The same of an npm package.
pub(super) const NPM_PACKAGE: &str = include_str!("templates/assemblyscript/package.json");
pub(super) const NPM_MEMBER: &str = include_str!("templates/assemblyscript/member.json");
/// Settings of AssemblyScript's compiler, and of editors for it.
pub(super) const ASCONFIG: &str = include_str!("templates/assemblyscript/asconfig.json");
pub(super) const TSCONFIG: &str = include_str!("templates/assemblyscript/tsconfig.json");
/// What people read.
pub(super) const README: &str = include_str!("templates/standalone/README.md");
pub(super) const README_IN_REPOSITORY: &str = include_str!("templates/repository/README.md");
pub(super) const README_OF_SDK: &str = include_str!("templates/standalone/sdk.md");

/// How a folder that stands alone is put to work: a part of its README.
pub(super) const fn live(direction: Direction) -> &'static str {
    match direction {
        Direction::Uplink => include_str!("templates/standalone/uplink.md"),
        Direction::Downlink => include_str!("templates/standalone/downlink.md"),
    }
}

/// Puts values in the places of their keys. A value may have keys of values
/// that follow it.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values
        .iter()
        .fold(template.to_owned(), |text, (key, value)| {
            text.replace(&format!("{{{{{key}}}}}"), value)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_replaced_also_in_values_before_theirs() {
        let values = [("part", "of {{name}}\n"), ("name", "meter")];
        let table = [
            ("{{name}}-{{name}}", "meter-meter"),
            ("all {{part}}", "all of meter\n"),
            ("{name} {{other}}", "{name} {{other}}"),
        ];
        for (template, expected) in table {
            assert_eq!(fill(template, &values), expected);
        }
    }
}
