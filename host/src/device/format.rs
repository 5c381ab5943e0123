//! How a value becomes bytes: what stands behind the colon in `{value:format}`.

use std::fmt::{self, Display};

use super::{
    calendar::{self, Date},
    notation,
    value::{Value, ValueError},
};

/// Widest number in digits, and longest BCD in bytes.
const MAX_WIDTH: usize = 64;

/// A format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// The bytes as they are; a number's decimal digits.
    Text,
    Integer(Integer),
    /// Two decimal digits a byte, with zeros before them up to so many bytes.
    Bcd {
        bytes: Option<usize>,
    },
    /// Decimal digits with zeros before them.
    Decimal {
        width: usize,
    },
    /// Hexadecimal digits with zeros before them.
    Hex {
        width: usize,
        upper: bool,
    },
    /// Unix seconds as text.
    Time(String),
}

/// A binary number of 1 to 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Integer {
    bytes: usize,
    signed: bool,
    little: bool,
}

impl Integer {
    /// The number format of this name, such as `u16be`.
    pub(super) fn named(name: &str) -> Option<Self> {
        let signed = name.starts_with('i');
        let rest = name.strip_prefix(['u', 'i'])?;
        let (bits, little) = match (rest.strip_suffix("le"), rest.strip_suffix("be")) {
            (Some(bits), _) => (bits, true),
            (_, Some(bits)) => (bits, false),
            _ if rest == "8" => (rest, false),
            _ => return None,
        };
        let bytes = match bits {
            "8" if rest == "8" => 1,
            "16" => 2,
            "24" => 3,
            "32" => 4,
            "40" => 5,
            "48" => 6,
            "56" => 7,
            "64" => 8,
            _ => return None,
        };
        Some(Self {
            bytes,
            signed,
            little,
        })
    }

    /// How many bytes it has.
    pub(super) fn width(self) -> usize {
        self.bytes
    }

    fn range(self) -> (i128, i128) {
        let bits = self.bytes * 8;
        match self.signed {
            true => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
            false => (0, (1 << bits) - 1),
        }
    }

    fn write(self, number: i128) -> Result<Vec<u8>, ValueError> {
        let (least, most) = self.range();
        if !(least..=most).contains(&number) {
            return Err(ValueError::Range {
                value: number,
                format: self.to_string(),
                range: format!("{least} to {most}"),
            });
        }
        let mut bytes: Vec<_> = number.to_le_bytes().into_iter().take(self.bytes).collect();
        if !self.little {
            bytes.reverse();
        }
        Ok(bytes)
    }

    /// The number that `bytes` stand for.
    pub(super) fn read(self, bytes: &[u8]) -> i128 {
        let fold = |number: i128, byte: &u8| (number << 8) | i128::from(*byte);
        let number = match self.little {
            true => bytes.iter().rev().fold(0, fold),
            false => bytes.iter().fold(0, fold),
        };
        let (_, most) = self.range();
        match self.signed && number > most {
            true => number - (1 << (self.bytes * 8)),
            false => number,
        }
    }
}

impl Display for Integer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.signed { 'i' } else { 'u' };
        let order = match self {
            Self { bytes: 1, .. } => "",
            Self { little: true, .. } => "le",
            Self { little: false, .. } => "be",
        };
        write!(formatter, "{sign}{}{order}", self.bytes * 8)
    }
}

impl Format {
    /// The format of this name.
    ///
    /// # Errors
    /// A sentence that lists the formats.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        if name.starts_with('%') {
            calendar::check_format(name)?;
            return Ok(Self::Time(name.to_owned()));
        }
        if let Some(integer) = Integer::named(name) {
            return Ok(Self::Integer(integer));
        }
        if let Some(bytes) = name.strip_prefix("bcd") {
            return match bytes {
                "" => Ok(Self::Bcd { bytes: None }),
                bytes => width(bytes)
                    .map(|bytes| Self::Bcd { bytes: Some(bytes) })
                    .ok_or_else(|| unknown(name)),
            };
        }
        let hex = name.strip_suffix(['x', 'X']);
        let digits = hex.unwrap_or(name);
        let width = match digits {
            "" if hex.is_some() => Some(1),
            digits => digits.strip_prefix('0').and_then(width),
        };
        let width = width.ok_or_else(|| unknown(name))?;
        Ok(match hex {
            Some(_) => Self::Hex {
                width,
                upper: name.ends_with('X'),
            },
            None => Self::Decimal { width },
        })
    }

    /// The bytes of `value`.
    pub(super) fn write(&self, value: &Value) -> Result<Vec<u8>, ValueError> {
        Ok(match self {
            Self::Text => value.bytes().into(),
            Self::Integer(integer) => integer.write(value.number()?)?,
            Self::Bcd { bytes } => bcd(value, *bytes)?,
            Self::Decimal { width } => format!("{:0width$}", value.number()?).into_bytes(),
            Self::Hex { width, upper } => {
                let number = value.number()?;
                let negative = |_| ValueError::Range {
                    value: number,
                    format: "hexadecimal digits".to_owned(),
                    range: "no negative numbers".to_owned(),
                };
                let number = u128::try_from(number).map_err(negative)?;
                match upper {
                    true => format!("{number:0width$X}").into_bytes(),
                    false => format!("{number:0width$x}").into_bytes(),
                }
            }
            Self::Time(format) => Date::of(value.number()?)?.text(format).into_bytes(),
        })
    }
}

