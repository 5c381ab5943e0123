//! What is done with, in whatever order it was said.

use std::collections::BTreeMap;

/// The positions that were acknowledged, dropped or lost: everything below a
/// limit, and ranges beyond it. Ranges join, so there are as many as there are
/// gaps, which the sender's window bounds.
#[derive(Debug)]
pub(super) struct Acknowledged {
    below: u64,
    /// First position → position behind the last. None touches another.
    beyond: BTreeMap<u64, u64>,
    /// Positions in `beyond`.
    count_beyond: u64,
}

impl Acknowledged {
    pub(super) fn new(below: u64) -> Self {
        Self {
            below,
            beyond: BTreeMap::new(),
            count_beyond: 0,
        }
    }

    /// The oldest position that is not done with.
    pub(super) fn below(&self) -> u64 {
        self.below
    }

    /// How many positions beyond [`Self::below`] are done with.
    pub(super) fn count_beyond(&self) -> u64 {
        self.count_beyond
    }

    pub(super) fn contains(&self, position: u64) -> bool {
        position < self.below
            || self
                .beyond
                .range(..=position)
                .next_back()
                .is_some_and(|(_, end)| position < *end)
    }

    /// Whether all positions from `first` on, `end` left out, are done with.
    pub(super) fn contains_all(&self, first: u64, end: u64) -> bool {
        let first = first.max(self.below);
        first >= end
            || self
                .beyond
                .range(..=first)
                .next_back()
                .is_some_and(|(_, range_end)| end <= *range_end)
    }

    /// Adds the positions from `first` on, `end` left out, and says how many of
    /// them are new.
    pub(super) fn add(&mut self, first: u64, end: u64) -> u64 {
        let mut first = first.max(self.below);
        if first >= end {
            return 0;
        }
        if first == self.below && self.beyond.is_empty() {
            self.below = end;
            return end - first;
        }
        let mut end = end;
        let mut new = end - first;
        // Everything that overlaps or touches becomes one range.
        while let Some((&other_first, &other_end)) = self.beyond.range(..=end).next_back()
            && other_end >= first
        {
            self.beyond.remove(&other_first);
            self.count_beyond -= other_end - other_first;
            let overlap = other_end.min(end).saturating_sub(other_first.max(first));
            // What an earlier step took in is no part of what was asked for.
            new -= overlap.min(new);
            first = first.min(other_first);
            end = end.max(other_end);
        }
        if first == self.below {
            self.below = end;
        } else {
            self.beyond.insert(first, end);
            self.count_beyond += end - first;
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    #[test]
    fn the_limit_rises_when_the_gap_closes() {
        let mut done = Acknowledged::new(1);
        assert_eq!(done.add(3, 5), 2);
        assert_eq!((done.below(), done.count_beyond()), (1, 2));
        assert_eq!(done.add(2, 3), 1);
        assert_eq!(done.add(1, 2), 1);
        assert_eq!((done.below(), done.count_beyond()), (5, 0));
        assert_eq!(done.add(1, 5), 0);
        assert_eq!(done.add(4, 7), 2);
        assert_eq!(done.below(), 7);
    }

    proptest! {
        #[test]
        fn it_is_a_set(ranges in vec((0_u64..60, 0_u64..12), 0..40)) {
            let mut done = Acknowledged::new(1);
            let mut model: BTreeSet<u64> = BTreeSet::from([0]);
            for (first, length) in ranges {
                let end = first + length;
                let new = (first..end).filter(|position| model.insert(*position)).count();
                prop_assert_eq!(done.add(first, end), new as u64);
                let below = (0..).find(|position| !model.contains(position)).unwrap();
                prop_assert_eq!(done.below(), below);
                let beyond = model.iter().filter(|position| **position > below).count();
                prop_assert_eq!(done.count_beyond(), beyond as u64);
                for position in 0..80 {
                    prop_assert_eq!(done.contains(position), model.contains(&position));
                    let all = (position..position + 3).all(|one| model.contains(&one));
                    prop_assert_eq!(done.contains_all(position, position + 3), all);
                }
            }
        }
    }
}
