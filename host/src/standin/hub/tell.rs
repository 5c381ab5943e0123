//! What goes down: the order of a synchronisation, and what is sent now.

use prost::Message as _;
use tokio::time::Instant;
use uuid::Uuid;

use super::State;
use crate::proto::edge::{DeviceUpdateMsg, DownlinkMsg, UpdateMsgType};
use crate::standin::entities::{Kind, NO_CUSTOMER, halves};
use crate::standin::journal::Record;
use crate::standin::outbox::Told;

/// Dashboards that a synchronisation tells of when kinds are asked for that
/// an edge without a user interface does not know.
const DASHBOARDS: u128 = 3;
/// What stands where a device's JSON should.
const UNREADABLE: &str = "{\"name\":";

impl State {
    /// The edge answered a downlink.
    pub(in crate::standin) fn acknowledge(&mut self, id: i32, success: bool) {
        self.outbox.acknowledge(id, success);
        self.note_done();
    }

    fn note_done(&mut self) {
        let done = self.outbox.take_done();
        if done > 0 {
            self.note(&Record::EventsDone(u32::try_from(done).unwrap_or(u32::MAX)));
        }
    }

    /// Starts a synchronisation unless one runs.
    pub(in crate::standin) fn start_sync(&mut self) {
        if self.outbox.syncing() {
            return;
        }
        let rule = self.faults.sync;
        let customer = |id: Option<Uuid>| id.map(Told::Customer).into_iter().collect();
        let own = Some(self.edge.customer).filter(|id| *id != NO_CUSTOMER);
        let dashboards = match rule.unknown_kinds {
            true => (0..DASHBOARDS).map(Told::Dashboard).collect(),
            false => Vec::new(),
        };
        let profile = |kind: Kind| vec![Told::Profile(kind, self.table(kind).default_profile())];
        let profiles = |kind: Kind| -> Vec<Told> {
            let profiles = self.table(kind).profiles();
            profiles.map(|id| Told::Profile(kind, id)).collect()
        };
        let assigned = |kind: Kind| -> Vec<Told> {
            let entities = self.table(kind).iter().filter(|entity| entity.assigned);
            entities
                .map(|entity| Told::Entity(kind, entity.id))
                .collect()
        };
        let mut groups: Vec<Vec<Told>> = vec![
            customer(self.customers.public()),
            customer(own),
            dashboards,
            profile(Kind::Device),
            profile(Kind::Asset),
            profiles(Kind::Device),
            profiles(Kind::Asset),
            with_unreadable(assigned(Kind::Device), rule.unreadable),
            assigned(Kind::Asset),
        ];
        if rule.twice {
            groups.extend_from_within(..);
        }
        self.outbox.start_sync(&groups, rule);
    }

    /// What that session has to send now.
    pub(in crate::standin) fn next_downlinks(
        &mut self,
        number: u64,
        now: Instant,
    ) -> Vec<DownlinkMsg> {
        if !self.is_current(number) {
            return Vec::new();
        }
        let (devices, assets) = (&self.devices, &self.assets);
        let table = |kind| match kind {
            Kind::Device => devices,
            Kind::Asset => assets,
        };
        let rule = &mut self.faults.downlinks;
        let messages = self.outbox.next(now, rule, |told| match told {
            Told::Entity(kind, id) => {
                let table = table(kind);
                let entity = table.get(id).filter(|entity| entity.assigned)?;
                Some(table.update_message(entity, UpdateMsgType::EntityCreatedRpcMessage))
            }
            Told::Profile(kind, id) => table(kind).profile_message(id),
            Told::Customer(id) => self.customers.message(id, self.tenant),
            Told::Dashboard(number) => Some(dashboard(Uuid::from_u128(number))),
            Told::Unreadable => Some(unreadable()),
        });
        self.note_done();
        messages
    }
}

/// Puts so many entities that cannot be read among the others.
fn with_unreadable(mut told: Vec<Told>, count: usize) -> Vec<Told> {
    let step = told.len() / (count + 1) + 1;
    for number in 0..count {
        let at = (number * step).min(told.len());
        told.insert(at, Told::Unreadable);
    }
    told
}

fn unreadable() -> DownlinkMsg {
    let (id_msb, id_lsb) = halves(Uuid::new_v4());
    DownlinkMsg {
        device_update_msg: vec![DeviceUpdateMsg {
            msg_type: UpdateMsgType::EntityCreatedRpcMessage.into(),
            id_msb,
            id_lsb,
            entity: UNREADABLE.to_owned(),
        }],
        ..DownlinkMsg::default()
    }
}

/// A message of a kind that is in no contract of tb-tcp's.
#[derive(Clone, PartialEq, prost::Message)]
struct DashboardUpdateMsg {
    #[prost(int64, tag = "2")]
    id_msb: i64,
    #[prost(int64, tag = "3")]
    id_lsb: i64,
    #[prost(string, tag = "12")]
    entity: String,
}

fn dashboard(id: Uuid) -> DownlinkMsg {
    let (id_msb, id_lsb) = halves(id);
    let dashboard = DashboardUpdateMsg {
        id_msb,
        id_lsb,
        entity: "{\"title\":\"dashboard\"}".to_owned(),
    };
    DownlinkMsg {
        dashboard_update_msg: vec![dashboard.encode_to_vec()],
        ..DownlinkMsg::default()
    }
}
