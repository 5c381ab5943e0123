//! Telemetry times in another unit than ThingsBoard's milliseconds.
//!
//! A time is judged by the years that it can mean. Of 2001-09-09 to 2100 the
//! readings in seconds, milliseconds, microseconds and nanoseconds do not
//! overlap, and nobody measured anything in the five weeks of 1970 or the far
//! future that the wrong reading leads to.

use std::{
    fmt,
    ops::RangeInclusive,
    time::{Duration, SystemTime},
};

use crate::message::{EntityKind, UplinkRef};

/// 2001-09-09T01:46:40Z to 2100-01-01T00:00:00Z in Unix seconds.
const SECONDS: RangeInclusive<i64> = 1_000_000_000..=4_102_444_800;
/// The same in microseconds.
const MICROSECONDS: RangeInclusive<i64> = times(1_000_000);
/// The same in nanoseconds.
const NANOSECONDS: RangeInclusive<i64> = times(1_000_000_000);
/// The mean of the Gregorian calendar.
const MILLISECONDS_PER_YEAR: i64 = 31_556_952_000;

const fn times(factor: i64) -> RangeInclusive<i64> {
    *SECONDS.start() * factor..=*SECONDS.end() * factor
}

/// What a time was counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum TimeUnit {
    Seconds,
    Microseconds,
    Nanoseconds,
}

impl TimeUnit {
    /// None for what may be milliseconds.
    fn of(ts: i64) -> Option<Self> {
        // Two comparisons for the times that are right.
        if ts <= *SECONDS.end() {
            (ts >= *SECONDS.start()).then_some(Self::Seconds)
        } else if ts < *MICROSECONDS.start() {
            None
        } else if MICROSECONDS.contains(&ts) {
            Some(Self::Microseconds)
        } else {
            NANOSECONDS.contains(&ts).then_some(Self::Nanoseconds)
        }
    }
}

/// A sample whose time is counted in another unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) struct WrongTimeUnit<'records> {
    /// Whose sample it is.
    pub(in crate::server) kind: EntityKind,
    /// The entity's name.
    pub(in crate::server) name: &'records str,
    /// The time as the converter gave it.
    pub(in crate::server) ts: i64,
    /// What it must have been counted in.
    pub(in crate::server) unit: TimeUnit,
}

/// The first sample whose time is counted in another unit than milliseconds.
pub(in crate::server) fn wrong_time_unit<'records>(
    records: impl Iterator<Item = UplinkRef<'records>>,
) -> Option<WrongTimeUnit<'records>> {
    let mut timed = records.filter(|record| record.has_times());
    timed.find_map(|record| {
        let mut times = record.samples().filter_map(|sample| sample.ts);
        times.find_map(|ts| {
            Some(WrongTimeUnit {
                kind: record.kind(),
                name: record.name(),
                ts,
                unit: TimeUnit::of(ts)?,
            })
        })
    })
}

/// The cause, with the date in both readings, and the fix.
impl fmt::Display for WrongTimeUnit<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, ts, .. } = self;
        let kind = super::nothing_saved::kind(self.kind);
        let (unit, meant, fix) = match self.unit {
            TimeUnit::Seconds => (
                "seconds",
                Duration::from_secs(ts.unsigned_abs()),
                "multiply by 1000",
            ),
            TimeUnit::Microseconds => (
                "microseconds",
                Duration::from_micros(ts.unsigned_abs()),
                "divide by 1000",
            ),
            TimeUnit::Nanoseconds => (
                "nanoseconds",
                Duration::from_nanos(ts.unsigned_abs()),
                "divide by 1 000 000",
            ),
        };
        write!(
            formatter,
            "the time {ts} of {kind} {name:?} is {} in ",
            date(meant)
        )?;
        write!(formatter, "{unit}, but ")?;
        match self.unit {
            TimeUnit::Seconds => {
                let read = Duration::from_millis(ts.unsigned_abs());
                write!(formatter, "{}", date(read))?;
            }
            TimeUnit::Microseconds | TimeUnit::Nanoseconds => {
                write!(formatter, "the year {}", 1970 + ts / MILLISECONDS_PER_YEAR)?;
            }
        }
        write!(
            formatter,
            " in milliseconds, which ThingsBoard reads: {fix} in the converter before it returns ts"
        )
    }
}

/// The date and time of day, UTC, so long after the start of 1970.
fn date(since: Duration) -> humantime::Rfc3339Timestamp {
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Batch, Sample, Uplink, testing::device};

    fn uplink(name: &str, times: &[Option<i64>]) -> Uplink {
        let telemetry = times.iter().map(|ts| Sample {
            ts: *ts,
            values: Vec::new(),
        });
        let mut uplink = device(name);
        uplink.entity.telemetry = telemetry.collect();
        uplink
    }

    #[test]
    fn the_unit_is_told_by_the_years_that_it_gives() {
        let cases = [
            (i64::MIN, None),
            (-1_700_000_000, None),
            (0, None),
            // 2000-01-01 in seconds: not told from a device that counts from its start.
            (946_684_800, None),
            (999_999_999, None),
            (1_000_000_000, Some(TimeUnit::Seconds)),
            (1_700_000_000, Some(TimeUnit::Seconds)),
            (4_102_444_800, Some(TimeUnit::Seconds)),
            (4_102_444_801, None),
            // 2000-01-01, 2023-11-14 and 2100-01-01 in milliseconds.
            (946_684_800_000, None),
            (1_700_000_000_000, None),
            (4_102_444_800_000, None),
            (999_999_999_999_999, None),
            (1_000_000_000_000_000, Some(TimeUnit::Microseconds)),
            (4_102_444_800_000_000, Some(TimeUnit::Microseconds)),
            (4_102_444_800_000_001, None),
            (1_700_000_000_000_000_000, Some(TimeUnit::Nanoseconds)),
            (4_102_444_800_000_000_000, Some(TimeUnit::Nanoseconds)),
            (i64::MAX, None),
        ];
        for (ts, expected) in cases {
            assert_eq!(TimeUnit::of(ts), expected, "{ts}");
        }
    }

    #[test]
    fn the_first_wrong_sample_is_told_with_both_readings() {
        let cases = [
            (
                1_700_000_000,
                "the time 1700000000 of device \"B\" is 2023-11-14T22:13:20Z in seconds, but \
                 1970-01-20T16:13:20Z in milliseconds, which ThingsBoard reads: multiply by 1000 in \
                 the converter before it returns ts",
            ),
            (
                1_700_000_000_000_000,
                "the time 1700000000000000 of device \"B\" is 2023-11-14T22:13:20Z in microseconds, \
                 but the year 55840 in milliseconds, which ThingsBoard reads: divide by 1000 in the \
                 converter before it returns ts",
            ),
            (
                1_700_000_000_000_000_000,
                "the time 1700000000000000000 of device \"B\" is 2023-11-14T22:13:20Z in \
                 nanoseconds, but the year 53872825 in milliseconds, which ThingsBoard reads: divide \
                 by 1 000 000 in the converter before it returns ts",
            ),
        ];
        for (ts, expected) in cases {
            let batch = Batch::of(&[
                uplink("A", &[None, Some(1_700_000_000_000)]),
                uplink("B", &[None, Some(ts), Some(1_700_000_001)]),
            ]);
            let wrong = wrong_time_unit(batch.iter()).unwrap();
            assert_eq!((wrong.name, wrong.ts), ("B", ts));
            assert_eq!(wrong.to_string(), expected);
            assert_eq!(wrong_time_unit(batch.records(0..1)), None);
        }
    }
}
