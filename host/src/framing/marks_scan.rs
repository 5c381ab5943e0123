//! Finds the mark that ends a frame, and takes the escapes out of it.
//!
//! Both read the same tokens: an escape, a quote, a mark, or a byte that is
//! only itself. What a byte means depends on the bytes before it in the frame
//! and on the few behind it, never on how many have come.

use super::{
    first_bytes::{FirstBytes, Match},
    marks_params::MarksParams,
};

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// Bytes to go on behind.
    Plain(usize),
    /// Bytes that become others.
    Escape(usize),
    Quote,
    Start,
    End,
    /// Bytes to come decide.
    Open,
}

/// Why a scan stopped, at the byte that it has [seen](Scan::seen) up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// All bytes are looked at but those that are judged with the next.
    Open,
    /// There is the end mark.
    End,
    /// There is a start mark, in bytes that are skipped.
    Start,
    /// No end mark begins within the limit.
    TooLong,
}

/// How far a frame was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// Bytes of the frame that need not be looked at again.
    pub(super) seen: usize,
    /// Whether there was an escape among them.
    pub(super) escaped: bool,
    quoted: bool,
    /// Start marks without their end mark.
    depth: usize,
}

/// The tokens of a stream.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) params: MarksParams,
    /// What all tokens but plain bytes begin with.
    special: FirstBytes,
    start: FirstBytes,
}

impl Tokens {
    pub(super) fn new(params: MarksParams) -> Self {
        let escapes = params.escapes.iter().filter_map(|(from, _)| from.first());
        let marks = params.start.first().into_iter().chain(params.end.first());
        let bytes = params.quote.iter().chain(&params.escape);
        let special = FirstBytes::new(escapes.chain(marks).chain(bytes).copied());
        let start = FirstBytes::new(params.start.first().copied());
        Self {
            params,
            special,
            start,
        }
    }

    /// Looks for the end of the frame whose content begins with `bytes`.
    pub(super) fn run(&self, scan: &mut Scan, bytes: &[u8], at_end: bool) -> Stop {
        let max = self.params.max_frame_length;
        let window = bytes.len().min(max.saturating_add(1));
        while scan.seen <= max {
            if !self.forward(scan, bytes.get(..window).unwrap_or_default()) {
                if scan.seen <= max {
                    return Stop::Open;
                }
                break;
            }
            let rest = bytes.get(scan.seen..).unwrap_or_default();
            match self.token(rest, scan.quoted, at_end) {
                Token::Open => return Stop::Open,
                Token::Plain(length) => scan.seen += length,
                Token::Escape(length) => {
                    scan.seen += length;
                    scan.escaped = true;
                }
                Token::Quote => {
                    scan.seen += 1;
                    scan.quoted = !scan.quoted;
                }
                Token::Start => {
                    scan.depth += usize::from(self.params.nested);
                    scan.seen += self.params.start.len();
                }
                Token::End => match scan.depth.checked_sub(1) {
                    Some(depth) => {
                        scan.depth = depth;
                        scan.seen += self.params.end.len();
                    }
                    None => return Stop::End,
                },
            }
        }
        Stop::TooLong
    }

    /// Looks for a mark behind a frame that is too long. An unpaired quote may be
    /// what made it so, so quotes do not count.
    pub(super) fn skip(&self, scan: &mut Scan, bytes: &[u8], at_end: bool) -> Stop {
        while self.forward(scan, bytes) {
            let rest = bytes.get(scan.seen..).unwrap_or_default();
            match self.token(rest, false, at_end) {
                Token::Open => return Stop::Open,
                Token::Plain(length) | Token::Escape(length) => scan.seen += length,
                Token::Quote => scan.seen += 1,
                Token::Start => return Stop::Start,
                Token::End => return Stop::End,
            }
        }
        Stop::Open
    }

