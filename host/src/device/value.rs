//! Values of variables: numbers, and bytes.

use bytes::Bytes;

use super::notation;

/// Most bytes that a value, and with it a message, can have.
pub(super) const MAX_BYTES: usize = 1024 * 1024;

/// A number, or bytes. Each serves as the other where that makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Number(i128),
    Bytes(Bytes),
}

/// Why something has no value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ValueError {
    #[error("{0} has no value yet: it is set or captured further down")]
    NotSet(String),
    #[error("{0} is not a number: arithmetic and number formats take decimal digits")]
    NotANumber(String),
    #[error("{value} does not fit into {format}, which takes {range}")]
    Range {
        value: i128,
        format: String,
        range: String,
    },
    #[error("a number has become too large: 127 bits is the most")]
    Overflow,
    #[error("a division by zero")]
    DivisionByZero,
    #[error("{0} cannot be written as BCD, which takes decimal digits only")]
    NotDigits(String),
    #[error("{value} has {digits} digits, and {format} takes {most}")]
    TooManyDigits {
        value: String,
        digits: usize,
        format: String,
        most: usize,
    },
    #[error("unhex: {0}")]
    NotHex(String),
    #[error("escaped and unescaped: {0}")]
    NoStuffing(String),
    #[error("the block {0} would have to be known before it is: it refers to itself")]
    RefersToItself(String),
    #[error("random({0}, {1}): the first number must not be greater than the second")]
    EmptyRange(i128, i128),
    #[error("{0} is no time between 1970 and 9999 in Unix seconds; now_ms / 1000 makes seconds")]
    NotATime(i128),
    #[error("a value has become longer than 1 MiB")]
    TooLong,
    #[error("the size of a capture is {0}: it must be 0 to 1048576 bytes")]
    CaptureSize(i128),
}

impl Value {
    /// The value as a number.
    pub(super) fn number(&self) -> Result<i128, ValueError> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Bytes(bytes) => {
                let text = std::str::from_utf8(bytes).ok();
                let digits = text.filter(|text| {
                    let digits = text.strip_prefix('-').unwrap_or(text);
                    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
                });
                digits
                    .and_then(|text| text.parse().ok())
                    .ok_or_else(|| ValueError::NotANumber(notation::short(bytes)))
            }
        }
    }

    /// The value as bytes: a number's decimal digits.
    pub(super) fn bytes(&self) -> Bytes {
        match self {
            Self::Number(number) => number.to_string().into(),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }
}

/// Appends, up to the limit.
pub(super) fn append(to: &mut Vec<u8>, bytes: &[u8]) -> Result<(), ValueError> {
    if to.len() + bytes.len() > MAX_BYTES {
        return Err(ValueError::TooLong);
    }
    to.extend_from_slice(bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_numbers_and_numbers_are_digits() {
        for (text, number) in [
            ("0", 0),
            ("007", 7),
            ("-12", -12),
            ("352887071911998", 352_887_071_911_998),
        ] {
            assert_eq!(Value::Bytes(Bytes::from(text)).number(), Ok(number));
        }
        for text in ["", "-", "+1", "1 ", "0x1", "é", "1e3"] {
            let error = Value::Bytes(Bytes::from(text)).number().unwrap_err();
            assert!(matches!(error, ValueError::NotANumber(_)), "{text}");
        }
        assert_eq!(Value::Number(-5).bytes(), "-5");
    }

    #[test]
    fn a_value_is_bounded() {
        let mut bytes = vec![0; MAX_BYTES];
        assert_eq!(append(&mut bytes, b""), Ok(()));
        assert_eq!(append(&mut bytes, b"x"), Err(ValueError::TooLong));
    }
}
