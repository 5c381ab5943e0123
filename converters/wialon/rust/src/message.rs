//! Text, both ways: `#M#text`.
//!
//! The protocol has no number that would tell answers apart, so what a device says
//! answers the call that has waited for longest.

use tb_converter::{Context, Entity, Message, Result, log};

use crate::line::{END, Line, answer};
use crate::session::Session;

/// The method with its arguments behind a blank, as a line of the device's version.
pub(crate) fn downlink(msg: &Message, context: &Context) -> Result<Vec<Vec<u8>>> {
    let Some(call) = msg.rpc_call()? else {
        log::debug!("no line for a message of type {}", msg.msg_type());
        return Ok(Vec::new());
    };
    let arguments = call.arguments(",")?;
    let text = match arguments.as_str() {
        "" => call.method.into_owned(),
        arguments => format!("{} {arguments}", call.method),
    };
    if text.chars().any(char::is_control) {
        return Err(format!("{text:?} is no message: it holds a control character").into());
    }
    let text = Session::of(context).map_or(text.clone(), |session| session.sealed(&text));
    context.expect_answer();
    Ok(vec![format!("#M#{text}{END}").into_bytes()])
}

/// What the device says: telemetry, and the answer to the oldest call.
pub(crate) fn uplink(line: &Line<'_>, session: &Session, context: &Context) -> Vec<Entity> {
    let Some(text) = session.checked(line.message, ';') else {
        log::warn!("{}: the check value of #M# is wrong", session.id);
        answer(context, "AM", "01");
        return Vec::new();
    };
    let text = text.replace('\0', "");
    answer(context, "AM", "1");
    context.answer_rpc(&session.id, None, text.as_str());
    vec![session.entity().telemetry("message", text)]
}

/// Whether the device has taken a message: one that it has not will not be answered.
pub(crate) fn taken(line: &Line<'_>, session: &Session, context: &Context) {
    match line.message {
        "1" => log::debug!("{}: the message has been taken", session.id),
        code => {
            let error = format!("the device has not taken the message: #AM#{code}");
            context.fail_rpc(&session.id, None, error);
        }
    }
}
