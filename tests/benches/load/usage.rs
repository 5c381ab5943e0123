//! What a process used between two instants: processor time by thread name.

use std::{collections::BTreeMap, fs, time::Instant};

/// Processor time of a process at one instant.
pub(crate) struct Usage {
    at: Instant,
    /// Of the whole process, ended threads included, in seconds. The kernel tells it
    /// in steps of 10 ms.
    process: f64,
    /// Of the threads that live, by name, in seconds.
    threads: BTreeMap<String, f64>,
}

/// What was used between two instants.
pub(crate) struct Used {
    /// Seconds between them.
    pub(crate) seconds: f64,
    /// Processor seconds of the process.
    pub(crate) processor: f64,
    /// Processor seconds of its threads, by name, the busiest first.
    pub(crate) threads: Vec<(String, f64)>,
}

impl Usage {
    /// Looks at a process now.
    #[track_caller]
    pub(crate) fn of(process: u32) -> Self {
        let mut threads = BTreeMap::new();
        for task in fs::read_dir(format!("/proc/{process}/task")).unwrap() {
            let folder = task.unwrap().path();
            let read = |file| fs::read_to_string(folder.join(file));
            // A thread may end between the listing and the look.
            let (Ok(name), Ok(stat)) = (read("comm"), read("schedstat")) else {
                continue;
            };
            let nanoseconds: f64 = stat.split(' ').next().unwrap().parse().unwrap();
            *threads.entry(name.trim_end().to_owned()).or_default() += nanoseconds / 1e9;
        }
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        // The name in brackets may hold spaces; utime and stime are 14 and 15.
        let (_, rest) = stat.rsplit_once(')').unwrap();
        let fields: Vec<_> = rest.split_whitespace().collect();
        let ticks = |field: usize| fields[field].parse::<f64>().unwrap() / 100.0;
        Self {
            at: Instant::now(),
            process: ticks(11) + ticks(12),
            threads,
        }
    }

    /// What was used since an earlier look at the same process.
    pub(crate) fn since(&self, earlier: &Self) -> Used {
        let threads = self.threads.iter().map(|(name, seconds)| {
            let before = earlier.threads.get(name).copied().unwrap_or_default();
            (name.clone(), seconds - before)
        });
        let mut threads: Vec<_> = threads.collect();
        threads.sort_by(|one, other| other.1.total_cmp(&one.1));
        Used {
            seconds: (self.at - earlier.at).as_secs_f64(),
            processor: self.process - earlier.process,
            threads,
        }
    }
}

/// Lets the kernel forget the most memory that a process has had so far.
pub(crate) fn forget_peak(process: u32) {
    fs::write(format!("/proc/{process}/clear_refs"), "5").unwrap();
}
