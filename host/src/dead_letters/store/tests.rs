//! What is in the store: order, pages, limits, numbers and totals.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use tempfile::TempDir;

use super::*;
use crate::{
    dead_letters::{
        letter::{FailedAgain, NewLetter},
        record::{Details, Record},
        testing::{ROOMY, new_letter, number, numbered},
    },
    redb_file::{open_database, testing::logged},
};

fn open(folder: &TempDir, limits: Limits) -> Store {
    Store::open(folder.path(), limits, Box::new(open_database)).unwrap()
}

fn store(limits: Limits) -> (Store, TempDir) {
    let folder = TempDir::new().unwrap();
    (open(&folder, limits), folder)
}

fn keep(letters: impl IntoIterator<Item = NewLetter>) -> Change {
    Change::Keep(letters.into_iter().map(Record::new).collect())
}

/// Applies one change and says how many letters it concerned.
fn change(store: &Store, change: Change) -> usize {
    store.apply(&[change]).unwrap()[0]
}

fn all(store: &Store) -> Vec<Letter> {
    store.page(&Filter::default(), None, usize::MAX).unwrap()
}

fn ids_in(letters: &[Letter]) -> Vec<u64> {
    letters.iter().map(|letter| letter.id).collect()
}

/// Number and frame of each letter.
fn frames(store: &Store) -> Vec<(u64, u64)> {
    let all = all(store);
    all.iter()
        .map(|letter| (letter.id, number(&letter.frame)))
        .collect()
}

fn again(id: u64, version: &str, error: &str) -> FailedAgain {
    FailedAgain {
        id,
        converter: "other".to_owned(),
        version: version.to_owned(),
        error: error.to_owned(),
    }
}

fn size_of_numbered() -> u64 {
    Record::new(numbered(1)).size()
}

#[test]
fn letters_come_back_whole_and_in_order() {
    let (store, _folder) = store(ROOMY);
    assert_eq!(change(&store, keep([numbered(30), numbered(10)])), 2);
    assert_eq!(change(&store, keep([numbered(20)])), 1);
    assert_eq!(frames(&store), [(1, 30), (2, 10), (3, 20)]);
    let kept = numbered(10);
    let expected = Letter {
        id: 2,
        received_ms: kept.received_ms,
        integration: kept.integration,
        origin: kept.origin,
        error: kept.error,
        tries: 1,
        frame: kept.frame,
    };
    assert_eq!(store.get(2).unwrap(), Some(expected));
    assert_eq!(store.get(4).unwrap(), None);
}

#[test]
fn a_page_starts_behind_a_number_and_ends_at_its_limit() {
    let (store, _folder) = store(ROOMY);
    change(&store, keep((0..6).map(numbered)));
    change(&store, Change::Remove(vec![3]));
    for (after, limit, expected) in [
        (None, 9, &[1, 2, 4, 5, 6][..]),
        (None, 2, &[1, 2]),
        (None, 0, &[]),
        (Some(0), 1, &[1]),
        (Some(2), 2, &[4, 5]),
        (Some(3), 2, &[4, 5]),
        (Some(6), 2, &[]),
        (Some(u64::MAX), 2, &[]),
    ] {
        let page = store.page(&Filter::default(), after, limit).unwrap();
        assert_eq!(ids_in(&page), expected, "after {after:?}, {limit} at most");
    }
}

#[test]
fn a_filtered_page_is_filled_from_further_on() {
    let (store, _folder) = store(ROOMY);
    let converters = ["a", "b", "a", "b", "a"];
    change(
        &store,
        keep(converters.map(|name| new_letter("meters", name, "v1"))),
    );
    change(&store, Change::FailAgain(vec![again(3, "v2", "still")]));
    let only = |converter: Option<&str>, not_version: Option<&str>| Filter {
        converter: converter.map(str::to_owned),
        not_version: not_version.map(str::to_owned),
        ..Filter::default()
    };
    for (filter, after, limit, expected) in [
        (only(Some("a"), None), None, 2, &[1, 5][..]),
        (only(Some("b"), None), Some(2), 2, &[4]),
        (only(None, Some("v1")), None, 9, &[3]),
        (only(None, Some("v2")), None, 3, &[1, 2, 4]),
        (only(Some("other"), Some("v2")), None, 9, &[]),
    ] {
        let page = store.page(&filter, after, limit).unwrap();
        assert_eq!(ids_in(&page), expected, "{filter:?}");
    }
}

