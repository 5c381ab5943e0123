//! The keys of a batch, numbered in the order in which they came.

use super::Span;

/// Keys that get a number; the others are written out each time. A key is
/// looked for among all of them, so more would cost time where keys do not
/// repeat.
pub(super) const MAX_KEYS: usize = 64;

/// Numbers keys, for the builder.
#[derive(Debug, Default)]
pub(super) struct KeyNumbers {
    pub(super) keys: Vec<Span>,
    /// The one that comes next, if this record is like the last one.
    expected: usize,
}

impl KeyNumbers {
    /// The key's number, if it stands in `bytes` already.
    pub(super) fn number(&mut self, key: &[u8], bytes: &[u8]) -> Option<usize> {
        let is_key = |span: &Span| span.of(bytes) == key;
        let found = match self.keys.get(self.expected) {
            Some(span) if is_key(span) => Some(self.expected),
            // From the beginning: the first key of the next record is there.
            _ => self.keys.iter().position(is_key),
        };
        if let Some(index) = found {
            self.expected = index + 1;
        }
        found
    }

    /// Gives a new key the next number, if there is one left.
    pub(super) fn add(&mut self, key: Span) {
        if self.keys.len() < MAX_KEYS {
            self.keys.push(key);
            self.expected = self.keys.len();
        }
    }
}
