//! What is said when a folder was made: what it is, what to do next, and what
//! this machine lacks.

use std::{fmt::Write as _, path::Path};

use super::{Made, content::Converter, language::Language, machine::Machine, place::Place};

/// The whole text. `current` is the folder in which the commands will be typed.
pub(super) fn report(
    converter: &Converter,
    place: &Place,
    made: &Made,
    current: &Path,
    machine: &Machine,
) -> String {
    let Converter {
        name,
        language,
        direction,
    } = converter;
    let mut text = format!(
        "made {} ({language}, {direction}): {} files",
        shown(place.folder(), current),
        made.files
    );
    if made.of_the_sdk > 0 {
        let _ = write!(text, ", {} of them the SDK in sdk/", made.of_the_sdk);
    }
    text.push('\n');
    if made.cases_were_there {
        let _ = writeln!(
            text,
            "the golden cases in {direction}/ were there and stay as they are; the converter has to meet them now"
        );
    }

    text.push_str("\nnext:\n");
    for command in commands(converter, place, current, machine) {
        let _ = writeln!(text, "  {command}");
    }
    let missing = machine.missing(*language, matches!(place, Place::Anywhere { .. }));
    if !missing.is_empty() {
        let _ = writeln!(text, "\nnot found on this machine, and needed for {name}:");
        for tool in missing {
            let _ = writeln!(text, "  {tool}");
        }
    }
    text
}

fn commands(
    converter: &Converter,
    place: &Place,
    current: &Path,
    machine: &Machine,
) -> Vec<String> {
    let name = &converter.name;
    let file = converter.built(place);
    let mut commands = Vec::new();
    let start = match place {
        Place::Anywhere { folder } => folder,
        Place::Repository { root, .. } => root,
    };
    if start != current {
        commands.push(format!("cd {}", quoted(&shown(start, current))));
    }
    if converter.language == Language::Rust && !machine.has_wasm_target() {
        commands.push("rustup target add wasm32-wasip2".to_owned());
    }
    commands.extend(match (place, converter.language) {
        (Place::Anywhere { .. }, Language::Rust) => vec![
            "cargo test".to_owned(),
            "cargo build --release --target wasm32-wasip2".to_owned(),
            format!("tb-tcp test {file} --cases ."),
        ],
        (Place::Anywhere { .. }, Language::AssemblyScript) => {
            vec!["npm ci".to_owned(), "npm test".to_owned()]
        }
        (Place::Repository { .. }, language) => {
            let test = format!("target/release/tb-tcp test {file} --cases converters/{name}");
            let build = "./justw build-converters".to_owned();
            match language {
                Language::Rust => vec![format!("cargo test -p converter-{name}"), build, test],
                Language::AssemblyScript => vec![build, test],
            }
        }
    });
    commands
}

/// A path as it is seen from `current`.
fn shown(path: &Path, current: &Path) -> String {
    let near = path.strip_prefix(current).unwrap_or(path);
    near.display().to_string()
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let plain = |char: char| char.is_alphanumeric() || "/._-+,:@".contains(char);
    match word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaffold::language::Direction;

    fn text(language: Language, place: &Place, made: &Made, current: &str) -> String {
        let converter = Converter {
            name: "em-500".parse().unwrap(),
            language,
            direction: Direction::Uplink,
        };
        // A machine without any tool.
        report(
            &converter,
            place,
            made,
            Path::new(current),
            &Machine::default(),
        )
    }

    #[test]
    fn it_names_the_folder_the_next_commands_and_what_is_missing() {
        let alone = Place::Anywhere {
            folder: "/home/me/my work/em-500".into(),
        };
        let made = Made {
            files: 47,
            of_the_sdk: 36,
            cases_were_there: false,
        };
        assert_eq!(
            text(Language::Rust, &alone, &made, "/home/me"),
            "made my work/em-500 (Rust, uplink): 47 files, 36 of them the SDK in sdk/\n\
             \n\
             next:\n  \
             cd 'my work/em-500'\n  \
             rustup target add wasm32-wasip2\n  \
             cargo test\n  \
             cargo build --release --target wasm32-wasip2\n  \
             tb-tcp test target/wasm32-wasip2/release/em_500.wasm --cases .\n\
             \n\
             not found on this machine, and needed for em-500:\n  \
             cargo: install Rust with rustup, https://rustup.rs\n  \
             tb-tcp: put its folder on the PATH\n"
        );
        assert_eq!(
            text(Language::AssemblyScript, &alone, &made, "/home/me/my work"),
            "made em-500 (AssemblyScript, uplink): 47 files, 36 of them the SDK in sdk/\n\
             \n\
             next:\n  \
             cd em-500\n  \
             npm ci\n  \
             npm test\n\
             \n\
             not found on this machine, and needed for em-500:\n  \
             node with npm: install Node 20 or newer, https://nodejs.org\n  \
             tb-tcp: put its folder on the PATH\n"
        );
    }

    #[test]
    fn in_the_repository_its_recipes_do_the_work() {
        let place = Place::Repository {
            root: "/tb-tcp".into(),
            folder: "/tb-tcp/converters/em-500".into(),
        };
        let made = Made {
            files: 4,
            of_the_sdk: 0,
            cases_were_there: true,
        };
        assert_eq!(
            text(Language::AssemblyScript, &place, &made, "/tb-tcp"),
            "made converters/em-500 (AssemblyScript, uplink): 4 files\n\
             the golden cases in uplink/ were there and stay as they are; the converter has to \
             meet them now\n\
             \n\
             next:\n  \
             ./justw build-converters\n  \
             target/release/tb-tcp test target/converters/assemblyscript/em-500.wasm --cases \
             converters/em-500\n\
             \n\
             not found on this machine, and needed for em-500:\n  \
             node with npm: install Node 20 or newer, https://nodejs.org\n"
        );
        let elsewhere = text(Language::Rust, &place, &made, "/tb-tcp/host");
        assert!(
            elsewhere.contains("next:\n  cd /tb-tcp\n")
                && elsewhere.contains("  cargo test -p converter-em-500\n"),
            "{elsewhere}"
        );
    }

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        for (word, expected) in [
            ("/a/b-c_d.e", "/a/b-c_d.e"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("$HOME", "'$HOME'"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
