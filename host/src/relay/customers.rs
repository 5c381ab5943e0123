//! The customers that ThingsBoard tells an edge of: the public one, and its own.
//! A customer goes by its id, and there is no other way to learn one.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Deserialize;
use tracing::warn;
use uuid::Uuid;

use super::ids;
use crate::proto::edge::{CustomerUpdateMsg, UpdateMsgType};

/// Titles that are kept, and told as unknown; a server tells two.
const MAX: usize = 1000;

/// Titles and ids.
#[derive(Debug, Default)]
pub(super) struct Customers {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    ids: HashMap<String, Uuid>,
    /// Titles of which it was said that nobody knows them.
    unknown: Vec<String>,
}

#[derive(Deserialize)]
struct CustomerJson {
    title: String,
}

impl Customers {
    /// Takes in what the server says.
    pub(super) fn take(&self, update: &CustomerUpdateMsg) {
        let id = ids::uuid(update.id_msb, update.id_lsb);
        let mut inner = self.lock();
        inner.ids.retain(|_, known| *known != id);
        if update.msg_type() == UpdateMsgType::EntityDeletedRpcMessage || inner.ids.len() >= MAX {
            return;
        }
        match serde_json::from_str::<CustomerJson>(&update.entity) {
            Ok(customer) => {
                inner.unknown.retain(|title| *title != customer.title);
                inner.ids.insert(customer.title, id);
            }
            Err(error) => {
                warn!(%id, %error, "ThingsBoard sent a customer that cannot be read; it is left out");
            }
        }
    }

    /// The id of the customer of that title. That there is none is said once for
    /// a title.
    pub(super) fn id(&self, title: &str, entity: &str) -> Option<Uuid> {
        let mut inner = self.lock();
        if let Some(id) = inner.ids.get(title) {
            return Some(*id);
        }
        if inner.unknown.len() < MAX && !inner.unknown.iter().any(|known| known == title) {
            inner.unknown.push(title.to_owned());
            warn!(
                device = entity,
                customer = title,
                "an edge can give devices to its own customer and to the public one only; the \
                 device is created without a customer: assign it in ThingsBoard, or assign the \
                 edge to the customer"
            );
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(id: i64, msg_type: UpdateMsgType, entity: &str) -> CustomerUpdateMsg {
        CustomerUpdateMsg {
            msg_type: msg_type.into(),
            id_msb: 0,
            id_lsb: id,
            entity: entity.to_owned(),
        }
    }

    #[test]
    fn customers_are_known_by_title_until_they_are_deleted() {
        use UpdateMsgType::{
            EntityCreatedRpcMessage as Created, EntityDeletedRpcMessage as Deleted,
        };
        let customers = Customers::default();
        customers.take(&update(
            1,
            Created,
            r#"{"title":"Acme","email":"a@acme.example"}"#,
        ));
        customers.take(&update(2, Created, r#"{"title":"Public"}"#));
        customers.take(&update(3, Created, "no json"));
        assert_eq!(customers.id("Acme", "SN-1"), Some(Uuid::from_u128(1)));
        assert_eq!(customers.id("Public", "SN-1"), Some(Uuid::from_u128(2)));
        customers.take(&update(
            1,
            UpdateMsgType::EntityUpdatedRpcMessage,
            r#"{"title":"Apex"}"#,
        ));
        assert_eq!(customers.id("Acme", "SN-1"), None);
        assert_eq!(customers.id("Apex", "SN-1"), Some(Uuid::from_u128(1)));
        customers.take(&update(1, Deleted, ""));
        assert_eq!(customers.id("Apex", "SN-1"), None);
    }

    #[test]
    fn an_unknown_customer_is_said_once() {
        let customers = Customers::default();
        let text = crate::redb_file::testing::logged(|| {
            for title in ["Acme", "Acme", "Apex", "Acme"] {
                assert_eq!(customers.id(title, "SN-1"), None);
            }
        });
        assert_eq!(text.matches("own customer").count(), 2, "{text}");
    }
}
