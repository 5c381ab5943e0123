//! What a call asks for on its connection, beside what it returns.

use bytes::Bytes;

use super::{
    bindings::types::Value,
    call::CallContext,
    error::CallError,
    session::{Changed, Hold, Session},
};
use crate::config::ConverterLimits;

/// Bytes of an answer beside its texts, near enough for a bound.
const ANSWER: usize = 128;

/// What is to be done on the connection, once the call has succeeded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Actions {
    /// Bytes for the device, as they are.
    pub reply: Vec<u8>,
    /// Whether the connection is to be closed behind them.
    pub close: bool,
    /// Answers to calls of ThingsBoard's, in order.
    pub answers: Vec<RpcAnswer>,
    /// Whether the device will answer the call at hand.
    pub expects_answer: bool,
    /// The session value that was set, which is in effect already.
    pub session: Option<Bytes>,
}

/// A device's answer to a call.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcAnswer {
    /// The device that was called.
    pub device: String,
    /// Which call; None for the one that has waited for longest.
    pub request_id: Option<i32>,
    /// What the device said, as JSON text, or an error text.
    pub response: Result<String, String>,
}

impl Actions {
    /// Whether there is nothing to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Collects the actions of one call, within limits.
#[derive(Debug, Default)]
pub(super) struct Asked {
    actions: Actions,
    /// What they take up.
    bytes: usize,
    /// The version of the session value that the call read.
    read: Option<u64>,
    /// What goes beyond a limit, or cannot be done.
    fault: Option<CallError>,
}

impl Asked {
    /// WIT `session`.
    pub(super) fn session(&mut self, session: &Session) -> Bytes {
        if let Some(set) = &self.actions.session {
            return set.clone();
        }
        let (value, version) = session.read();
        // The first look counts: a later one may show another value.
        self.read.get_or_insert(version);
        value
    }

    /// WIT `set-session`.
    pub(super) fn set_session(&mut self, value: Vec<u8>, limits: &ConverterLimits) {
        if value.len() > limits.session_bytes {
            self.fail(CallError::SessionTooLarge {
                bytes: value.len(),
                limit: limits.session_bytes,
            });
            return;
        }
        self.actions.session = Some(value.into());
    }

    /// WIT `reply`.
    pub(super) fn reply(&mut self, bytes: &[u8], limits: &ConverterLimits) {
        if self.admit(bytes.len(), limits) {
            self.actions.reply.extend_from_slice(bytes);
        }
    }

    /// WIT `close`.
    pub(super) fn close(&mut self) {
        self.actions.close = true;
    }

    /// WIT `expect-answer`.
    pub(super) fn expect_answer(&mut self) {
        self.actions.expects_answer = true;
    }

    /// WIT `answer-rpc`.
    pub(super) fn answer(
        &mut self,
        device: String,
        request_id: Option<i32>,
        response: Result<Value, String>,
        limits: &ConverterLimits,
    ) {
        let response = match response {
            Err(text) => Err(text),
            Ok(value) => match json(value) {
                Ok(json) => Ok(json),
                Err(fault) => {
                    let fault = format!("the answer to a call of {device}: {fault}");
                    return self.fail(CallError::BadResult(fault));
                }
            },
        };
        let text = match &response {
            Ok(text) | Err(text) => text.len(),
        };
        if self.admit(ANSWER + device.len() + text, limits) {
            self.actions.answers.push(RpcAnswer {
                device,
                request_id,
                response,
            });
        }
    }

    fn admit(&mut self, bytes: usize, limits: &ConverterLimits) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        let admitted = self.bytes <= limits.output_bytes;
        if !admitted {
            self.fail(CallError::TooMuchOutput(limits.output_bytes));
        }
        admitted
    }

    fn fail(&mut self, fault: CallError) {
        self.fault.get_or_insert(fault);
    }

    /// What is to be done, with the session value in effect; none if that has
    /// changed meanwhile and the call has to be made once more.
    pub(super) fn conclude(
        &mut self,
        context: &CallContext,
        hold: Option<&Hold<'_>>,
    ) -> Result<Result<Option<Box<Actions>>, Changed>, CallError> {
        let Self {
            actions,
            read,
            fault,
            ..
        } = std::mem::take(self);
        if let Some(fault) = fault {
            return Err(fault);
        }
        if !context.will_be_repeated()
            && let Some(value) = &actions.session
        {
            let replaced = match hold {
                Some(hold) => hold.replace(value.clone(), read),
                None => context.session().replace(value.clone(), read),
            };
            if let Err(changed) = replaced {
                return Ok(Err(changed));
            }
        }
        Ok(Ok((!actions.is_empty()).then(|| Box::new(actions))))
    }
}

