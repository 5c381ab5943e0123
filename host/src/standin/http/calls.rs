//! Remote procedure calls, as ThingsBoard's REST API has them.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::time::{Duration, timeout};
use uuid::Uuid;

use super::{Answer, App, ok};
use crate::standin::calls::{Call, CallError, Reply, send, send_persisted};
use crate::standin::entities::Kind;
use crate::standin::extract::{Body, Failure, Item};
use crate::standin::hub::{ms, now_us};

/// How long a call waits unless the caller says otherwise, in milliseconds.
const CALL_TIMEOUT: u64 = 10_000;
/// The longest a caller may ask to wait, in milliseconds.
const MAX_CALL_TIMEOUT: u64 = 3_600_000;

#[derive(Deserialize)]
pub(super) struct NewCall {
    method: String,
    #[serde(default)]
    params: Json,
    timeout: Option<u64>,
    #[serde(default)]
    oneway: bool,
    #[serde(default)]
    persistent: bool,
    retries: Option<i32>,
    #[serde(default, rename = "additionalInfo")]
    additional_info: Json,
}

pub(super) async fn rpc(
    Shared(hub): App,
    Item { kind, name }: Item,
    Body(new): Body<NewCall>,
) -> Answer {
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
        retries: new.retries,
        additional_info: new.additional_info,
    };
    if new.persistent {
        let id = send_persisted(&hub, &name, call)?;
        return Ok(ok(&json!({"rpcId": id.to_string()})));
    }
    let patience = call.timeout;
    let mut ticket = send(&hub, &name, call)?;
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

/// What became of a call that nobody waits for.
pub(super) async fn persisted(Shared(hub): App, path: Result<Path<Uuid>, PathRejection>) -> Answer {
    let Path(id) =
        path.map_err(|error| Failure::new(StatusCode::BAD_REQUEST, &error.body_text()))?;
    let state = hub.lock();
    let call = state.calls.kept.get(id);
    let call = call.map(|call| call.to_json(ms(now_us())));
    call.map(|call| ok(&call))
        .ok_or_else(|| Failure::new(StatusCode::NOT_FOUND, "there is no call of that id"))
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
            Err(Failure::new(status, error.name()).with_detail("the edge's answer"))
        }
    }
}
