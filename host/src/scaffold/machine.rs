//! Which tools this machine lacks. Nothing is run for it: rustup's tools may
//! download a toolchain when they are asked for their version.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::language::Language;

/// Where tools are looked for.
#[derive(Debug, Default)]
pub(super) struct Machine {
    /// The folders of the environment's `PATH`.
    path: Vec<PathBuf>,
    /// Where rustup keeps its toolchains.
    rustup_home: Option<PathBuf>,
    /// The environment's `RUSTUP_TOOLCHAIN`, which wins over the default one.
    toolchain: Option<OsString>,
    /// This program.
    this_program: Option<PathBuf>,
}

impl Machine {
    /// The one that this process runs on.
    pub(super) fn this() -> Self {
        let rustup_home = env::var_os("RUSTUP_HOME").map(PathBuf::from);
        Self {
            path: env::var_os("PATH")
                .map(|path| env::split_paths(&path).collect())
                .unwrap_or_default(),
            rustup_home: rustup_home.or_else(|| Some(env::home_dir()?.join(".rustup"))),
            toolchain: env::var_os("RUSTUP_TOOLCHAIN"),
            this_program: env::current_exe().ok(),
        }
    }

    /// What is missing for a converter in `language`, each with the way to get it.
    /// `alone`: outside the repository, where nothing builds `tb-tcp` first.
    pub(super) fn missing(&self, language: Language, alone: bool) -> Vec<String> {
        let mut missing = Vec::new();
        match language {
            Language::Rust if self.program("cargo").is_none() => {
                missing.push("cargo: install Rust with rustup, https://rustup.rs".to_owned());
            }
            Language::Rust => {}
            Language::AssemblyScript => {
                let lacking = ["node", "npm"].map(|name| self.program(name).is_none());
                if lacking.contains(&true) {
                    missing.push(
                        "node with npm: install Node 20 or newer, https://nodejs.org".to_owned(),
                    );
                }
            }
        }
        if alone && self.program("tb-tcp").is_none() {
            let folder = self.this_program.as_deref().and_then(Path::parent);
            missing.push(match folder {
                Some(folder) => format!(
                    "tb-tcp: put its folder on the PATH, export PATH=\"{}:$PATH\"",
                    folder.display()
                ),
                None => "tb-tcp: put its folder on the PATH".to_owned(),
            });
        }
        missing
    }

    /// Whether the compiler has the target, as far as the file system tells.
    pub(super) fn has_wasm_target(&self) -> bool {
        let libraries = |sysroot: &Path| sysroot.join("lib/rustlib/wasm32-wasip2/lib").is_dir();
        // rustc of a distribution lies in its sysroot, that of rustup does not.
        let beside = self.program("rustc").and_then(|rustc| {
            let rustc = rustc.canonicalize().ok()?;
            Some(rustc.parent()?.parent()?.to_owned())
        });
        beside.is_some_and(|sysroot| libraries(&sysroot))
            || self
                .rustup_toolchain()
                .is_some_and(|sysroot| libraries(&sysroot))
    }

    fn rustup_toolchain(&self) -> Option<PathBuf> {
        let home = self.rustup_home.as_deref()?;
        let toolchains = home.join("toolchains");
        if let Some(name) = &self.toolchain {
            return found(&toolchains, name);
        }
        let settings = fs::read_to_string(home.join("settings.toml")).ok()?;
        let settings: toml::Table = settings.parse().ok()?;
        found(
            &toolchains,
            settings.get("default_toolchain")?.as_str()?.as_ref(),
        )
    }

    fn program(&self, name: &str) -> Option<PathBuf> {
        let runs = |path: &PathBuf| {
            fs::metadata(path)
                .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
        };
        self.path.iter().map(|folder| folder.join(name)).find(runs)
    }
}

/// The folder of a toolchain, whose name may lack the machine's own: `stable`
/// for `stable-x86_64-unknown-linux-gnu`.
fn found(toolchains: &Path, name: &OsStr) -> Option<PathBuf> {
    let exact = toolchains.join(name);
    if exact.is_dir() {
        return Some(exact);
    }
    let start = format!("{}-{}-", name.to_str()?, env::consts::ARCH);
    let folders = fs::read_dir(toolchains).ok()?;
    folders.flatten().map(|folder| folder.path()).find(|path| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(&start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(path: &Path, mode: u32) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn each_missing_tool_is_named_with_the_way_to_get_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut machine = Machine {
            path: vec!["/nowhere".into(), folder.path().to_owned()],
            this_program: Some("/opt/tb/tb-tcp".into()),
            ..Machine::default()
        };
        let cargo = "cargo: install Rust with rustup, https://rustup.rs";
        let node = "node with npm: install Node 20 or newer, https://nodejs.org";
        let this = "tb-tcp: put its folder on the PATH, export PATH=\"/opt/tb:$PATH\"";
        assert_eq!(machine.missing(Language::Rust, true), [cargo, this]);
        assert_eq!(machine.missing(Language::Rust, false), [cargo]);
        assert_eq!(
            machine.missing(Language::AssemblyScript, true),
            [node, this]
        );
        machine.this_program = None;
        assert_eq!(
            machine.missing(Language::Rust, true),
            [cargo, "tb-tcp: put its folder on the PATH"]
        );

        program(&folder.path().join("node"), 0o755);
        // Not one that runs.
        program(&folder.path().join("npm"), 0o644);
        program(&folder.path().join("tb-tcp"), 0o755);
        assert_eq!(machine.missing(Language::AssemblyScript, true), [node]);
        program(&folder.path().join("npm"), 0o755);
        program(&folder.path().join("cargo"), 0o755);
        for language in [Language::Rust, Language::AssemblyScript] {
            assert_eq!(machine.missing(language, true), [""; 0]);
        }
    }

    #[test]
    fn the_target_is_looked_for_in_the_toolchain_that_would_build() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("rustup");
        let target = "lib/rustlib/wasm32-wasip2/lib";
        let full = format!("nightly-{}-unknown-linux-gnu", env::consts::ARCH);
        fs::create_dir_all(home.join("toolchains/with").join(target)).unwrap();
        fs::create_dir_all(home.join("toolchains").join(full).join(target)).unwrap();
        fs::create_dir_all(home.join("toolchains/without/lib")).unwrap();
        let mut machine = Machine {
            rustup_home: Some(home.clone()),
            ..Machine::default()
        };
        assert!(!machine.has_wasm_target());
        for (default, wanted, expected) in [
            ("with", None, true),
            ("without", None, false),
            ("with", Some("without"), false),
            ("without", Some("nightly"), true),
            ("without", Some("beta"), false),
        ] {
            let settings = format!("default_toolchain = \"{default}\"\n");
            fs::write(home.join("settings.toml"), settings).unwrap();
            machine.toolchain = wanted.map(OsString::from);
            assert_eq!(machine.has_wasm_target(), expected, "{default} {wanted:?}");
        }

        let distribution = folder.path().join("usr");
        program(&distribution.join("bin/rustc"), 0o755);
        machine.path = vec![distribution.join("bin")];
        assert!(!machine.has_wasm_target());
        fs::create_dir_all(distribution.join(target)).unwrap();
        assert!(machine.has_wasm_target());
    }
}
