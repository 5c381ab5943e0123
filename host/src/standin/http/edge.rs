//! The edge and the customers, as an administrator sees and edits them.

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Answer, App, ok};
use crate::standin::admin::Problem;
use crate::standin::customers::{Customer, NewCustomer};
use crate::standin::extract::{Body, Failure, Keys};
use crate::standin::faults::Manner;
use crate::standin::hub::{Close, Hub, State};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Name {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSecret {
    secret: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Title {
    title: Option<String>,
}

fn view(state: &State) -> Json {
    json!({
        "name": state.edge.name,
        "customer": state.edge.customer_title(&state.customers),
        "deleted": state.edge.deleted,
        "connected": state.connected(),
        "sessions": state.sessions(),
        "connects": state.connects,
        "synced": state.outbox.synced(),
        "uplinkMessages": state.uplinks,
        "points": state.points,
        "unacknowledgedDownlinks": state.outbox.unacknowledged(),
        "queuedDownlinks": state.outbox.queued(),
        "discardedDownlinks": state.outbox.discarded(),
    })
}

pub(super) async fn show(Shared(hub): App) -> Response {
    ok(&view(&hub.lock()))
}

pub(super) async fn disconnect(Shared(hub): App) -> Answer {
    if hub.lock().close(Close::Cut(Manner::Error)) {
        Ok(ok(&json!({})))
    } else {
        Err(Failure::new(
            StatusCode::CONFLICT,
            "the edge is not connected",
        ))
    }
}

/// Makes a deleted edge again.
pub(super) async fn make(Shared(hub): App) -> Answer {
    change(&hub, State::make_edge)
}

pub(super) async fn remove(Shared(hub): App) -> Answer {
    change(&hub, State::delete_edge)
}

pub(super) async fn rename(Shared(hub): App, Body(Name { name }): Body<Name>) -> Answer {
    change(&hub, |state| state.rename_edge(name))
}

pub(super) async fn set_secret(
    Shared(hub): App,
    Body(NewSecret { secret }): Body<NewSecret>,
) -> Answer {
    change(&hub, |state| state.set_secret(secret))
}

pub(super) async fn set_customer(Shared(hub): App, Body(Title { title }): Body<Title>) -> Answer {
    change(&hub, |state| state.set_edge_customer(title.as_deref()))
}

fn change(hub: &Hub, change: impl FnOnce(&mut State) -> Result<(), Problem>) -> Answer {
    let mut state = hub.lock();
    change(&mut state)?;
    Ok(ok(&view(&state)))
}

pub(super) async fn latest(Shared(hub): App, Keys(keys): Keys) -> Response {
    ok(&hub.lock().edge.data.latest(keys.as_deref()))
}

pub(super) async fn history(Shared(hub): App, Keys(keys): Keys) -> Response {
    ok(&hub.lock().edge.data.history(keys.as_deref()))
}

pub(super) async fn types(Shared(hub): App, Keys(keys): Keys) -> Response {
    ok(&hub.lock().edge.data.types(keys.as_deref()))
}

pub(super) async fn attributes(Shared(hub): App) -> Response {
    ok(&hub.lock().edge.data.attributes())
}

fn customer_view(state: &State, customer: &Customer) -> Json {
    json!({
        "id": customer.id.to_string(),
        "title": customer.title,
        "public": customer.public,
        "edge": customer.id == state.edge.customer,
        "createdTime": customer.created_time,
    })
}

pub(super) async fn customers(Shared(hub): App) -> Response {
    let state = hub.lock();
    let customers = state.customers.iter();
    ok(&customers
        .map(|customer| customer_view(&state, customer))
        .collect())
}

pub(super) async fn create_customer(Shared(hub): App, Body(new): Body<NewCustomer>) -> Answer {
    let mut state = hub.lock();
    let id = state.create_customer(new)?;
    let customer = state.customers.get(id);
    Ok(ok(&customer.map_or(Json::Null, |customer| {
        customer_view(&state, customer)
    })))
}