    /// Goes on to the next byte that may be more than itself; false if none has
    /// come.
    #[inline]
    fn forward(&self, scan: &mut Scan, bytes: &[u8]) -> bool {
        let rest = bytes.get(scan.seen..).unwrap_or_default();
        let found = match self.params.quote {
            Some(quote) if scan.quoted => memchr::memchr(quote, rest),
            _ => self.special.find(rest),
        };
        scan.seen += found.unwrap_or(rest.len());
        found.is_some()
    }

    fn token(&self, bytes: &[u8], quoted: bool, at_end: bool) -> Token {
        let params = &self.params;
        if quoted {
            return Token::Quote;
        }
        let compare = |bytes: &[u8], sequence: &[u8]| match Match::of(bytes, sequence) {
            Match::Begun if at_end => Match::No,
            other => other,
        };
        for (from, _) in &params.escapes {
            match compare(bytes, from) {
                Match::Whole => return Token::Escape(from.len()),
                Match::Begun => return Token::Open,
                Match::No => {}
            }
        }
        let first = bytes.first().copied();
        if first.is_some() && first == params.escape {
            let behind = bytes.get(1..).unwrap_or_default();
            // A byte that is changed is no mark, so a mark is a mark.
            if params.escape_xor.is_some_and(|xor| xor != 0) {
                for mark in [&params.end, &params.start] {
                    match compare(behind, mark) {
                        Match::Whole if !mark.is_empty() => return Token::Plain(1),
                        Match::Begun => return Token::Open,
                        Match::Whole | Match::No => {}
                    }
                }
            }
            return match (behind.is_empty(), params.escape_xor) {
                (false, Some(_)) => Token::Escape(2),
                (false, None) => Token::Plain(2),
                (true, _) if at_end => Token::Plain(1),
                (true, _) => Token::Open,
            };
        }
        if first.is_some() && first == params.quote {
            return Token::Quote;
        }
        for (mark, token) in [(&params.end, Token::End), (&params.start, Token::Start)] {
            match compare(bytes, mark) {
                Match::Whole if !mark.is_empty() => return token,
                Match::Begun => return Token::Open,
                Match::Whole | Match::No => {}
            }
        }
        Token::Plain(1)
    }

    /// A frame's content with what its escapes stand for.
    pub(super) fn unescape(&self, content: &[u8]) -> Vec<u8> {
        let mut plain = Vec::with_capacity(content.len());
        let mut scan = Scan::default();
        loop {
            let from = scan.seen;
            let more = self.forward(&mut scan, content);
            plain.extend_from_slice(content.get(from..scan.seen).unwrap_or_default());
            if !more {
                return plain;
            }
            let rest = content.get(scan.seen..).unwrap_or_default();
            let length = match self.token(rest, scan.quoted, true) {
                Token::Escape(length) => {
                    self.replace(rest, &mut plain);
                    scan.seen += length;
                    continue;
                }
                Token::Quote => {
                    scan.quoted = !scan.quoted;
                    1
                }
                Token::Plain(length) => length,
                Token::Start => self.params.start.len(),
                Token::End => self.params.end.len(),
                Token::Open => rest.len(),
            };
            plain.extend_from_slice(rest.get(..length).unwrap_or_default());
            scan.seen += length;
        }
    }

    /// Appends what the escape at the front of `bytes` stands for.
    fn replace(&self, bytes: &[u8], plain: &mut Vec<u8>) {
        let listed = self.params.escapes.iter();
        match listed.clone().find(|(from, _)| bytes.starts_with(from)) {
            Some((_, to)) => plain.extend_from_slice(to),
            None => {
                let xor = self.params.escape_xor.unwrap_or_default();
                plain.extend(bytes.get(1).map(|byte| byte ^ xor));
            }
        }
    }

    /// The first place where a start mark is, or may be with bytes to come.
    pub(super) fn find_start(&self, bytes: &[u8]) -> Option<usize> {
        let mut from = 0;
        loop {
            let rest = bytes.get(from..)?;
            from += self.start.find(rest)?;
            if Match::of(bytes.get(from..)?, &self.params.start) != Match::No {
                return Some(from);
            }
            from += 1;
        }
    }
}
