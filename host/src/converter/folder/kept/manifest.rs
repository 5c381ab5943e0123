//! `history.json`: what is kept of one converter, newest first.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{
    super::super::whole_file::{self, Durability, naming},
    KeptVersion,
    files::is_version,
};

const FILE: &str = "history.json";
/// No more is read of it; what we write has some 300 bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// Unknown fields are left out, so that a later host's file can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) versions: Vec<KeptVersion>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rejected: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) chosen: Option<String>,
}

impl Manifest {
    /// Reads the manifest in `place`; without a file it is empty.
    ///
    /// # Errors
    /// Of kind `InvalidData` if the file is damaged.
    pub(super) fn read(place: &Path) -> io::Result<Self> {
        let path = place.join(FILE);
        let mut text = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut text));
        match read {
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            outcome => outcome.map_err(naming(&path))?,
        };
        let damaged = |what: String| {
            let text = format!("{} is damaged: {what}", path.display());
            io::Error::new(io::ErrorKind::InvalidData, text)
        };
        let manifest: Self =
            serde_json::from_slice(&text).map_err(|source| damaged(source.to_string()))?;
        // Versions become file names.
        let wrong = manifest.named().find(|version| !is_version(version));
        if let Some(wrong) = wrong {
            return Err(damaged(format!("{wrong:?} is not a version")));
        }
        Ok(manifest)
    }

    pub(super) fn write(&self, place: &Path) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        whole_file::write(place, FILE, &[&text], Durability::Synced)?;
        whole_file::sync_names(place)
    }

    /// Makes `newest` the first version and lets go of all beyond `keep`.
    pub(super) fn put_first(&mut self, newest: KeptVersion, keep: usize) {
        self.versions.retain(|kept| kept.version != newest.version);
        self.versions.insert(0, newest);
        self.versions.truncate(keep);
    }

    pub(super) fn find(&self, version: &str) -> Option<&KeptVersion> {
        self.versions.iter().find(|kept| kept.version == version)
    }

    /// Whether `version` is kept.
    pub(super) fn names(&self, version: &str) -> bool {
        self.find(version).is_some()
    }

    fn named(&self) -> impl Iterator<Item = &String> {
        let versions = self.versions.iter().map(|kept| &kept.version);
        versions.chain(&self.rejected).chain(&self.chosen)
    }
}
