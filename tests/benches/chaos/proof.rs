//! Which bytes of a connection the host must have accepted.
//!
//! The host reads a connection again only after everything that it had read of
//! it before is in the spool. So bytes that were read at one look are accepted
//! once a later look shows that a later read has happened. Such a read is known
//! by bytes that were not even written at the first look.
//!
//! A read that is under way during the first look could, if the host's thread
//! is not scheduled for long, take those later bytes too. Therefore two such
//! advances are waited for.

/// Follows one connection; all figures count bytes since its start.
#[derive(Debug, Default)]
pub(crate) struct Proof {
    accepted: u64,
    /// Read at an earlier look, and accepted after two advances.
    candidate: u64,
    /// A read that reaches beyond began after the last look that counted.
    bound: u64,
    advances: u8,
}

impl Proof {
    /// Takes a look: the host had read at least `read`, and no more than
    /// `written` was written by its end.
    pub(crate) fn look(&mut self, read: u64, written: u64) {
        if read <= self.bound {
            return;
        }
        self.bound = written;
        self.advances += 1;
        if self.advances == 2 {
            self.advances = 0;
            self.accepted = self.candidate;
            self.candidate = read;
        }
    }

    /// The bytes that were proven to be accepted.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted
    }
}