#[test]
fn beyond_a_limit_the_oldest_go() {
    let one = size_of_numbered();
    for (max_bytes, max_letters, left) in [
        (u64::MAX, 3, &[8, 9, 10][..]),
        (3 * one, u64::MAX, &[8, 9, 10]),
        (3 * one + one - 1, u64::MAX, &[8, 9, 10]),
        (3 * one, 2, &[9, 10]),
        (one, u64::MAX, &[10]),
        (u64::MAX, 1, &[10]),
    ] {
        let limits = Limits {
            max_bytes,
            max_letters,
        };
        let (store, _folder) = store(limits);
        change(&store, keep((0..4).map(numbered)));
        store
            .apply(&[keep((4..6).map(numbered)), keep((6..10).map(numbered))])
            .unwrap();
        assert_eq!(ids_in(&all(&store)), left, "{limits:?}");
        let expected = Summary {
            letters: left.len() as u64,
            bytes: left.len() as u64 * one,
            oldest_ms: Some(1_700_000_000_000),
            dropped: 10 - left.len() as u64,
        };
        assert_eq!(store.summary().unwrap(), expected);
    }
}

#[test]
fn one_large_letter_drops_as_many_as_it_needs() {
    let one = size_of_numbered();
    let limits = Limits {
        max_bytes: 5 * one,
        max_letters: 100,
    };
    let (store, _folder) = store(limits);
    change(&store, keep((0..5).map(numbered)));
    let mut large = numbered(5);
    large.frame = vec![0; usize::try_from(2 * one).unwrap()].into();
    change(&store, keep([large]));
    // It takes nearly three rooms.
    assert_eq!(ids_in(&all(&store)), [4, 5, 6]);
}

#[test]
fn smaller_limits_hold_from_the_next_letter_on() {
    let (first, folder) = store(ROOMY);
    change(&first, keep((0..9).map(numbered)));
    drop(first);
    let smaller = open(
        &folder,
        Limits {
            max_letters: 2,
            ..ROOMY
        },
    );
    assert_eq!(all(&smaller).len(), 9);
    change(&smaller, keep([numbered(9)]));
    assert_eq!(ids_in(&all(&smaller)), [9, 10]);
    assert_eq!(smaller.summary().unwrap().dropped, 8);
}

#[test]
fn a_number_never_comes_back() {
    let (mut current, folder) = store(ROOMY);
    let mut next = 1;
    for _ in 0..3 {
        change(&current, keep([numbered(0), numbered(1)]));
        assert_eq!(ids_in(&all(&current)), [next, next + 1]);
        assert_eq!(change(&current, Change::Remove(vec![next, next + 1])), 2);
        next += 2;
        drop(current);
        current = open(&folder, ROOMY);
    }
    let none = Summary {
        letters: 0,
        bytes: 0,
        oldest_ms: None,
        dropped: 0,
    };
    assert_eq!(current.summary().unwrap(), none);
}

#[test]
fn what_was_kept_is_there_after_a_restart() {
    let (first, folder) = store(ROOMY);
    change(&first, keep((0..300).map(numbered)));
    change(&first, Change::FailAgain(vec![again(7, "v2", "still")]));
    let (letters, summary) = (all(&first), first.summary().unwrap());
    drop(first);
    let second = open(&folder, ROOMY);
    assert_eq!(all(&second), letters);
    assert_eq!(second.summary().unwrap(), summary);
}

#[test]
fn another_failed_try_replaces_the_outcome_only() {
    let (store, _folder) = store(ROOMY);
    change(&store, keep((0..3).map(numbered)));
    let before = store.get(2).unwrap().unwrap();
    let long = "a longer error than before".repeat(9);
    for (error, tries) in [(long.as_str(), 2), ("", 3)] {
        let tried = Change::FailAgain(vec![again(2, "v2", error)]);
        assert_eq!(change(&store, tried), 1);
        let expected = Letter {
            origin: new_letter("meters", "other", "v2").origin,
            error: error.to_owned(),
            tries,
            ..before.clone()
        };
        assert_eq!(store.get(2).unwrap(), Some(expected));
    }
    assert_eq!(frames(&store), [(1, 0), (2, 1), (3, 2)]);
}

#[test]
fn letters_that_are_gone_are_left_alone() {
    let (store, _folder) = store(ROOMY);
    change(&store, keep((0..3).map(numbered)));
    for (id, there) in [(0, 0), (2, 1), (2, 0), (4, 0), (u64::MAX, 0)] {
        assert_eq!(change(&store, Change::Remove(vec![id])), there, "{id}");
    }
    assert_eq!(change(&store, Change::Remove(vec![])), 0);
    assert_eq!(change(&store, Change::Remove(vec![3, 3, 9])), 1);
    let tries = [2, 1, 9].map(|id| again(id, "v2", "still"));
    assert_eq!(change(&store, Change::FailAgain(tries.to_vec())), 1);
    assert_eq!(frames(&store), [(1, 0)]);
    assert_eq!(store.summary().unwrap().letters, 1);
}

#[test]
fn changes_of_one_commit_are_made_in_order() {
    let (store, _folder) = store(ROOMY);
    let changes = [
        keep((0..3).map(numbered)),
        Change::Remove(vec![1, 4]),
        keep([numbered(3)]),
        Change::FailAgain(vec![again(4, "v2", "still"), again(1, "v2", "still")]),
    ];
    assert_eq!(store.apply(&changes).unwrap(), [3, 1, 1, 1]);
    assert_eq!(frames(&store), [(2, 1), (3, 2), (4, 3)]);
    assert_eq!(store.get(4).unwrap().unwrap().tries, 2);
}

