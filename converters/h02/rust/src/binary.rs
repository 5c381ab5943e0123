//! Binary packets: decimal digits, one in each half of a byte.

use tb_converter::encoding::bytes_to_hex;
use tb_converter::{Entity, Result, Sample, number};

use crate::framing::{LONG, SHORT};
use crate::{PROFILE, position};

pub(crate) fn decode(frame: &[u8]) -> Result<Entity> {
    let layout = if frame.len() == LONG.length {
        LONG
    } else {
        SHORT
    };
    let text = bytes_to_hex(frame);
    let mut digits = Digits { text: &text };
    digits.take(2)?;
    let id = digits.decimal(layout.digits)?;
    digits.take(layout.id * 2 - layout.digits)?;

    let (clock, date) = (digits.decimal(6)?, digits.decimal(6)?);
    let latitude = (digits.number(2)?, digits.number(6)?);
    let battery = digits.hexadecimal(2)?;
    let longitude = (digits.number(3)?, digits.number(6)?);
    let flags = digits.hexadecimal(1)?;
    let (speed, course) = (digits.number(3)?, digits.number(3)?);
    let status = digits.hexadecimal(8)?;

    let valid = flags & 0x2 != 0;
    // A clock that was never set is of no use, unless there is a place to go with it.
    let ts = match position::time(clock, date) {
        Ok(ts) => Some(ts),
        Err(error) if valid => return Err(error),
        Err(_) => None,
    };
    let mut sample = Sample::at(ts).value("valid", valid);
    let degrees = |(whole, minutes): (f64, f64), negative| {
        position::degrees(whole, minutes / 10_000.0, negative)
    };
    let latitude = degrees(latitude, flags & 0x4 == 0);
    let longitude = degrees(longitude, flags & 0x8 == 0);
    if valid || (latitude, longitude) != (0.0, 0.0) {
        position::place(&mut sample, latitude, longitude)?;
    }
    position::speed(&mut sample, speed);
    sample.put("course", course);
    if let Some(level) = battery_level(battery) {
        sample.put("batteryLevel", level);
    }
    position::status(&mut sample, status);
    Ok(Entity::device(id, PROFILE).sample(sample))
}

/// Models send either six steps or a percentage.
fn battery_level(value: u32) -> Option<u32> {
    match value {
        1..=3 => Some((value - 1) * 10),
        4..=6 => Some((value - 1) * 20),
        7..=100 => Some(value),
        _ => None,
    }
}

/// Digits that are read from front to back.
struct Digits<'a> {
    text: &'a str,
}

impl<'a> Digits<'a> {
    fn take(&mut self, count: usize) -> Result<&'a str> {
        let (digits, rest) = self
            .text
            .split_at_checked(count)
            .ok_or_else(|| format!("{count} digits wanted, {} are left", self.text.len()))?;
        self.text = rest;
        Ok(digits)
    }

    fn decimal(&mut self, count: usize) -> Result<&'a str> {
        let digits = self.take(count)?;
        match digits.bytes().all(|byte| byte.is_ascii_digit()) {
            true => Ok(digits),
            false => Err(format!("{digits:?} are not decimal digits").into()),
        }
    }

    fn number(&mut self, count: usize) -> Result<f64> {
        number::parse_double(self.decimal(count)?)
    }

    fn hexadecimal(&mut self, count: usize) -> Result<u32> {
        Ok(u32::try_from(number::parse_hex(self.take(count)?)?)?)
    }
}
