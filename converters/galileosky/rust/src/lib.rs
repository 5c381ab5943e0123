//! Galileosky trackers over TCP.
//!
//! A packet holds tags: a byte that names a value, and the value. The first packet of a
//! connection carries the IMEI, later ones need not; so the IMEI is the session value of the
//! connection. Each packet is acknowledged with its check value.
//!
//! * `packet`: the envelope with its check value.
//! * `tags`: which tags there are, and how long each is.
//! * `record`: the values of one time.
//! * `command`: commands to the tracker, and its answers.

mod command;
mod packet;
mod record;
mod tags;

use packet::Packet;
use tb_converter::{Context, DownlinkConverter, Entity, Message, Result, UplinkConverter, export};

/// ThingsBoard's profile of the devices.
const PROFILE: &str = "galileosky";

/// Galileosky's protocol, both ways.
#[derive(Debug)]
pub struct Galileosky;

impl UplinkConverter for Galileosky {
    fn decode(frame: &[u8], context: &Context) -> Result<Vec<Entity>> {
        let packet = Packet::open(frame)?;
        let records = record::all(packet.tags)?;

        let session = String::from_utf8(context.session()).unwrap_or_default();
        let said = records.iter().rev().find_map(|record| record.imei);
        let imei = said.unwrap_or(session.as_str());
        if imei.is_empty() {
            return Err("a packet without IMEI (tag 0x03) before one with it: \
                        nobody knows from whom it is"
                .into());
        }
        if imei != session {
            context.set_session(imei);
        }
        context.reply(packet.acknowledgement());

        let mut entity = Entity::device(imei, PROFILE);
        for record in records {
            command::answer(imei, &record, context);
            entity = record.add_to(entity);
        }
        Ok(vec![entity])
    }
}

impl DownlinkConverter for Galileosky {
    fn encode(msg: &Message, context: &Context) -> Result<Vec<Vec<u8>>> {
        command::encode(msg, context)
    }
}

export!(uplink = Galileosky, downlink = Galileosky);

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
