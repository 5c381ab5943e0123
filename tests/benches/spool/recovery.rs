//! What it takes to open a spool that holds much.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use measure::{Cell, Report, Table};
use tb_tcp::{config::Fsync, spool::Spool};

use crate::{
    Arguments, Failure, Outcome, SIZES,
    records::{batch, folder, settings},
};

pub(crate) async fn recovery(arguments: &Arguments, report: &mut Report) -> Outcome {
    let records = match arguments.deep {
        true => 1_000_000,
        false => arguments.some(200_000),
    };
    let title = format!(
        "Opening a spool of {} records (fsync = interval)",
        Cell::Count(records as u64).label()
    );
    let mut table = Table::new("recovery", title, "records a call, ended").columns([
        ("open", "to open"),
        ("first", "to the first record"),
        ("all", "to read all"),
        ("diskBytes", "on disk, a record"),
    ]);
    for size in SIZES {
        let folder = folder()?;
        let live = folder.path().join("live");
        let (spool, _) = Spool::open(&live, &settings(Fsync::Interval))?;
        for number in 0..records.div_ceil(size) {
            spool.append(batch(size, number)).await?;
        }
        // As a killed process leaves it: with its log.
        let killed = folder.path().join("killed");
        copy(&live, &killed)?;
        drop(spool);
        for (ended, path) in [("killed", killed), ("stopped", live)] {
            let opening = Opening::of(&path).await?;
            if ended == "killed" && size == SIZES[0] {
                report.key_figure("openKilledMilliseconds", milliseconds(opening.opened));
            }
            table.row(
                format!("{size}-{ended}"),
                format!("{size}, {ended}"),
                [
                    Cell::figure(milliseconds(opening.opened), "ms"),
                    Cell::figure(milliseconds(opening.first), "ms"),
                    Cell::figure(milliseconds(opening.all), "ms"),
                    Cell::figure(opening.disk_bytes, "B"),
                ],
            );
        }
    }
    report.table(table);
    Ok(())
}

/// What opening and reading took, from the beginning.
struct Opening {
    opened: Duration,
    first: Duration,
    all: Duration,
    /// Of each record.
    disk_bytes: f64,
}

impl Opening {
    async fn of(path: &Path) -> Result<Self, Failure> {
        let start = Instant::now();
        let (spool, recovered) = Spool::open(path, &settings(Fsync::Interval))?;
        let opened = start.elapsed();
        let mut reader = spool.reader();
        let mut read = reader.next(500, 256 * 1024).await.len() as u64;
        let first = start.elapsed();
        while read < recovered.records {
            read += reader.next(500, 256 * 1024).await.len() as u64;
        }
        Ok(Self {
            opened,
            first,
            all: start.elapsed(),
            disk_bytes: spool.status().disk_bytes as f64 / recovered.records as f64,
        })
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn copy(from: &Path, to: &PathBuf) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
