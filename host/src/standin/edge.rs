//! The one edge there is, as an administrator sees it.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::admin::Problem;
use super::change::Change;
use super::customers::{Customers, removal_message};
use super::data::Data;
use super::entities::{NO_CUSTOMER, halves};
use super::faults::Manner;
use super::hub::{Close, State};
use crate::proto::edge::{DownlinkMsg, EdgeConfiguration};

/// The name until an administrator gives another.
const NAME: &str = "stand-in edge";
/// The longest name or secret.
const MAX_TEXT: usize = 255;

/// A secret; no log line shows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Secret(pub(super) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The edge.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) secret: Secret,
    /// Whose edge it is; [`NO_CUSTOMER`] without one.
    pub(super) customer: Uuid,
    /// It was deleted, and nobody is let in any more.
    pub(super) deleted: bool,
    /// What the edge reports about itself.
    pub(super) data: Data,
}

impl Edge {
    pub(super) fn new(id: Uuid, secret: Secret) -> Self {
        Self {
            id,
            name: NAME.to_owned(),
            secret,
            customer: NO_CUSTOMER,
            deleted: false,
            data: Data::default(),
        }
    }

    /// Forgets everything but the id and the secret.
    pub(super) fn reset(&mut self, deleted: bool) {
        let secret = self.secret.clone();
        *self = Self {
            deleted,
            ..Self::new(self.id, secret)
        };
    }

    /// The title of the customer whose edge it is.
    pub(super) fn customer_title<'a>(&self, customers: &'a Customers) -> Option<&'a str> {
        customers.title(self.customer)
    }

    /// What the edge is told about itself.
    pub(super) fn configuration(&self, tenant: Uuid) -> EdgeConfiguration {
        let (edge_id_msb, edge_id_lsb) = halves(self.id);
        let (tenant_id_msb, tenant_id_lsb) = halves(tenant);
        let (customer_id_msb, customer_id_lsb) = halves(self.customer);
        EdgeConfiguration {
            edge_id_msb,
            edge_id_lsb,
            tenant_id_msb,
            tenant_id_lsb,
            customer_id_msb,
            customer_id_lsb,
            name: self.name.clone(),
            r#type: "default".to_owned(),
            cloud_type: "CE".to_owned(),
        }
    }
}

/// A name or a secret that may be given to the edge.
fn checked(what: &str, text: &str) -> Result<(), Problem> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > MAX_TEXT {
        return Err(Problem::Invalid(format!(
            "the {what} must not be blank or longer than {MAX_TEXT} characters"
        )));
    }
    Ok(())
}

impl State {
    /// True if the edge is there and has that secret.
    pub(super) fn admits(&self, secret: &str) -> bool {
        !self.edge.deleted && self.edge.secret.0 == secret
    }

    /// Changes the secret. The running session goes on and is told of the
    /// edited edge; the next one needs the new secret.
    pub(super) fn set_secret(&mut self, secret: String) -> Result<(), Problem> {
        checked("secret", &secret)?;
        let secret = Secret(secret);
        self.carry_out(Change::EdgeSecret { secret })?;
        self.edited();
        Ok(())
    }

    /// Changes the edge's name.
    pub(super) fn rename_edge(&mut self, name: String) -> Result<(), Problem> {
        checked("name", &name)?;
        self.carry_out(Change::EdgeName { name })?;
        self.edited();
        Ok(())
    }

    /// Gives the edge to a customer, or takes it away. The customer waits for
    /// an edge that is away, its new configuration does not.
    pub(super) fn set_edge_customer(&mut self, title: Option<&str>) -> Result<(), Problem> {
        let customer = self.find_customer(title)?;
        let old = self.edge.customer;
        if customer == old {
            return Ok(());
        }
        self.carry_out(Change::EdgeCustomer { customer })?;
        if !self.known {
            return Ok(());
        }
        if let Some(message) = self.customers.message(customer, self.tenant) {
            self.push_event(message);
        }
        if self.connected() {
            self.push_event(DownlinkMsg {
                edge_configuration: Some(self.edge.configuration(self.tenant)),
                ..DownlinkMsg::default()
            });
        }
        if customer == NO_CUSTOMER {
            self.push_event(removal_message(old));
        }
        Ok(())
    }

    /// Deletes the edge: its sessions end, nothing is assigned to it or waits
    /// for it any more, and nobody is let in.
    pub(super) fn delete_edge(&mut self) -> Result<(), Problem> {
        if self.edge.deleted {
            return Err(Problem::NotFound("the edge was deleted".to_owned()));
        }
        self.carry_out(Change::EdgeDeleted { deleted: true })?;
        self.close(Close::Cut(Manner::Complete));
        Ok(())
    }

    /// Makes a deleted edge again, with the same id, key and secret.
    pub(super) fn make_edge(&mut self) -> Result<(), Problem> {
        if !self.edge.deleted {
            return Err(Problem::Conflict("the edge exists".to_owned()));
        }
        self.carry_out(Change::EdgeDeleted { deleted: false })
    }
}
