//! What calls cost: of one caller, and of many at once.

use std::time::{Duration, Instant};

use measure::{Cell, Report, Table, process};
use tb_tcp::{config::Fsync, spool::Spool};
use tokio::task::JoinSet;

use crate::{
    Arguments, Outcome, POLICIES, SIZES,
    records::{batch, encoded, folder, settings},
    series::{append_series, bare, micros},
};

const CALLERS: usize = 64;

pub(crate) async fn append(arguments: &Arguments, report: &mut Report) -> Outcome {
    let mut table = Table::new(
        "append",
        "One caller, one call after the other; bare: the same bytes appended to a file",
        "fsync, records a call",
    )
    .columns([
        ("recordBytes", "a record"),
        ("call", "a call"),
        ("bare", "bare"),
        ("toBare", "÷ bare"),
        ("p50", "p50"),
        ("p99", "p99"),
        ("greatest", "greatest"),
        ("record", "a record"),
        ("recordCpu", "CPU a record"),
        ("bareCpu", "bare CPU"),
    ]);
    for fsync in POLICIES {
        for size in SIZES {
            let bytes = encoded(size).await?;
            let calls = arguments.some(match fsync {
                Fsync::Always => 400,
                _ => (400_000 / size).clamp(4000, 40_000),
            });
            let folder = folder()?;
            let beside = bare(&folder.path().join("bare"), fsync, bytes, calls)?;
            let (spool, _) = Spool::open(&folder.path().join("spool"), &settings(fsync))?;
            let series = append_series(&spool, size, calls).await?;
            if fsync == Fsync::Interval {
                report.key_figure(format!("append{size}Microseconds"), series.call());
            }
            table.row(
                format!("{fsync:?}-{size}").to_lowercase(),
                format!("{fsync:?}, {size}").to_lowercase(),
                [
                    Cell::figure(bytes as f64 / size as f64, "B"),
                    Cell::figure(series.call(), "µs"),
                    Cell::figure(beside.call(), "µs"),
                    Cell::ratio(series.call(), beside.call()),
                    Cell::figure(series.each.percentile(50.0), "µs"),
                    Cell::figure(series.each.percentile(99.0), "µs"),
                    Cell::figure(series.each.greatest(), "µs"),
                    Cell::figure(series.record(size), "µs"),
                    Cell::figure(series.record_cpu(size), "µs"),
                    Cell::figure(beside.record_cpu(size), "µs"),
                ],
            );
        }
    }
    report.table(table);
    Ok(())
}

pub(crate) async fn callers(arguments: &Arguments, report: &mut Report) -> Outcome {
    let mut table = Table::new(
        "callers",
        format!("{CALLERS} callers at once, which share transactions"),
        "fsync, records a call",
    )
    .columns([
        ("calls", "calls"),
        ("records", "records"),
        ("recordCpu", "CPU a record"),
        ("diskBytes", "on disk, a record"),
    ]);
    for fsync in POLICIES {
        for size in SIZES {
            let calls = arguments.some(match fsync {
                Fsync::Always => 100,
                _ => (20_000 / size).clamp(100, 2000),
            });
            let folder = folder()?;
            let (spool, _) = Spool::open(folder.path(), &settings(fsync))?;
            let (start, used) = (Instant::now(), process::own_cpu());
            let making = at_once(&spool, size, calls).await;
            let wall = start.elapsed();
            // Without what making the records took.
            let used = (process::own_cpu() - used).saturating_sub(making);
            let records = CALLERS * calls * size;
            let rate = |count: usize| Cell::figure(count as f64 / wall.as_secs_f64(), "/s");
            let disk = spool.status().disk_bytes as f64 / records as f64;
            table.row(
                format!("{fsync:?}-{size}").to_lowercase(),
                format!("{fsync:?}, {size}").to_lowercase(),
                [
                    rate(CALLERS * calls),
                    rate(records),
                    Cell::figure(micros(used, records), "µs"),
                    Cell::figure(disk, "B"),
                ],
            );
        }
    }
    report.table(table);
    Ok(())
}

/// So many calls of each caller; gives the processor time that making the records took.
async fn at_once(spool: &Spool, size: usize, calls: usize) -> Duration {
    let mut tasks = JoinSet::new();
    for _ in 0..CALLERS {
        let spool = spool.clone();
        tasks.spawn(async move {
            let mut making = Duration::ZERO;
            for number in 0..calls {
                let before = process::thread_cpu();
                let uplinks = batch(size, number);
                making += process::thread_cpu() - before;
                if spool.append(uplinks).await.is_err() {
                    break;
                }
            }
            making
        });
    }
    tasks.join_all().await.into_iter().sum()
}
