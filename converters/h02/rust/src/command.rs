//! Commands to the tracker, and its answers.
//!
//! A command is a sentence with a time behind its type, which the tracker sends back with
//! its answer. The time stands for the number of the call.

use tb_converter::{Context, Message, Result, log};

use crate::session::Session;

/// The maker in commands: trackers of all makers take it.
const MAKER: &str = "HQ";

/// The method is the type, the params are the fields behind the time.
pub(crate) fn encode(msg: &Message, context: &Context) -> Result<Vec<Vec<u8>>> {
    let Some(call) = msg.rpc_call()? else {
        log::debug!("no sentence for a message of type {}", msg.msg_type());
        return Ok(Vec::new());
    };
    let session = Session::of(context);
    let id = context.metadata("deviceName").unwrap_or_default();
    // A device that was renamed in ThingsBoard is the one that speaks here.
    let id = if is_identifier(&id) || session.id.is_empty() {
        id
    } else {
        session.id.clone()
    };
    if !is_identifier(&id) {
        return Err(format!("the device {id:?} has no identifier for a name").into());
    }
    let arguments = call.arguments(",")?;
    let fields = [call.method.as_ref(), arguments.as_str()];
    let stray = |char: char| char.is_control() || matches!(char, '#' | '*');
    if fields.iter().any(|field| field.contains(stray)) || call.method.contains(',') {
        return Err(format!(
            "{fields:?} are no command: they hold a control character, # or *, or the method \
             a comma"
        )
        .into());
    }
    let clock = session.clock_of(context.request_id().unwrap_or_default(), context);
    let mut sentence = format!("*{MAKER},{id},{},{clock}", call.method);
    if !arguments.is_empty() {
        sentence.push(',');
        sentence.push_str(&arguments);
    }
    sentence.push('#');
    context.expect_answer();
    Ok(vec![sentence.into_bytes()])
}

/// Hands what the tracker said to the call whose time came back, or to the oldest.
pub(crate) fn answer(id: &str, said: &str, clock: Option<&str>, context: &Context) {
    let request_id = clock.and_then(|clock| Session::of(context).call_of(clock));
    context.answer_rpc(id, request_id, said);
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
