//! Codec 12: commands to the tracker as text, and its answers.
//!
//! The codec has no number that would tell answers apart, so an answer belongs to the
//! call that has waited for longest.

use tb_converter::{ByteReader, ByteWriter, Context, Entity, Message, Result, log};

use super::packet;

pub(crate) const CODEC_12: u8 = 0x0c;

const COMMAND: u8 = 5;
const RESPONSE: u8 = 6;

/// The method with its arguments behind a blank, in one packet.
pub(crate) fn encode(msg: &Message, context: &Context) -> Result<Vec<Vec<u8>>> {
    let Some(call) = msg.rpc_call()? else {
        log::debug!("no packet for a message of type {}", msg.msg_type());
        return Ok(Vec::new());
    };
    let arguments = call.arguments(" ")?;
    let text = match arguments.as_str() {
        "" => call.method.into_owned(),
        arguments => format!("{} {arguments}", call.method),
    };
    if text.chars().any(char::is_control) {
        return Err(format!("{text:?} is no command: it holds a control character").into());
    }
    let data = ByteWriter::new()
        .u8(CODEC_12)
        .u8(1)
        .u8(COMMAND)
        .u32_be(u32::try_from(text.len())?)
        .text(&text)
        .u8(1)
        .finish();
    context.expect_answer();
    Ok(vec![packet::seal(&data)?])
}

/// Hands what the tracker said to the oldest call.
pub(crate) fn answer(imei: &str, data: &[u8], context: &Context) -> Result<Vec<Entity>> {
    let mut reader = ByteReader::new(data);
    reader.skip(1)?;
    let count = reader.u8()?;
    for _ in 0..count {
        let kind = reader.u8()?;
        if kind != RESPONSE {
            return Err(format!("type {kind} of codec 12 is no response: {RESPONSE} is").into());
        }
        let length = reader.u32_be()?;
        let text = String::from_utf8_lossy(reader.bytes(length as usize)?).replace('\0', "");
        context.answer_rpc(imei, None, text.trim());
    }
    reader.skip(1)?;
    reader.end()?;
    Ok(Vec::new())
}
