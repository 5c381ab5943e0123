//! Attributes of devices, for downlink converters that read them.
//!
//! ThingsBoard sends what changes, and all attributes of a scope on request, which
//! costs it several messages. So a device's are asked for when a converter first
//! reads one, kept, brought up to date by what the server sends, and asked for
//! again when they are some minutes old: changes that no rule chain pushes to the
//! edge are not told.
//!
//! Nothing in the answer tells it from a change. So shared attributes are passed on
//! to the device, unless they are what was known.

mod cache;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::{
    sync::Notify,
    time::{Instant, timeout, timeout_at},
};
use tracing::debug;
use uuid::Uuid;

use self::cache::Cache;
use super::{
    entities::Entities,
    exchange::{Answer, Exchange},
    ids, values,
};
use crate::{
    message::{DeviceMetadata, EntityKind, KeyValue, Metadata},
    proto::edge::{AttributesRequestMsg, EntityDataProto, UplinkMsg},
};

/// How long a device's attributes count before they are asked for again.
const REFRESH: Duration = Duration::from_secs(5 * 60);

/// Longest wait for the server's acknowledgement. A caller of a device waits 5 s at
/// least.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);

/// Longest wait for the answers behind it. Of a scope without attributes there is
/// none, so this is what the first downlink of a device may be late.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// ThingsBoard's scopes of attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Client,
    Server,
    Shared,
}

impl Scope {
    const ALL: [Self; 3] = [Self::Client, Self::Server, Self::Shared];

    /// Its name in messages.
    fn name(self) -> &'static str {
        match self {
            Self::Client => "CLIENT_SCOPE",
            Self::Server => "SERVER_SCOPE",
            Self::Shared => "SHARED_SCOPE",
        }
    }

    /// What its keys begin with in metadata, as ThingsBoard's rule nodes name them.
    fn prefix(self) -> &'static str {
        match self {
            Self::Client => "cs_",
            Self::Server => "ss_",
            Self::Shared => "shared_",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// What is known of devices' attributes.
#[derive(Debug)]
pub struct Attributes {
    entities: Arc<Entities>,
    inner: Mutex<Inner>,
    /// Told when an answer may have come.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    session: Option<Arc<Exchange>>,
    cache: Cache,
}

impl Attributes {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(entities: Arc<Entities>) -> Self {
        Self {
            entities,
            inner: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// From now on this session can be asked; none after its end.
    pub(super) fn set_session(&self, session: Option<Arc<Exchange>>) {
        self.lock().session = session;
    }

    /// Takes in what the server says. Answers whether it is an answer that says
    /// nothing new: then it is nothing for the device.
    pub(super) fn take(&self, data: &EntityDataProto) -> bool {
        let id = ids::uuid(data.entity_id_msb, data.entity_id_lsb);
        let mut inner = self.lock();
        if let Some(deleted) = &data.attribute_delete_msg
            && let Some(scope) = Scope::of_name(&deleted.scope)
        {
            inner.cache.delete(id, scope, &deleted.attribute_names);
        }
        let message = data.attributes_updated_msg.as_ref();
        let Some(message) = message.or(data.post_attributes_msg.as_ref()) else {
            return false;
        };
        let Some(scope) = Scope::of_name(&data.post_attribute_scope) else {
            return false;
        };
        let pairs = message.kv.iter();
        let pairs = pairs.map(|pair| (pair.key.clone(), values::text(pair)));
        let known = inner
            .cache
            .update(id, scope, pairs.collect(), Instant::now());
        drop(inner);
        self.changed.notify_waiters();
        known
    }

    /// Takes in client attributes that a device sent and the server has accepted.
    pub(super) fn sent(&self, id: Uuid, attributes: &[KeyValue]) {
        if attributes.is_empty() {
            return;
        }
        let mut inner = self.lock();
        if inner.cache.has(id) {
            let pairs = attributes
                .iter()
                .map(|pair| (pair.key.clone(), values::text_of(&pair.value)));
            inner.cache.merge(id, Scope::Client, pairs.collect());
        }
    }

    async fn find(&self, device: &str, keys: &[String]) -> Metadata {
        let wanted = |scope: &Scope| keys.iter().any(|key| key.starts_with(scope.prefix()));
        let scopes: Vec<_> = Scope::ALL.into_iter().filter(wanted).collect();
        if scopes.is_empty() {
            return Metadata::new();
        }
        let Some(id) = self.entities.called(EntityKind::Device, device) else {
            return Metadata::new();
        };
        let (missing, session) = {
            let mut inner = self.lock();
            let session = inner.session.clone();
            let missing = match session {
                Some(_) => inner.cache.ask(id, &scopes, Instant::now()),
                None => Vec::new(),
            };
            (missing, session)
        };
        if let Some(session) = session.filter(|_| !missing.is_empty()) {
            let asked = session.submit(request(id, &missing));
            let outcome = timeout(REQUEST_TIMEOUT, asked).await;
            debug!(device, ?missing, ?outcome, "attributes asked for");
            let taken = matches!(outcome, Ok(Ok(Answer::Accepted)));
            let now = taken.then(Instant::now);
            self.lock().cache.asked(id, &missing, now);
        }
        self.answered(id, &scopes).await;
        self.lock().cache.metadata(id, &scopes)
    }

    /// Waits until all these scopes are answered, or have had their time.
    async fn answered(&self, id: Uuid, scopes: &[Scope]) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before the look, so that no wake-up is missed.
            changed.as_mut().enable();
            let Some(until) = self.lock().cache.waits_until(id, scopes) else {
                return;
            };
            if timeout_at(until, changed).await.is_err() {
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DeviceMetadata for Attributes {
    fn look_up<'call>(
        &'call self,
        device: &'call str,
        keys: &'call [String],
    ) -> BoxFuture<'call, Metadata> {
        self.find(device, keys).boxed()
    }
}

fn request(id: Uuid, scopes: &[Scope]) -> UplinkMsg {
    let (entity_id_msb, entity_id_lsb) = ids::halves(id);
    let request = |scope: &Scope| AttributesRequestMsg {
        entity_id_msb,
        entity_id_lsb,
        entity_type: "DEVICE".to_owned(),
        scope: scope.name().to_owned(),
    };
    UplinkMsg {
        attributes_request_msg: scopes.iter().map(request).collect(),
        ..UplinkMsg::default()
    }
}

#[cfg(test)]
mod tests;
