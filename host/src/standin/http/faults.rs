//! Faults over HTTP: what is asked for, and what is still to come.

use std::time::Duration;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::{Answer, App, Body, Failure, ok};
use crate::standin::edit::given;
use crate::standin::faults::{
    Action, Aim, Cut, Faults, MAX_TARGETS, Manner, Rate, SecondSession, SyncRule, Target,
};
use crate::standin::hub::Close;
use crate::standin::session::MOST_INBOUND;

/// The longest stall and the longest delay, in milliseconds.
const MOST_MS: u64 = 3_600_000;
/// Most acknowledgements that leave in reversed order.
const MOST_REVERSED: usize = 1000;
/// Most entities that cannot be read in one synchronisation.
const MOST_UNREADABLE: u64 = 1000;
/// The most often that a downlink is sent.
const MOST_SENDS: u64 = 1000;
/// Smallest limit of messages that may be announced, in bytes.
const LEAST_INBOUND: usize = 1024;

/// What is given is set; the rest stays.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewFaults {
    ignore_uplinks: Option<u64>,
    reject_uplinks: Option<u64>,
    rate_limit_uplinks: Option<u64>,
    messages_per_second: Option<u32>,
    targets: Option<Vec<TargetJson>>,
    stall_ms: Option<u64>,
    ack_delay_ms: Option<u64>,
    reverse_acks: Option<usize>,
    cut: Option<CutJson>,
    max_inbound_message_size: Option<usize>,
    double_acks: Option<u64>,
    unknown_acks: Option<u64>,
    /// Null ends it.
    #[serde(default, deserialize_with = "given")]
    device_limit: Option<Option<usize>>,
    sync: Option<SyncRule>,
    repeat_downlinks: Option<u64>,
    resend_after_ms: Option<u64>,
    downlink_sends: Option<u32>,
    second_session: Option<SecondSession>,
    edge_telemetry: Option<bool>,
}

#[derive(Serialize, Deserialize)]
struct TargetJson {
    #[serde(flatten)]
    aim: Aim,
    action: Action,
    times: Option<u64>,
    #[serde(default, skip_deserializing)]
    met: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CutJson {
    #[serde(default)]
    after: u64,
    #[serde(default = "yes")]
    store: bool,
    #[serde(default = "error")]
    how: Manner,
}

fn yes() -> bool {
    true
}

fn error() -> Manner {
    Manner::Error
}

impl NewFaults {
    fn check(&self) -> Result<(), Failure> {
        let most = |name: &str, given: Option<u64>, most: u64| match given {
            Some(given) if given > most => Err(format!("{name} is at most {most}")),
            _ => Ok(()),
        };
        let targets = self.targets.as_ref().map(|targets| targets.len() as u64);
        let reversed = self.reverse_acks.map(|count| count as u64);
        let inbound = self.max_inbound_message_size.map(|size| size as u64);
        let sends = self.downlink_sends.map(u64::from);
        let sync = self.sync.as_ref();
        let unreadable = sync.map(|sync| sync.unreadable as u64);
        most("stallMs", self.stall_ms, MOST_MS)
            .and(most("ackDelayMs", self.ack_delay_ms, MOST_MS))
            .and(most("reverseAcks", reversed, MOST_REVERSED as u64))
            .and(most("the number of targets", targets, MAX_TARGETS as u64))
            .and(most("maxInboundMessageSize", inbound, MOST_INBOUND as u64))
            .and(most("resendAfterMs", self.resend_after_ms, MOST_MS))
            .and(most("downlinkSends", sends, MOST_SENDS))
            .and(most("delayMs", sync.map(|sync| sync.delay_ms), MOST_MS))
            .and(most("unreadable", unreadable, MOST_UNREADABLE))
            .and(match (self.resend_after_ms, self.downlink_sends) {
                (Some(0), _) => Err("resendAfterMs is at least 1".to_owned()),
                (_, Some(0)) => Err("downlinkSends is at least 1".to_owned()),
                _ => Ok(()),
            })
            .and(match self.max_inbound_message_size {
                Some(size) if size < LEAST_INBOUND => {
                    Err(format!("maxInboundMessageSize is at least {LEAST_INBOUND}"))
                }
                _ => Ok(()),
            })
            .map_err(|text| Failure::new(StatusCode::BAD_REQUEST, &text))
    }

