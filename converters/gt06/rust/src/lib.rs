//! GT06 trackers: those of Concox and Jimi, and their many clones.
//!
//! A tracker logs in with its IMEI, and is then known by it: later packets carry no
//! identity, so the IMEI is the session value of the connection. A login, a heartbeat
//! and an alarm are acknowledged, or the tracker hangs up.
//!
//! * `framing`: where a packet ends, also if its length is wrong.
//! * `packet`: the envelope with its serial number and check value.
//! * `position`: time, position and cell.
//! * `status`: heartbeats, alarms and the state of the tracker.
//! * `command`: commands to the tracker, and its answers.

mod command;
mod framing;
mod packet;
mod position;
mod status;

use packet::Packet;
use tb_converter::bits::bcd_digits;
use tb_converter::{
    ByteReader, Context, DownlinkConverter, Entity, FramingConverter, Message, Result, Step,
    UplinkConverter, export,
};

/// ThingsBoard's profile of the devices.
const PROFILE: &str = "gt06";

/// What a packet is, by its protocol number.
mod number {
    pub(crate) const LOGIN: u8 = 0x01;
    pub(crate) const LOCATION: u8 = 0x12;
    pub(crate) const HEARTBEAT: u8 = 0x13;
    pub(crate) const ANSWER: u8 = 0x15;
    pub(crate) const ALARM: u8 = 0x16;
    pub(crate) const ANSWER_ENCODED: u8 = 0x21;
    pub(crate) const LOCATION_2: u8 = 0x22;
    pub(crate) const HEARTBEAT_2: u8 = 0x23;
    pub(crate) const ALARM_2: u8 = 0x26;
    pub(crate) const COMMAND: u8 = 0x80;
    pub(crate) const ANSWER_81: u8 = 0x81;
    pub(crate) const INFO: u8 = 0x94;
}

/// GT06, both ways, with its framing.
#[derive(Debug)]
pub struct Gt06;

impl FramingConverter for Gt06 {
    fn cut(bytes: &[u8]) -> Result<Step> {
        Ok(framing::cut(bytes))
    }
}

impl UplinkConverter for Gt06 {
    fn decode(frame: &[u8], context: &Context) -> Result<Vec<Entity>> {
        let packet = Packet::open(frame)?;
        if packet.number == number::LOGIN {
            return login(&packet, context);
        }
        let imei = imei(&packet, context)?;
        let mut content = ByteReader::new(packet.content);
        let entity = Entity::device(&imei, PROFILE);
        let entity = match packet.number {
            number::LOCATION => entity.sample(position::location(&mut content, context)?),
            number::LOCATION_2 => entity.sample(position::location_2(&mut content, context)?),
            number::HEARTBEAT | number::HEARTBEAT_2 => {
                context.reply(packet.acknowledgement());
                entity.sample(status::heartbeat(&mut content)?)
            }
            number::ALARM | number::ALARM_2 => {
                context.reply(packet.acknowledgement());
                entity.sample(status::alarm(&mut content, context)?)
            }
            number::INFO => status::info(entity, &mut content)?,
            number::ANSWER | number::ANSWER_81 => {
                command::answer(&imei, &mut content, context)?;
                return Ok(Vec::new());
            }
            number::ANSWER_ENCODED => {
                command::encoded_answer(&imei, &mut content, context)?;
                return Ok(Vec::new());
            }
            other => return Err(format!("protocol number 0x{other:02x} is not covered").into()),
        };
        Ok(vec![entity])
    }
}

impl DownlinkConverter for Gt06 {
    fn encode(msg: &Message, context: &Context) -> Result<Vec<Vec<u8>>> {
        command::encode(msg, context)
    }
}

/// Takes the IMEI, 15 digits behind a zero.
fn login(packet: &Packet<'_>, context: &Context) -> Result<Vec<Entity>> {
    let digits = bcd_digits(ByteReader::new(packet.content).bytes(8)?)?;
    let imei = digits.strip_prefix('0').unwrap_or(&digits);
    context.set_session(imei);
    context.reply(packet.acknowledgement());
    // Without a value: ThingsBoard learns where the device can be reached.
    Ok(vec![Entity::device(imei, PROFILE).attribute("imei", imei)])
}

fn imei(packet: &Packet<'_>, context: &Context) -> Result<String> {
    match String::from_utf8(context.session()) {
        Ok(imei) if !imei.is_empty() => Ok(imei),
        _ => Err(format!(
            "packet 0x{:02x} before the login: it carries no identity",
            packet.number
        )
        .into()),
    }
}

export!(uplink = Gt06, downlink = Gt06, framing = Gt06);

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
