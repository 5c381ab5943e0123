//! Candidates take turns, so that whatever else the machine does meets all of them.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use crate::{Samples, process};

/// Gives each candidate a turn, `turns` times over. `turn` gives the figure of one turn, such as
/// microseconds a call; the samples are in the order of the candidates.
pub fn take_turns<C>(
    candidates: &mut [C],
    turns: usize,
    mut turn: impl FnMut(&mut C) -> f64,
) -> Vec<Samples> {
    let mut figures = vec![Vec::with_capacity(turns); candidates.len()];
    for _ in 0..turns {
        for (candidate, figures) in candidates.iter_mut().zip(&mut figures) {
            figures.push(turn(candidate));
        }
    }
    figures.into_iter().map(Samples::from_iter).collect()
}

/// How long `work` takes by the wall clock. Its result counts as used.
pub fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}

/// How much processor time `work` takes on this thread, which what else the machine does adds nothing to.
/// Reading that clock takes some 0.2 µs. The result of `work` counts as used.
pub fn thread_time<T>(work: impl FnOnce() -> T) -> Duration {
    let start = process::thread_cpu();
    black_box(work());
    process::thread_cpu() - start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_candidate_has_each_turn() {
        let mut order = Vec::new();
        let mut candidates = [("a", 0.0), ("b", 10.0)];
        let samples = take_turns(&mut candidates, 3, |(name, figure)| {
            order.push(*name);
            *figure += 1.0;
            *figure
        });
        assert_eq!(order, ["a", "b", "a", "b", "a", "b"]);
        let expected = [[1.0, 2.0, 3.0], [11.0, 12.0, 13.0]].map(Samples::from_iter);
        assert_eq!(samples, expected);
    }

    #[test]
    fn waiting_takes_no_processor_time() {
        let wait = || std::thread::sleep(Duration::from_millis(20));
        assert!(time(wait) >= Duration::from_millis(20));
        assert!(thread_time(wait) < Duration::from_millis(10));
    }

    #[test]
    fn time_passes() {
        let waited = time(|| {
            let start = Instant::now();
            while start.elapsed() < Duration::from_millis(2) {}
        });
        assert!(waited >= Duration::from_millis(2));
    }
}
