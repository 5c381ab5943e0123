//! How fast the spool is, beside a bare file that is appended to in the same run.
//!
//! `cargo bench -p tb-tcp --bench spool [-- SECTION...] [--deep]`, with the sections
//! `append`, `callers`, `relay`, `depth` and `recovery`; all of them without an argument. `--deep`
//! lets `depth` go to 10 million records. `TB_TCP_BENCH_FOLDER` names a folder on the disk to be
//! measured; without it the system's folder for temporary files is used.

use std::{
    env,
    error::Error,
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};
use tb_tcp::{
    config::{Fsync, SpoolSettings},
    message::{Entity, EntityKind, KeyValue, Sample, Uplink, Value},
    spool::{Position, Spool},
};
use tempfile::TempDir;
use tokio::task::JoinSet;

type Failure = Box<dyn Error + Send + Sync>;
type Outcome = Result<(), Failure>;

const SIZES: [usize; 3] = [1, 16, 256];
const POLICIES: [Fsync; 3] = [Fsync::Always, Fsync::Interval, Fsync::Never];

fn main() -> Outcome {
    let arguments: Vec<String> = env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    // On the threads of the runtime, where connections are, too.
    runtime.block_on(runtime.spawn(run(arguments)))?
}

async fn run(arguments: Vec<String>) -> Outcome {
    let deep = arguments.iter().any(|word| word == "--deep");
    let sections: Vec<_> = arguments
        .iter()
        .filter(|word| !word.starts_with("--"))
        .collect();
    let wanted = |name: &str| sections.is_empty() || sections.iter().any(|word| *word == name);
    if wanted("append") {
        append().await?;
    }
    if wanted("callers") {
        callers().await?;
    }
    if wanted("relay") {
        relay().await?;
    }
    if wanted("depth") {
        depth(deep).await?;
    }
    if wanted("recovery") {
        recovery().await?;
    }
    Ok(())
}

/// One record with one sample of three values, as a meter sends it.
fn uplink(device: usize, number: usize) -> Uplink {
    let pair = |key: &str, value| KeyValue {
        key: key.to_owned(),
        value,
    };
    let ts = 1_700_000_000_000 + number as i64;
    Uplink {
        integration: "TCP Integration".into(),
        allow_create: true,
        received_ms: ts + 20,
        entity: Entity {
            kind: EntityKind::Device,
            name: format!("Meter {device:05}"),
            profile: "meter".to_owned(),
            label: None,
            customer: None,
            group: None,
            telemetry: vec![Sample {
                ts: Some(ts),
                values: vec![
                    pair(
                        "temperature",
                        Value::Double(20.0 + (number % 100) as f64 / 10.0),
                    ),
                    pair(
                        "humidity",
                        Value::Double(40.5 + (number % 77) as f64 / 10.0),
                    ),
                    pair("counter", Value::Long(number as i64)),
                ],
            }],
            attributes: Vec::new(),
        },
    }
}

fn batch(size: usize, number: usize) -> Vec<Uplink> {
    (0..size)
        .map(|index| uplink(index, number * size + index))
        .collect()
}

fn folder() -> std::io::Result<TempDir> {
    match env::var_os("TB_TCP_BENCH_FOLDER") {
        Some(folder) => TempDir::new_in(folder),
        None => TempDir::new(),
    }
}

fn settings(fsync: Fsync) -> SpoolSettings {
    SpoolSettings {
        fsync,
        max_mib: 1 << 20,
        ..SpoolSettings::default()
    }
}

/// Processor time of the process.
fn cpu() -> Duration {
    clock(ClockId::ProcessCPUTime)
}

fn clock(id: ClockId) -> Duration {
    let time = clock_gettime(id);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Memory of the process in MiB: now, and the most so far.
fn memory() -> (f64, f64) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| -> f64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        kib.unwrap_or(0.0) / 1024.0
    };
    (field("VmRSS:"), field("VmHWM:"))
}

fn micros(duration: Duration, count: usize) -> f64 {
    duration.as_secs_f64() * 1e6 / count as f64
}

/// What a series of calls took.
struct Series {
    wall: Duration,
    cpu: Duration,
    each: Vec<Duration>,
}

impl Series {
    fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.each.clone();
        sorted.sort_unstable();
        let index = (sorted.len() as f64 * part) as usize;
        let at = sorted.get(index.min(sorted.len().saturating_sub(1)));
        at.map_or(0.0, |time| time.as_secs_f64() * 1e6)
    }
}

