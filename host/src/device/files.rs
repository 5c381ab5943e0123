//! The conversation files and servers that the command line names.

use std::path::{Path, PathBuf};

use super::{conversation::Conversation, parser};

/// Files or arguments that cannot be used: the caller's to mend.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(String);

type Result<T> = std::result::Result<T, Unusable>;

/// A conversation, and what its file is called.
pub(super) struct File {
    pub(super) name: String,
    pub(super) conversation: Conversation,
    settable: Vec<String>,
}

impl File {
    /// What `--check` says about a file that is right.
    pub(super) fn summary(&self) -> String {
        let Self {
            name,
            conversation,
            settable,
        } = self;
        let reactions = conversation.reactions.iter();
        let steps: usize = reactions.map(|reaction| reaction.steps.len()).sum();
        let steps = steps + conversation.steps.len();
        let steps = match steps {
            1 => "1 step".to_owned(),
            steps => format!("{steps} steps"),
        };
        match settable.is_empty() {
            true => format!("{name}: right, {steps}"),
            false => format!(
                "{name}: right, {steps}; --set can give {}",
                settable.join(", ")
            ),
        }
    }
}

/// Reads all files. Each variable of `set` has to be in one of them.
pub(super) fn read(paths: &[PathBuf], set: &[String]) -> Result<Vec<File>> {
    let given = set
        .iter()
        .map(|text| {
            let (name, value) = text
                .split_once('=')
                .ok_or_else(|| Unusable(format!("--set {text}: write --set NAME=VALUE")))?;
            parser::check_given(name, value).map_err(|error| Unusable(error.text))?;
            Ok((name.to_owned(), value.to_owned()))
        })
        .collect::<Result<Vec<_>>>()?;
    let mut taken = vec![false; given.len()];
    let mut files = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        let parsed = parser::parse(&content(path)?, &given)
            .map_err(|error| Unusable(format!("{name}:{error}")))?;
        for (taken, by_this) in taken.iter_mut().zip(parsed.taken) {
            *taken |= by_this;
        }
        files.push(File {
            name,
            conversation: parsed.conversation,
            settable: parsed.settable,
        });
    }
    for ((name, _), taken) in given.iter().zip(taken) {
        if !taken {
            let mut known: Vec<_> = files
                .iter()
                .flat_map(|file| file.settable.iter().map(String::as_str))
                .collect();
            known.sort_unstable();
            known.dedup();
            let known = match known.is_empty() {
                true => "there are none: write `set NAME = VALUE` in a file".to_owned(),
                false => format!("there are: {}", known.join(", ")),
            };
            return Err(Unusable(format!(
                "--set {name}: no file has this variable; {known}"
            )));
        }
    }
    Ok(files)
}

fn content(path: &Path) -> Result<String> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Unusable(format!("cannot read {}: {error}", path.display()))
    };
    let bytes = std::fs::read(path).map_err(|error| unreadable(&error))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        unreadable(&format!(
            "it is no UTF-8 text, from byte {at} on; other bytes are written as \\xNN or hex"
        ))
    })
}

/// The server of each file: one for all, or one each.
pub(super) fn servers(to: &[String], files: usize) -> Result<Vec<String>> {
    for server in to {
        let port = server
            .rsplit_once(':')
            .filter(|(host, _)| !host.is_empty())
            .and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none_or(|port| port == 0) {
            return Err(Unusable(format!(
                "--to {server}: write HOST:PORT, such as localhost:10560 or [::1]:10560"
            )));
        }
    }
    match to {
        [one] => Ok(vec![one.clone(); files]),
        each if each.len() == files => Ok(each.to_vec()),
        each => Err(Unusable(format!(
            "--to is given {} times for {files} files: give it once for all, or once for each in \
             their order",
            each.len()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong<T>(result: Result<T>) -> String {
        result.err().unwrap().to_string()
    }

    #[test]
    fn one_server_serves_all_files_or_each_has_its_own() {
        let to = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let both = to(&["a:1", "[::1]:2"]);
        assert_eq!(servers(&both, 2).unwrap(), both);
        assert_eq!(servers(&to(&["a:1"]), 2).unwrap(), ["a:1", "a:1"]);
        assert!(wrong(servers(&both, 3)).contains("2 times for 3 files"));
        for text in ["a", "a:", ":1", "a:0", "a:65536", "a:x"] {
            let error = wrong(servers(&to(&[text]), 1));
            assert!(error.contains("write HOST:PORT"), "{text}: {error}");
        }
    }

    #[test]
    fn files_are_read_with_their_variables() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.conversation");
        let set = |text: &str| vec![text.to_owned()];
        let read = |set: &[String]| read(std::slice::from_ref(&path), set);
        assert!(wrong(read(&[])).starts_with("cannot read "));
        std::fs::write(&path, b"send \"\xff\"").unwrap();
        assert!(wrong(read(&[])).contains("no UTF-8 text, from byte 6 on"));
        std::fs::write(&path, "set b = 1\nset a = b\nsend {a}").unwrap();
        let files = read(&set("a={copy:03}")).unwrap();
        let summary = files[0].summary();
        assert!(
            summary.ends_with("right, 3 steps; --set can give b, a"),
            "{summary}"
        );
        for (text, expected) in [
            ("a", "--set a: write --set NAME=VALUE"),
            ("c=1", "--set c: no file has this variable; there are: a, b"),
            ("a={b}", "--set a: of variables there are only copy"),
            ("a={", "--set a: "),
        ] {
            let error = wrong(read(&set(text)));
            assert!(error.contains(expected), "{text}: {error}");
        }
        std::fs::write(&path, "close").unwrap();
        let summary = read(&[]).unwrap()[0].summary();
        assert!(
            summary.ends_with("a.conversation: right, 1 step"),
            "{summary}"
        );
        assert_eq!(
            wrong(read(&set("y=1"))),
            "--set y: no file has this variable; there are none: write `set NAME = VALUE` in a file"
        );
        std::fs::write(&path, "send").unwrap();
        let error = wrong(read(&[]));
        assert!(
            error.ends_with(
                "a.conversation:1:1: send needs something to send: text in quotes, or hex"
            ),
            "{error}"
        );
    }
}
