//! Remote procedure calls on their way to a device, and their answers.

mod persisted;
mod send;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::oneshot;
use uuid::Uuid;

use self::persisted::Kept;
pub(super) use self::persisted::Persisted;
pub(super) use self::send::{Call, send, send_persisted};
use super::hub::Hub;
use crate::proto::edge::RpcResponseMsg;

/// Calls that may wait for an answer at a time.
const MAX_WAITING: usize = 10_000;

/// The errors a device's answer may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallError {
    NotFound,
    Forbidden,
    NoActiveConnection,
    Timeout,
    Internal,
}

impl CallError {
    const ALL: [Self; 5] = [
        Self::NotFound,
        Self::Forbidden,
        Self::NoActiveConnection,
        Self::Timeout,
        Self::Internal,
    ];

    /// The name on the wire.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NotFound => "NOT_FOUND",
            Self::Forbidden => "FORBIDDEN",
            Self::NoActiveConnection => "NO_ACTIVE_CONNECTION",
            Self::Timeout => "TIMEOUT",
            Self::Internal => "INTERNAL",
        }
    }
}

/// How a call ended: the device's JSON text, or an error.
pub(super) type Reply = Result<String, CallError>;

/// Reads the answer of a device; an error fails the whole uplink message.
pub(super) fn read_reply(message: RpcResponseMsg) -> Result<Reply, String> {
    if message.error.is_empty() {
        return Ok(Ok(message.response));
    }
    CallError::ALL
        .into_iter()
        .find(|error| error.name() == message.error)
        .map(Err)
        .ok_or_else(|| format!("{:?} is not an RPC error", message.error))
}

/// Callers that wait, by device and request number.
#[derive(Debug, Default)]
pub(super) struct Calls {
    waiting: HashMap<(Uuid, i32), oneshot::Sender<Reply>>,
    /// Calls that nobody waits for.
    pub(super) kept: Kept,
}

impl Calls {
    /// Lets a caller wait; `None` when too many do.
    pub(super) fn wait(&mut self, device: Uuid, number: i32) -> Option<oneshot::Receiver<Reply>> {
        if self.waiting.len() >= MAX_WAITING {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        self.waiting.insert((device, number), sender);
        Some(receiver)
    }

    /// Hands an answer to its caller. A late or repeated one has none and is ignored.
    pub(super) fn answer(&mut self, device: Uuid, number: i32, reply: Reply) {
        if self.kept.answer(device, number, &reply) {
            return;
        }
        if let Some(caller) = self.waiting.remove(&(device, number)) {
            // The caller may have given up in this moment.
            let _ = caller.send(reply);
        }
    }

    fn forget(&mut self, device: Uuid, number: i32) {
        self.waiting.remove(&(device, number));
    }
}

/// A caller's place; given back when the caller leaves for whatever reason.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) hub: Arc<Hub>,
    pub(super) device: Uuid,
    pub(super) number: i32,
    pub(super) reply: oneshot::Receiver<Reply>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.hub.lock().calls.forget(self.device, self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(response: &str, error: &str) -> RpcResponseMsg {
        RpcResponseMsg {
            response: response.to_owned(),
            error: error.to_owned(),
        }
    }

    #[test]
    fn answers_are_matched_by_device_and_number() {
        let mut calls = Calls::default();
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut first = calls.wait(one, 0).unwrap();
        let mut second = calls.wait(two, 0).unwrap();
        calls.answer(one, 1, Ok("late".to_owned()));
        assert!(first.try_recv().is_err());
        calls.answer(two, 0, Ok("{}".to_owned()));
        assert_eq!(second.try_recv().unwrap(), Ok("{}".to_owned()));
        calls.answer(one, 0, Err(CallError::Timeout));
        assert_eq!(first.try_recv().unwrap(), Err(CallError::Timeout));
    }

    #[test]
    fn only_the_known_errors_are_read() {
        assert_eq!(read_reply(message("{}", "")), Ok(Ok("{}".to_owned())));
        for error in CallError::ALL {
            assert_eq!(read_reply(message("", error.name())), Ok(Err(error)));
        }
        assert!(read_reply(message("", "BROKEN")).is_err());
    }

    #[test]
    fn only_so_many_callers_wait() {
        let mut calls = Calls::default();
        let receivers: Vec<_> = (0..=MAX_WAITING)
            .map(|number| calls.wait(Uuid::nil(), i32::try_from(number).unwrap()))
            .collect();
        assert!(receivers[MAX_WAITING - 1].is_some());
        assert!(receivers[MAX_WAITING].is_none());
    }
}
