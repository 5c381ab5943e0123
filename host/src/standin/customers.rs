//! The tenant's customers: whose devices, assets and edge they are.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::admin::Problem;
use super::change::Change;
use super::draft::Draft;
use super::entities::{NO_CUSTOMER, halves};
use super::hub::State;
use crate::proto::edge::{CustomerUpdateMsg, DownlinkMsg, UpdateMsgType};

/// The title that ThingsBoard gives the public customer.
const PUBLIC: &str = "Public";
/// Customers that there may be.
const MAX_CUSTOMERS: usize = 10_000;

/// One customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Customer {
    pub(super) id: Uuid,
    pub(super) title: String,
    /// Whoever belongs to it is shown to everyone.
    pub(super) public: bool,
    pub(super) created_time: i64,
}

/// All customers, by title.
#[derive(Debug, Default)]
pub(super) struct Customers {
    by_title: BTreeMap<String, Customer>,
    titles: BTreeMap<Uuid, String>,
}

impl Customers {
    /// All of them, ordered by title.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Customer> {
        self.by_title.values()
    }

    pub(super) fn len(&self) -> usize {
        self.by_title.len()
    }

    pub(super) fn id_of(&self, title: &str) -> Option<Uuid> {
        self.by_title.get(title).map(|customer| customer.id)
    }

    pub(super) fn get(&self, id: Uuid) -> Option<&Customer> {
        self.by_title.get(self.titles.get(&id)?)
    }

    /// The title of a customer; none for an unknown one and for [`NO_CUSTOMER`].
    pub(super) fn title(&self, id: Uuid) -> Option<&str> {
        self.titles.get(&id).map(String::as_str)
    }

    /// True for an id that an entity may name: a customer's, or [`NO_CUSTOMER`].
    pub(super) fn is_known(&self, id: Uuid) -> bool {
        id == NO_CUSTOMER || self.titles.contains_key(&id)
    }

    /// The public customer, if there is one.
    pub(super) fn public(&self) -> Option<Uuid> {
        let mut all = self.by_title.values();
        all.find(|customer| customer.public)
            .map(|customer| customer.id)
    }

    /// Adds a customer; one of the same title is replaced.
    pub(super) fn add(&mut self, customer: Customer) {
        self.titles.insert(customer.id, customer.title.clone());
        let old = self.by_title.insert(customer.title.clone(), customer);
        if let Some(old) = old {
            self.titles.remove(&old.id);
        }
    }

    /// The message that tells the edge about a customer; none for an unknown one.
    pub(super) fn message(&self, id: Uuid, tenant: Uuid) -> Option<DownlinkMsg> {
        let customer = self.get(id)?;
        let additional_info = match customer.public {
            true => json!({"isPublic": true}),
            false => Json::Null,
        };
        let json = json!({
            "id": {"entityType": "CUSTOMER", "id": customer.id.to_string()},
            "createdTime": customer.created_time,
            "additionalInfo": additional_info,
            "country": null,
            "state": null,
            "city": null,
            "address": null,
            "address2": null,
            "zip": null,
            "phone": null,
            "email": null,
            "title": customer.title,
            "tenantId": {"entityType": "TENANT", "id": tenant.to_string()},
            "externalId": null,
            "version": null,
        });
        let created = UpdateMsgType::EntityCreatedRpcMessage;
        Some(message(id, created, json.to_string()))
    }
}

/// A customer to be made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCustomer {
    title: Option<String>,
    #[serde(default)]
    public: bool,
    /// The edge becomes this customer's.
    #[serde(default)]
    edge: bool,
}

impl State {
    /// Makes a customer and tells its id.
    pub(super) fn create_customer(&mut self, new: NewCustomer) -> Result<Uuid, Problem> {
        let title = match (new.title, new.public) {
            (Some(title), false) => title,
            (None, true) => PUBLIC.to_owned(),
            (Some(title), true) if title == PUBLIC => title,
            (Some(_), true) => {
                let text = format!("the public customer's title is {PUBLIC:?}; give no other");
                return Err(Problem::Invalid(text));
            }
            (None, false) => {
                return Err(Problem::Invalid("a customer needs a title".to_owned()));
            }
        };
        // The rules for its title are those for a device's name.
        let draft = Draft::named(title.clone(), None, None);
        draft.check().map_err(Problem::Invalid)?;
        if self.customers.id_of(&title).is_some() {
            let text = format!("a customer named {title:?} exists");
            return Err(Problem::Conflict(text));
        }
        if self.customers.len() >= MAX_CUSTOMERS {
            let text = format!("there are {MAX_CUSTOMERS} customers already");
            return Err(Problem::Invalid(text));
        }
        let id = Uuid::new_v4();
        self.carry_out(Change::Customer {
            id,
            title: title.clone(),
            public: new.public,
        })?;
        if new.edge {
            self.set_edge_customer(Some(&title))?;
        }
        Ok(id)
    }
}

/// The message for a customer that no longer has the edge.
pub(super) fn removal_message(id: Uuid) -> DownlinkMsg {
    message(id, UpdateMsgType::EntityDeletedRpcMessage, String::new())
}

fn message(id: Uuid, msg_type: UpdateMsgType, entity: String) -> DownlinkMsg {
    let (id_msb, id_lsb) = halves(id);
    DownlinkMsg {
        customer_update_msg: vec![CustomerUpdateMsg {
            msg_type: msg_type.into(),
            id_msb,
            id_lsb,
            entity,
        }],
        ..DownlinkMsg::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(id: u128, title: &str, public: bool) -> Customer {
        Customer {
            id: Uuid::from_u128(id),
            title: title.to_owned(),
            public,
            created_time: 5,
        }
    }

    #[test]
    fn customers_are_found_by_title_and_by_id() {
        let mut customers = Customers::default();
        assert_eq!(customers.public(), None);
        customers.add(customer(1, "b", false));
        customers.add(customer(2, PUBLIC, true));
        let titles: Vec<_> = customers.iter().map(|it| it.title.as_str()).collect();
        assert_eq!(titles, [PUBLIC, "b"]);
        assert_eq!(customers.id_of("b"), Some(Uuid::from_u128(1)));
        assert_eq!(customers.public(), Some(Uuid::from_u128(2)));
        for (id, title, known) in [
            (Uuid::from_u128(1), Some("b"), true),
            (NO_CUSTOMER, None, true),
            (Uuid::from_u128(9), None, false),
        ] {
            assert_eq!(customers.title(id), title);
            assert_eq!(customers.is_known(id), known);
        }
    }

    #[test]
    fn only_the_public_customer_says_so() {
        let mut customers = Customers::default();
        customers.add(customer(1, "b", false));
        customers.add(customer(2, PUBLIC, true));
        for (id, info) in [(1, Json::Null), (2, json!({"isPublic": true}))] {
            let message = customers.message(Uuid::from_u128(id), Uuid::nil()).unwrap();
            let update = &message.customer_update_msg[0];
            let json: Json = serde_json::from_str(&update.entity).unwrap();
            assert_eq!(json["additionalInfo"], info);
            assert_eq!(json["id"]["id"], Uuid::from_u128(id).to_string());
        }
        assert_eq!(customers.message(Uuid::max(), Uuid::nil()), None);
    }
}
