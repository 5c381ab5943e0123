//! The HTTP API: what an administrator sees and does, and what a test needs to know.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::admin::NewEntity;
use super::bulk::Bulk;
use super::edit::NewEdit;
use super::entities::{Entity, Kind};
use super::extract::{Body, Failure, Item, Items};
use super::hub::{Hub, State};

mod arrivals;
mod calls;
mod data;
mod edge;
mod faults;

/// Largest request body.
const MAX_BODY: usize = 1024 * 1024;
const HELP: &str = include_str!("http/help.txt");

type Answer = Result<Response, Failure>;
type App = Shared<Arc<Hub>>;

/// All routes of the API.
pub(super) fn router(hub: Arc<Hub>) -> Router {
    Router::new()
        .route("/", get(|| async { HELP }))
        .route(
            "/api/edge",
            get(edge::show).post(edge::make).delete(edge::remove),
        )
        .route("/api/edge/disconnect", post(edge::disconnect))
        .route("/api/edge/rename", post(edge::rename))
        .route("/api/edge/secret", post(edge::set_secret))
        .route("/api/edge/customer", post(edge::set_customer))
        .route("/api/edge/telemetry", get(edge::latest))
        .route("/api/edge/telemetry/history", get(edge::history))
        .route("/api/edge/telemetry/types", get(edge::types))
        .route("/api/edge/attributes", get(edge::attributes))
        .route(
            "/api/customers",
            get(edge::customers).post(edge::create_customer),
        )
        .route("/api/rpc/{id}", get(calls::persisted))
        .route(
            "/api/faults",
            get(faults::show).post(faults::set).delete(faults::clear),
        )
        .route("/api/sequence", get(data::sequence))
        .route("/api/points", get(arrivals::points))
        .route(
            "/api/delays",
            get(arrivals::delays)
                .post(arrivals::count)
                .delete(arrivals::stop),
        )
        .route("/api/devices/bulk", post(create_many))
        .route("/api/{kind}", get(list).post(create))
        .route("/api/{kind}/{name}", delete(remove))
        .route("/api/{kind}/{name}/assign", post(assign))
        .route("/api/{kind}/{name}/unassign", post(unassign))
        .route("/api/{kind}/{name}/rename", post(rename))
        .route("/api/{kind}/{name}/edit", post(edit))
        .route("/api/{kind}/{name}/telemetry", get(data::latest))
        .route("/api/{kind}/{name}/telemetry/history", get(data::history))
        .route("/api/{kind}/{name}/telemetry/arrivals", get(data::arrivals))
        .route("/api/{kind}/{name}/telemetry/types", get(data::types))
        .route("/api/{kind}/{name}/attributes", get(data::attributes))
        .route(
            "/api/{kind}/{name}/attributes/types",
            get(data::attribute_types),
        )
        .route(
            "/api/{kind}/{name}/attributes/{scope}",
            post(data::set_attributes).delete(data::delete_attributes),
        )
        .route("/api/{kind}/{name}/rpc", post(calls::rpc))
        .fallback(|| async {
            Failure::new(
                StatusCode::NOT_FOUND,
                "there is nothing here; GET / lists the API",
            )
        })
        .method_not_allowed_fallback(|| async {
            Failure::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "this path takes another method; GET / lists the API",
            )
        })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(hub)
}

fn view(state: &State, entity: &Entity) -> Json {
    json!({
        "id": entity.id.to_string(),
        "name": entity.name,
        "type": entity.profile,
        "label": entity.label,
        "customer": state.customers.title(entity.customer),
        "createdTime": entity.created_time,
        "assigned": entity.assigned,
    })
}

fn ok(json: &Json) -> Response {
    let header = [("content-type", "application/json")];
    (header, json.to_string()).into_response()
}

async fn list(Shared(hub): App, Items(kind): Items) -> Response {
    let state = hub.lock();
    let entities = state.table(kind).iter();
    ok(&entities.map(|entity| view(&state, entity)).collect())
}

async fn create(Shared(hub): App, Items(kind): Items, Body(new): Body<NewEntity>) -> Answer {
    let mut state = hub.lock();
    let id = state.create(kind, new)?;
    Ok(shown(&state, kind, id))
}

async fn create_many(Shared(hub): App, Body(bulk): Body<Bulk>) -> Answer {
    let mut state = hub.lock();
    let count = bulk.count;
    state.create_many(bulk)?;
    Ok(ok(&json!({"created": count})))
}

fn shown(state: &State, kind: Kind, id: Uuid) -> Response {
    let entity = state.table(kind).get(id);
    ok(&entity.map_or(Json::Null, |entity| view(state, entity)))
}

async fn remove(Shared(hub): App, Item { kind, name }: Item) -> Answer {
    let mut state = hub.lock();
    let id = state.find(kind, &name)?;
    state.delete(kind, id)?;
    Ok(ok(&json!({})))
}

async fn assign(Shared(hub): App, item: Item) -> Answer {
    set_assigned(&hub, &item, true)
}

async fn unassign(Shared(hub): App, item: Item) -> Answer {
    set_assigned(&hub, &item, false)
}

fn set_assigned(hub: &Hub, item: &Item, assigned: bool) -> Answer {
    let mut state = hub.lock();
    let id = state.find(item.kind, &item.name)?;
    state.assign(item.kind, id, assigned)?;
    Ok(shown(&state, item.kind, id))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    name: String,
}

async fn rename(Shared(hub): App, item: Item, Body(Name { name }): Body<Name>) -> Answer {
    change(&hub, &item, NewEdit::name(name))
}

async fn edit(Shared(hub): App, item: Item, Body(new): Body<NewEdit>) -> Answer {
    change(&hub, &item, new)
}

fn change(hub: &Hub, item: &Item, new: NewEdit) -> Answer {
    let mut state = hub.lock();
    let id = state.find(item.kind, &item.name)?;
    state.edit(item.kind, id, new)?;
    Ok(shown(&state, item.kind, id))
}
