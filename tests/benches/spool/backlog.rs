//! What it costs to read what was appended: at once, and after a backlog has grown.

use std::time::{Duration, Instant};

use measure::{Cell, Report, Table, process};
use tb_tcp::{config::Fsync, spool::Spool};

use crate::{
    Arguments, Failure, Outcome, SIZES,
    records::{batch, folder, settings},
    series::{Series, append_series},
};

/// Records and bytes of a page, as the relay reads them.
const PAGE: (usize, usize) = (500, 256 * 1024);
/// Records of a call where a backlog grows.
const BATCH: usize = 64;

pub(crate) async fn relay(arguments: &Arguments, report: &mut Report) -> Outcome {
    let mut table = Table::new(
        "relay",
        "Appended, read and acknowledged at once (fsync = interval)",
        "records a call",
    )
    .columns([
        ("call", "a call"),
        ("p99", "p99"),
        ("recordCpu", "CPU a record"),
        ("memory", "memory"),
        ("peak", "most"),
    ]);
    for size in SIZES {
        let folder = folder()?;
        let (spool, _) = Spool::open(folder.path(), &settings(Fsync::Interval))?;
        let calls = arguments.some((1_000_000 / size).clamp(10_000, 40_000));
        let series = run_through(&spool, size, calls).await?;
        report.key_figure(
            format!("relay{size}CpuMicrosecondsPerRecord"),
            series.record_cpu(size),
        );
        let memory = process::memory(process::own_id())?;
        table.row(
            size,
            size,
            [
                Cell::figure(series.call(), "µs"),
                Cell::figure(series.each.percentile(99.0), "µs"),
                Cell::figure(series.record_cpu(size), "µs"),
                mebibytes(memory.resident),
                mebibytes(memory.peak),
            ],
        );
    }
    report.table(table);
    Ok(())
}

/// Appends, reads and acknowledges until so many calls went through.
async fn run_through(spool: &Spool, size: usize, calls: usize) -> Result<Series, Failure> {
    let own = spool.clone();
    let sender = tokio::spawn(async move {
        let mut reader = own.reader();
        let mut left = calls * size;
        while left > 0 {
            let sent = reader.next(PAGE.0, PAGE.1).await;
            left = left.saturating_sub(sent.len());
            own.acknowledge(sent.iter().map(|record| record.position));
        }
    });
    let series = append_series(spool, size, calls).await?;
    sender.await?;
    Ok(series)
}

pub(crate) async fn depth(arguments: &Arguments, report: &mut Report) -> Outcome {
    let title = format!("A backlog grows, and goes ({BATCH} records a call, fsync = interval)");
    let mut table = Table::new("depth", title, "records waiting").columns([
        ("call", "append: a call"),
        ("p99", "p99"),
        ("recordCpu", "CPU a record"),
        ("read", "read: records"),
        ("diskBytes", "on disk, a record"),
        ("memory", "memory"),
    ]);
    let folder = folder()?;
    let (spool, _) = Spool::open(folder.path(), &settings(Fsync::Interval))?;
    let steps: &[u64] = match (arguments.deep, arguments.common.quick) {
        (true, _) => &[0, 100_000, 1_000_000, 3_000_000, 10_000_000],
        (false, false) => &[0, 100_000, 1_000_000],
        (false, true) => &[0, 100_000],
    };
    let calls = arguments.some(3000);
    for step in steps {
        while spool.len() < *step {
            spool.append(batch(BATCH, 7)).await?;
        }
        let series = append_series(&spool, BATCH, calls).await?;
        let mut reader = spool.reader();
        let (start, mut read) = (Instant::now(), 0);
        while read < 200_000.min(spool.len()) {
            read += reader.next(PAGE.0, PAGE.1).await.len() as u64;
        }
        let rate = read as f64 / start.elapsed().as_secs_f64();
        let status = spool.status();
        table.row(
            step,
            Cell::Count(*step).label(),
            [
                Cell::figure(series.call(), "µs"),
                Cell::figure(series.each.percentile(99.0), "µs"),
                Cell::figure(series.record_cpu(BATCH), "µs"),
                Cell::figure(rate, "/s"),
                Cell::figure(status.disk_bytes as f64 / status.records as f64, "B"),
                mebibytes(process::memory(process::own_id())?.resident),
            ],
        );
    }
    report.table(table);
    emptied(&spool, report).await
}

/// Reads and acknowledges all that is there.
async fn emptied(spool: &Spool, report: &mut Report) -> Outcome {
    let records = spool.len();
    let start = Instant::now();
    let mut reader = spool.reader();
    while !spool.is_empty() {
        let sent = reader.next(PAGE.0, PAGE.1).await;
        spool.acknowledge(sent.iter().map(|record| record.position));
    }
    let rate = records as f64 / start.elapsed().as_secs_f64();
    // The spool removes what was acknowledged within 200 ms.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let memory = process::memory(process::own_id())?;
    let mut table = Table::new("emptied", "Then emptied", "records").columns([
        ("rate", "records"),
        ("diskLeft", "left on disk"),
        ("memory", "memory"),
        ("peak", "most"),
    ]);
    table.row(
        "all",
        Cell::Count(records).label(),
        [
            Cell::figure(rate, "/s"),
            Cell::figure(spool.status().disk_bytes as f64 / 1024.0, "KiB"),
            mebibytes(memory.resident),
            mebibytes(memory.peak),
        ],
    );
    report.table(table);
    Ok(())
}

fn mebibytes(bytes: u64) -> Cell {
    Cell::figure(bytes as f64 / 1024.0 / 1024.0, "MiB")
}