/// A file that gets the same bytes and no more.
fn bare(path: &Path, fsync: Fsync, bytes: usize, calls: usize) -> std::io::Result<Series> {
    let mut file: File = OpenOptions::new().create(true).append(true).open(path)?;
    let content = vec![0x5a; bytes];
    let mut each = Vec::with_capacity(calls);
    let (start, used) = (Instant::now(), cpu());
    let mut synced = start;
    for _ in 0..calls {
        let begin = Instant::now();
        file.write_all(&content)?;
        let due = fsync == Fsync::Interval && synced.elapsed() >= Duration::from_secs(1);
        if fsync == Fsync::Always || due {
            file.sync_data()?;
            synced = Instant::now();
        }
        each.push(begin.elapsed());
    }
    Ok(Series {
        wall: start.elapsed(),
        cpu: cpu() - used,
        each,
    })
}

/// One caller, one call after the other.
async fn append_series(spool: &Spool, size: usize, calls: usize) -> Result<Series, Failure> {
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
        let (start, before) = (Instant::now(), cpu());
        for uplinks in batches {
            let begin = Instant::now();
            spool.append(uplinks).await?;
            each.push(begin.elapsed());
        }
        wall += start.elapsed();
        used += cpu() - before;
    }
    Ok(Series {
        wall,
        cpu: used,
        each,
    })
}

/// Bytes of records as encoded, per call.
async fn encoded(size: usize) -> Result<usize, Failure> {
    let folder = folder()?;
    let (spool, _) = Spool::open(folder.path(), &settings(Fsync::Never))?;
    spool.append(batch(size, 1000)).await?;
    let page = spool.page(Position::FIRST, size).await?;
    Ok(page.iter().map(|record| record.bytes()).sum())
}

async fn append() -> Outcome {
    println!("\nOne caller, one call after the other; bare: the same bytes appended to a file\n");
    println!(
        "| fsync | records a call | bytes a record | µs a call | bare | ratio | p50 | p99 | max µs | \
         µs a record | CPU µs a record | bare CPU |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for fsync in POLICIES {
        for size in SIZES {
            let bytes = encoded(size).await?;
            let calls = match fsync {
                Fsync::Always => 400,
                _ => (400_000 / size).clamp(4000, 40_000),
            };
            let folder = folder()?;
            let beside = bare(&folder.path().join("bare"), fsync, bytes, calls)?;
            let (spool, _) = Spool::open(&folder.path().join("spool"), &settings(fsync))?;
            let series = append_series(&spool, size, calls).await?;
            let records = size * calls;
            let ratio = series.wall.as_secs_f64() / beside.wall.as_secs_f64();
            println!(
                "| {fsync:?} | {size} | {:.1} | {:.1} | {:.1} | {ratio:.2} | {:.1} | {:.1} | {:.0} | {:.3} | {:.3} | {:.3} |",
                bytes as f64 / size as f64,
                micros(series.wall, calls),
                micros(beside.wall, calls),
                series.quantile(0.5),
                series.quantile(0.99),
                series.quantile(1.0),
                micros(series.wall, records),
                micros(series.cpu, records),
                micros(beside.cpu, records),
            );
        }
    }
    Ok(())
}

async fn callers() -> Outcome {
    println!("\n64 callers at once, which share transactions\n");
    println!(
        "| fsync | records a call | calls/s | records/s | CPU µs a record | bytes on disk a record |"
    );
    println!("|---|--:|--:|--:|--:|--:|");
    for fsync in POLICIES {
        for size in SIZES {
            let calls = match fsync {
                Fsync::Always => 100,
                _ => (20_000 / size).clamp(100, 2000),
            };
            let folder = folder()?;
            let (spool, _) = Spool::open(folder.path(), &settings(fsync))?;
            let mut tasks = JoinSet::new();
            let mut making = Duration::ZERO;
            let (start, used) = (Instant::now(), cpu());
            for _ in 0..64 {
                let spool = spool.clone();
                tasks.spawn(async move {
                    let mut making = Duration::ZERO;
                    for number in 0..calls {
                        let before = clock(ClockId::ThreadCPUTime);
                        let uplinks = batch(size, number);
                        making += clock(ClockId::ThreadCPUTime) - before;
                        if spool.append(uplinks).await.is_err() {
                            break;
                        }
                    }
                    making
                });
            }
            for one in tasks.join_all().await {
                making += one;
            }
            let wall = start.elapsed();
            // Without what making the records took.
            let used = (cpu() - used).saturating_sub(making);
            let records = 64 * calls * size;
            println!(
                "| {fsync:?} | {size} | {:.0} | {:.0} | {:.3} | {:.1} |",
                (64 * calls) as f64 / wall.as_secs_f64(),
                records as f64 / wall.as_secs_f64(),
                micros(used, records),
                spool.status().disk_bytes as f64 / records as f64,
            );
        }
    }
    Ok(())
}

