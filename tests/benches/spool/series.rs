//! Calls one after the other, and what they took.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use measure::{Samples, process};
use tb_tcp::{config::Fsync, spool::Spool};

use crate::{Failure, records::batch};

/// What a series of calls took.
pub(crate) struct Series {
    calls: usize,
    wall: Duration,
    cpu: Duration,
    /// Microseconds of each call.
    pub(crate) each: Samples,
}

impl Series {
    /// Microseconds a call by the wall clock.
    pub(crate) fn call(&self) -> f64 {
        micros(self.wall, self.calls)
    }

    /// Microseconds a record by the wall clock, with so many records a call.
    pub(crate) fn record(&self, size: usize) -> f64 {
        micros(self.wall, self.calls * size)
    }

    /// Microseconds of processor time a record, with so many records a call.
    pub(crate) fn record_cpu(&self, size: usize) -> f64 {
        micros(self.cpu, self.calls * size)
    }
}

/// Microseconds of each of `count`.
pub(crate) fn micros(duration: Duration, count: usize) -> f64 {
    duration.as_secs_f64() * 1e6 / count as f64
}

/// A file that gets the same bytes and no more.
pub(crate) fn bare(path: &Path, fsync: Fsync, bytes: usize, calls: usize) -> io::Result<Series> {
    let mut file: File = OpenOptions::new().create(true).append(true).open(path)?;
    let content = vec![0x5a; bytes];
    let mut each = Vec::with_capacity(calls);
    let (start, used) = (Instant::now(), process::own_cpu());
    let mut synced = start;
    for _ in 0..calls {
        let begin = Instant::now();
        file.write_all(&content)?;
        let due = fsync == Fsync::Interval && synced.elapsed() >= Duration::from_secs(1);
        if fsync == Fsync::Always || due {
            file.sync_data()?;
            synced = Instant::now();
        }
        each.push(micros(begin.elapsed(), 1));
    }
    Ok(Series {
        calls,
        wall: start.elapsed(),
        cpu: process::own_cpu() - used,
        each: each.into_iter().collect(),
    })
}

/// One caller, one call after the other.
pub(crate) async fn append_series(
    spool: &Spool,
    size: usize,
    calls: usize,
) -> Result<Series, Failure> {
    let mut each = Vec::with_capacity(calls);
    let (mut wall, mut used) = (Duration::ZERO, Duration::ZERO);
    // Made beforehand, some at a time: what is measured is the spool.
    let at_once = (4096 / size).max(1);
    let mut made = 0;
    while made < calls {
        let count = at_once.min(calls - made);
        let batches: Vec<_> = (made..made + count)
            .map(|number| batch(size, number))
            .collect();
        made += count;
        let (start, before) = (Instant::now(), process::own_cpu());
        for uplinks in batches {
            let begin = Instant::now();
            spool.append(uplinks).await?;
            each.push(micros(begin.elapsed(), 1));
        }
        wall += start.elapsed();
        used += process::own_cpu() - before;
    }
    Ok(Series {
        calls,
        wall,
        cpu: used,
        each: each.into_iter().collect(),
    })
}
