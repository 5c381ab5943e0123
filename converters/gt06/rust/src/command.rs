//! Commands to the tracker as text, and its answers.
//!
//! A command carries four bytes that the tracker sends back with its answer, the server
//! flag: they hold the number of the call.

use tb_converter::{ByteReader, ByteWriter, Context, Message, Result, log};

use crate::{number, packet};

/// The serial number of commands: the server's count, of which trackers make no use.
const SERIAL: u16 = 1;

/// What the length of a packet counts beside the command's text: number, length, flag,
/// serial and check value.
const BESIDE_TEXT: u8 = 10;

/// The method with its arguments, commas between them and `#` at the end.
pub(crate) fn encode(msg: &Message, context: &Context) -> Result<Vec<Vec<u8>>> {
    let Some(call) = msg.rpc_call()? else {
        log::debug!("no packet for a message of type {}", msg.msg_type());
        return Ok(Vec::new());
    };
    let arguments = call.arguments(",")?;
    let mut text = call.method.into_owned();
    if !arguments.is_empty() {
        text.push(',');
        text.push_str(&arguments);
    }
    if !text.ends_with('#') {
        text.push('#');
    }
    if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(format!("{text:?} is no command: it holds more than printable ASCII").into());
    }
    let counted = u8::try_from(text.len())
        .ok()
        .filter(|length| *length <= u8::MAX - BESIDE_TEXT);
    let Some(length) = counted else {
        return Err(format!(
            "the command has {} characters, and a packet takes {}",
            text.len(),
            u8::MAX - BESIDE_TEXT
        )
        .into());
    };
    let flag = context.request_id().unwrap_or_default();
    let body = ByteWriter::new()
        .u8(length + BESIDE_TEXT)
        .u8(number::COMMAND)
        .u8(length + 4)
        .i32_be(flag)
        .text(&text)
        .u16_be(SERIAL)
        .finish();
    context.expect_answer();
    Ok(vec![packet::sealed(&body)])
}

/// Packets 0x15 and 0x81: a length, the flag, ASCII, and mostly a language behind it.
pub(crate) fn answer(imei: &str, content: &mut ByteReader<'_>, context: &Context) -> Result<()> {
    let length = usize::from(content.u8()?);
    let mut counted = ByteReader::new(content.bytes(length)?);
    let flag = counted.i32_be()?;
    hand_over(imei, flag, String::from_utf8_lossy(counted.rest()), context);
    Ok(())
}

/// Packet 0x21: the flag, how the text is encoded, and the text.
pub(crate) fn encoded_answer(
    imei: &str,
    content: &mut ByteReader<'_>,
    context: &Context,
) -> Result<()> {
    let flag = content.i32_be()?;
    let encoding = content.u8()?;
    let bytes = content.rest();
    let text = match encoding {
        1 => String::from_utf8_lossy(bytes).into_owned(),
        2 => {
            let (pairs, _) = bytes.as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
            String::from_utf16_lossy(&units)
        }
        other => return Err(format!("encoding {other} of an answer is neither 1 nor 2").into()),
    };
    hand_over(imei, flag, text, context);
    Ok(())
}

fn hand_over(imei: &str, flag: i32, text: impl AsRef<str>, context: &Context) {
    let text = text.as_ref().replace('\0', "");
    // Some trackers send no flag back. Then the call that has waited for longest is meant.
    let request_id = (flag != 0).then_some(flag);
    context.answer_rpc(imei, request_id, text.trim());
}