fn width(digits: &str) -> Option<usize> {
    let width = digits.parse().ok();
    width.filter(|width| (1..=MAX_WIDTH).contains(width))
}

fn unknown(name: &str) -> String {
    format!(
        "there is no format {name:?}: write u8 or i8, u16be to u64be, u16le to u64le (i for signed), \
         bcd or bcd8, 06 for six digits, x, 04x or 04X for hexadecimal digits, or a time such as %d%m%y"
    )
}

fn bcd(value: &Value, bytes: Option<usize>) -> Result<Vec<u8>, ValueError> {
    let digits = value.bytes();
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(ValueError::NotDigits(notation::short(&digits)));
    }
    let bytes = bytes.unwrap_or(digits.len().div_ceil(2));
    let Some(zeros) = (bytes * 2).checked_sub(digits.len()) else {
        return Err(ValueError::TooManyDigits {
            value: notation::short(&digits),
            digits: digits.len(),
            format: format!("bcd{bytes}"),
            most: bytes * 2,
        });
    };
    let padded = [vec![b'0'; zeros], digits.to_vec()].concat();
    let (pairs, _) = padded.as_chunks::<2>();
    Ok(pairs
        .iter()
        .map(|[high, low]| (high - b'0') << 4 | (low - b'0'))
        .collect())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn written(name: &str, value: &Value) -> Result<Vec<u8>, String> {
        Format::named(name)?
            .write(value)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_written() {
        let number = Value::Number;
        let text = |text: &'static str| Value::Bytes(Bytes::from(text));
        let table: [(&str, Value, &[u8]); 16] = [
            ("u8", number(255), b"\xff"),
            ("i8", number(-1), b"\xff"),
            ("u16be", number(4), b"\x00\x04"),
            ("u16le", number(4), b"\x04\x00"),
            ("u24be", text("65793"), b"\x01\x01\x01"),
            ("i32be", number(-2), b"\xff\xff\xff\xfe"),
            ("u64be", number(i128::from(u64::MAX)), &[0xff; 8]),
            ("i64le", number(-1), &[0xff; 8]),
            (
                "bcd8",
                text("352887071911998"),
                b"\x03\x52\x88\x70\x71\x91\x19\x98",
            ),
            ("bcd", number(123), b"\x01\x23"),
            ("06", number(42), b"000042"),
            ("06", text("42"), b"000042"),
            ("x", number(255), b"ff"),
            ("04X", number(0xE7), b"00E7"),
            ("%d%m%y", number(1_367_096_161), b"270413"),
            ("%H:%M", number(1_367_096_161), b"20:56"),
        ];
        for (name, value, expected) in table {
            assert_eq!(written(name, &value).as_deref(), Ok(expected), "{name}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_bounds() {
        let bytes = |bytes: &'static [u8]| Value::Bytes(Bytes::from(bytes));
        let table = [
            (
                "u8",
                Value::Number(256),
                "256 does not fit into u8, which takes 0 to 255",
            ),
            (
                "i16le",
                Value::Number(-32769),
                "-32769 does not fit into i16le, which takes -32768 to 32767",
            ),
            ("u32be", bytes(b"x1"), "\"x1\" is not a number"),
            (
                "bcd2",
                Value::Number(12345),
                "\"12345\" has 5 digits, and bcd2 takes 4",
            ),
            ("bcd", bytes(b"12a"), "\"12a\" cannot be written as BCD"),
            ("x", Value::Number(-1), "no negative numbers"),
            ("%H", Value::Number(-1), "-1 is no time"),
        ];
        for (name, value, expected) in table {
            let error = written(name, &value).unwrap_err();
            assert!(error.contains(expected), "{name}: {error}");
        }
    }

    #[test]
    fn unknown_formats_are_refused() {
        for name in [
            "", "u9", "u16", "u8be", "u72be", "0", "00", "065", "6", "bcd0", "bcd65", "bcdx", "y",
            "4x", "%q",
        ] {
            assert!(Format::named(name).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_they_are_written(
            raw in proptest::array::uniform8(any::<u8>()),
            size in 1..=8_usize,
            sign in prop::sample::select(vec!["u", "i"]),
            order in prop::sample::select(vec!["be", "le"]),
        ) {
            let order = if size == 1 { "" } else { order };
            let integer = Integer::named(&format!("{sign}{}{order}", size * 8)).unwrap();
            let bytes = &raw[..size];
            prop_assert_eq!(integer.width(), size);
            prop_assert_eq!(integer.write(integer.read(bytes)).unwrap(), bytes);
        }
    }
}
