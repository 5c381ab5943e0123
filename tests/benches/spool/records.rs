//! What is stored: records as a meter sends them.

use std::env;

use tb_tcp::{
    config::{Fsync, SpoolSettings},
    message::{Entity, EntityKind, KeyValue, Sample, Uplink, Value},
    spool::{Position, Spool},
};
use tempfile::TempDir;

use crate::Failure;

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

/// A call's records.
pub(crate) fn batch(size: usize, number: usize) -> Vec<Uplink> {
    (0..size)
        .map(|index| uplink(index, number * size + index))
        .collect()
}

/// A folder on the disk that is measured.
pub(crate) fn folder() -> std::io::Result<TempDir> {
    match env::var_os("TB_TCP_BENCH_FOLDER") {
        Some(folder) => TempDir::new_in(folder),
        None => TempDir::new(),
    }
}

/// Settings with room for everything.
pub(crate) fn settings(fsync: Fsync) -> SpoolSettings {
    SpoolSettings {
        fsync,
        max_mib: 1 << 20,
        ..SpoolSettings::default()
    }
}

/// Bytes of records as encoded, per call.
pub(crate) async fn encoded(size: usize) -> Result<usize, Failure> {
    let folder = folder()?;
    let (spool, _) = Spool::open(folder.path(), &settings(Fsync::Never))?;
    spool.append(batch(size, 1000)).await?;
    let page = spool.page(Position::FIRST, size).await?;
    Ok(page.iter().map(|record| record.bytes()).sum())
}