    /// Sets what is given.
    fn set(self, faults: &mut Faults, now: Instant) {
        faults.ignore = self.ignore_uplinks.unwrap_or(faults.ignore);
        faults.reject = self.reject_uplinks.unwrap_or(faults.reject);
        faults.rate_limit = self.rate_limit_uplinks.unwrap_or(faults.rate_limit);
        if let Some(count) = self.messages_per_second {
            faults.rate = (count > 0).then(|| Rate::new(count));
        }
        if let Some(targets) = self.targets {
            let targets = targets.into_iter();
            faults.targets = targets
                .map(|target| Target::new(target.aim, target.action, target.times))
                .collect();
        }
        if let Some(stall) = self.stall_ms {
            faults.stalled_until = (stall > 0).then(|| now + Duration::from_millis(stall));
        }
        if let Some(delay) = self.ack_delay_ms {
            faults.acks.delay = Duration::from_millis(delay);
        }
        faults.acks.reverse = self.reverse_acks.unwrap_or(faults.acks.reverse);
        faults.max_inbound = self.max_inbound_message_size.unwrap_or(faults.max_inbound);
        if let Some(CutJson { after, store, how }) = self.cut {
            faults.cut = (after > 0).then_some(Cut { after, store, how });
        }
        let extra = &mut faults.extra_acks;
        extra.double = self.double_acks.unwrap_or(extra.double);
        extra.unknown = self.unknown_acks.unwrap_or(extra.unknown);
        faults.sync = self.sync.unwrap_or(faults.sync);
        let downlinks = &mut faults.downlinks;
        downlinks.repeat = self.repeat_downlinks.unwrap_or(downlinks.repeat);
        if let Some(pause) = self.resend_after_ms {
            downlinks.resend_after = Duration::from_millis(pause);
        }
        downlinks.sends = self.downlink_sends.unwrap_or(downlinks.sends);
        faults.second_session = self.second_session.unwrap_or(faults.second_session);
        faults.edge_telemetry = self.edge_telemetry.unwrap_or(faults.edge_telemetry);
    }
}

fn view(faults: &Faults, now: Instant) -> Json {
    let targets = faults.targets.iter().map(|target| TargetJson {
        aim: target.aim.clone(),
        action: target.action,
        times: target.times,
        met: target.met,
    });
    let cut = faults
        .cut
        .map(|Cut { after, store, how }| CutJson { after, store, how });
    let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    json!({
        "ignoreUplinks": faults.ignore,
        "rejectUplinks": faults.reject,
        "rateLimitUplinks": faults.rate_limit,
        "messagesPerSecond": faults.rate.map_or(0, |rate| rate.per_second()),
        "targets": targets.collect::<Vec<_>>(),
        "stallMs": ms(faults.stall_left(now)),
        "ackDelayMs": ms(faults.acks.delay),
        "reverseAcks": faults.acks.reverse,
        "cut": cut,
        "maxInboundMessageSize": faults.max_inbound,
        "doubleAcks": faults.extra_acks.double,
        "unknownAcks": faults.extra_acks.unknown,
        "deviceLimit": faults.device_limit,
        "sync": faults.sync,
        "repeatDownlinks": faults.downlinks.repeat,
        "resendAfterMs": ms(faults.downlinks.resend_after),
        "downlinkSends": faults.downlinks.sends,
        "secondSession": faults.second_session,
        "edgeTelemetry": faults.edge_telemetry,
    })
}

pub(super) async fn show(Shared(hub): App) -> Response {
    ok(&view(&hub.lock().faults, Instant::now()))
}

/// Sets the faults that are given and leaves the others.
pub(super) async fn set(Shared(hub): App, Body(new): Body<NewFaults>) -> Answer {
    new.check()?;
    let cut_now = new.cut.as_ref().filter(|cut| cut.after == 0);
    let cut_now = cut_now.map(|cut| cut.how);
    let now = Instant::now();
    let mut state = hub.lock();
    if let Some(limit) = new.device_limit {
        state.limit_devices(limit)?;
    }
    new.set(&mut state.faults, now);
    if let Some(how) = cut_now {
        state.close(Close::Cut(how));
    }
    state.wake();
    Ok(ok(&view(&state.faults, now)))
}

pub(super) async fn clear(Shared(hub): App) -> Answer {
    let mut state = hub.lock();
    state.limit_devices(None)?;
    state.faults = Faults::default();
    state.wake();
    Ok(ok(&view(&state.faults, Instant::now())))
}
