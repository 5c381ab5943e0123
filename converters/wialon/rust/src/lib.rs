//! Wialon IPS, versions 1.1 and 2.0: lines of text over TCP.
//!
//! A line is `#TYPE#message`. A device logs in with its identifier, and is then known by
//! it: later lines carry no identity, so version and identifier are the session value of
//! the connection. Each line is answered. What is wrong with one is told by a code of the
//! protocol, and in the log.
//!
//! * `line`: types, check values and answers.
//! * `session`: who is connected, and in which version.
//! * `data`: the fields of `#SD#`, `#D#` and `#B#`.
//! * `params`: the additional parameters of `#D#`.
//! * `message`: text, both ways.

mod data;
mod line;
mod message;
mod params;
mod session;

use line::{Line, answer};
use session::Session;
use tb_converter::{
    Context, DownlinkConverter, Entity, Message, Result, UplinkConverter, export, log,
};

/// ThingsBoard's profile of the devices.
const PROFILE: &str = "wialon";

/// Wialon IPS, both ways.
#[derive(Debug)]
pub struct Wialon;

impl UplinkConverter for Wialon {
    fn decode(frame: &[u8], context: &Context) -> Result<Vec<Entity>> {
        let text = tb_converter::text(frame)?.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let line = Line::parse(text)?;
        match line.kind {
            "L" => return session::login(line.message, context),
            "P" => {
                answer(context, "AP", "");
                return Ok(Vec::new());
            }
            _ => {}
        }
        let session = Session::of(context)
            .ok_or_else(|| format!("#{}# before the login: it carries no identity", line.kind))?;
        match line.kind {
            "SD" => Ok(one(&data::SHORT, "ASD", &line, &session, context)),
            "D" => Ok(one(&data::EXTENDED, "AD", &line, &session, context)),
            "B" => Ok(batch(&line, &session, context)),
            "M" => Ok(message::uplink(&line, &session, context)),
            "AM" => {
                message::taken(&line, &session, context);
                Ok(Vec::new())
            }
            other => Err(format!("#{other}# is not covered: L, P, SD, D, B, M and AM are").into()),
        }
    }
}

impl DownlinkConverter for Wialon {
    fn encode(msg: &Message, context: &Context) -> Result<Vec<Vec<u8>>> {
        message::downlink(msg, context)
    }
}

/// One record, and the code that says what became of it.
fn one(
    form: &data::Form,
    name: &str,
    line: &Line<'_>,
    session: &Session,
    context: &Context,
) -> Vec<Entity> {
    let Some(message) = session.checked(line.message, ';') else {
        log::warn!(
            "{}: the check value of #{}# is wrong",
            session.id,
            line.kind
        );
        answer(context, name, form.checksum_fault);
        return Vec::new();
    };
    match data::sample(form, message) {
        Ok(sample) => {
            answer(context, name, "1");
            vec![session.entity().sample(sample)]
        }
        Err(fault) => {
            log::warn!("{}: #{}#: {}", session.id, line.kind, fault.text);
            answer(context, name, fault.code);
            Vec::new()
        }
    }
}

/// Records of a black box, and how many of them can be read.
fn batch(line: &Line<'_>, session: &Session, context: &Context) -> Vec<Entity> {
    let Some(message) = session.checked(line.message, '|') else {
        log::warn!("{}: the check value of #B# is wrong", session.id);
        answer(context, "AB", "");
        return Vec::new();
    };
    let mut entity = session.entity();
    for record in message.split('|').filter(|record| !record.is_empty()) {
        match data::sample(data::Form::of(record), record) {
            Ok(sample) => entity = entity.sample(sample),
            Err(fault) => log::warn!("{}: #B#: {}", session.id, fault.text),
        }
    }
    answer(context, "AB", &entity.telemetry.len().to_string());
    if entity.telemetry.is_empty() {
        return Vec::new();
    }
    vec![entity]
}

export!(uplink = Wialon, downlink = Wialon);

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
