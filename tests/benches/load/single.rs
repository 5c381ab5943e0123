//! One device that sends its next line when the last one has arrived.

use std::time::{Duration, Instant};

use super::{line::VALUES, stage::Stage, steady::Steady};

/// Sends one line after another for some time; returns how many.
pub(crate) fn one_after_another(stage: &mut Stage, device: &mut Steady, span: Duration) -> u64 {
    let start = Instant::now();
    let mut lines = 0;
    let mut points = stage.points.now();
    while start.elapsed() < span {
        device.send();
        points += VALUES;
        assert_eq!(
            stage.points.at_least(points),
            points,
            "a line did not arrive"
        );
        lines += 1;
    }
    lines
}
