//! H02 trackers: sentences such as `*HQ,4210051415,V1,…#`, and binary packets that begin
//! with `$` or `X`.
//!
//! Each message carries the identifier of its device, so there is no login. The session
//! value is used for commands only.
//!
//! * `framing`: where a message begins and ends.
//! * `text`: sentences.
//! * `binary`: packets of digits.
//! * `position`: what both say of time, place and state.
//! * `command`: commands to the tracker, and its answers.
//! * `session`: what a command has to know.

mod binary;
mod command;
mod framing;
mod position;
mod session;
mod text;

use session::Session;
use tb_converter::{
    Context, DownlinkConverter, Entity, FramingConverter, Message, Result, Step, UplinkConverter,
    export,
};

/// ThingsBoard's profile of the devices.
const PROFILE: &str = "h02";

/// H02, both ways, with its framing.
#[derive(Debug)]
pub struct H02;

impl FramingConverter for H02 {
    fn cut(bytes: &[u8]) -> Result<Step> {
        Ok(framing::cut(bytes))
    }
}

impl UplinkConverter for H02 {
    fn decode(frame: &[u8], context: &Context) -> Result<Vec<Entity>> {
        let entity = match frame.first() {
            Some(b'*') => text::decode(tb_converter::text(frame)?, context)?,
            Some(b'$' | b'X') => binary::decode(frame)?,
            _ => return Err("the message begins with none of *, $ and X".into()),
        };
        Session::remember(&entity.name, context);
        Ok(vec![entity])
    }
}

impl DownlinkConverter for H02 {
    fn encode(msg: &Message, context: &Context) -> Result<Vec<Vec<u8>>> {
        command::encode(msg, context)
    }
}

export!(uplink = H02, downlink = H02, framing = H02);

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
