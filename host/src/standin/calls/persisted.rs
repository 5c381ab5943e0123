//! Calls that the server keeps: their callers get a number at once and look later.

use std::collections::VecDeque;

use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::Reply;

/// Calls that are kept; the oldest make room for new ones.
const MAX_KEPT: usize = 1000;

/// One call.
#[derive(Debug)]
pub(in crate::standin) struct Persisted {
    pub(in crate::standin) id: Uuid,
    pub(in crate::standin) device: Uuid,
    pub(in crate::standin) device_name: String,
    /// The request's number, of those of the device.
    pub(in crate::standin) number: i32,
    pub(in crate::standin) method: String,
    pub(in crate::standin) created_time: i64,
    pub(in crate::standin) expiration_time: i64,
    pub(in crate::standin) reply: Option<Reply>,
}

impl Persisted {
    /// As the HTTP API shows it.
    pub(in crate::standin) fn to_json(&self, now: i64) -> Json {
        // An edge's answer ends the waiting and changes no status, as in ThingsBoard.
        let status = match &self.reply {
            None if now >= self.expiration_time => "EXPIRED",
            _ => "QUEUED",
        };
        let reply = self.reply.as_ref().map(|reply| match reply {
            Ok(response) => json!({"response": response}),
            Err(error) => json!({"error": error.name()}),
        });
        json!({
            "id": self.id.to_string(),
            "device": self.device_name,
            "method": self.method,
            "status": status,
            "createdTime": self.created_time,
            "expirationTime": self.expiration_time,
            "reply": reply,
        })
    }
}

/// The newest of them.
#[derive(Debug, Default)]
pub(in crate::standin) struct Kept {
    calls: VecDeque<Persisted>,
}

impl Kept {
    pub(in crate::standin) fn add(&mut self, call: Persisted) {
        if self.calls.len() >= MAX_KEPT {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    pub(in crate::standin) fn get(&self, id: Uuid) -> Option<&Persisted> {
        self.calls.iter().find(|call| call.id == id)
    }

    /// Takes the first answer to a call; false if the call is none of these.
    pub(super) fn answer(&mut self, device: Uuid, number: i32, reply: &Reply) -> bool {
        let mut calls = self.calls.iter_mut();
        let call = calls.find(|call| call.device == device && call.number == number);
        if let Some(call) = call {
            call.reply.get_or_insert_with(|| reply.clone());
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::CallError;
    use super::*;

    fn call(number: i32) -> Persisted {
        Persisted {
            id: Uuid::from_u128(1000 + number.unsigned_abs() as u128),
            device: Uuid::nil(),
            device_name: "SN-1".to_owned(),
            number,
            method: "m".to_owned(),
            created_time: 0,
            expiration_time: 10,
            reply: None,
        }
    }

    #[test]
    fn the_status_is_that_of_a_call_that_no_answer_changes() {
        let first = || Uuid::from_u128(1000);
        let mut kept = Kept::default();
        kept.add(call(0));
        let status = |kept: &Kept, now| kept.get(first()).unwrap().to_json(now)["status"].clone();
        assert_eq!(
            (status(&kept, 9), status(&kept, 10)),
            (json!("QUEUED"), json!("EXPIRED"))
        );
        assert!(!kept.answer(Uuid::nil(), 1, &Ok(String::new())));
        assert!(kept.answer(Uuid::nil(), 0, &Err(CallError::Timeout)));
        assert!(kept.answer(Uuid::nil(), 0, &Ok("late".to_owned())));
        assert_eq!(status(&kept, 10), json!("QUEUED"));
        let reply = kept.get(first()).unwrap().to_json(10)["reply"].clone();
        assert_eq!(reply, json!({"error": "TIMEOUT"}));
    }

    #[test]
    fn the_oldest_makes_room() {
        let mut kept = Kept::default();
        for number in 0..=i32::try_from(MAX_KEPT).unwrap() {
            kept.add(call(number));
        }
        assert!(kept.get(Uuid::from_u128(1000)).is_none());
        assert_eq!(kept.get(Uuid::from_u128(1001)).unwrap().number, 1);
        assert_eq!(kept.calls.len(), MAX_KEPT);
    }
}
