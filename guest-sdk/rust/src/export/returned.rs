//! How many pieces of memory a result lies in once it is lowered.
//!
//! `wit-bindgen` leaves a text and a list of bytes where they are, without what they had in
//! reserve, and lowers any other list into one piece of memory. What is empty takes none.

use crate::{Entity, KeyValue, Value};

/// Pieces of memory of a list of entities.
#[inline]
pub(crate) fn entities(entities: &[Entity]) -> usize {
    list(entities, |entity| {
        let optional = [&entity.label, &entity.customer, &entity.group];
        let optional = optional.into_iter().flatten().map(|it| text(it));
        text(&entity.name)
            + text(&entity.profile)
            + optional.sum::<usize>()
            + list(&entity.telemetry, |sample| list(&sample.values, pair))
            + list(&entity.attributes, pair)
    })
}

/// Pieces of memory of a list of frames.
pub(crate) fn frames(frames: &[Vec<u8>]) -> usize {
    list(frames, |frame| usize::from(!frame.is_empty()))
}

/// Pieces of memory of a text.
pub(crate) fn text(text: &str) -> usize {
    usize::from(!text.is_empty())
}

fn pair(pair: &KeyValue) -> usize {
    text(&pair.key)
        + match &pair.value {
            Value::Text(value) | Value::Json(value) => text(value),
            Value::Boolean(_) | Value::Long(_) | Value::Double(_) => 0,
        }
}

#[inline]
fn list<T>(list: &[T], of_one: impl Fn(&T) -> usize) -> usize {
    usize::from(!list.is_empty()) + list.iter().map(of_one).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_texts_and_lists_take_none() {
        assert_eq!(entities(&[]), 0);
        // The list of entities.
        assert_eq!(entities(&[Entity::device("", "")]), 1);
        assert_eq!(frames(&[]), 0);
        assert_eq!(frames(&[Vec::new(), Vec::new()]), 1);
        assert_eq!(text(""), 0);
    }

    #[test]
    fn each_text_and_each_list_takes_one() {
        // The list; name and profile.
        let bare = Entity::device("SN-1", "meter");
        assert_eq!(entities(std::slice::from_ref(&bare)), 1 + 2);
        let named = bare.clone().label("L").customer("C").group("");
        assert_eq!(entities(std::slice::from_ref(&named)), 1 + 2 + 2);
        // Samples, and of each its values; of each value a key.
        let full = named
            .telemetry("a", 1)
            .telemetry("b", "text")
            .telemetry_at(1, "c", "")
            .attribute("d", Value::Json("{}".to_owned()))
            .attribute("e", true);
        let lists = 1 + 2 + 1;
        let pairs = 1 + 2 + 1 + 2 + 1;
        assert_eq!(entities(std::slice::from_ref(&full)), 1 + 4 + lists + pairs);
        assert_eq!(entities(&[bare, full]), 1 + 2 + 4 + lists + pairs);
        assert_eq!(frames(&[vec![1], Vec::new(), vec![2, 3]]), 1 + 2);
        assert_eq!(text("E"), 1);
    }
}
