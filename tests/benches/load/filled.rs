//! A spool that is full of samples before a host opens it.

use std::{
    fs::{self, File},
    path::Path,
};

use tb_tcp::{
    config::{Fsync, SpoolSettings},
    message::{Batch, Entity, EntityKind, KeyValue, Sample, Uplink, Value, now_ms},
    spool::Spool,
};

use super::line::{COUNTER, device};

/// Records that are handed in at once.
const BATCH: u64 = 1000;

/// Fills the spool in `folder` with what the csv converter makes of `records` lines, which
/// so many devices sent in turn, each numbering its own from 1 on.
pub(crate) fn fill(folder: &Path, records: u64, devices: u64) {
    let settings = SpoolSettings {
        fsync: Fsync::Never,
        max_mib: 1 << 20,
        ..SpoolSettings::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (spool, _) = Spool::open(folder, &settings).unwrap();
    runtime.block_on(async {
        for first in (0..records).step_by(BATCH as usize) {
            let numbers = first..(first + BATCH).min(records);
            let batch = numbers.map(|number| record(number % devices, number / devices + 1));
            spool.append(batch.collect::<Batch>()).await.unwrap();
        }
    });
    drop(spool);
    // What the operating system has yet to write it would write while something is measured.
    for entry in fs::read_dir(folder).unwrap() {
        File::open(entry.unwrap().path())
            .unwrap()
            .sync_all()
            .unwrap();
    }
}

/// Settings of a host whose spool is in `folder`, however much that holds.
pub(crate) fn settings(folder: &Path) -> String {
    format!(
        "[spool]\ndirectory = '{}'\nmaxMib = 1048576",
        folder.display()
    )
}

fn record(number: u64, counter: u64) -> Uplink {
    let pair = |key: &str, value| KeyValue {
        key: key.to_owned(),
        value,
    };
    let values = vec![
        pair(COUNTER, Value::Long(counter as i64)),
        pair("temperature", Value::Double(25.7)),
    ];
    Uplink {
        integration: "TCP Integration".into(),
        allow_create: true,
        received_ms: now_ms(),
        entity: Entity {
            kind: EntityKind::Device,
            name: device(number as usize),
            profile: "default".to_owned(),
            label: None,
            customer: None,
            group: None,
            telemetry: vec![Sample { ts: None, values }],
            attributes: Vec::new(),
        },
    }
}