/// Appends, reads and acknowledges until `records` went through.
async fn run_through(spool: &Spool, size: usize, records: usize) -> Result<Series, Failure> {
    let own = spool.clone();
    let sender = tokio::spawn(async move {
        let mut reader = own.reader();
        let mut left = records;
        while left > 0 {
            let sent = reader.next(500, 256 * 1024).await;
            left = left.saturating_sub(sent.len());
            own.acknowledge(sent.iter().map(|record| record.position));
        }
    });
    let series = append_series(spool, size, records / size).await?;
    sender.await?;
    Ok(series)
}

async fn relay() -> Outcome {
    println!("\nAppended, read and acknowledged at once (fsync = interval)\n");
    println!("| records a call | µs a call | p99 | CPU µs a record | MiB of memory | most |");
    println!("|--:|--:|--:|--:|--:|--:|");
    for size in SIZES {
        let folder = folder()?;
        let (spool, _) = Spool::open(folder.path(), &settings(Fsync::Interval))?;
        let calls = (2_000_000 / size).clamp(10_000, 40_000);
        let series = run_through(&spool, size, calls * size).await?;
        let (now, most) = memory();
        println!(
            "| {size} | {:.1} | {:.1} | {:.3} | {now:.1} | {most:.1} |",
            micros(series.wall, calls),
            series.quantile(0.99),
            micros(series.cpu, calls * size),
        );
    }
    Ok(())
}

async fn depth(deep: bool) -> Outcome {
    println!("\nA backlog grows, and goes (64 records a call, fsync = interval)\n");
    println!(
        "| depth | append: µs a call | CPU µs a record | p99 | read: records/s | disk bytes a record | MiB of memory |"
    );
    println!("|--:|--:|--:|--:|--:|--:|--:|");
    let folder = folder()?;
    let (spool, _) = Spool::open(folder.path(), &settings(Fsync::Interval))?;
    let steps: &[u64] = match deep {
        true => &[0, 100_000, 1_000_000, 3_000_000, 10_000_000],
        false => &[0, 100_000, 1_000_000],
    };
    for step in steps {
        while spool.len() < *step {
            spool.append(batch(64, 7)).await?;
        }
        let series = append_series(&spool, 64, 3000).await?;
        let mut reader = spool.reader();
        let (start, mut read) = (Instant::now(), 0);
        while read < 200_000.min(spool.len()) {
            read += reader.next(500, 256 * 1024).await.len() as u64;
        }
        let status = spool.status();
        println!(
            "| {step} | {:.1} | {:.3} | {:.1} | {:.0} | {:.1} | {:.1} |",
            micros(series.wall, 3000),
            micros(series.cpu, 3000 * 64),
            series.quantile(0.99),
            read as f64 / start.elapsed().as_secs_f64(),
            status.disk_bytes as f64 / status.records as f64,
            memory().0,
        );
    }
    let records = spool.len();
    let start = Instant::now();
    let mut reader = spool.reader();
    while !spool.is_empty() {
        let sent = reader.next(500, 256 * 1024).await;
        spool.acknowledge(sent.iter().map(|record| record.position));
    }
    let rate = records as f64 / start.elapsed().as_secs_f64();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let status = spool.status();
    println!(
        "\nemptied at {rate:.0} records/s; {} KiB left on disk, {:.1} MiB of memory, {:.1} at most",
        status.disk_bytes / 1024,
        memory().0,
        memory().1,
    );
    Ok(())
}

async fn recovery() -> Outcome {
    println!("\nOpening a spool of 1 million records (fsync = interval)\n");
    println!(
        "| records a call | ended | ms to open | ms to the first record | ms to read all | disk bytes a record |"
    );
    println!("|--:|---|--:|--:|--:|--:|");
    for size in SIZES {
        let folder = folder()?;
        let live = folder.path().join("live");
        let (spool, _) = Spool::open(&live, &settings(Fsync::Interval))?;
        for number in 0..1_000_000_usize.div_ceil(size) {
            spool.append(batch(size, number)).await?;
        }
        // As a killed process leaves it: with its log.
        let killed = folder.path().join("killed");
        copy(&live, &killed)?;
        drop(spool);
        for (ended, path) in [("killed", killed), ("stopped", live)] {
            let start = Instant::now();
            let (spool, recovered) = Spool::open(&path, &settings(Fsync::Interval))?;
            let opened = start.elapsed();
            let mut reader = spool.reader();
            let mut read = reader.next(500, 256 * 1024).await.len() as u64;
            let first = start.elapsed();
            while read < recovered.records {
                read += reader.next(500, 256 * 1024).await.len() as u64;
            }
            println!(
                "| {size} | {ended} | {:.1} | {:.1} | {:.0} | {:.1} |",
                opened.as_secs_f64() * 1e3,
                first.as_secs_f64() * 1e3,
                start.elapsed().as_secs_f64() * 1e3,
                spool.status().disk_bytes as f64 / recovered.records as f64,
            );
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &PathBuf) -> std::io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
