//! Follows the settings file while the host runs.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sha2::{Digest, Sha256};
use tokio::{sync::Notify, time::sleep};
use tracing::{error, info, warn};

use super::Host;
use crate::{
    config::{Changes, ConfigError, Loaded},
    statistics::Lifecycle,
};

/// How often the file is looked at: reading some KiB costs nothing, and every
/// file system can do it.
const INTERVAL: Duration = Duration::from_secs(1);

/// A settings file that is followed.
pub struct SettingsFile<L> {
    path: PathBuf,
    load: L,
    asked: Arc<Notify>,
    /// A hash of its content, as it was at the last look.
    known: Option<[u8; 32]>,
}

impl<L: Fn() -> Result<Loaded, ConfigError>> SettingsFile<L> {
    /// The file at `path`, which `load` reads and checks. What changes from now on is followed,
    /// so this comes before the file is loaded for the first time. `asked` asks for a look at
    /// once, such as for SIGHUP; then it is said too if nothing changed.
    pub fn new(path: PathBuf, load: L, asked: Arc<Notify>) -> Self {
        Self {
            known: content(&path),
            path,
            load,
            asked,
        }
    }

    /// Lets `host` take over what changes in the file, for ever.
    pub async fn follow(mut self, host: &Host) {
        loop {
            let asked = tokio::select! {
                () = sleep(INTERVAL) => false,
                () = self.asked.notified() => true,
            };
            if self.has_changed() || asked {
                self.take_over(host, asked);
            }
        }
    }

    /// Whether the file is another one than at the last look.
    fn has_changed(&mut self) -> bool {
        let present = content(&self.path);
        // An unreadable file may be one that is being replaced.
        let changed = present.is_some() && present != self.known;
        if changed {
            self.known = present;
        }
        changed
    }

    fn take_over(&self, host: &Host, asked: bool) {
        let file = self.path.display();
        let loaded = match (self.load)() {
            Ok(loaded) => loaded,
            Err(error) => {
                error!(%file, %error, "settings cannot be used; those in use stay");
                let outline = Lifecycle::Failed(error.outline());
                host.tell(&host.integrations, outline);
                return;
            }
        };
        for warning in &loaded.warnings {
            warn!("{warning}");
        }
        let changes = host.apply(loaded.settings);
        if changes.is_empty() {
            if asked {
                info!(%file, "settings have not changed");
            }
            return;
        }
        report(&self.path, &changes);
    }
}

fn report(file: &Path, changes: &Changes) {
    let file = file.display();
    if !changes.live.is_empty() {
        info!(%file, keys = changes.live.join(", "), "settings changed and are in use");
    }
    if !changes.restart.is_empty() {
        warn!(
            %file, keys = changes.restart.join(", "),
            "settings changed that take effect when the host is restarted"
        );
    }
}

/// A hash of the file's content; none if it cannot be read.
fn content(path: &Path) -> Option<[u8; 32]> {
    let content = std::fs::read(path).ok()?;
    Some(Sha256::digest(content).into())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_changes_while_the_host_starts_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tb-tcp.toml");
        fs::write(&path, "a").unwrap();
        let load = || {
            Err(ConfigError::Missing {
                key: "x",
                remedy: "y",
            })
        };
        let mut file = SettingsFile::new(path.clone(), load, Arc::default());
        assert!(!file.has_changed());
        fs::write(&path, "b").unwrap();
        assert!(file.has_changed());
        assert!(!file.has_changed(), "it is known now");
        fs::remove_file(&path).unwrap();
        assert!(!file.has_changed());
        fs::write(&path, "b").unwrap();
        assert!(!file.has_changed(), "it is back as it was");
    }
}
