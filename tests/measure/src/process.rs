//! Processor time and memory of any process, as finely as the kernel's files tell them.
//!
//! A figure is read at one instant; what happened in between is the difference of two. A process that has
//! ended has no figures any more, so they are read before it is waited for.

use std::{collections::BTreeMap, fs, io, time::Duration};

use rustix::time::{ClockId, clock_gettime};

/// What the kernel counts a process's time in: `USER_HZ` is 100 on all processors that Linux runs on today.
const TICK: Duration = Duration::from_millis(10);

/// The process of this code.
#[must_use]
pub fn own_id() -> u32 {
    std::process::id()
}

/// Processor time that a process has had so far, in user and kernel mode. It is exact but for threads that
/// run at this moment, whose time is that of the scheduler's last tick, 4 ms ago at most on most kernels. Once
/// threads have ended it may be 20 ms too little.
///
/// # Errors
///
/// There is no such process, or the kernel does not tell the time of threads.
pub fn cpu(id: u32) -> io::Result<Duration> {
    // The kernel tells the nanoseconds of each thread that lives, and of the whole process ticks, rounded
    // down, with the threads that have ended: these are more only if such threads matter.
    let whole = ticks_of(&fs::read_to_string(format!("/proc/{id}/stat"))?)?;
    Ok(threads(id)?.values().sum::<Duration>().max(TICK * whole))
}

/// Processor time that this process has had so far, to the nanosecond.
#[must_use]
pub fn own_cpu() -> Duration {
    clock(ClockId::ProcessCPUTime)
}

/// Processor time that the calling thread has had so far, to the nanosecond.
#[must_use]
pub fn thread_cpu() -> Duration {
    clock(ClockId::ThreadCPUTime)
}

fn clock(id: ClockId) -> Duration {
    let time = clock_gettime(id);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Ticks in user mode and in kernel mode together.
fn ticks_of(stat: &str) -> io::Result<u32> {
    // The name in brackets may hold spaces and brackets; the ticks are fields 14 and 15.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut fields = fields.split_whitespace().skip(11).map(str::parse::<u32>);
    match (fields.next(), fields.next()) {
        (Some(Ok(user)), Some(Ok(kernel))) => Ok(user.saturating_add(kernel)),
        _ => Err(io::Error::other(
            "the kernel tells no processor time of the process",
        )),
    }
}

/// Memory of a process, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// In use at present (`VmRSS`).
    pub resident: u64,
    /// The most that was in use at a time (`VmHWM`).
    pub peak: u64,
}

/// Memory of a process.
///
/// # Errors
///
/// There is no such process.
pub fn memory(id: u32) -> io::Result<Memory> {
    memory_of(&fs::read_to_string(format!("/proc/{id}/status"))?)
}

fn memory_of(status: &str) -> io::Result<Memory> {
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.map(|kib| kib * 1024)
            .ok_or_else(|| io::Error::other(format!("the kernel tells no {name} of it")))
    };
    Ok(Memory {
        resident: bytes("VmRSS:")?,
        peak: bytes("VmHWM:")?,
    })
}

/// Processor time of the threads that a process has at present, by their name. Threads whose names
/// differ in a number behind a hyphen only are one entry: `converter-0` and `converter-1` are `converter`.
///
/// # Errors
///
/// There is no such process, or the kernel does not tell the time of threads.
pub fn threads(id: u32) -> io::Result<BTreeMap<String, Duration>> {
    let mut threads = BTreeMap::new();
    for task in fs::read_dir(format!("/proc/{id}/task"))? {
        let task = task?.path();
        let read = |file| fs::read_to_string(task.join(file));
        // One that ends between the two is left out.
        let (Ok(name), Ok(times)) = (read("comm"), read("schedstat")) else {
            continue;
        };
        let time: u64 = times
            .split_whitespace()
            .next()
            .and_then(|time| time.parse().ok())
            .ok_or_else(|| io::Error::other("the kernel tells no processor time of threads"))?;
        *threads
            .entry(family(name.trim_end()).to_owned())
            .or_default() += Duration::from_nanos(time);
    }
    Ok(threads)
}

/// A thread's name without its number.
fn family(name: &str) -> &str {
    let base = name.trim_end_matches(|one: char| one.is_ascii_digit());
    match base.strip_suffix(['-', '_', ' ', '#']) {
        Some(family) if base.len() < name.len() && !family.is_empty() => family,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread, time::Instant};

    use super::*;

    /// Until this thread has had `time` more of a processor.
    fn spin(time: Duration) {
        let start = thread_cpu();
        while thread_cpu() - start < time {}
    }

    #[test]
    fn processor_time_is_that_of_all_threads_the_ended_ones_too() {
        let before = cpu(own_id()).unwrap();
        let start = Instant::now();
        thread::spawn(|| spin(Duration::from_millis(100)))
            .join()
            .unwrap();
        spin(Duration::from_millis(100));
        let used = cpu(own_id()).unwrap() - before;
        assert!(own_cpu() >= Duration::from_millis(200));
        // Ticks are rounded down twice, and there may be none of them before.
        assert!(used >= Duration::from_millis(80), "{used:?}");
        // Other tests run beside this one, on so many processors.
        let processors = u32::try_from(crate::Machine::this().processors).unwrap();
        let most = start.elapsed() * processors + 3 * TICK;
        assert!(used <= most, "{used:?}");
    }

    #[test]
    fn ticks_are_found_behind_any_name() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 140 150 0 0 20";
        for name in ["a", "a b", "a) b (c", ""] {
            assert_eq!(ticks_of(&format!("7 ({name}) {rest}")).unwrap(), 290);
        }
        for broken in ["", "7 (a) S 1 2", "7 (a) S 1 2 3 4 5 6 7 8 9 10 x 150"] {
            assert!(ticks_of(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn another_process_has_figures_until_it_is_waited_for() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let id = child.id();
        assert!(cpu(id).is_ok());
        assert!(memory(id).unwrap().resident > 0);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(cpu(id).is_err());
        assert!(memory(id).is_err());
        assert!(threads(id).is_err());
    }

    #[test]
    fn memory_is_read_from_its_fields() {
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        let expected = Memory {
            resident: 1024 * 1024,
            peak: 2 * 1024 * 1024,
        };
        assert_eq!(memory_of(status).unwrap(), expected);
        assert_eq!(
            memory_of("Name:\tx\n").unwrap_err().to_string(),
            "the kernel tells no VmRSS: of it"
        );
    }

    #[test]
    fn threads_are_told_by_name() {
        let (told, done) = (mpsc::channel(), mpsc::channel::<()>());
        let (sender, waiting) = (told.0, done.1);
        let worker = thread::Builder::new()
            .name("spinner-7".to_owned())
            .spawn(move || {
                spin(Duration::from_millis(30));
                sender.send(()).unwrap();
                let _ = waiting.recv();
            })
            .unwrap();
        told.1.recv().unwrap();
        let spent = threads(own_id()).unwrap()["spinner"];
        drop(done.0);
        worker.join().unwrap();
        assert!(spent >= Duration::from_millis(15), "{spent:?}");
    }

    #[test]
    fn a_number_at_the_end_is_no_part_of_the_name() {
        for (name, expected) in [
            ("converter-12", "converter"),
            ("converter 3", "converter"),
            ("tokio-rt-worker", "tokio-rt-worker"),
            ("h2", "h2"),
            ("conv-slow-", "conv-slow-"),
            ("-1", "-1"),
            ("42", "42"),
            ("", ""),
        ] {
            assert_eq!(family(name), expected);
        }
    }
}
