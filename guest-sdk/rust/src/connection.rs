//! What a call has to do with the connection to which it belongs.
//!
//! In a component each is a host call. Natively what is asked for is kept in the
//! [`Context`], for tests.

use crate::{Context, Value};

/// What a call can do on its connection. All of it happens if the call succeeds, and
/// nothing if it returns an error.
///
/// ```
/// use tb_converter::Context;
///
/// let context = Context::new().with_session("IMEI 352887071911998");
/// assert_eq!(context.session(), b"IMEI 352887071911998");
///
/// context.reply([0x01]);
/// assert_eq!(context.actions().reply, [0x01]);
/// ```
impl Context {
    /// The session value of the connection: what the last call on it that
    /// succeeded has set, or what this one has. Empty for a connection that is
    /// new.
    ///
    /// This is where the identity from a login packet belongs: a converter has no
    /// memory of its own. It is gone with the connection.
    #[must_use]
    pub fn session(&self) -> Vec<u8> {
        self.host_session()
    }

    /// Replaces the session value. More bytes than the setting `maxSessionBytes`
    /// (4096 by default) fail the call.
    pub fn set_session(&self, value: impl AsRef<[u8]>) {
        self.host_set_session(value.as_ref());
    }

    /// Sends bytes to the device, as they are: nothing is appended. What several
    /// calls of this function or of one connection say goes out in their order.
    ///
    /// *Uplink*: the setting `replyWhen` decides when, by default when what the
    /// frame says is stored on the host's disk. *Downlink*: before the frames that
    /// the converter returns.
    pub fn reply(&self, bytes: impl AsRef<[u8]>) {
        self.host_reply(bytes.as_ref());
    }

    /// Closes the connection when everything that was replied has been sent. Frames
    /// behind the one at hand are dropped.
    pub fn close(&self) {
        self.host_close();
    }

    /// *Downlink*: the device will answer the two-way call at hand, and an uplink
    /// will hand the answer over by [`answer_rpc`](Self::answer_rpc). Without this
    /// ThingsBoard is told `{}` once the bytes are sent.
    pub fn expect_answer(&self) {
        self.host_expect_answer();
    }

    /// Answers a two-way call of ThingsBoard's that waits for the answer of the
    /// device `device_name`: the one with `request_id`, which the downlink converter found
    /// in the metadata `requestId`, or with None the one that has waited for
    /// longest. An answer that comes too late, or for which nobody asked, is
    /// reported in the log.
    pub fn answer_rpc(
        &self,
        device_name: &str,
        request_id: Option<i32>,
        response: impl Into<Value>,
    ) {
        self.host_answer_rpc(device_name, request_id, Ok(response.into()));
    }

    /// As [`answer_rpc`](Self::answer_rpc), for a device that could not do what was
    /// asked.
    pub fn fail_rpc(&self, device_name: &str, request_id: Option<i32>, error: impl Into<String>) {
        self.host_answer_rpc(device_name, request_id, Err(error.into()));
    }
}

#[cfg(target_arch = "wasm32")]
impl Context {
    fn host_session(&self) -> Vec<u8> {
        host::session()
    }

    fn host_set_session(&self, value: &[u8]) {
        host::set_session(value);
    }

    fn host_reply(&self, bytes: &[u8]) {
        host::reply(bytes);
    }

    fn host_close(&self) {
        host::close();
    }

    fn host_expect_answer(&self) {
        host::expect_answer();
    }

    fn host_answer_rpc(
        &self,
        device_name: &str,
        request_id: Option<i32>,
        response: Result<Value, String>,
    ) {
        let response = response.as_ref().map_err(String::as_str);
        host::answer_rpc(device_name, request_id, response);
    }
}

#[cfg(target_arch = "wasm32")]
use crate::bindings::uplink::tb::converter::connection as host;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use recorded::Recorded;
#[cfg(not(target_arch = "wasm32"))]
pub use recorded::{Actions, RpcAnswer};

#[cfg(not(target_arch = "wasm32"))]
mod recorded {
    //! What a test sees of a call.

    use std::cell::RefCell;

    use crate::{Context, Value};

    /// What a call asked for on its connection. Native only.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Actions {
        /// Bytes for the device, of all replies together.
        pub reply: Vec<u8>,
        /// The session value that was set, if one was.
        pub session: Option<Vec<u8>>,
        /// Whether the connection is to be closed.
        pub close: bool,
        /// Whether the device will answer the call at hand.
        pub expects_answer: bool,
        /// Answers to calls of ThingsBoard's.
        pub answers: Vec<RpcAnswer>,
    }

    /// A device's answer to a call. Native only.
    #[derive(Clone, Debug, PartialEq)]
    pub struct RpcAnswer {
        /// The device that was called.
        pub device_name: String,
        /// Which call; None for the one that has waited for longest.
        pub request_id: Option<i32>,
        /// What it said, or why it could not do what was asked.
        pub response: Result<Value, String>,
    }

    /// Behind a shared reference, because converters get one.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Recorded {
        session: Vec<u8>,
        actions: RefCell<Actions>,
    }

    /// For tests: these exist natively only.
    impl Context {
        /// Sets the session value that the call meets.
        #[must_use]
        pub fn with_session(mut self, value: impl AsRef<[u8]>) -> Context {
            self.connection.session = value.as_ref().to_vec();
            self
        }

        /// What was asked for on the connection, so far.
        #[must_use]
        pub fn actions(&self) -> Actions {
            self.connection.actions.borrow().clone()
        }

        pub(super) fn host_session(&self) -> Vec<u8> {
            let actions = self.connection.actions.borrow();
            let session = actions.session.as_ref();
            session.unwrap_or(&self.connection.session).clone()
        }

        pub(super) fn host_set_session(&self, value: &[u8]) {
            self.connection.actions.borrow_mut().session = Some(value.to_vec());
        }

        pub(super) fn host_reply(&self, bytes: &[u8]) {
            self.connection
                .actions
                .borrow_mut()
                .reply
                .extend_from_slice(bytes);
        }

        pub(super) fn host_close(&self) {
            self.connection.actions.borrow_mut().close = true;
        }

        pub(super) fn host_expect_answer(&self) {
            self.connection.actions.borrow_mut().expects_answer = true;
        }

        pub(super) fn host_answer_rpc(
            &self,
            device_name: &str,
            request_id: Option<i32>,
            response: Result<Value, String>,
        ) {
            let answer = RpcAnswer {
                device_name: device_name.to_owned(),
                request_id,
                response,
            };
            self.connection.actions.borrow_mut().answers.push(answer);
        }
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_seen() {
        let context = Context::new().with_session("old");
        assert_eq!(context.actions(), Actions::default());
        assert_eq!(context.session(), b"old");
        context.set_session("new");
        assert_eq!(context.session(), b"new");
        context.reply([1]);
        context.reply("23");
        context.close();
        context.expect_answer();
        context.answer_rpc("SN", Some(7), "on");
        context.fail_rpc("SN", None, "no");
        let answer = |request_id, response| RpcAnswer {
            device_name: "SN".to_owned(),
            request_id,
            response,
        };
        let expected = Actions {
            reply: b"\x0123".to_vec(),
            session: Some(b"new".to_vec()),
            close: true,
            expects_answer: true,
            answers: vec![
                answer(Some(7), Ok("on".into())),
                answer(None, Err("no".to_owned())),
            ],
        };
        assert_eq!(context.actions(), expected);
    }
}
