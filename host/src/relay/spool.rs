//! Holds what was accepted from devices until ThingsBoard acknowledged it.
//!
//! This is the seam between the connections and the ThingsBoard session:
//! append, read the oldest, acknowledge them. Reading takes nothing away, so a
//! session that breaks has nothing to give back. The records are in memory and
//! bounded; a full spool makes [`Spool::append`] wait, which stops the reading
//! from the devices' sockets.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::message::{Entity, KeyValue, Uplink, Value};

/// The records on their way.
#[derive(Debug)]
pub struct Spool {
    max_bytes: usize,
    inner: Mutex<Inner>,
    appended: Notify,
    acknowledged: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    records: VecDeque<(Arc<Uplink>, usize)>,
    bytes: usize,
}

impl Spool {
    /// An empty spool that holds up to `max_bytes`.
    #[must_use]
    pub fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            inner: Mutex::default(),
            appended: Notify::new(),
            acknowledged: Notify::new(),
        }
    }

    /// Accepts `uplinks` in order; waits while there is no room. One batch that
    /// is larger than the whole spool is taken when the spool is empty.
    pub async fn append(&self, uplinks: Vec<Uplink>) {
        if uplinks.is_empty() {
            return;
        }
        let mut batch: Vec<_> = uplinks
            .into_iter()
            .map(|uplink| {
                let size = size_of_uplink(&uplink);
                (Arc::new(uplink), size)
            })
            .collect();
        let bytes: usize = batch.iter().map(|(_, size)| size).sum();
        loop {
            let room = self.acknowledged.notified();
            tokio::pin!(room);
            // Registered before the look, so that no wake-up is missed.
            room.as_mut().enable();
            {
                let mut inner = self.lock();
                if inner.records.is_empty() || inner.bytes + bytes <= self.max_bytes {
                    inner.bytes += bytes;
                    inner.records.extend(batch.drain(..));
                    break;
                }
            }
            room.await;
        }
        self.appended.notify_waiters();
    }

    /// The oldest records, `max` at most; waits until there is one. They stay
    /// until they are acknowledged.
    pub async fn read(&self, max: usize) -> Vec<Arc<Uplink>> {
        loop {
            let appended = self.appended.notified();
            tokio::pin!(appended);
            appended.as_mut().enable();
            {
                let inner = self.lock();
                if !inner.records.is_empty() {
                    let oldest = inner.records.iter().take(max);
                    return oldest.map(|(uplink, _)| uplink.clone()).collect();
                }
            }
            appended.await;
        }
    }

    /// Forgets the `count` oldest records.
    pub fn acknowledge(&self, count: usize) {
        let mut inner = self.lock();
        for _ in 0..count {
            if let Some((_, size)) = inner.records.pop_front() {
                inner.bytes -= size;
            }
        }
        drop(inner);
        self.acknowledged.notify_waiters();
    }

    /// How many records wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().records.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until everything was acknowledged.
    pub async fn drained(&self) {
        loop {
            let acknowledged = self.acknowledged.notified();
            tokio::pin!(acknowledged);
            acknowledged.as_mut().enable();
            if self.is_empty() {
                return;
            }
            acknowledged.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Memory that a record takes, near enough for a bound.
fn size_of_uplink(uplink: &Uplink) -> usize {
    let Entity {
        name,
        profile,
        label,
        customer,
        group,
        telemetry,
        attributes,
        kind: _,
    } = &uplink.entity;
    let options = [label, customer, group];
    let texts = name.len()
        + profile.len()
        + options
            .into_iter()
            .flatten()
            .map(String::len)
            .sum::<usize>();
    let pairs = telemetry
        .iter()
        .flat_map(|sample| &sample.values)
        .chain(attributes);
    size_of::<Uplink>() + texts + telemetry.len() * 32 + pairs.map(size_of_pair).sum::<usize>()
}

fn size_of_pair(pair: &KeyValue) -> usize {
    let text = match &pair.value {
        Value::Text(text) | Value::Json(text) => text.len(),
        Value::Boolean(_) | Value::Long(_) | Value::Double(_) => 0,
    };
    size_of::<KeyValue>() + pair.key.len() + text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::message::EntityKind;

    fn uplink(name: &str) -> Uplink {
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

    fn names(records: &[Arc<Uplink>]) -> Vec<&str> {
        records
            .iter()
            .map(|record| record.entity.name.as_str())
            .collect()
    }

    #[tokio::test]
    async fn records_stay_in_order_until_acknowledged() {
        let spool = Spool::new(1 << 20);
        spool.append(vec![uplink("a"), uplink("b")]).await;
        spool.append(vec![uplink("c")]).await;
        assert_eq!(names(&spool.read(2).await), ["a", "b"]);
        assert_eq!(names(&spool.read(9).await), ["a", "b", "c"]);
        spool.acknowledge(2);
        assert_eq!(names(&spool.read(9).await), ["c"]);
        spool.acknowledge(9);
        assert!(spool.is_empty());
        spool.drained().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_spool_makes_its_sender_wait() {
        let one = size_of_uplink(&uplink("a"));
        let spool = Arc::new(Spool::new(2 * one));
        spool.append(vec![uplink("a"), uplink("b")]).await;
        let waiting = spool.append(vec![uplink("c")]);
        tokio::pin!(waiting);
        let patience = Duration::from_secs(3600);
        assert!(tokio::time::timeout(patience, &mut waiting).await.is_err());
        assert_eq!(spool.len(), 2);
        spool.acknowledge(1);
        waiting.await;
        assert_eq!(names(&spool.read(9).await), ["b", "c"]);
    }

    #[tokio::test]
    async fn a_batch_larger_than_the_spool_passes_alone() {
        let spool = Spool::new(1);
        spool.append(vec![uplink("a"), uplink("b")]).await;
        assert_eq!(spool.len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_wakes_for_the_first_record() {
        let spool = Arc::new(Spool::new(1 << 20));
        let reader = spool.clone();
        let read = tokio::spawn(async move { reader.read(1).await.len() });
        tokio::time::sleep(Duration::from_secs(1)).await;
        spool.append(vec![uplink("a")]).await;
        assert_eq!(read.await.ok(), Some(1));
    }
}
