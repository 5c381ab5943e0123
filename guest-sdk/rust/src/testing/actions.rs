//! What a call asked for on its connection, in the result of a case.
//!
//! A call that asked for nothing has the result that it had before there was
//! anything to ask for.

use serde_json::{Map, Value as Json, json};

use super::cases::hex;
use super::shape::{of_value, value};
use crate::{Actions, RpcAnswer, encoding::bytes_to_hex};

type Object = Map<String, Json>;

/// The fields of a result that are no entity and no frame.
const FIELDS: [&str; 7] = [
    "reply",
    "replyHex",
    "session",
    "sessionHex",
    "close",
    "expectsAnswer",
    "answers",
];

/// The result of a call in normal form: `returned` alone if the call asked for
/// nothing, else an object that has it as `field`.
pub(super) fn with_actions(field: &str, returned: Json, actions: &Actions) -> Json {
    if *actions == Actions::default() {
        return returned;
    }
    let mut object = Object::new();
    object.insert(field.to_owned(), returned);
    if !actions.reply.is_empty() {
        insert_bytes(&mut object, "reply", &actions.reply);
    }
    if let Some(session) = &actions.session {
        insert_bytes(&mut object, "session", session);
    }
    if actions.close {
        object.insert("close".to_owned(), true.into());
    }
    if actions.expects_answer {
        object.insert("expectsAnswer".to_owned(), true.into());
    }
    if !actions.answers.is_empty() {
        let answers = actions.answers.iter().map(of_answer).collect();
        object.insert("answers".to_owned(), answers);
    }
    let mut json = Json::Object(object);
    json.sort_all_objects();
    json
}

/// Takes an expected result apart: what is to be returned, and what is to be asked
/// for.
pub(super) fn apart(field: &str, expected: &Json) -> Result<(Json, Actions), String> {
    let of_a_call = expected.as_object().filter(|object| {
        object.contains_key(field) || FIELDS.iter().any(|name| object.contains_key(*name))
    });
    let Some(object) = of_a_call else {
        return Ok((expected.clone(), Actions::default()));
    };
    let mut actions = Actions::default();
    for (key, json) in object {
        let text = || {
            let text = json.as_str();
            text.ok_or_else(|| format!("{key} is no string"))
        };
        let flag = || {
            let flag = json.as_bool();
            flag.ok_or_else(|| format!("{key} is neither true nor false"))
        };
        match key.as_str() {
            "reply" => actions.reply = text()?.into(),
            "replyHex" => {
                actions.reply = hex(text()?).map_err(|fault| format!("{key}: {fault}"))?
            }
            "session" => actions.session = Some(text()?.into()),
            "sessionHex" => {
                let bytes = hex(text()?).map_err(|fault| format!("{key}: {fault}"))?;
                actions.session = Some(bytes);
            }
            "close" => actions.close = flag()?,
            "expectsAnswer" => actions.expects_answer = flag()?,
            "answers" => {
                let list = json.as_array().ok_or("answers is no array")?;
                actions.answers = list.iter().map(answer).collect::<Result<_, _>>()?;
            }
            key if key == field => {}
            _ => return Err(format!("unknown field {key} beside {field}")),
        }
    }
    for name in ["reply", "session"] {
        if object.contains_key(name) && object.contains_key(&format!("{name}Hex")) {
            return Err(format!("{name} and {name}Hex in one result"));
        }
    }
    Ok((object.get(field).cloned().unwrap_or_default(), actions))
}

/// Text where it can be read, else hexadecimal.
fn insert_bytes(object: &mut Object, name: &str, bytes: &[u8]) {
    let readable = |text: &&str| {
        !text.contains(|character: char| character.is_control() && !"\r\n\t".contains(character))
    };
    match std::str::from_utf8(bytes).ok().filter(readable) {
        Some(text) => object.insert(name.to_owned(), text.into()),
        None => object.insert(format!("{name}Hex"), bytes_to_hex(bytes).into()),
    };
}

