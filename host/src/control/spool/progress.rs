//! Tells somebody who waits at a terminal how far an export is.

use std::{
    io::{IsTerminal, Stderr, Write, stderr, stdout},
    time::{Duration, Instant},
};

/// An export that is done by then is not worth a line.
const FIRST: Duration = Duration::from_secs(1);
const THEN: Duration = Duration::from_millis(500);

/// A line on a terminal that is written again and again.
pub(super) struct Progress<W = Stderr> {
    /// None: there is nobody to tell.
    to: Option<W>,
    all: u64,
    due: Instant,
    shown: bool,
}

impl Progress {
    /// Of an export of `all` records. Nothing is shown where the records
    /// themselves go to the terminal.
    pub(super) fn of(all: u64, into_file: bool) -> Self {
        let seen = stderr().is_terminal() && (into_file || !stdout().is_terminal());
        Self::to(seen.then(stderr), all, Instant::now())
    }
}

impl<W: Write> Progress<W> {
    fn to(to: Option<W>, all: u64, now: Instant) -> Self {
        Self {
            to,
            all,
            due: now + FIRST,
            shown: false,
        }
    }

    pub(super) fn show(&mut self, done: u64) {
        self.show_at(Instant::now(), done);
    }

    fn show_at(&mut self, now: Instant, done: u64) {
        if now < self.due {
            return;
        }
        self.due = now + THEN;
        if let Some(to) = &mut self.to {
            // What nobody sees does not matter.
            let _ = write!(to, "\r{done} of {} records\x1b[K", self.all);
            let _ = to.flush();
            self.shown = true;
        }
    }

    /// Takes the line away.
    pub(super) fn end(&mut self) {
        if let Some(to) = &mut self.to
            && self.shown
        {
            let _ = write!(to, "\r\x1b[K");
            let _ = to.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_export_shows_a_line_that_goes_away() {
        let start = Instant::now();
        let mut progress = Progress::to(Some(Vec::new()), 900, start);
        for (ms, done) in [(999, 1), (1000, 2), (1499, 3), (1500, 4)] {
            progress.show_at(start + Duration::from_millis(ms), done);
        }
        progress.end();
        let text = String::from_utf8(progress.to.unwrap()).unwrap();
        assert_eq!(
            text,
            "\r2 of 900 records\x1b[K\r4 of 900 records\x1b[K\r\x1b[K"
        );
    }

    #[test]
    fn a_short_one_and_one_without_a_terminal_show_nothing() {
        let start = Instant::now();
        let mut short = Progress::to(Some(Vec::new()), 900, start);
        short.show_at(start, 5);
        short.end();
        assert_eq!(short.to.unwrap(), b"");
        let mut unseen = Progress::<Vec<u8>>::to(None, 900, start);
        unseen.show_at(start + Duration::from_secs(5), 5);
        unseen.end();
        assert!(unseen.to.is_none() && !unseen.shown);
    }
}
