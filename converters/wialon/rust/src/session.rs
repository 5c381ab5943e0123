//! Who is connected, and which version of the protocol it speaks.
//!
//! The session value is `VERSION;IDENTIFIER`. From version 2.0 on lines end in a check
//! value.

use tb_converter::{Context, Entity, Result, checksum, log, number};

use crate::PROFILE;
use crate::line::answer;

/// The password that devices log in with: the integration's metadata. Without it any will do.
const PASSWORD: &str = "devicePassword";

/// A device's name in ThingsBoard has 255 characters at most; identifiers have fewer.
const MAX_ID: usize = 64;

/// What the login said.
pub(crate) struct Session {
    /// The device's identifier, mostly its IMEI.
    pub(crate) id: String,
    /// Whether lines end in a check value.
    with_checksum: bool,
}

impl Session {
    /// The session of the call at hand; None before the login.
    pub(crate) fn of(context: &Context) -> Option<Session> {
        let value = String::from_utf8(context.session()).ok()?;
        let (version, id) = value.split_once(';')?;
        Some(Session {
            id: id.to_owned(),
            with_checksum: version != "1.1",
        })
    }

    /// The device that is connected.
    pub(crate) fn entity(&self) -> Entity {
        Entity::device(&self.id, PROFILE)
    }

    /// What a line says without its check value, which stands behind `separator`. None if
    /// it is wrong.
    pub(crate) fn checked<'a>(&self, message: &'a str, separator: char) -> Option<&'a str> {
        if self.with_checksum {
            checked(message, separator)
        } else {
            Some(message)
        }
    }

    /// A message with its check value, if the version has one.
    pub(crate) fn sealed(&self, message: &str) -> String {
        if self.with_checksum {
            let counted = format!("{message};");
            let sum = checksum::crc16_arc(counted.as_bytes());
            format!("{counted}{sum:04X}")
        } else {
            message.to_owned()
        }
    }
}

/// `IMEI;password`, or from version 2.0 on `VERSION;IMEI;password;CRC`.
pub(crate) fn login(message: &str, context: &Context) -> Result<Vec<Entity>> {
    let first = message.split(';').next().unwrap_or_default();
    let (version, rest) = if first.contains('.') {
        let Some(rest) = checked(message, ';') else {
            log::warn!("the check value of a login is wrong");
            answer(context, "AL", "10");
            context.close();
            return Ok(Vec::new());
        };
        (first, rest.split_once(';').map_or("", |(_, rest)| rest))
    } else {
        ("1.1", message)
    };
    let (id, password) = rest.split_once(';').unwrap_or((rest, ""));
    if id.is_empty() || id.len() > MAX_ID || id.chars().any(|c| c.is_control() || c == ' ') {
        log::warn!("a login without an identifier is refused");
        answer(context, "AL", "0");
        context.close();
        return Ok(Vec::new());
    }
    let wanted = context.integration_metadata(PASSWORD);
    if wanted.is_some_and(|wanted| wanted != password) {
        log::warn!("{id}: the login has another password than metadata {PASSWORD}");
        answer(context, "AL", "01");
        context.close();
        return Ok(Vec::new());
    }
    context.set_session(format!("{version};{id}"));
    answer(context, "AL", "1");
    // ThingsBoard learns where the device can be reached.
    let entity = Entity::device(id, PROFILE).attribute("protocolVersion", version);
    Ok(vec![entity])
}

/// Takes the check value off, which counts the separator before it.
fn checked(message: &str, separator: char) -> Option<&str> {
    let (inside, sum) = message.rsplit_once(separator)?;
    let counted = message.get(..inside.len() + separator.len_utf8())?;
    let sum = number::parse_hex(sum).ok()?;
    (sum == u64::from(checksum::crc16_arc(counted.as_bytes()))).then_some(inside)
}