fn of_answer(answer: &RpcAnswer) -> Json {
    let mut json = json!({ "deviceName": answer.device_name });
    if let Some(id) = answer.request_id {
        json["requestId"] = id.into();
    }
    match &answer.response {
        Ok(value) => json["response"] = of_value(value),
        Err(error) => json["error"] = error.as_str().into(),
    }
    json
}

fn answer(json: &Json) -> Result<RpcAnswer, String> {
    let object = json.as_object().ok_or("an answer is no object")?;
    let known = |key: &String| {
        matches!(
            key.as_str(),
            "deviceName" | "requestId" | "response" | "error"
        )
    };
    if let Some(key) = object.keys().find(|key| !known(key)) {
        return Err(format!("unknown field {key} of an answer"));
    }
    let device_name = object.get("deviceName").and_then(Json::as_str);
    let request_id = match object.get("requestId") {
        None => None,
        Some(id) => Some(
            id.as_i64()
                .and_then(|id| i32::try_from(id).ok())
                .ok_or_else(|| format!("requestId is {id}, no integer of 32 bits"))?,
        ),
    };
    let response = match (object.get("response"), object.get("error")) {
        (Some(response), None) => {
            Ok(value(response).ok_or_else(|| format!("{response} is no response"))?)
        }
        (None, Some(error)) => Err(error.as_str().ok_or("error is no string")?.to_owned()),
        _ => return Err("an answer has either a response or an error".to_owned()),
    };
    Ok(RpcAnswer {
        device_name: device_name.ok_or("an answer has no deviceName")?.to_owned(),
        request_id,
        response,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_read_as_it_is_written() {
        let everything = Actions {
            reply: b"#AL#1\r\n".to_vec(),
            session: Some(vec![0, 0xff]),
            close: true,
            expects_answer: true,
            answers: vec![
                RpcAnswer {
                    device_name: "SN".to_owned(),
                    request_id: Some(-7),
                    response: Ok("on".into()),
                },
                RpcAnswer {
                    device_name: "SN".to_owned(),
                    request_id: None,
                    response: Err("no".to_owned()),
                },
            ],
        };
        let written = with_actions("entities", json!([1]), &everything);
        let expected = json!({
            "answers": [
                { "deviceName": "SN", "requestId": -7, "response": "on" },
                { "deviceName": "SN", "error": "no" },
            ],
            "close": true,
            "entities": [1],
            "expectsAnswer": true,
            "reply": "#AL#1\r\n",
            "sessionHex": "00ff",
        });
        assert_eq!(written, expected);
        let read = apart("entities", &written).unwrap();
        assert_eq!(read, (json!([1]), everything));
    }

    #[test]
    fn a_result_without_actions_is_what_it_was() {
        for result in [json!([]), json!({ "deviceName": "SN" }), Json::Null] {
            let nothing = Actions::default();
            let apart = apart("entities", &result).unwrap();
            assert_eq!(apart, (result.clone(), nothing.clone()));
            assert_eq!(with_actions("entities", result.clone(), &nothing), result);
        }
        let (returned, actions) = apart("frames", &json!({ "replyHex": "01" })).unwrap();
        assert_eq!((returned, actions.reply), (Json::Null, vec![1]));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (result, fault) in [
            (
                json!({ "entities": [], "replay": "" }),
                "unknown field replay",
            ),
            (json!({ "reply": 1 }), "reply is no string"),
            (json!({ "replyHex": "0" }), "replyHex: "),
            (
                json!({ "reply": "a", "replyHex": "61" }),
                "reply and replyHex",
            ),
            (json!({ "close": 1 }), "close is neither"),
            (json!({ "answers": {} }), "answers is no array"),
            (json!({ "answers": [{}] }), "either a response or an error"),
            (json!({ "answers": [{ "response": 1 }] }), "no deviceName"),
            (
                json!({ "answers": [{ "deviceName": "a", "response": 1, "requestId": "1" }] }),
                "requestId is",
            ),
            (
                json!({ "answers": [{ "deviceName": "a", "response": 1, "id": 1 }] }),
                "unknown field id",
            ),
        ] {
            let error = apart("entities", &result).unwrap_err();
            assert!(error.contains(fault), "{error}");
        }
    }
}
