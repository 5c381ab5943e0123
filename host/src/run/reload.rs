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
    /// The file.
    pub path: PathBuf,
    /// Reads and checks it.
    pub load: L,
    /// Asks for a look at once, such as for SIGHUP; then it is said too if
    /// nothing changed.
    pub asked: Arc<Notify>,
}

impl<L: Fn() -> Result<Loaded, ConfigError>> SettingsFile<L> {
    /// Lets `host` take over what changes in the file, for ever.
    pub async fn follow(self, host: &Host) {
        let mut known = content(&self.path);
        loop {
            let asked = tokio::select! {
                () = sleep(INTERVAL) => false,
                () = self.asked.notified() => true,
            };
            let present = content(&self.path);
            // An unreadable file may be one that is being replaced.
            if !asked && (present == known || present.is_none()) {
                continue;
            }
            known = present;
            self.take_over(host, asked);
        }
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
