//! Figures out of log and arrivals.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use serde_json::Value as Json;

/// Median, 99th percentile and longest of some durations.
pub(crate) struct Quantiles {
    sorted: Vec<Duration>,
}

impl Quantiles {
    pub(crate) fn of(durations: &[Duration]) -> Self {
        let mut sorted = durations.to_vec();
        sorted.sort_unstable();
        Self { sorted }
    }

    fn at(&self, share: f64) -> Duration {
        let index = (share * self.sorted.len().saturating_sub(1) as f64).round() as usize;
        self.sorted.get(index).copied().unwrap_or_default()
    }
}

impl fmt::Display for Quantiles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |share| self.at(share).as_secs_f64() * 1000.0;
        write!(
            formatter,
            "p50 {:.0} ms, p99 {:.0} ms, longest {:.0} ms",
            ms(0.5),
            ms(0.99),
            ms(1.0)
        )
    }
}

/// When a version of which converter began to serve.
pub(crate) fn loaded(log: &[Json]) -> Vec<(String, SystemTime)> {
    log.iter()
        .filter(|line| line["message"] == "converter loaded")
        .map(|line| {
            let time = line["timestamp"].as_str().unwrap();
            (
                line["converter"].as_str().unwrap().to_owned(),
                humantime::parse_rfc3339(time).unwrap(),
            )
        })
        .collect()
}

/// Dead letters that were decoded when a good version came.
pub(crate) fn decoded_later(log: &[Json]) -> u64 {
    log.iter()
        .filter(|line| line["message"] == "dead letters decoded again")
        .filter_map(|line| line["decoded"].as_u64())
        .sum()
}

/// The longest gap between arrivals in each second: of the seconds that begin
/// with a swap, and of the others.
pub(crate) fn gaps(
    arrivals: &[SystemTime],
    swaps: &[SystemTime],
    around: &mut Vec<Duration>,
    elsewhere: &mut Vec<Duration>,
) {
    const SECOND: Duration = Duration::from_secs(1);
    let longest = |from: SystemTime| {
        let pairs = arrivals.windows(2);
        let gaps = pairs
            .filter(|pair| pair[1] >= from && pair[0] < from + SECOND)
            .filter_map(|pair| pair[1].duration_since(pair[0]).ok());
        gaps.max()
    };
    around.extend(swaps.iter().filter_map(|swap| longest(*swap)));
    let (Some(first), Some(last)) = (arrivals.first(), arrivals.last()) else {
        return;
    };
    let mut from = *first;
    while from + SECOND < *last {
        let near = |swap: &SystemTime| *swap < from + SECOND && from < *swap + 2 * SECOND;
        if !swaps.iter().any(near) {
            elsewhere.extend(longest(from));
        }
        from += SECOND;
    }
}
