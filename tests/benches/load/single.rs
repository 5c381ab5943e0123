//! One device that sends its next line when the last one has arrived.

use std::time::{Duration, Instant};

use super::{line::VALUES, points::Points, steady::Steady};

/// Sends one line after another for some time; returns how many.
pub(crate) fn one_after_another(points: &mut Points, device: &mut Steady, span: Duration) -> u64 {
    let start = Instant::now();
    let mut lines = 0;
    let mut wanted = points.now();
    while start.elapsed() < span {
        device.send();
        wanted += VALUES;
        assert_eq!(points.at_least(wanted), wanted, "a line did not arrive");
        lines += 1;
    }
    lines
}
