//! What a guest has returned, out of its memory and not yet looked at.

use std::{cell::Cell, mem};

use super::bindings::types::EntityKind;
use crate::message::batch::ValueRef;

/// Bytes of texts, and items, that a spare one keeps room for.
const MOST_TEXT: usize = 64 * 1024;
const MOST_ITEMS: usize = 1024;

thread_local! {
    /// The memory of the last one, which the next one is in need of: two pieces of memory a frame.
    static SPARE: Cell<(String, Vec<Item>)> = Cell::default();
}

/// `list<entity>`, as it was returned; nobody has looked at what it says.
#[derive(Debug)]
pub(super) struct Lifted {
    /// All texts, one behind the other.
    pub(super) texts: String,
    /// What there is, in order.
    pub(super) items: Vec<Item>,
    /// How many entities there are.
    pub(super) entities: usize,
    /// How many pairs there are.
    pub(super) pairs: usize,
}

/// A text of a [`Lifted`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Text {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// One thing that was returned.
#[derive(Debug)]
pub(super) enum Item {
    /// An entity, whose samples and attributes follow.
    Entity {
        kind: EntityKind,
        name: Text,
        profile: Text,
        label: Option<Text>,
        customer: Option<Text>,
        group: Option<Text>,
        samples: usize,
    },
    /// A sample, whose pairs follow.
    Sample { ts: Option<i64>, pairs: usize },
    /// The attributes of the entity, which follow; behind its samples, if there are none, too.
    Attributes { pairs: usize },
    /// A key and its value.
    Pair { key: Text, value: Value },
}

/// A value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    Boolean(bool),
    Long(i64),
    Double(f64),
    Text(Text),
    Json(Text),
}

impl Lifted {
    /// An empty one, in the memory of one that this thread has dropped.
    pub(super) fn new() -> Self {
        let (texts, items) = SPARE.take();
        Self {
            texts,
            items,
            entities: 0,
            pairs: 0,
        }
    }

    pub(super) fn text(&self, text: Text) -> &str {
        self.texts.get(text.start..text.end).unwrap_or_default()
    }

    pub(super) fn value(&self, value: Value) -> ValueRef<'_> {
        match value {
            Value::Boolean(flag) => ValueRef::Boolean(flag),
            Value::Long(number) => ValueRef::Long(number),
            Value::Double(number) => ValueRef::Double(number),
            Value::Text(text) => ValueRef::Text(self.text(text)),
            Value::Json(text) => ValueRef::Json(self.text(text)),
        }
    }
}

impl Drop for Lifted {
    fn drop(&mut self) {
        if self.texts.capacity() <= MOST_TEXT && self.items.capacity() <= MOST_ITEMS {
            self.texts.clear();
            self.items.clear();
            SPARE.set((mem::take(&mut self.texts), mem::take(&mut self.items)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: usize, items: usize) -> Lifted {
        let mut lifted = Lifted::new();
        assert_eq!((lifted.texts.len(), lifted.items.len()), (0, 0));
        lifted.texts.push_str(&"x".repeat(texts));
        let samples = (0..items).map(|_| Item::Sample { ts: None, pairs: 0 });
        lifted.items.extend(samples);
        lifted
    }

    #[test]
    fn the_next_one_has_the_memory_of_the_last_and_nothing_else() {
        drop(of(100, 10));
        let next = Lifted::new();
        assert!(next.texts.capacity() >= 100 && next.items.capacity() >= 10);
        assert_eq!((next.texts.len(), next.items.len()), (0, 0));
        // Two at a time: one of them is kept.
        let other = of(200, 20);
        drop(next);
        drop(other);
        assert!(Lifted::new().items.capacity() >= 20);
    }

    #[test]
    fn what_is_large_is_not_kept() {
        drop(of(MOST_TEXT + 1, 1));
        drop(of(1, MOST_ITEMS + 1));
        let next = Lifted::new();
        assert!(next.texts.capacity() <= MOST_TEXT && next.items.capacity() <= MOST_ITEMS);
    }
}
