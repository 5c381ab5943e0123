//! What the rooms hand to each other: uplinks one way, downlinks the other.

pub mod batch;
mod json;
#[cfg(test)]
pub(crate) mod testing;

use std::{
    collections::BTreeMap,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

pub use self::batch::{Batch, UplinkRef};
pub use self::json::NotAnUplink;
pub use crate::bindings::types::{Entity, EntityKind, KeyValue, Sample, Value};

/// Metadata as ThingsBoard has it: text by text.
pub type Metadata = BTreeMap<String, String>;

/// Data of one entity on its way to ThingsBoard.
#[derive(Clone, Debug, PartialEq)]
pub struct Uplink {
    /// The integration that it came through.
    pub integration: Arc<str>,
    /// Whether the entity may be created.
    pub allow_create: bool,
    /// When the host read the frame, in Unix milliseconds: the time of samples
    /// that bring none.
    pub received_ms: i64,
    /// What the converter returned.
    pub entity: Entity,
}

/// A message of ThingsBoard's for a device.
#[derive(Debug)]
pub struct Downlink {
    /// The device's name.
    pub device: String,
    /// The message's body, JSON text.
    pub msg: String,
    /// ThingsBoard's message type, such as `ATTRIBUTES_UPDATED`.
    pub msg_type: String,
    /// The message's metadata: `deviceName`, `deviceType` and more.
    pub metadata: Arc<Metadata>,
    /// When it is no longer worth delivering.
    pub expires: Option<SystemTime>,
    /// Who wants to know how it ended: set for calls, whose callers wait. A
    /// downlink without it waits for a device that is not connected.
    pub outcome: Option<oneshot::Sender<DownlinkOutcome>>,
}

/// A downlink on its way to the devices' side.
#[derive(Debug)]
pub struct Delivery {
    /// What is delivered. None for one that came before: whoever sent it again only
    /// wants to know that it is on disk.
    pub downlink: Option<Downlink>,
    /// Told when it is on disk or done with: ThingsBoard may forget it then. None
    /// for calls, which are not kept.
    pub taken: Option<oneshot::Sender<()>>,
}

impl Downlink {
    /// Tells how it ended, if anybody asked.
    pub fn finish(self, outcome: DownlinkOutcome) {
        if let Some(waiting) = self.outcome {
            // Whoever asked may have left with its session.
            let _ = waiting.send(outcome);
        }
    }

    /// Whether it is a call whose caller wants the device's answer.
    #[must_use]
    pub fn is_two_way_call(&self) -> bool {
        let one_way = self.metadata.get("oneway");
        self.outcome.is_some() && one_way.is_none_or(|text| text != "true")
    }

    /// Whether [`Downlink::expires`] has passed.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.expires.is_some_and(|time| time <= SystemTime::now())
    }
}

/// How a downlink ended; its text is for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DownlinkOutcome {
    /// All its bytes were handed to the device's connection.
    Sent,
    /// The device has answered the call: with JSON text, or that it could not do it.
    Answered(Result<String, String>),
    /// The device is not connected.
    NotConnected,
    /// Its time passed.
    Expired,
    /// The downlink converter failed, or there is none.
    NotEncoded(String),
}

impl fmt::Display for DownlinkOutcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Sent => "sent",
            Self::Answered(Ok(_)) => "answered by the device",
            Self::Answered(Err(_)) => "refused by the device",
            Self::NotConnected => "the device is not connected",
            Self::Expired => "its time has passed",
            Self::NotEncoded(_) => "not encoded",
        })
    }
}

/// Knows more of devices than a message says.
pub trait DeviceMetadata: fmt::Debug + Send + Sync {
    /// What is known of `device`, by the name it calls itself, under the metadata
    /// keys that a downlink converter asked for in vain, and under keys of the same
    /// kind; empty if nothing is. May ask the server, for a bounded time.
    fn look_up<'call>(
        &'call self,
        device: &'call str,
        keys: &'call [String],
    ) -> BoxFuture<'call, Metadata>;
}

/// A duration in milliseconds, as log lines have it.
#[must_use]
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The present time in Unix milliseconds.
#[must_use]
pub fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
