//! Processor time between two instants.

use std::{collections::BTreeMap, fs, time::Instant};

use measure::process;

/// What a process has used up to an instant.
pub(crate) struct Usage {
    id: u32,
    at: Instant,
    processor: f64,
    threads: BTreeMap<String, f64>,
}

/// What it used between two.
pub(crate) struct Used {
    /// Seconds in between.
    pub(crate) seconds: f64,
    /// Processor seconds.
    pub(crate) processor: f64,
    /// Processor seconds of its threads by name, without those that ended.
    pub(crate) threads: BTreeMap<String, f64>,
}

impl Usage {
    /// Looks at a process now.
    pub(crate) fn of(id: u32) -> Self {
        let threads = process::threads(id).unwrap().into_iter();
        Self {
            id,
            at: Instant::now(),
            processor: process::cpu(id).unwrap().as_secs_f64(),
            threads: threads
                .map(|(name, time)| (name, time.as_secs_f64()))
                .collect(),
        }
    }

    /// Looks again.
    pub(crate) fn used(&self) -> Used {
        let now = Self::of(self.id);
        let threads = now.threads.into_iter().map(|(name, seconds)| {
            let before = self.threads.get(&name).copied().unwrap_or_default();
            (name, seconds - before)
        });
        Used {
            seconds: (now.at - self.at).as_secs_f64(),
            processor: now.processor - self.processor,
            threads: threads.collect(),
        }
    }
}

/// Resident memory in MiB: now, and the most there was since [`forget_peak`].
pub(crate) fn memory_mib(id: u32) -> (f64, f64) {
    let memory = process::memory(id).unwrap();
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    (mib(memory.resident), mib(memory.peak))
}

/// Lets the kernel forget the most memory that a process has had so far.
pub(crate) fn forget_peak(id: u32) {
    fs::write(format!("/proc/{id}/clear_refs"), "5").unwrap();
}
