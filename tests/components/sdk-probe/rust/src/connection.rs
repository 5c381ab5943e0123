//! What a call can do on its connection, what happens on that, and how its bytes are
//! cut.

use tb_converter::encoding::{bytes_to_hex, hex_to_bytes};
use tb_converter::{
    Context, Entity, FramingConverter, LifecycleConverter, Result, Step, Value, number, text,
};

use crate::Probe;
use crate::functions::{integer, unknown, word};

/// Longest header that [`FramingConverter::cut`] looks for.
const MAX_HEADER: usize = 8;

/// Does what each line says. What a line tells becomes an attribute, its key the
/// line's number.
pub(crate) fn asked(entity: Entity, lines: &str, context: &Context) -> Result<Entity> {
    let mut entity = entity;
    for (index, line) in lines.split('\n').enumerate() {
        if let Some(told) = ask(line, context)? {
            entity = entity.attribute(index.to_string(), told);
        }
    }
    Ok(entity)
}

/// The same for a downlink, where what a line tells becomes a frame.
pub(crate) fn asked_on_the_way(lines: &str, context: &Context) -> Result<Vec<Vec<u8>>> {
    let mut frames = Vec::new();
    for line in lines.split('\n') {
        frames.extend(ask(line, context)?.map(String::into_bytes));
    }
    Ok(frames)
}

fn ask(line: &str, context: &Context) -> Result<Option<String>> {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    let words: Vec<&str> = rest.splitn(4, ' ').collect();
    let id = || match word(&words, 1) {
        "oldest" => Ok(None),
        "asked" => Ok(context.request_id()),
        _ => integer(&words, 1).map(Some),
    };
    match name {
        "session" => return Ok(Some(bytes_to_hex(&context.session()))),
        "metadata" => return Ok(context.metadata(rest)),
        "requestId" => {
            let id = context.request_id();
            return Ok(Some(
                id.map_or_else(|| "oldest".to_owned(), |id| id.to_string()),
            ));
        }
        "setSession" => context.set_session(hex_to_bytes(rest)?),
        "reply" => context.reply(hex_to_bytes(rest)?),
        "close" => context.close(),
        "expectAnswer" => context.expect_answer(),
        "answerRpc" => {
            let response = value(word(&words, 2), word(&words, 3))?;
            context.answer_rpc(word(&words, 0), id()?, response);
        }
        "failRpc" => {
            let error = rest.splitn(3, ' ').nth(2).unwrap_or_default();
            context.fail_rpc(word(&words, 0), id()?, error);
        }
        "fail" => return Err(rest.into()),
        _ => return unknown("function", name),
    }
    Ok(None)
}

fn value(kind: &str, text: &str) -> Result<Value> {
    Ok(match kind {
        "boolean" => (text == "true").into(),
        "long" => number::parse_long(text)?.into(),
        "double" => number::parse_double(text)?.into(),
        "text" => text.into(),
        "json" => Value::json(text),
        _ => return unknown("kind", kind),
    })
}

/// Does without `on_close`.
impl LifecycleConverter for Probe {
    fn on_connect(context: &Context) -> Result<Vec<Entity>> {
        context.set_session("greeted");
        context.reply("hello\n");
        Ok(vec![
            Entity::device("probe", "onConnect").telemetry("connected", 1),
        ])
    }

    fn on_idle(context: &Context) -> Result<Vec<Entity>> {
        context.reply([&b"idle "[..], &context.session(), b"\n"].concat());
        context.set_session("idle");
        Ok(vec![Entity::device("probe", "onIdle").telemetry("idle", 1)])
    }
}

/// Frames are `#LENGTH:` and as many bytes. What stands before `#` is dropped, and so
/// is the header.
impl FramingConverter for Probe {
    fn cut(bytes: &[u8]) -> Result<Step> {
        match bytes.iter().position(|byte| *byte == b'#') {
            None => return Ok(Step::skip(bytes.len())),
            Some(0) => {}
            Some(start) => return Ok(Step::skip(start)),
        }
        if bytes.len() < 3 {
            return Ok(Step::need(bytes, 3));
        }
        let header: Vec<&[u8]> = bytes.splitn(2, |byte| *byte == b':').collect();
        let digits = header.first().copied().unwrap_or_default();
        if digits.len() > MAX_HEADER {
            return Err("a header without an end".into());
        }
        if header.len() < 2 {
            return Ok(Step::Need(1));
        }
        let length = number::parse_long(text(digits.get(1..).unwrap_or_default())?)?;
        Ok(Step::Frame {
            skip: digits.len() + 1,
            length: length.try_into()?,
        })
    }
}
