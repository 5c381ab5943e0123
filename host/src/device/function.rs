//! Functions of expressions: lengths, checksums, byte stuffing, random
//! numbers, parts of a time.

use bytes::Bytes;
use tb_converter::checksum;

use super::{
    calendar::Date,
    random::Random,
    stuffing::Stuffing,
    value::{Value, ValueError},
};
use crate::hex::{hex, typed_hex};

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Length,
    Crc16Arc,
    Crc16X25,
    Crc16Kermit,
    Crc16Modbus,
    Crc32,
    Xor,
    Sum,
    Hex,
    Unhex,
    Escaped,
    Unescaped,
    Random,
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

/// All functions by name.
pub(super) const FUNCTIONS: [(&str, Function); 19] = [
    ("len", Function::Length),
    ("crc16_arc", Function::Crc16Arc),
    ("crc16_x25", Function::Crc16X25),
    ("crc16_kermit", Function::Crc16Kermit),
    ("crc16_modbus", Function::Crc16Modbus),
    ("crc32", Function::Crc32),
    ("xor", Function::Xor),
    ("sum", Function::Sum),
    ("hex", Function::Hex),
    ("unhex", Function::Unhex),
    ("escaped", Function::Escaped),
    ("unescaped", Function::Unescaped),
    ("random", Function::Random),
    ("year", Function::Year),
    ("month", Function::Month),
    ("day", Function::Day),
    ("hour", Function::Hour),
    ("minute", Function::Minute),
    ("second", Function::Second),
];

impl Function {
    /// The function of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        let found = FUNCTIONS.iter().find(|(known, _)| *known == name);
        found.map(|(_, function)| *function)
    }

    /// How many arguments it takes.
    pub(super) fn arity(self) -> usize {
        match self {
            Self::Random | Self::Escaped | Self::Unescaped => 2,
            _ => 1,
        }
    }

    /// The value for `arguments`, of which the parser has counted [`arity`](Self::arity).
    pub(super) fn call(
        self,
        arguments: &[Value],
        random: &mut Random,
    ) -> Result<Value, ValueError> {
        if let (Self::Random, [least, most]) = (self, arguments) {
            let (least, most) = (least.number()?, most.number()?);
            if least > most {
                return Err(ValueError::EmptyRange(least, most));
            }
            return Ok(Value::Number(random.between(least, most)));
        }
        if let (Self::Escaped | Self::Unescaped, [bytes, pairs]) = (self, arguments) {
            let (bytes, stuffing) = (bytes.bytes(), stuffing(pairs)?);
            let replaced = match self {
                Self::Escaped => stuffing.escape(&bytes)?,
                _ => stuffing.unescape(&bytes)?,
            };
            return Ok(Value::Bytes(replaced.into()));
        }
        let Some(argument) = arguments.first() else {
            return Ok(Value::Number(0));
        };
        let date = || Date::of(argument.number()?);
        let bytes = argument.bytes();
        Ok(Value::Number(match self {
            Self::Hex => return Ok(Value::Bytes(hex(&bytes).into())),
            Self::Unhex => return unhex(&bytes),
            Self::Length | Self::Random | Self::Escaped | Self::Unescaped => {
                i128::try_from(bytes.len()).unwrap_or(i128::MAX)
            }
            Self::Crc16Arc => checksum::crc16_arc(&bytes).into(),
            Self::Crc16X25 => checksum::crc16_x25(&bytes).into(),
            Self::Crc16Kermit => checksum::crc16_kermit(&bytes).into(),
            Self::Crc16Modbus => checksum::crc16_modbus(&bytes).into(),
            Self::Crc32 => checksum::crc32(&bytes).into(),
            Self::Xor => checksum::xor(&bytes).into(),
            Self::Sum => checksum::sum(&bytes).into(),
            Self::Year => date()?.year.into(),
            Self::Month => date()?.month.into(),
            Self::Day => date()?.day.into(),
            Self::Hour => date()?.hour.into(),
            Self::Minute => date()?.minute.into(),
            Self::Second => date()?.second.into(),
        }))
    }
}

/// The pairs that a text gives, for `escaped` and `unescaped`.
pub(super) fn stuffing(pairs: &Value) -> Result<Stuffing, ValueError> {
    Stuffing::read(&String::from_utf8_lossy(&pairs.bytes())).map_err(ValueError::NoStuffing)
}

fn unhex(text: &Bytes) -> Result<Value, ValueError> {
    let bytes = typed_hex(&String::from_utf8_lossy(text))
        .map_err(|error| ValueError::NotHex(error.to_string()))?;
    Ok(Value::Bytes(bytes.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, arguments: &[Value]) -> Result<Value, ValueError> {
        let function = Function::named(name).unwrap();
        assert_eq!(function.arity(), arguments.len(), "{name}");
        function.call(arguments, &mut Random::new(1, 0, 1))
    }

    #[test]
    fn the_published_check_values_hold() {
        let digits = Value::Bytes(Bytes::from("123456789"));
        for (name, expected) in [
            ("len", 9),
            ("crc16_arc", 0xBB3D),
            ("crc16_modbus", 0x4B37),
            ("crc16_x25", 0x906E),
            ("crc16_kermit", 0x2189),
            ("crc32", 0xCBF4_3926),
            ("xor", 0x31),
            ("sum", 0xDD),
        ] {
            let value = call(name, std::slice::from_ref(&digits));
            assert_eq!(value, Ok(Value::Number(expected)), "{name}");
        }
    }

    #[test]
    fn a_time_has_parts() {
        for (name, expected) in [
            ("year", 2013),
            ("month", 4),
            ("day", 27),
            ("hour", 20),
            ("minute", 56),
            ("second", 1),
        ] {
            let value = call(name, &[Value::Number(1_367_096_161)]);
            assert_eq!(value, Ok(Value::Number(expected)), "{name}");
        }
    }

    #[test]
    fn hex_goes_both_ways() {
        let bytes = Value::Bytes(Bytes::from_static(b"\x00\xff"));
        let text = Value::Bytes(Bytes::from("00ff"));
        assert_eq!(call("hex", std::slice::from_ref(&bytes)), Ok(text.clone()));
        assert_eq!(call("unhex", &[text]), Ok(bytes));
        let error = call("unhex", &[Value::Number(123)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "unhex: 3 hexadecimal digits: a byte has two"
        );
    }

    #[test]
    fn stuffing_goes_both_ways() {
        let plain = Value::Bytes(Bytes::from_static(b"\x7e\x7d"));
        let sent = Value::Bytes(Bytes::from_static(b"\x7d\x02\x7d\x01"));
        let pairs = Value::Bytes(Bytes::from("7e=7d02 7d=7d01"));
        let escaped = call("escaped", &[plain.clone(), pairs.clone()]);
        assert_eq!(escaped, Ok(sent.clone()));
        assert_eq!(call("unescaped", &[sent, pairs]), Ok(plain.clone()));
        let error = call("escaped", &[plain, Value::Number(7)]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("escaped and unescaped: 7 is no pair of hex"),
            "{error}"
        );
    }

    #[test]
    fn random_numbers_need_a_range() {
        let drawn = call("random", &[Value::Number(5), Value::Number(5)]);
        assert_eq!(drawn, Ok(Value::Number(5)));
        let error = call("random", &[Value::Number(5), Value::Number(4)]).unwrap_err();
        assert_eq!(error, ValueError::EmptyRange(5, 4));
    }
}
