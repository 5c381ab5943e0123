//! The HTTP API: what an administrator sees and does, and what a test needs to know.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use tokio::time::{Duration, timeout};

use super::admin::{self, Call, NewEntity};
use super::bulk::Bulk;
use super::calls::{CallError, Reply};
use super::data::Scope;
use super::entities::{Entity, Kind};
use super::extract::{Body, Failure, Item, Items, Keys};
use super::faults::Manner;
use super::hub::{Close, Hub};
use super::sequence::Figures;

mod faults;

/// Largest request body.
const MAX_BODY: usize = 1024 * 1024;
/// How long a call waits unless the caller says otherwise, in milliseconds.
const CALL_TIMEOUT: u64 = 10_000;
/// The longest a caller may ask to wait, in milliseconds.
const MAX_CALL_TIMEOUT: u64 = 3_600_000;

const HELP: &str = include_str!("http/help.txt");

type Answer = Result<Response, Failure>;
type App = Shared<Arc<Hub>>;

/// All routes of the API.
pub(super) fn router(hub: Arc<Hub>) -> Router {
    Router::new()
        .route("/", get(|| async { HELP }))
        .route("/api/edge", get(edge))
        .route("/api/edge/disconnect", post(disconnect))
        .route(
            "/api/faults",
            get(faults::show).post(faults::set).delete(faults::clear),
        )
        .route("/api/sequence", get(sequence))
        .route("/api/devices/bulk", post(create_many))
        .route("/api/{kind}", get(list).post(create))
        .route("/api/{kind}/{name}", delete(remove))
        .route("/api/{kind}/{name}/assign", post(assign))
        .route("/api/{kind}/{name}/unassign", post(unassign))
        .route("/api/{kind}/{name}/telemetry", get(latest))
        .route("/api/{kind}/{name}/telemetry/history", get(history))
        .route("/api/{kind}/{name}/telemetry/arrivals", get(arrivals))
        .route("/api/{kind}/{name}/attributes", get(attributes))
        .route(
            "/api/{kind}/{name}/attributes/{scope}",
            post(set_attributes).delete(delete_attributes),
        )
        .route("/api/{kind}/{name}/rpc", post(rpc))
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

fn view(entity: &Entity) -> Json {
    json!({
        "id": entity.id.to_string(),
        "name": entity.name,
        "type": entity.profile,
        "label": entity.label,
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
    ok(&state.table(kind).iter().map(view).collect())
}

async fn create(Shared(hub): App, Items(kind): Items, Body(new): Body<NewEntity>) -> Answer {
    let mut state = hub.lock();
    let id = state.create(kind, new)?;
    shown(state.table(kind).get(id))
}

async fn create_many(Shared(hub): App, Body(bulk): Body<Bulk>) -> Answer {
    let mut state = hub.lock();
    let count = bulk.count;
    state.create_many(bulk)?;
    Ok(ok(&json!({"created": count})))
}

fn shown(entity: Option<&Entity>) -> Answer {
    Ok(ok(&entity.map_or(Json::Null, view)))
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
    shown(state.table(item.kind).get(id))
}

async fn latest(Shared(hub): App, item: Item, Keys(keys): Keys) -> Answer {
    read(&hub, &item, |entity| entity.data.latest(keys.as_deref()))
}

async fn history(Shared(hub): App, item: Item, Keys(keys): Keys) -> Answer {
    read(&hub, &item, |entity| entity.data.history(keys.as_deref()))
}

async fn arrivals(Shared(hub): App, item: Item, Keys(keys): Keys) -> Answer {
    read(&hub, &item, |entity| entity.data.arrivals(keys.as_deref()))
}

async fn attributes(Shared(hub): App, item: Item) -> Answer {
    read(&hub, &item, |entity| entity.data.attributes())
}

fn read(hub: &Hub, item: &Item, show: impl Fn(&Entity) -> Json) -> Answer {
    let state = hub.lock();
    let id = state.find(item.kind, &item.name)?;
    Ok(ok(&state.table(item.kind).get(id).map_or(Json::Null, show)))
}

#[derive(Deserialize)]
struct SequenceQuery {
    key: String,
    /// `total`: leave the devices out.
    only: Option<String>,
}

/// What was counted of a key, for each device that sent it and in sum.
async fn sequence(Shared(hub): App, query: Result<Query<SequenceQuery>, QueryRejection>) -> Answer {
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
struct ScopePath {
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

async fn set_attributes(
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

async fn delete_attributes(
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

#[derive(Deserialize)]
struct NewCall {
    method: String,
    #[serde(default)]
    params: Json,
    timeout: Option<u64>,
    #[serde(default)]
    oneway: bool,
}

async fn rpc(Shared(hub): App, Item { kind, name }: Item, Body(new): Body<NewCall>) -> Answer {
    if kind != Kind::Device {
        return Err(Failure::new(
            StatusCode::NOT_FOUND,
            "only devices take calls",
        ));
    }
    let wait = new.timeout.unwrap_or(CALL_TIMEOUT).min(MAX_CALL_TIMEOUT);
    let call = Call {
        method: new.method,
        params: new.params,
        timeout: Duration::from_millis(wait),
        oneway: new.oneway,
    };
    let patience = call.timeout;
    let mut ticket = admin::call(&hub, &name, call)?;
    let reply = tokio::select! {
        reply = timeout(patience, &mut ticket.reply) => reply,
        () = hub.stopping.cancelled() => {
            return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, "the stand-in stops"));
        }
    };
    match reply {
        Ok(Ok(reply)) => answered(reply),
        Ok(Err(_)) | Err(_) => {
            let detail = format!("no answer within {wait} ms");
            Err(Failure::new(StatusCode::GATEWAY_TIMEOUT, "TIMEOUT").with_detail(&detail))
        }
    }
}

/// The answer as ThingsBoard's REST API gives it.
fn answered(reply: Reply) -> Answer {
    match reply {
        Ok(text) if text.is_empty() => Ok(StatusCode::OK.into_response()),
        Ok(text) => match serde_json::from_str::<Json>(&text) {
            Ok(json) => Ok(ok(&json)),
            Err(_) => {
                let text = "the device's answer is not JSON";
                Err(Failure::new(StatusCode::NOT_ACCEPTABLE, text))
            }
        },
        Err(error) => {
            let status = match error {
                CallError::NoActiveConnection => StatusCode::CONFLICT,
                _ => StatusCode::GATEWAY_TIMEOUT,
            };
            Err(Failure::new(status, error.name()).with_detail("the device's answer"))
        }
    }
}

async fn edge(Shared(hub): App) -> Response {
    let state = hub.lock();
    ok(&json!({
        "connected": state.connected(),
        "connects": state.connects,
        "synced": state.outbox.synced(),
        "uplinkMessages": state.uplinks,
        "points": state.points,
        "unacknowledgedDownlinks": state.outbox.unacknowledged(),
        "queuedDownlinks": state.outbox.queued(),
    }))
}

async fn disconnect(Shared(hub): App) -> Answer {
    if hub.lock().close(Close::Cut(Manner::Error)) {
        Ok(ok(&json!({})))
    } else {
        Err(Failure::new(
            StatusCode::CONFLICT,
            "the edge is not connected",
        ))
    }
}
