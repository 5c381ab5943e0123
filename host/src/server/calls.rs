//! Calls of ThingsBoard's that were sent to a device and wait for its answer.
//!
//! A device answers whenever it likes, perhaps on another connection than that of the
//! call. So the calls are kept by device, until they are answered or their time has
//! passed.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use tokio::{
    task::AbortHandle,
    time::{Instant, sleep},
};

use crate::{
    converter::RpcAnswer,
    message::{Downlink, DownlinkOutcome},
};

/// Calls that may wait at a time: as many as a server has.
const MAX_CALLS: usize = 10_000;
/// Calls whose time has passed that are remembered, to tell how late an answer is.
const MAX_MISSED: usize = 1000;
/// How long a call without an expiry waits.
const UNTIL_FORGOTTEN: Duration = Duration::from_secs(600);

/// The calls that wait.
#[derive(Debug, Default)]
pub struct Calls {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Each device's, in the order in which they were sent.
    devices: HashMap<String, VecDeque<Waiting>>,
    count: usize,
    next: u64,
    missed: VecDeque<Missed>,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    request_id: Option<i32>,
    call: Downlink,
    expiry: AbortHandle,
}

/// A call whose time passed.
#[derive(Debug)]
struct Missed {
    device: String,
    request_id: Option<i32>,
    since: Instant,
}

/// The place of a call that waits.
#[derive(Debug)]
pub(super) struct Ticket(Option<u64>);

/// An answer that nobody waits for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unasked {
    /// The call's time has passed.
    #[error(
        "it comes {} ms after the time of the call passed; give the call a longer timeout",
        .0.as_millis()
    )]
    Late(Duration),
    /// There was no such call, or it was answered before.
    #[error(
        "no call of that device waits for it; encode must ask for it with expect-answer, and the \
         device name and request id must be those of the call"
    )]
    Unknown,
}

impl Calls {
    /// Lets `call`, whose bytes were sent, wait for its answer. One that is too much is told
    /// that it failed. The ticket is for [`Calls::give_up`].
    pub(super) fn wait(self: &Arc<Self>, call: Downlink) -> Ticket {
        let request_id = call
            .metadata
            .get("requestId")
            .and_then(|id| id.parse().ok());
        let mut inner = self.lock();
        if inner.count >= MAX_CALLS {
            drop(inner);
            let full = format!("{MAX_CALLS} calls wait for their devices' answers");
            call.finish(DownlinkOutcome::NotEncoded(full));
            return Ticket(None);
        }
        let number = inner.next;
        inner.next += 1;
        let device = call.device.clone();
        let left = call.expires.map_or(UNTIL_FORGOTTEN, |expires| {
            let left = expires.duration_since(SystemTime::now());
            left.unwrap_or_default()
        });
        let (calls, name) = (self.clone(), device.clone());
        let expiry = tokio::spawn(async move {
            sleep(left).await;
            calls.expire(&name, number);
        });
        inner.count += 1;
        inner.devices.entry(device).or_default().push_back(Waiting {
            number,
            request_id,
            call,
            expiry: expiry.abort_handle(),
        });
        Ticket(Some(number))
    }

    /// Tells the caller that the bytes of the call could not be sent.
    pub(super) fn give_up(&self, device: &str, ticket: Ticket) {
        let Some(number) = ticket.0 else {
            return;
        };
        let given_up = self.lock().take(device, |waiting| waiting.number == number);
        if let Some(waiting) = given_up {
            waiting.expiry.abort();
            waiting.call.finish(DownlinkOutcome::NotConnected);
        }
    }

    /// Hands over answers, and gives back those that nobody waits for.
    pub(super) fn answer_all(&self, answers: Vec<RpcAnswer>) -> Vec<(RpcAnswer, Unasked)> {
        let mut unasked = Vec::new();
        for answer in answers {
            let response = answer.response.clone();
            if let Err(why) = self.answer(&answer.device, answer.request_id, response) {
                unasked.push((answer, why));
            }
        }
        unasked
    }

    /// Hands the answer of `device` to the call with `request_id`, or to the oldest.
    fn answer(
        &self,
        device: &str,
        request_id: Option<i32>,
        response: Result<String, String>,
    ) -> Result<(), Unasked> {
        let is_meant = |id: Option<i32>| request_id.is_none_or(|wanted| id == Some(wanted));
        let mut inner = self.lock();
        let found = inner.take(device, |waiting| is_meant(waiting.request_id));
        let Some(waiting) = found else {
            let missed = inner.missed.iter().rev();
            let late = missed
                .filter(|missed| missed.device == device)
                .find(|missed| is_meant(missed.request_id));
            return Err(late.map_or(Unasked::Unknown, |missed| {
                Unasked::Late(missed.since.elapsed())
            }));
        };
        drop(inner);
        waiting.expiry.abort();
        waiting.call.finish(DownlinkOutcome::Answered(response));
        Ok(())
    }

