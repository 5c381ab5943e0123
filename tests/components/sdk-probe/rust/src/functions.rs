//! The modules of functions.

use tb_converter::encoding::{bytes_to_hex, hex_to_bytes};
use tb_converter::time::CivilTime;
use tb_converter::{Error, Result, Value, bits, checksum, encoding, number};

pub(crate) fn bits(name: &str, words: &[&str]) -> Result<Value> {
    let value = || number::parse_hex(word(words, 0));
    let bytes = || hex_to_bytes(word(words, 0));
    Ok(match name {
        "bit" => bits::bit(value()?, integer(words, 1)?).into(),
        "bits" => unsigned(bits::bits(value()?, integer(words, 1)?..integer(words, 2)?)),
        "bitsOf" => unsigned(bits::bits_of(
            &bytes()?,
            integer(words, 1)?..integer(words, 2)?,
        )?),
        "signExtend" => bits::sign_extend(value()?, integer(words, 1)?).into(),
        "bcdDigits" => bits::bcd_digits(&bytes()?)?.into(),
        "bcdNumber" => unsigned(bits::bcd_number(&bytes()?)?),
        _ => return unknown("function", name),
    })
}

pub(crate) fn checksum(name: &str, rest: &str) -> Result<Value> {
    let counted = hex_to_bytes(rest)?;
    Ok(match name {
        "crc16Arc" => checksum::crc16_arc(&counted).into(),
        "crc16Modbus" => checksum::crc16_modbus(&counted).into(),
        "crc16X25" => checksum::crc16_x25(&counted).into(),
        "crc16Kermit" => checksum::crc16_kermit(&counted).into(),
        "crc32" => checksum::crc32(&counted).into(),
        "xor" => checksum::xor(&counted).into(),
        "sum" => checksum::sum(&counted).into(),
        _ => return unknown("function", name),
    })
}

pub(crate) fn encoding(name: &str, rest: &str) -> Result<Value> {
    Ok(match name {
        // Of the bytes of a text, for which there are all.
        "bytesToHex" => bytes_to_hex(rest.as_bytes()).into(),
        "bytesToBase64" => encoding::bytes_to_base64(&hex_to_bytes(rest)?).into(),
        "hexToBytes" => bytes_to_hex(&hex_to_bytes(rest)?).into(),
        "base64ToBytes" => bytes_to_hex(&encoding::base64_to_bytes(rest)?).into(),
        _ => return unknown("function", name),
    })
}

pub(crate) fn number(name: &str, rest: &str, words: &[&str]) -> Result<Value> {
    let double = |index| number::parse_double(word(words, index));
    Ok(match name {
        "parse" => number::parse(rest).unwrap_or_else(|| "none".into()),
        "parseDouble" => number::parse_double(rest)?.into(),
        "parseLong" => number::parse_long(rest)?.into(),
        "parseHex" => unsigned(number::parse_hex(rest)?),
        "scale" => number::scale(double(0)?, double(1)?, integer(words, 2)?).into(),
        "round" => number::round(double(0)?, integer(words, 1)?).into(),
        _ => return unknown("function", name),
    })
}

pub(crate) fn time(name: &str, rest: &str, words: &[&str]) -> Result<Value> {
    let six = || Ok::<_, Error>(<[u8; 6]>::try_from(hex_to_bytes(rest)?.as_slice())?);
    let shown = |time: CivilTime| Ok(time.to_string().into());
    match name {
        "fromBytes" => return shown(CivilTime::from_bytes(six()?)?),
        "fromBcd" => return shown(CivilTime::from_bcd(six()?)?),
        "fromDigits" => return shown(CivilTime::from_digits(rest)?),
        "fromUnixSeconds" => {
            return shown(CivilTime::from_unix_seconds(number::parse_long(rest)?)?);
        }
        "fromUnixMillis" => return shown(CivilTime::from_unix_millis(number::parse_long(rest)?)?),
        _ => {}
    }
    let time = CivilTime::new(
        integer(words, 0)?,
        integer(words, 1)?,
        integer(words, 2)?,
        integer(words, 3)?,
        integer(words, 4)?,
        integer(words, 5)?,
    )?;
    Ok(match name {
        "new" => time.to_string().into(),
        "unixSeconds" => time.unix_seconds().into(),
        "unixMillis" => time.unix_millis().into(),
        "year" => time.year().into(),
        "month" => time.month().into(),
        "day" => time.day().into(),
        "hour" => time.hour().into(),
        "minute" => time.minute().into(),
        "second" => time.second().into(),
        _ => return unknown("function", name),
    })
}

/// A `u64` may be too large for a long.
pub(crate) fn unsigned(value: u64) -> Value {
    value.to_string().into()
}

pub(crate) fn word<'a>(words: &[&'a str], index: usize) -> &'a str {
    words.get(index).copied().unwrap_or_default()
}

/// An argument of the type that the SDK's function wants.
pub(crate) fn integer<T>(words: &[&str], index: usize) -> Result<T>
where
    T: TryFrom<i64, Error = std::num::TryFromIntError>,
{
    Ok(number::parse_long(word(words, index))?.try_into()?)
}

pub(crate) fn unknown<T>(what: &str, name: &str) -> Result<T> {
    Err(format!("no such {what}: {name:?}").into())
}
