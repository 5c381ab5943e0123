//! The guide's blocks of code, and what its commands print.

use std::{env, fs, path::Path, process::Command};

use harness::{binary, repository};

/// Set: the outputs that the guide shows are written anew.
const UPDATE: &str = "UPDATE_GUIDE";

/// A fenced block.
pub(super) struct Block {
    /// The text behind the fence: the language, and whose step it is.
    pub(super) info: String,
    pub(super) text: String,
    /// Under which heading of the second level.
    pub(super) chapter: String,
}

/// The blocks of `docs/converters.md`, in order.
pub(super) fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut chapter = String::new();
    let mut open: Option<Block> = None;
    for line in page().lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some(Block {
                    info: info.to_owned(),
                    text: String::new(),
                    chapter: chapter.clone(),
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {
                if let Some(heading) = line.strip_prefix("## ") {
                    heading.clone_into(&mut chapter);
                }
            }
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

fn page() -> String {
    fs::read_to_string(repository().join("docs/converters.md")).unwrap()
}

/// Runs the commands of a console block in `folder`, and compares what they
/// print with what the guide shows.
pub(super) fn replay(block: &Block, folder: &Path) {
    let found: String = block
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("$ "))
        .map(|command| format!("$ {command}\n{}", run(command, folder)))
        .collect();
    if env::var_os(UPDATE).is_some() && block.text != found {
        let page = page().replacen(
            &format!("```console\n{}```", block.text),
            &format!("```console\n{found}```"),
            1,
        );
        fs::write(repository().join("docs/converters.md"), page).unwrap();
        return;
    }
    assert_eq!(
        found, block.text,
        "docs/converters.md shows something else; {UPDATE}=1 writes it anew"
    );
}

/// What a command prints, but for times, which are never the same.
fn run(command: &str, folder: &Path) -> String {
    let output = shell(command, folder).output().unwrap();
    let text = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    text.iter()
        .flat_map(|text| text.lines())
        .filter(|line| !line.contains(" took "))
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

/// A shell in which `tb-tcp` is the binary under test and nothing is
/// downloaded.
pub(super) fn shell(script: &str, folder: &Path) -> Command {
    let folders = [
        repository().join("tests/end-to-end/guide/bin"),
        binary().parent().unwrap().to_owned(),
    ];
    let path = env::var_os("PATH").unwrap();
    let path = env::join_paths(folders.into_iter().chain(env::split_paths(&path))).unwrap();
    let mut command = Command::new("bash");
    command
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(folder)
        .env("PATH", path)
        .env("CARGO_NET_OFFLINE", "true")
        .env("TB_TCP_REPOSITORY", repository())
        .env_remove("CARGO_TARGET_DIR");
    command
}