    fn expire(&self, device: &str, number: u64) {
        let mut inner = self.lock();
        let found = inner.take(device, |waiting| waiting.number == number);
        let Some(waiting) = found else {
            return;
        };
        if inner.missed.len() >= MAX_MISSED {
            inner.missed.pop_front();
        }
        inner.missed.push_back(Missed {
            device: device.to_owned(),
            request_id: waiting.request_id,
            since: Instant::now(),
        });
        drop(inner);
        waiting.call.finish(DownlinkOutcome::Expired);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Takes out the first call of `device` that `is_it`.
    fn take(&mut self, device: &str, is_it: impl Fn(&Waiting) -> bool) -> Option<Waiting> {
        let calls = self.devices.get_mut(device)?;
        let place = calls.iter().position(is_it)?;
        let waiting = calls.remove(place);
        if calls.is_empty() {
            self.devices.remove(device);
        }
        self.count -= usize::from(waiting.is_some());
        waiting
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot::{self, Receiver};

    use super::*;

    fn call(device: &str, id: i32, seconds: u64) -> (Downlink, Receiver<DownlinkOutcome>) {
        let (outcome, decided) = oneshot::channel();
        let metadata = [("requestId".to_owned(), id.to_string())];
        let call = Downlink {
            device: device.to_owned(),
            msg: String::new(),
            msg_type: String::new(),
            metadata: Arc::new(metadata.into()),
            expires: Some(SystemTime::now() + Duration::from_secs(seconds)),
            outcome: Some(outcome),
        };
        (call, decided)
    }

    fn answered(text: &str) -> DownlinkOutcome {
        DownlinkOutcome::Answered(Ok(text.to_owned()))
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_goes_to_its_call() {
        let calls = Arc::new(Calls::default());
        let mut decided: Vec<_> = [("A", 0), ("A", 1), ("A", 2), ("B", 0)]
            .into_iter()
            .map(|(device, id)| {
                let (call, decided) = call(device, id, 60);
                calls.wait(call);
                decided
            })
            .collect();
        let ok = |text: &str| Ok(text.to_owned());
        assert_eq!(calls.answer("A", Some(1), ok("1")), Ok(()));
        assert_eq!(calls.answer("A", None, ok("0")), Ok(()));
        assert_eq!(calls.answer("A", Some(1), ok("?")), Err(Unasked::Unknown));
        assert_eq!(calls.answer("C", None, ok("?")), Err(Unasked::Unknown));
        assert_eq!(calls.answer("A", None, Err("no".to_owned())), Ok(()));
        assert_eq!(calls.answer("A", None, ok("?")), Err(Unasked::Unknown));
        let outcomes: Vec<_> = decided.iter_mut().map(Receiver::try_recv).collect();
        let failed = DownlinkOutcome::Answered(Err("no".to_owned()));
        assert_eq!(
            outcomes[..3],
            [Ok(answered("0")), Ok(answered("1")), Ok(failed)]
        );
        assert!(outcomes[3].is_err(), "another device's waits on");
        let inner = calls.lock();
        assert_eq!((inner.count, inner.devices.len()), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_late_is_told_how_late() {
        let calls = Arc::new(Calls::default());
        let (call, decided) = call("A", 7, 5);
        calls.wait(call);
        assert_eq!(decided.await, Ok(DownlinkOutcome::Expired));
        tokio::time::advance(Duration::from_secs(3)).await;
        for (id, late) in [(Some(7), true), (None, true), (Some(8), false)] {
            match calls.answer("A", id, Ok(String::new())) {
                Err(Unasked::Late(by)) => assert!(late && by >= Duration::from_secs(3)),
                other => assert_eq!((other, late), (Err(Unasked::Unknown), false)),
            }
        }
        assert_eq!(calls.lock().count, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_was_not_sent_is_told_so() {
        let calls = Arc::new(Calls::default());
        let (call, decided) = call("A", 0, 60);
        let ticket = calls.wait(call);
        calls.give_up("A", ticket);
        assert_eq!(decided.await, Ok(DownlinkOutcome::NotConnected));
        assert_eq!(calls.lock().count, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn their_number_is_bounded() {
        let calls = Arc::new(Calls::default());
        for id in 0..i32::try_from(MAX_CALLS).unwrap() {
            calls.wait(call("A", id, 60).0);
        }
        let (call, decided) = call("B", 0, 60);
        calls.wait(call);
        let Ok(DownlinkOutcome::NotEncoded(why)) = decided.await else {
            panic!("it waits");
        };
        assert!(why.contains("10000 calls wait"), "{why}");
        assert_eq!(calls.answer("A", Some(9999), Ok(String::new())), Ok(()));
    }
}
