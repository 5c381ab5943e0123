//! Telemetry and attributes, and what was counted of them.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State as Shared};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::{Answer, App, ok};
use crate::standin::data::{Data, Scope};
use crate::standin::extract::{Body, Failure, Item, Keys};
use crate::standin::hub::Hub;
use crate::standin::sequence::Figures;

pub(super) async fn latest(Shared(hub): App, item: Item, Keys(keys): Keys) -> Answer {
    read(&hub, &item, |data| data.latest(keys.as_deref()))
}

pub(super) async fn history(Shared(hub): App, item: Item, Keys(keys): Keys) -> Answer {
    read(&hub, &item, |data| data.history(keys.as_deref()))
}

pub(super) async fn arrivals(Shared(hub): App, item: Item, Keys(keys): Keys) -> Answer {
    read(&hub, &item, |data| data.arrivals(keys.as_deref()))
}

pub(super) async fn types(Shared(hub): App, item: Item, Keys(keys): Keys) -> Answer {
    read(&hub, &item, |data| data.types(keys.as_deref()))
}

pub(super) async fn attributes(Shared(hub): App, item: Item) -> Answer {
    read(&hub, &item, Data::attributes)
}

pub(super) async fn attribute_types(Shared(hub): App, item: Item) -> Answer {
    read(&hub, &item, Data::attribute_types)
}

fn read(hub: &Hub, item: &Item, show: impl Fn(&Data) -> Json) -> Answer {
    let state = hub.lock();
    let id = state.find(item.kind, &item.name)?;
    let entity = state.table(item.kind).get(id);
    Ok(ok(&entity.map_or(Json::Null, |entity| show(&entity.data))))
}

#[derive(Deserialize)]
pub(super) struct SequenceQuery {
    key: String,
    /// `total`: leave the devices out.
    only: Option<String>,
}

/// What was counted of a key, for each device that sent it and in sum.
pub(super) async fn sequence(
    Shared(hub): App,
    query: Result<Query<SequenceQuery>, QueryRejection>,
) -> Answer {
    let Query(query) = query.map_err(|rejection| {
        Failure::new(rejection.status(), "say which key was counted: ?key=a")
    })?;
    let with_devices = query.only.as_deref() != Some("total");
    let mut total = Figures::default();
    let mut devices = Vec::new();
    let mut count = 0;
    {
        let state = hub.lock();
        for device in state.devices.iter() {
            if let Some(figures) = device.data.sequence(&query.key) {
                count += 1;
                total.add(&figures);
                if with_devices {
                    devices.push((device.name.clone(), figures));
                }
            }
        }
    }
    let mut total = total.to_json();
    total["devices"] = count.into();
    let mut json = json!({"total": total});
    if with_devices {
        let devices = devices.into_iter();
        let devices: Map<_, _> = devices.map(|(name, it)| (name, it.to_json())).collect();
        json["devices"] = devices.into();
    }
    Ok(ok(&json))
}

#[derive(Deserialize)]
pub(super) struct ScopePath {
    scope: String,
}

impl ScopePath {
    fn scope(&self) -> Result<Scope, Failure> {
        Scope::parse(&self.scope).ok_or_else(|| {
            let text = format!(
                "{:?} is not a scope; use SHARED_SCOPE, SERVER_SCOPE or CLIENT_SCOPE",
                self.scope
            );
            Failure::new(StatusCode::BAD_REQUEST, &text)
        })
    }
}

pub(super) async fn set_attributes(
    Shared(hub): App,
    Item { kind, name }: Item,
    Path(path): Path<ScopePath>,
    Body(attributes): Body<Map<String, Json>>,
) -> Answer {
    let scope = path.scope()?;
    let mut state = hub.lock();
    let id = state.find(kind, &name)?;
    state.set_attributes(kind, id, scope, attributes)?;
    Ok(ok(&json!({})))
}

pub(super) async fn delete_attributes(
    Shared(hub): App,
    Item { kind, name }: Item,
    Path(path): Path<ScopePath>,
    Keys(keys): Keys,
) -> Answer {
    let scope = path.scope()?;
    let Some(keys) = keys.filter(|keys| !keys.is_empty()) else {
        return Err(Failure::new(
            StatusCode::BAD_REQUEST,
            "say which keys to delete: ?keys=a,b",
        ));
    };
    let mut state = hub.lock();
    let id = state.find(kind, &name)?;
    state.delete_attributes(kind, id, scope, keys)?;
    Ok(ok(&json!({})))
}
