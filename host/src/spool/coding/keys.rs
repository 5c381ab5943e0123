//! The keys of a run, numbered in the order in which they came.

/// Keys that get a number; the others are written out each time. A key is
/// looked for among all of them, so more would cost time where keys do not
/// repeat.
pub(super) const MAX_KEYS: usize = 64;

/// Numbers keys, for the encoder.
#[derive(Default)]
pub(super) struct KeyNumbers<'run> {
    keys: Vec<&'run str>,
    /// The one that comes next, if this record is like the last one.
    expected: usize,
}

impl<'run> KeyNumbers<'run> {
    /// The key's number; None for a new one, which gets the next number if there
    /// is one left.
    pub(super) fn number(&mut self, key: &'run str) -> Option<usize> {
        let is_key = |index: &usize| self.keys.get(*index).is_some_and(|known| *known == key);
        let found = Some(self.expected).filter(is_key).or_else(|| {
            // From the beginning: the first key of the next record is there.
            self.keys.iter().position(|known| *known == key)
        });
        match found {
            Some(index) => self.expected = index + 1,
            None if self.keys.len() < MAX_KEYS => {
                self.keys.push(key);
                self.expected = self.keys.len();
            }
            None => {}
        }
        found
    }
}

/// Gives the keys back, for the decoder.
#[derive(Default)]
pub(super) struct NumberedKeys<'bytes> {
    keys: Vec<&'bytes str>,
}

impl<'bytes> NumberedKeys<'bytes> {
    pub(super) fn clear(&mut self) {
        self.keys.clear();
    }

    pub(super) fn add(&mut self, key: &'bytes str) {
        if self.keys.len() < MAX_KEYS {
            self.keys.push(key);
        }
    }

    pub(super) fn get(&self, number: usize) -> Option<&'bytes str> {
        self.keys.get(number).copied()
    }
}
