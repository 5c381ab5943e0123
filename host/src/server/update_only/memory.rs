//! Remembers a number of values; the least recently used go first.

use std::collections::HashMap;

/// The place that stands for both ends of the list.
const ENDS: usize = 0;

/// Values by what they are values of, both as hashes. Places are linked in a ring in the
/// order of their last use.
#[derive(Debug)]
pub(super) struct Memory {
    limit: usize,
    /// Where the value of each pair is.
    index: HashMap<u64, usize>,
    places: Vec<Place>,
    /// Places without a value.
    free: Vec<usize>,
}

#[derive(Debug)]
struct Place {
    pair: u64,
    value: u64,
    older: usize,
    newer: usize,
}

impl Memory {
    /// An empty memory for `limit` values.
    pub(super) fn new(limit: usize) -> Self {
        let ends = Place {
            pair: 0,
            value: 0,
            older: ENDS,
            newer: ENDS,
        };
        Self {
            limit,
            index: HashMap::new(),
            places: vec![ends],
            free: Vec::new(),
        }
    }

    /// The value of `pair`, which counts as a use.
    pub(super) fn value(&mut self, pair: u64) -> Option<u64> {
        let place = *self.index.get(&pair)?;
        self.unlink(place);
        self.link_as_newest(place);
        Some(self.places[place].value)
    }

    /// Remembers `value`, in place of another of the same pair or, if there are
    /// too many, of the one that was not used for longest.
    pub(super) fn remember(&mut self, pair: u64, value: u64) {
        self.forget(pair);
        if self.index.len() >= self.limit {
            let oldest = self.places[ENDS].newer;
            self.forget(self.places[oldest].pair);
        }
        let new = Place {
            pair,
            value,
            older: ENDS,
            newer: ENDS,
        };
        let place = match self.free.pop() {
            Some(place) => {
                self.places[place] = new;
                place
            }
            None => {
                self.places.push(new);
                self.places.len() - 1
            }
        };
        self.index.insert(pair, place);
        self.link_as_newest(place);
    }

    /// Forgets the value of `pair` and says what it was.
    pub(super) fn forget(&mut self, pair: u64) -> Option<u64> {
        let place = self.index.remove(&pair)?;
        self.unlink(place);
        self.free.push(place);
        Some(self.places[place].value)
    }

    fn unlink(&mut self, place: usize) {
        let Place { older, newer, .. } = self.places[place];
        self.places[older].newer = newer;
        self.places[newer].older = older;
    }

    fn link_as_newest(&mut self, place: usize) {
        let last = self.places[ENDS].older;
        self.places[place].older = last;
        self.places[place].newer = ENDS;
        self.places[last].newer = place;
        self.places[ENDS].older = place;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let mut memory = Memory::new(2);
        memory.remember(1, 10);
        memory.remember(2, 20);
        assert_eq!(memory.value(1), Some(10));
        memory.remember(3, 30);
        assert_eq!(memory.value(2), None);
        assert_eq!((memory.value(1), memory.value(3)), (Some(10), Some(30)));
        memory.remember(1, 11);
        memory.remember(4, 40);
        assert_eq!((memory.value(3), memory.value(1)), (None, Some(11)));
        assert_eq!(memory.forget(1), Some(11));
        memory.remember(5, 50);
        assert_eq!((memory.value(4), memory.value(5)), (Some(40), Some(50)));
    }

    proptest! {
        #[test]
        fn it_is_a_list_in_order_of_use(
            limit in 1..5usize,
            steps in prop::collection::vec((0..3u8, 0..7u64, 0..3u64), 0..100),
        ) {
            let mut memory = Memory::new(limit);
            // The most recently used is the last.
            let mut model: Vec<(u64, u64)> = Vec::new();
            for (step, pair, value) in steps {
                let at = model.iter().position(|entry| entry.0 == pair);
                let known = at.map(|at| model.remove(at));
                match step {
                    0 => {
                        prop_assert_eq!(memory.value(pair), known.map(|entry| entry.1));
                        model.extend(known);
                    }
                    1 => {
                        memory.remember(pair, value);
                        model.push((pair, value));
                        if model.len() > limit {
                            model.remove(0);
                        }
                    }
                    _ => prop_assert_eq!(memory.forget(pair), known.map(|entry| entry.1)),
                }
                prop_assert_eq!(memory.index.len(), model.len());
                prop_assert!(memory.places.len() <= limit + 1);
            }
        }
    }
}