#[test]
fn a_letter_that_cannot_be_read_does_not_hide_the_others() {
    let (store, _folder) = store(ROOMY);
    let mut records: Vec<_> = (0..3).map(numbered).map(Record::new).collect();
    records[0].details = b"{}".to_vec();
    records[2].details = b"\xff".to_vec();
    change(&store, Change::Keep(records));
    assert_eq!(frames(&store), [(2, 1)]);
    assert_eq!(store.get(1).unwrap(), None);
    assert_eq!(store.summary().unwrap().oldest_ms, None);
    let tried = Change::FailAgain(vec![again(1, "v2", "still")]);
    assert_eq!(change(&store, tried), 0);
    assert_eq!(change(&store, Change::Remove(vec![1, 3])), 2);
    assert_eq!(store.summary().unwrap().bytes, size_of_numbered());
}

/// The totals are kept by adding and subtracting; here they are compared with
/// what a model and a full count say.
#[test]
fn totals_and_contents_hold_after_any_changes() {
    for seed in 0..20 {
        let mut random = StdRng::seed_from_u64(seed);
        let limits = Limits {
            max_bytes: 20_000,
            max_letters: 40,
        };
        let (mut current, folder) = store(limits);
        let mut model = BTreeMap::new();
        let (mut next, mut dropped) = (1, 0);
        for _ in 0..60 {
            let ids: Vec<u64> = (0..random.random_range(0..8))
                .map(|_| random.random_range(0..next + 2))
                .collect();
            match random.random_range(0..7) {
                0..4 => {
                    let letters: Vec<_> = (0..random.random_range(1..9))
                        .map(|_| random_letter(&mut random))
                        .collect();
                    for letter in &letters {
                        model.insert(next, Record::new(letter.clone()).size());
                        next += 1;
                    }
                    while model.len() > 40 || model.values().sum::<u64>() > 20_000 {
                        model.pop_first();
                        dropped += 1;
                    }
                    change(&current, keep(letters));
                }
                4 => {
                    let there = ids.iter().filter(|id| model.remove(id).is_some()).count();
                    assert_eq!(change(&current, Change::Remove(ids)), there);
                }
                5 => {
                    let error = "x".repeat(random.random_range(0..200));
                    let tries = ids.iter().map(|id| again(*id, "v2", &error)).collect();
                    change(&current, Change::FailAgain(tries));
                    // Sizes as the letters tell them.
                    for letter in all(&current) {
                        model.insert(letter.id, size_of_letter(&letter));
                    }
                }
                _ => {
                    drop(current);
                    current = open(&folder, limits);
                    dropped = 0;
                }
            }
            let letters = all(&current);
            assert_eq!(ids_of(&model), ids_in(&letters), "seed {seed}");
            let expected = Summary {
                letters: letters.len() as u64,
                bytes: letters.iter().map(size_of_letter).sum(),
                oldest_ms: letters.first().map(|letter| letter.received_ms),
                dropped,
            };
            assert_eq!(current.summary().unwrap(), expected, "seed {seed}");
        }
    }
}

fn ids_of(model: &BTreeMap<u64, u64>) -> Vec<u64> {
    model.keys().copied().collect()
}

fn random_letter(random: &mut StdRng) -> NewLetter {
    NewLetter {
        received_ms: random.random(),
        error: "é".repeat(random.random_range(0..100)),
        frame: vec![7; random.random_range(0..6000)].into(),
        ..new_letter("meters", "meter", "v1")
    }
}

/// Counted from what a letter shows, not from what the store says.
fn size_of_letter(letter: &Letter) -> u64 {
    let mut record = Record::new(NewLetter {
        received_ms: letter.received_ms,
        integration: letter.integration.clone(),
        origin: letter.origin.clone(),
        error: letter.error.clone(),
        frame: letter.frame.clone(),
    });
    let mut details = Details::parse(&record.details).unwrap();
    details.tries = letter.tries;
    record.details = details.json();
    record.size()
}

#[test]
fn what_was_dropped_is_said_once_a_second() {
    let (store, _folder) = store(Limits {
        max_letters: 2,
        ..ROOMY
    });
    let text = logged(|| {
        change(&store, keep((0..2).map(numbered)));
        store
            .apply(&[keep((2..4).map(numbered)), keep((4..7).map(numbered))])
            .unwrap();
        change(&store, keep([numbered(7)]));
    });
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 1, "{text}");
    for part in [
        "WARN",
        "letters=5",
        "since_start=5",
        "deadLetters.maxMib",
        "deadLetters.maxLetters",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(store.summary().unwrap().dropped, 6);
}
