//! Keeps one device's expensive frames from slowing the others down.
//!
//! Calls take microseconds. One that takes milliseconds is stopped on its
//! regular thread and run again, with all of its time, on a *slow* thread: there
//! are as many of them, and they have the lowest priority, so that they use
//! what is left over. From then on the connection's frames go there directly,
//! until a number of them in a row were quick. Time in calls that were ended by
//! the deadline is time wasted; for it the connection rests several times as
//! long. No converter is shut out for one device's data, and the frames of other
//! connections stay on the regular threads.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::lane::{Lane, Report};

/// Quick calls in a row that bring a connection back to the regular threads.
const PROBATION: u32 = 32;
/// How many times as long as the time that it wasted a connection rests: a
/// device whose every frame is a runaway costs a fifth of one processor.
const REST_FACTOR: u32 = 4;
/// Longest rest at once.
const MAX_REST: Duration = Duration::from_secs(10);
/// How long an address is remembered, for devices that connect anew for every
/// frame.
const MEMORY: Duration = Duration::from_secs(60);
/// Most addresses that are remembered; the oldest goes first.
const MAX_ADDRESSES: usize = 1024;

/// The addresses of devices whose frames took too long a moment ago.
#[derive(Debug, Default)]
pub struct Overruns {
    last: Mutex<HashMap<IpAddr, Instant>>,
}

impl Overruns {
    fn note(&self, address: IpAddr) {
        let mut last = self.lock();
        if last.len() >= MAX_ADDRESSES && !last.contains_key(&address) {
            let oldest = last.iter().min_by_key(|(_, at)| **at);
            if let Some(oldest) = oldest.map(|(address, _)| *address) {
                last.remove(&oldest);
            }
        }
        last.insert(address, Instant::now());
    }

    fn remembers(&self, address: IpAddr) -> bool {
        let mut last = self.lock();
        let Some(at) = last.get(&address) else {
            return false;
        };
        let fresh = at.elapsed() < MEMORY;
        if !fresh {
            last.remove(&address);
        }
        fresh
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Instant>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How one connection's frames are run.
#[derive(Debug)]
pub struct Pace {
    lane: Lane,
    quick: u32,
    overruns: Arc<Overruns>,
    address: IpAddr,
}

impl Pace {
    /// The pace of a new connection from `address`.
    #[must_use]
    pub fn new(overruns: Arc<Overruns>, address: IpAddr) -> Self {
        let lane = match overruns.remembers(address) {
            true => Lane::Slow,
            false => Lane::Regular,
        };
        Self {
            lane,
            quick: 0,
            overruns,
            address,
        }
    }

    /// The pace of work that nobody waits for: on the slow threads.
    #[must_use]
    pub fn background() -> Self {
        Self {
            lane: Lane::Slow,
            quick: 0,
            overruns: Arc::default(),
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        }
    }

    /// Where its next frames run.
    pub(super) fn lane(&self) -> Lane {
        self.lane
    }

    /// Takes note of how a job went. The connection rests for the returned time
    /// before its next one.
    pub(super) fn note(&mut self, report: &Report) -> Duration {
        if report.unfinished || report.wasted > Duration::ZERO {
            self.overruns.note(self.address);
            self.lane = Lane::Slow;
            self.quick = 0;
        } else if report.slow {
            self.quick = 0;
        } else {
            self.quick = self.quick.saturating_add(report.calls);
            if self.quick >= PROBATION {
                self.lane = Lane::Regular;
            }
        }
        (report.wasted * REST_FACTOR).min(MAX_REST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn quick(calls: u32) -> Report {
        Report {
            calls,
            ..Report::default()
        }
    }

    #[test]
    fn a_connection_is_slow_until_it_was_quick_often_enough() {
        let mut pace = Pace::new(Arc::default(), HERE);
        assert_eq!(pace.lane(), Lane::Regular);
        let unfinished = Report {
            unfinished: true,
            ..Report::default()
        };
        assert_eq!(pace.note(&unfinished), Duration::ZERO);
        assert_eq!(pace.lane(), Lane::Slow);
        pace.note(&quick(PROBATION - 1));
        pace.note(&Report {
            slow: true,
            ..quick(1)
        });
        pace.note(&quick(PROBATION - 1));
        assert_eq!(pace.lane(), Lane::Slow);
        pace.note(&quick(1));
        assert_eq!(pace.lane(), Lane::Regular);
    }

    #[test]
    fn wasted_time_is_rested_for() {
        let mut pace = Pace::new(Arc::default(), HERE);
        let ms = Duration::from_millis;
        for (wasted, rest) in [(100, 400), (0, 0), (60_000, 10_000)] {
            let report = Report {
                wasted: ms(wasted),
                ..quick(1)
            };
            assert_eq!(pace.note(&report), ms(rest));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_is_remembered_for_a_while() {
        let overruns = Arc::new(Overruns::default());
        let other = IpAddr::from([10, 0, 0, 1]);
        let report = Report {
            unfinished: true,
            ..Report::default()
        };
        Pace::new(overruns.clone(), HERE).note(&report);
        assert_eq!(Pace::new(overruns.clone(), HERE).lane(), Lane::Slow);
        assert_eq!(Pace::new(overruns.clone(), other).lane(), Lane::Regular);
        tokio::time::advance(MEMORY).await;
        assert_eq!(Pace::new(overruns.clone(), HERE).lane(), Lane::Regular);
    }

    #[tokio::test(start_paused = true)]
    async fn the_memory_is_bounded() {
        let overruns = Overruns::default();
        let address = |n: usize| IpAddr::from(u32::try_from(n).unwrap().to_be_bytes());
        for n in 0..=MAX_ADDRESSES {
            overruns.note(address(n));
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert_eq!(overruns.lock().len(), MAX_ADDRESSES);
        assert!(!overruns.remembers(address(0)));
        assert!(overruns.remembers(address(1)) && overruns.remembers(address(MAX_ADDRESSES)));
    }
}
