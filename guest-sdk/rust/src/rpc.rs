//! A call of ThingsBoard's, taken apart.

use std::borrow::Cow;

use crate::json::Json;
use crate::{Context, Message, Result};

/// ThingsBoard's type of the message that carries a call.
const RPC_CALL: &str = "RPC_CALL_FROM_SERVER_TO_DEVICE";

/// A call of ThingsBoard's: `{"method": "setRelay", "params": …}`.
#[derive(Clone, Debug)]
pub struct RpcCall<'a> {
    /// What is to be done; not empty.
    pub method: Cow<'a, str>,
    /// With what; None if it is absent or `null`.
    pub params: Option<Json<'a>>,
}

impl Message {
    /// The call that this message carries; None if it is another message.
    ///
    /// ```
    /// use tb_converter::Message;
    ///
    /// # fn main() -> tb_converter::Result<()> {
    /// let body = r#"{"method": "setdigout", "params": [1, 60]}"#;
    /// let msg = Message::new(body, "RPC_CALL_FROM_SERVER_TO_DEVICE");
    /// let call = msg.rpc_call()?.ok_or("no call")?;
    /// assert_eq!(call.method, "setdigout");
    /// assert_eq!(call.arguments(" ")?, "1 60");
    /// assert!(Message::new("{}", "ATTRIBUTES_UPDATED").rpc_call()?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the body is no JSON, or has no method that is text.
    pub fn rpc_call(&self) -> Result<Option<RpcCall<'_>>> {
        if self.msg_type() != RPC_CALL {
            return Ok(None);
        }
        let json = Json::parse(self.body())?;
        let method = json.get("method").and_then(Json::string);
        let method = method.ok_or("the RPC call has no method, or one that is not text")?;
        if method.is_empty() {
            return Err("the RPC call's method is empty".into());
        }
        let params = json.get("params").filter(|params| !params.is_null());
        Ok(Some(RpcCall { method, params }))
    }
}

impl RpcCall<'_> {
    /// The params as one text: text, numbers and booleans as they are, the elements
    /// of an array with `separator` between them, and nothing if they are absent, `{}` or
    /// `[]`.
    ///
    /// # Errors
    ///
    /// Fails if they are an object with entries or an array in an array: which of them a device
    /// wants where is the converter's knowledge.
    pub fn arguments(&self, separator: &str) -> Result<String> {
        let Some(params) = self.params else {
            return Ok(String::new());
        };
        if params.is_array() {
            let elements = params.elements().map(scalar);
            return Ok(elements.collect::<Result<Vec<_>>>()?.join(separator));
        }
        if params.is_object() && params.entries().next().is_none() {
            return Ok(String::new());
        }
        scalar(params).map(Cow::into_owned)
    }
}

fn scalar(json: Json<'_>) -> Result<Cow<'_, str>> {
    if json.is_object() || json.is_array() || json.is_null() {
        return Err(format!(
            "the RPC call's params are text, a number or an array of such, not {}",
            json.compact()
        )
        .into());
    }
    Ok(json.string().unwrap_or(Cow::Borrowed(json.text())))
}

impl Context {
    /// *Downlink*: which call this is, for a device that sends a number back with its
    /// answer: [`answer_rpc`](Self::answer_rpc) takes it. None if the message is no call.
    #[must_use]
    pub fn request_id(&self) -> Option<i32> {
        self.metadata("requestId")?.parse().ok()
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    fn arguments(params: &str) -> std::result::Result<String, String> {
        let body = format!(r#"{{"method": "m"{params}}}"#);
        let msg = Message::new(body, RPC_CALL);
        let call = msg.rpc_call().map_err(|error| error.to_string())?;
        let call = call.ok_or("no call")?;
        call.arguments(",").map_err(|error| error.to_string())
    }

    #[test]
    fn params_become_arguments() {
        for (params, expected) in [
            ("", ""),
            (r#", "params": null"#, ""),
            (r#", "params": {}"#, ""),
            (r#", "params": []"#, ""),
            (r#", "params": "a b""#, "a b"),
            (r#", "params": 2.50"#, "2.50"),
            (r#", "params": true"#, "true"),
            (r#", "params": [1, "on", false]"#, "1,on,false"),
        ] {
            assert_eq!(arguments(params).as_deref(), Ok(expected), "{params}");
        }
        for params in [r#"{"a": 1}"#, "[[1]]", "[null]"] {
            let error = arguments(&format!(r#", "params": {params}"#)).unwrap_err();
            assert!(error.contains("not "), "{params}: {error}");
        }
    }

    #[test]
    fn what_is_no_call_is_told_apart() {
        for body in ["", "[]", r#"{"method": 1}"#, r#"{"method": ""}"#] {
            assert!(Message::new(body, RPC_CALL).rpc_call().is_err(), "{body}");
        }
    }

    #[test]
    fn the_request_id_is_a_number() {
        for (text, expected) in [("7", Some(7)), ("-1", Some(-1)), ("x", None)] {
            let context = Context::new().with_metadata("requestId", text);
            assert_eq!(context.request_id(), expected, "{text}");
        }
        assert_eq!(Context::new().request_id(), None);
    }
}