/// The value as JSON text: what ThingsBoard takes for an answer.
fn json(value: Value) -> Result<String, String> {
    let parsed = match value {
        Value::Boolean(flag) => flag.into(),
        Value::Long(number) => number.into(),
        Value::Double(number) => match serde_json::Number::from_f64(number) {
            Some(number) => serde_json::Value::Number(number),
            None => return Err(format!("{number} is no number that JSON knows")),
        },
        Value::Text(text) => text.into(),
        Value::Json(text) => {
            return match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
                Ok(_) => Ok(text),
                Err(error) => Err(format!("it is not JSON: {error}")),
            };
        }
    };
    Ok(parsed.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConverterSettings;

    fn limits() -> ConverterLimits {
        ConverterSettings {
            max_output_kib: 1,
            max_session_bytes: 4,
            ..ConverterSettings::default()
        }
        .limits("x")
    }

    fn conclude(asked: &mut Asked) -> Result<Option<Box<Actions>>, CallError> {
        let context = CallContext::nowhere(Session::default());
        asked.conclude(&context, None).map(Result::unwrap)
    }

    #[test]
    fn what_a_call_asks_for_comes_out_in_order() {
        let limits = limits();
        let mut asked = Asked::default();
        assert_eq!(conclude(&mut asked), Ok(None));
        asked.reply(b"a", &limits);
        asked.reply(b"bc", &limits);
        asked.close();
        asked.answer(
            "SN".to_owned(),
            Some(7),
            Ok(Value::Text("\"on".to_owned())),
            &limits,
        );
        asked.answer("SN".to_owned(), None, Err("no".to_owned()), &limits);
        let actions = conclude(&mut asked).unwrap().unwrap();
        assert_eq!(actions.reply, b"abc");
        assert!(actions.close && !actions.expects_answer);
        let answers: Vec<_> = actions
            .answers
            .iter()
            .map(|answer| (answer.request_id, answer.response.clone()))
            .collect();
        assert_eq!(
            answers,
            [
                (Some(7), Ok(r#""\"on""#.to_owned())),
                (None, Err("no".to_owned()))
            ]
        );
        assert_eq!(
            conclude(&mut asked),
            Ok(None),
            "nothing is left for the next call"
        );
    }

    #[test]
    fn each_value_is_json() {
        for (value, expected) in [
            (Value::Boolean(true), Ok("true")),
            (Value::Long(-7), Ok("-7")),
            (Value::Double(2.5), Ok("2.5")),
            (Value::Text("a\n".to_owned()), Ok(r#""a\n""#)),
            (Value::Json(r#"{"a": [1]}"#.to_owned()), Ok(r#"{"a": [1]}"#)),
            (Value::Double(f64::NAN), Err("NaN is no number")),
            (Value::Json("{".to_owned()), Err("it is not JSON")),
        ] {
            match (json(value), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(found), Err(expected)) => assert!(found.starts_with(expected), "{found}"),
                (found, expected) => panic!("{found:?}, not {expected:?}"),
            }
        }
    }

    #[test]
    fn limits_fail_the_call() {
        let limits = limits();
        let mut asked = Asked::default();
        asked.reply(&[0; 1000], &limits);
        asked.reply(&[0; 25], &limits);
        asked.set_session(vec![0; 4], &limits);
        assert_eq!(
            conclude(&mut asked),
            Err(CallError::TooMuchOutput(1024)),
            "replies count together"
        );
        asked.set_session(vec![0; 5], &limits);
        let (bytes, limit) = (5, 4);
        let too_large = CallError::SessionTooLarge { bytes, limit };
        assert_eq!(conclude(&mut asked), Err(too_large));
        asked.answer(
            "SN".to_owned(),
            None,
            Ok(Value::Json("x".to_owned())),
            &limits,
        );
        let refused = conclude(&mut asked).unwrap_err().to_string();
        assert!(
            refused.contains("answer to a call of SN: it is not JSON"),
            "{refused}"
        );
    }

    #[test]
    fn the_session_is_set_when_the_call_is_over() {
        let limits = limits();
        let session = Session::new(Bytes::from_static(b"old"));
        let context = CallContext::nowhere(session.clone());
        let mut asked = Asked::default();
        assert_eq!(asked.session(&session), "old");
        asked.set_session(b"new".to_vec(), &limits);
        assert_eq!(asked.session(&session), "new", "a call sees its own");
        assert_eq!(session.value(), "old");
        let actions = asked.conclude(&context, None).unwrap().unwrap().unwrap();
        assert_eq!(actions.session.as_deref(), Some(&b"new"[..]));
        assert_eq!(session.value(), "new");

        let mut late = Asked::default();
        late.session(&session);
        session.replace(Bytes::from_static(b"x"), None).unwrap();
        late.set_session(b"y".to_vec(), &limits);
        assert_eq!(late.conclude(&context, None), Ok(Err(Changed)));
        assert_eq!(session.value(), "x");
    }
}
