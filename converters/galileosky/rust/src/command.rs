//! Commands to the tracker as text, and its answers.
//!
//! A command carries a number that the tracker sends back with its answer: that of the
//! call.

use tb_converter::{ByteWriter, Context, Message, Result, log};

use crate::record::Record;
use crate::{packet, tags};

/// Digits of an IMEI.
const IMEI_LENGTH: usize = 15;

/// The method with its arguments behind a blank.
pub(crate) fn encode(msg: &Message, context: &Context) -> Result<Vec<Vec<u8>>> {
    let Some(call) = msg.rpc_call()? else {
        log::debug!("no packet for a message of type {}", msg.msg_type());
        return Ok(Vec::new());
    };
    let imei = imei(context)?;
    let arguments = call.arguments(",")?;
    let text = match arguments.as_str() {
        "" => call.method.into_owned(),
        arguments => format!("{} {arguments}", call.method),
    };
    if text.chars().any(char::is_control) {
        return Err(format!("{text:?} is no command: it holds a control character").into());
    }
    let length = u8::try_from(text.len()).map_err(|_| {
        format!(
            "the command has {} bytes, and a packet takes 255",
            text.len()
        )
    })?;
    let tags = ByteWriter::new()
        .u8(tags::IMEI)
        .text(&imei)
        .u8(tags::DEVICE_ID)
        // The tracker goes by its IMEI.
        .u16_le(0)
        .u8(tags::COMMAND_NUMBER)
        .i32_le(context.request_id().unwrap_or_default())
        .u8(tags::COMMAND_TEXT)
        .u8(length)
        .text(&text)
        .finish();
    context.expect_answer();
    Ok(vec![packet::seal(&tags)?])
}

/// Of the tracker on this connection, whatever ThingsBoard calls it; else its name.
fn imei(context: &Context) -> Result<String> {
    let session = String::from_utf8(context.session()).unwrap_or_default();
    let imei = if session.is_empty() {
        context.metadata("deviceName").unwrap_or_default()
    } else {
        session
    };
    if imei.len() != IMEI_LENGTH || !imei.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("the device {imei:?} has no IMEI for a name").into());
    }
    Ok(imei)
}

/// Hands what the tracker said to the call with its number.
pub(crate) fn answer(imei: &str, record: &Record<'_>, context: &Context) {
    if let Some(text) = record.command_text {
        let text = String::from_utf8_lossy(text).replace('\0', "");
        let request_id = record.command_number.map(u32::cast_signed);
        context.answer_rpc(imei, request_id, text.trim());
    }
}
