//! What the tests of the spool share.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
        mpsc,
    },
};

use tokio::sync::oneshot;

use super::{Position, Reader, Record, Recovered, Spool, store::Store};
use crate::{
    config::{SpoolSettings, WhenFull},
    message::{Entity, EntityKind, KeyValue, Sample, Uplink, Value},
};

/// Something that is done on the spool's thread.
pub(super) type OnThread = Box<dyn FnOnce(Option<&mut Store>) + Send>;

pub(super) fn device(name: &str) -> Uplink {
    Uplink {
        integration: "TCP".into(),
        allow_create: true,
        received_ms: 1,
        entity: Entity {
            kind: EntityKind::Device,
            name: name.to_owned(),
            profile: String::new(),
            label: None,
            customer: None,
            group: None,
            telemetry: Vec::new(),
            attributes: Vec::new(),
        },
    }
}

/// A device with one sample without a time.
pub(super) fn with_values(name: &str, values: &[(&str, Value)]) -> Uplink {
    let values = values.iter().map(|(key, value)| KeyValue {
        key: (*key).to_owned(),
        value: value.clone(),
    });
    let mut uplink = device(name);
    uplink.entity.telemetry.push(Sample {
        ts: None,
        values: values.collect(),
    });
    uplink
}

/// Uplinks with these numbers as names.
pub(super) fn numbered(numbers: impl IntoIterator<Item = u64>) -> Vec<Uplink> {
    let device = |number: u64| device(&number.to_string());
    numbers.into_iter().map(device).collect()
}

/// Whether two are the same to the last bit.
pub(super) fn same(one: &Uplink, other: &Uplink) -> bool {
    let (a, b) = (&one.entity, &other.entity);
    let same_pairs = |a: &[KeyValue], b: &[KeyValue]| {
        let same_value = |a: &Value, b: &Value| match (a, b) {
            (Value::Boolean(a), Value::Boolean(b)) => a == b,
            (Value::Long(a), Value::Long(b)) => a == b,
            (Value::Double(a), Value::Double(b)) => a.to_bits() == b.to_bits(),
            (Value::Text(a), Value::Text(b)) | (Value::Json(a), Value::Json(b)) => a == b,
            _ => false,
        };
        a.len() == b.len()
            && a.iter()
                .zip(b)
                .all(|(a, b)| a.key == b.key && same_value(&a.value, &b.value))
    };
    let same_sample = |(a, b): (&Sample, &Sample)| a.ts == b.ts && same_pairs(&a.values, &b.values);
    (&one.integration, one.allow_create, one.received_ms)
        == (&other.integration, other.allow_create, other.received_ms)
        && (a.kind, &a.name, &a.profile, &a.label, &a.customer, &a.group)
            == (b.kind, &b.name, &b.profile, &b.label, &b.customer, &b.group)
        && a.telemetry.len() == b.telemetry.len()
        && a.telemetry.iter().zip(&b.telemetry).all(same_sample)
        && same_pairs(&a.attributes, &b.attributes)
}

pub(super) fn names(records: &[Record]) -> Vec<&str> {
    records
        .iter()
        .map(|record| record.uplink.entity.name.as_str())
        .collect()
}

pub(super) fn positions(records: &[Record]) -> impl Iterator<Item = Position> {
    records.iter().map(|record| record.position)
}

/// Everything that waits, as numbers, by pages.
pub(super) async fn all(spool: &Spool) -> Vec<u64> {
    let mut numbers = Vec::new();
    let mut from = Position::FIRST;
    loop {
        let page = spool.page(from, 1000).await.unwrap();
        let Some(last) = page.last() else {
            return numbers;
        };
        from = last.position.next();
        numbers.extend(names(&page).iter().map(|name| name.parse::<u64>().unwrap()));
    }
}

/// Everything that waits, as numbers, by a reader that reads until nothing is
/// left. What it meets of damage is counted.
pub(super) async fn drain(spool: &Spool, reader: &mut Reader) -> Vec<u64> {
    let mut numbers = Vec::new();
    while !spool.is_empty() {
        tokio::select! {
            records = reader.next(1000, 1 << 20) => {
                numbers.extend(names(&records).iter().map(|name| name.parse::<u64>().unwrap()));
                spool.acknowledge(positions(&records));
            }
            () = spool.drained() => {}
        }
    }
    numbers
}

pub(super) fn open(folder: &Path) -> Spool {
    open_as(folder, &SpoolSettings::default()).0
}

pub(super) fn open_as(folder: &Path, settings: &SpoolSettings) -> (Spool, Recovered) {
    Spool::open(folder, settings).unwrap()
}

pub(super) fn dropping(max_mib: u64) -> SpoolSettings {
    SpoolSettings {
        max_mib,
        when_full: WhenFull::DropOldest,
        ..SpoolSettings::default()
    }
}

fn hand_over(spool: &Spool, work: OnThread) {
    let mut state = spool.shared().lock();
    state.tests.push_back(work);
    spool.shared().wake(state);
}

/// Does `work` on the spool's thread and waits for it.
pub(super) async fn on_thread<T: Send + 'static>(
    spool: &Spool,
    work: impl FnOnce(&mut Store) -> T + Send + 'static,
) -> T {
    let (tell, told) = oneshot::channel();
    let work: OnThread = Box::new(move |store| {
        let _ = tell.send(work(store.unwrap()));
    });
    hand_over(spool, work);
    told.await.unwrap()
}

/// Waits until the store knows everything that was acknowledged.
pub(super) async fn settled(spool: &Spool) {
    while spool.shared().lock().done_since.is_some() {
        tokio::task::yield_now().await;
    }
}

/// Keeps the spool's thread from doing anything until it is dropped.
pub(super) struct Stopped(#[expect(dead_code, reason = "dropping it lets go")] mpsc::Sender<()>);

pub(super) async fn stop(spool: &Spool) -> Stopped {
    let (sender, let_go) = mpsc::channel::<()>();
    let (tell, told) = oneshot::channel();
    let work: OnThread = Box::new(move |_| {
        let _ = tell.send(());
        let _ = let_go.recv();
    });
    hand_over(spool, work);
    told.await.unwrap();
    Stopped(sender)
}

/// A clock that a test sets.
#[derive(Clone)]
pub(super) struct SetClock(Arc<AtomicI64>);

impl SetClock {
    pub(super) fn at(ms: i64) -> Self {
        Self(Arc::new(AtomicI64::new(ms)))
    }

    pub(super) fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, SeqCst);
    }

    pub(super) fn clock(&self) -> super::state::Clock {
        let clock = self.0.clone();
        Arc::new(move || clock.load(SeqCst))
    }
}
