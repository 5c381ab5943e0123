//! Teltonika trackers over TCP: codec 8, codec 8 Extended and codec 12.
//!
//! A tracker says its IMEI first, and is then known by it: later packets carry no
//! identity, so the IMEI is the session value of the connection.
//!
//! | the device sends | it is told | becomes |
//! |---|---|---|
//! | the length and digits of its IMEI | `01`, or `00` and the end | the session |
//! | `ff`, a keep-alive | nothing | nothing |
//! | a packet of codec 8 or 8E | how many records came | a sample for each record |
//! | a packet of codec 12 | nothing | the answer to the oldest call |
//!
//! * `framing`: where a packet ends.
//! * `packet`: the envelope with its check value.
//! * `avl`: records of codec 8 and 8 Extended.
//! * `command`: codec 12, both ways.

mod avl;
mod command;
mod framing;
mod packet;

use tb_converter::{
    Context, DownlinkConverter, Entity, FramingConverter, Message, Result, Step, UplinkConverter,
    export, log,
};

/// ThingsBoard's profile of the devices.
const PROFILE: &str = "teltonika";

/// A connection that is still in use: nothing to decode, nothing to answer.
const KEEP_ALIVE: [u8; 1] = [0xff];

/// Teltonika's codecs, both ways, with their framing.
#[derive(Debug)]
pub struct Teltonika;

impl FramingConverter for Teltonika {
    fn cut(bytes: &[u8]) -> Result<Step> {
        Ok(framing::cut(bytes))
    }
}

impl UplinkConverter for Teltonika {
    fn decode(frame: &[u8], context: &Context) -> Result<Vec<Entity>> {
        if frame == KEEP_ALIVE {
            return Ok(Vec::new());
        }
        if let Some(login) = packet::login(frame) {
            return Ok(self::login(login, context));
        }
        let data = packet::open(frame)?;
        let imei = imei(context)?;
        match data.first() {
            Some(&avl::CODEC_8) => avl::decode(&avl::NARROW, &imei, data, context),
            Some(&avl::CODEC_8_EXTENDED) => avl::decode(&avl::WIDE, &imei, data, context),
            Some(&command::CODEC_12) => command::answer(&imei, data, context),
            Some(codec) => {
                Err(format!("codec 0x{codec:02x} is not covered: 0x08, 0x8e and 0x0c are").into())
            }
            None => Err("the packet is empty: not even a codec".into()),
        }
    }
}

impl DownlinkConverter for Teltonika {
    fn encode(msg: &Message, context: &Context) -> Result<Vec<Vec<u8>>> {
        command::encode(msg, context)
    }
}

/// Accepts an IMEI, and hangs up on what is none.
fn login(name: &[u8], context: &Context) -> Vec<Entity> {
    match std::str::from_utf8(name) {
        Ok(imei) if (14..=16).contains(&imei.len()) && is_digits(imei) => {
            context.set_session(imei);
            context.reply([1]);
            // Without a value: ThingsBoard learns where the device can be reached.
            vec![Entity::device(imei, PROFILE).attribute("imei", imei)]
        }
        _ => {
            log::warn!(
                "a login of {} bytes that are no IMEI is refused",
                name.len()
            );
            context.reply([0]);
            context.close();
            Vec::new()
        }
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn imei(context: &Context) -> Result<String> {
    match String::from_utf8(context.session()) {
        Ok(imei) if !imei.is_empty() => Ok(imei),
        _ => Err("data before the login: the packet carries no identity".into()),
    }
}

export!(
    uplink = Teltonika,
    downlink = Teltonika,
    framing = Teltonika
);

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
