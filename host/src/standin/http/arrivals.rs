//! How much arrived, and how long it took.

use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use super::{Answer, App, ok};
use crate::standin::delays::Delays;
use crate::standin::extract::{Body, Failure};

/// How long an answer waits for more points.
const WAIT: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
pub(super) struct PointsQuery {
    #[serde(rename = "atLeast", default)]
    at_least: u64,
}

/// Answers when there are so many points, or after some time.
pub(super) async fn points(
    Shared(hub): App,
    query: Result<Query<PointsQuery>, QueryRejection>,
) -> Answer {
    let Query(query) = query.map_err(|rejection| {
        Failure::new(
            rejection.status(),
            "say how many points to wait for: ?atLeast=1",
        )
    })?;
    let mut told = hub.lock().points_told.subscribe();
    // What there is by then is the answer too.
    let _ = timeout(WAIT, told.wait_for(|points| *points >= query.at_least)).await;
    let points = hub.lock().points;
    Ok(ok(&json!({"points": points})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    key: String,
}

/// Counts delays anew.
pub(super) async fn count(Shared(hub): App, Body(Key { key }): Body<Key>) -> Response {
    hub.lock().delays = Some(Delays::of(key));
    ok(&json!({}))
}

pub(super) async fn delays(Shared(hub): App) -> Answer {
    match &hub.lock().delays {
        Some(delays) => Ok(ok(&delays.to_json())),
        None => Err(Failure::new(
            StatusCode::NOT_FOUND,
            "no delays are counted; POST {\"key\":…} here first",
        )),
    }
}

pub(super) async fn stop(Shared(hub): App) -> Response {
    hub.lock().delays = None;
    ok(&json!({}))
}
