//! How many connections the limit of open files allows.

use measure::Cell;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that a process has open beside its connections, and a reserve.
const OTHER_FILES: u64 = 200;

/// Raises the limit as far as it goes, for the processes that are started later
/// too. Says how many connections a process can have.
pub(crate) fn raise() -> usize {
    let hard = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: hard,
        maximum: hard,
    };
    setrlimit(Resource::Nofile, limit).expect("a process may raise its limit to the hard one");
    let files = hard.unwrap_or(u64::MAX).saturating_sub(OTHER_FILES);
    usize::try_from(files).unwrap_or(usize::MAX)
}

/// What a reader has to know where the limit allows fewer connections than were wanted.
pub(crate) fn shortage(wanted: usize, allowed: usize) -> Option<String> {
    let files = wanted.saturating_add(OTHER_FILES as usize);
    let [wanted_label, allowed_label, files] =
        [wanted, allowed, files].map(|number| Cell::Count(number as u64).label());
    (allowed < wanted).then(|| {
        format!(
            "The limit of open files allows {allowed_label} connections, not {wanted_label}: these \
             need a hard limit (`ulimit -Hn`) of {files} before the start."
        )
    })
}
