//! Sentences: `*`, fields with commas between them, `#`.
//!
//! The first three fields are the maker, the identifier and the type.

use tb_converter::time::CivilTime;
use tb_converter::{Context, Entity, Result, Sample, number};

use crate::{PROFILE, command, position};

/// Whether locations are acknowledged, with `V4`: the integration's metadata.
const ACKNOWLEDGE: &str = "acknowledge";

pub(crate) fn decode(sentence: &str, context: &Context) -> Result<Entity> {
    let sentence = sentence.trim_end_matches(['\r', '\n']);
    let sentence = sentence.strip_suffix('#').unwrap_or(sentence);
    let fields: Vec<&str> = sentence.split(',').map(str::trim).collect();
    let [maker, id, kind, rest @ ..] = fields.as_slice() else {
        return Err(format!("the sentence has {} fields: that is too few", fields.len()).into());
    };
    if id.is_empty() {
        return Err("the sentence has no identifier: nobody knows from whom it is".into());
    }
    let entity = Entity::device(*id, PROFILE);
    match *kind {
        "V1" | "V2" | "V5" | "V6" | "V8" | "V19" | "VI1" => {
            let sample = fix(rest)?;
            if context.integration_metadata(ACKNOWLEDGE).as_deref() == Some("V4") {
                acknowledge(maker, id, kind, &sample, context)?;
            }
            Ok(entity.sample(sample))
        }
        "V4" => answer(entity, rest, context),
        "HTBT" | "V0" => {
            context.reply(format!("{maker},{id},{kind}#"));
            match rest.first().and_then(|level| number::parse(level)) {
                Some(level) if *kind == "HTBT" => Ok(entity.telemetry("batteryLevel", level)),
                _ => Ok(entity),
            }
        }
        "LINK" => Ok(entity.sample(link(rest)?)),
        // Signs of life.
        "XT" | "" => Ok(entity),
        other => Err(format!("a sentence of type {other:?} is not covered").into()),
    }
}

/// Time, validity, latitude, longitude, speed, course, maybe the battery, date, state.
fn fix(fields: &[&str]) -> Result<Sample> {
    let [
        clock,
        validity,
        latitude,
        north,
        longitude,
        east,
        speed,
        course,
        rest @ ..,
    ] = fields
    else {
        return Err(format!("a location has 8 fields and more, not {}", fields.len()).into());
    };
    let (battery, date, rest) = match rest {
        [battery, date, rest @ ..] if is_number(battery) && !is_time(battery) && is_time(date) => {
            (Some(*battery), *date, rest)
        }
        [date, rest @ ..] => (None, *date, rest),
        [] => (None, "", rest),
    };
    // Some send a number there, which says how the place is written; they have one.
    let valid = *validity == "A" || is_number(validity);

    // A clock that was never set is of no use, unless there is a place to go with it.
    let ts = match position::time(clock, date) {
        Ok(ts) => Some(ts),
        Err(error) if valid && !date.is_empty() => return Err(error),
        Err(_) => None,
    };
    let mut sample = Sample::at(ts).value("valid", valid);
    let latitude = coordinate(latitude, north, ["N", "S"])?;
    let longitude = coordinate(longitude, east, ["E", "W"])?;
    if let (Some(latitude), Some(longitude)) = (latitude, longitude) {
        position::place(&mut sample, latitude, longitude)?;
    } else if valid {
        return Err("the location is valid, and has no latitude or no longitude".into());
    }
    if !speed.is_empty() {
        position::speed(&mut sample, number::parse_double(speed)?);
    }
    if !course.is_empty() {
        sample.put("course", number::parse_double(course)?);
    }
    if let Some(level) = battery.and_then(number::parse) {
        sample.put("battery", level);
    }
    state(&mut sample, rest);
    Ok(sample)
}

/// The state is the first field of eight hexadecimal digits. What else is there depends on
/// the model.
fn state(sample: &mut Sample, fields: &[&str]) {
    let is_state = |field: &&str| field.len() == 8 && number::parse_hex(field).is_ok();
    let place = fields.iter().position(is_state);
    if let Some(field) = place.and_then(|place| fields.get(place)) {
        let state = number::parse_hex(field)
            .ok()
            .and_then(|n| u32::try_from(n).ok());
        position::status(sample, state.unwrap_or(u32::MAX));
    }
    let others = fields.iter().enumerate();
    let others = others.filter(|(at, field)| Some(*at) != place && !field.is_empty());
    let others: Vec<&str> = others.map(|(_, field)| *field).collect();
    if !others.is_empty() {
        sample.put("extra", others.join(","));
    }
}

/// Time, signal, satellites, battery, steps, turnovers, date, state.
fn link(fields: &[&str]) -> Result<Sample> {
    let [clock, values @ .., date, state] = fields else {
        return Err("a sentence LINK has 3 fields and more".into());
    };
    let mut sample = Sample::at(position::time(clock, date).ok());
    let keys = ["rssi", "satellites", "batteryLevel", "steps", "turnovers"];
    for (key, value) in keys.into_iter().zip(values) {
        sample.put(key, number::parse_long(value)?);
    }
    self::state(&mut sample, &[state]);
    Ok(sample)
}

/// The answer to a command, and mostly a location behind it.
fn answer(entity: Entity, fields: &[&str], context: &Context) -> Result<Entity> {
    let validity = fields
        .windows(2)
        .position(|pair| is_time(pair[0]) && matches!(pair[1], "A" | "V" | "B"));
    let (said, location) = match validity {
        Some(place) => fields.split_at(place),
        None => (fields, [].as_slice()),
    };
    // The time of the command comes back with its answer.
    let (said, clock) = match said {
        [said @ .., clock] if is_time(clock) => (said, Some(*clock)),
        said => (said, None),
    };
    command::answer(&entity.name, &said.join(","), clock, context);
    if location.is_empty() {
        return Ok(entity);
    }
    Ok(entity.sample(fix(location)?))
}

fn acknowledge(
    maker: &str,
    id: &str,
    kind: &str,
    sample: &Sample,
    context: &Context,
) -> Result<()> {
    // A converter has no clock. The tracker's own is as good for an acknowledgement.
    let Some(ts) = sample.ts else {
        return Ok(());
    };
    let time = CivilTime::from_unix_millis(ts)?.to_string();
    let digits: String = time.chars().filter(char::is_ascii_digit).collect();
    context.reply(format!("{maker},{id},V4,{kind},{digits}#"));
    Ok(())
}

/// `5238.26259`, `52382625` or `-52-38.26259`, each degrees and minutes.
fn coordinate(
    text: &str,
    hemisphere: &str,
    [positive, negative]: [&str; 2],
) -> Result<Option<f64>> {
    if text.is_empty() || (hemisphere != positive && hemisphere != negative) {
        return Ok(None);
    }
    let (whole, minutes) = match text.strip_prefix('-').and_then(|text| text.split_once('-')) {
        Some((whole, minutes)) => (number::parse_double(whole)?, number::parse_double(minutes)?),
        None => {
            let number = number::parse_double(text)?;
            let number = if text.contains('.') {
                number
            } else {
                number / 10_000.0
            };
            let whole = (number / 100.0).trunc();
            (whole, number - whole * 100.0)
        }
    };
    Ok(Some(position::degrees(
        whole,
        minutes,
        hemisphere == negative,
    )))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Six digits, as times and dates have.
fn is_time(text: &str) -> bool {
    text.len() == 6 && is_number(text)
}
