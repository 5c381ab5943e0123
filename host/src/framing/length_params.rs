//! The parameters of `BINARY`, and which of them can never cut a frame.

use super::{
    HandlerError,
    length_digits::{MAX_DIGITS, Terminator, digit},
};
use crate::config::{ByteOrder, LengthFieldEncoding};

/// Where the length is, and what it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LengthFieldParams {
    /// Most bytes of one frame, header and payload, before anything is
    /// stripped; at least 1.
    pub max_frame_length: usize,
    /// The byte order of the length field.
    pub byte_order: ByteOrder,
    /// Bytes before the length field.
    pub length_field_offset: usize,
    /// Bytes of the length field: 1, 2, 3, 4 (unsigned) or 8 (signed); of digits
    /// 1 to 10, or 0 with a terminator.
    pub length_field_length: usize,
    /// The bits of the number in the field that are the length.
    pub length_field_mask: u64,
    /// How the number is written.
    pub length_field_encoding: LengthFieldEncoding,
    /// What ends digits whose count is not fixed, and belongs to the field.
    pub length_field_terminator: Terminator,
    /// What to add to the length field's value to get the bytes behind it.
    pub length_adjustment: i32,
    /// Bytes to remove from the front of each frame.
    pub initial_bytes_to_strip: usize,
    /// Whether a frame that is too long is reported once its header is read
    /// (true) or once all of it has come (false).
    pub fail_fast: bool,
    /// Whether frames that are empty after stripping are skipped.
    pub skip_empty_frames: bool,
}

impl Default for LengthFieldParams {
    /// ThingsBoard's defaults.
    fn default() -> Self {
        Self {
            max_frame_length: 128,
            byte_order: ByteOrder::LittleEndian,
            length_field_offset: 0,
            length_field_length: 2,
            length_field_mask: u64::MAX,
            length_field_encoding: LengthFieldEncoding::Binary,
            length_field_terminator: Terminator::default(),
            length_adjustment: 0,
            initial_bytes_to_strip: 0,
            fail_fast: false,
            skip_empty_frames: false,
        }
    }
}

impl LengthFieldParams {
    /// Fewest bytes up to the end of the length field.
    #[must_use]
    pub fn least_header(&self) -> usize {
        let terminator = self.length_field_terminator.as_bytes().len();
        let digits = usize::from(terminator > 0);
        self.length_field_offset
            .saturating_add(self.length_field_length)
            .saturating_add(digits + terminator)
    }

    /// Most bytes up to the end of the length field: more than the fewest only
    /// with a terminator.
    #[must_use]
    pub fn most_header(&self) -> usize {
        let varies = !self.length_field_terminator.as_bytes().is_empty();
        self.least_header()
            .saturating_add(if varies { MAX_DIGITS - 1 } else { 0 })
    }

    /// Refuses parameters with which no frame can ever come out. What only
    /// some lengths make impossible is an error of those frames, not of the
    /// parameters.
    ///
    /// # Errors
    ///
    /// The first parameter that cannot work, with the sum that shows it.
    pub fn check(&self) -> Result<(), HandlerError> {
        let max = self.max_frame_length;
        let offset = self.length_field_offset;
        if max == 0 {
            return Err(HandlerError::new(
                "maxFrameLength",
                max,
                "no frame has 0 bytes or less; write the length of the longest one with its header",
            ));
        }
        let unmasked = self.largest_number()?;
        // Below a largest number with a zero bit there is one that has it.
        let all_bits = u64::MAX >> unmasked.leading_zeros();
        let masked = (all_bits & self.length_field_mask).min(unmasked.cast_unsigned());
        let largest_value = i64::try_from(masked).unwrap_or(i64::MAX);
        if largest_value == 0 {
            return Err(HandlerError::new(
                "lengthFieldMask",
                format!("{:x}", self.length_field_mask),
                format!(
                    "every length would be 0: the largest number in the field is {unmasked:x} in \
                     hexadecimal, and the mask has none of its bits"
                ),
            ));
        }
        let field = self.field_sum();
        let header = self.least_header();
        if header > max {
            return Err(HandlerError::new(
                "lengthFieldOffset",
                offset,
                format!(
                    "the length field ends behind the longest frame: {field} = {header} > \
                     maxFrameLength {max}"
                ),
            ));
        }
        let adjustment = self.length_adjustment;
        if i64::from(adjustment) < -largest_value {
            return Err(HandlerError::new(
                "lengthAdjustment",
                adjustment,
                format!(
                    "every frame would be shorter than its header: the largest value of \
                     {} is {largest_value}, and {largest_value} + lengthAdjustment \
                     {adjustment} < 0",
                    self.field_name()
                ),
            ));
        }
        let least_payload = usize::try_from(adjustment).unwrap_or(0);
        let smallest = header.saturating_add(least_payload);
        if smallest > max {
            return Err(HandlerError::new(
                "lengthAdjustment",
                adjustment,
                format!(
                    "every frame would be too long: the smallest one, of length 0, has {field} + \
                     lengthAdjustment {adjustment} = {smallest} bytes > maxFrameLength {max}"
                ),
            ));
        }
        // No overflow: the header fits the limit, and one summand is an `i32`.
        let largest = (largest_value.saturating_add(i64::from(adjustment)))
            .saturating_add_unsigned(self.most_header() as u64)
            .min(i64::try_from(max).unwrap_or(i64::MAX));
        let strip = self.initial_bytes_to_strip;
        if i64::try_from(strip).unwrap_or(i64::MAX) > largest {
            return Err(HandlerError::new(
                "initialBytesToStrip",
                strip,
                format!(
                    "no frame has so many bytes: the longest one has {largest}, the lesser of \
                     maxFrameLength {max} and {field} + lengthAdjustment {adjustment} + largest \
                     value {largest_value}"
                ),
            ));
        }
        Ok(())
    }

    /// The largest number that the field can hold.
    fn largest_number(&self) -> Result<i64, HandlerError> {
        let length = self.length_field_length;
        let refused = |reason: &str| Err(HandlerError::new("lengthFieldLength", length, reason));
        let terminator = self.length_field_terminator.as_bytes();
        let encoding = self.length_field_encoding;
        let radix: i64 = match encoding {
            LengthFieldEncoding::Binary => {
                if !terminator.is_empty() {
                    return Err(self.bad_terminator(
                        "only digits end with a text; write lengthFieldEncoding ASCII_DECIMAL or \
                         ASCII_HEX, or leave lengthFieldTerminator out",
                    ));
                }
                return match length {
                    1..=4 => Ok((1_i64 << (8 * length)) - 1),
                    8 => Ok(i64::MAX),
                    _ => refused("a length field has 1, 2, 3, 4 or 8 bytes"),
                };
            }
            LengthFieldEncoding::AsciiDecimal => 10,
            LengthFieldEncoding::AsciiHex => 16,
        };
        let Some(first) = terminator.first() else {
            return match length {
                1..=MAX_DIGITS => Ok(radix.saturating_pow(length as u32) - 1),
                0 => refused(
                    "0 digits are no number; write how many there are, 1 to 10, or the text that \
                     ends them as lengthFieldTerminator",
                ),
                _ => refused("a length has 1 to 10 digits"),
            };
        };
        if length != 0 {
            return refused(
                "the count of the digits is fixed, and lengthFieldTerminator is set; write \
                 lengthFieldLength = 0, or leave lengthFieldTerminator out",
            );
        }
        if digit(encoding, *first).is_some() {
            return Err(self.bad_terminator(
                "it begins with a digit, so it would be read as part of the number; write what \
                 stands behind the digits",
            ));
        }
        Ok(radix.saturating_pow(MAX_DIGITS as u32) - 1)
    }

    fn bad_terminator(&self, reason: &str) -> HandlerError {
        let terminator = self.length_field_terminator.as_bytes().escape_ascii();
        HandlerError::new("lengthFieldTerminator", terminator, reason)
    }

    /// The summands of the header.
    fn field_sum(&self) -> String {
        let offset = self.length_field_offset;
        match self.length_field_terminator.as_bytes().len() {
            0 => format!(
                "lengthFieldOffset {offset} + lengthFieldLength {}",
                self.length_field_length
            ),
            terminator => {
                format!("lengthFieldOffset {offset} + 1 digit + lengthFieldTerminator {terminator}")
            }
        }
    }

    fn field_name(&self) -> String {
        let digits = if self.length_field_length == 0 {
            MAX_DIGITS
        } else {
            self.length_field_length
        };
        match self.length_field_encoding {
            LengthFieldEncoding::Binary => format!("{digits} byte(s)"),
            LengthFieldEncoding::AsciiDecimal => format!("{digits} decimal digit(s)"),
            LengthFieldEncoding::AsciiHex => format!("{digits} hexadecimal digit(s)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comma() -> Terminator {
        Terminator::new(b",").unwrap()
    }

    #[test]
    fn digits_have_a_largest_number_too() {
        let decimal = LengthFieldParams {
            length_field_encoding: LengthFieldEncoding::AsciiDecimal,
            length_adjustment: -99,
            ..LengthFieldParams::default()
        };
        assert_eq!(decimal.check(), Ok(()));
        let error = LengthFieldParams {
            length_adjustment: -100,
            ..decimal
        };
        let error = error.check().unwrap_err().to_string();
        assert!(error.contains("2 decimal digit(s) is 99"), "{error}");
        let ended = LengthFieldParams {
            length_field_length: 0,
            length_field_terminator: Terminator::new(b"a").unwrap(),
            ..decimal
        };
        assert_eq!((ended.least_header(), ended.most_header()), (2, 11));
        assert_eq!(ended.check(), Ok(()));
        let hex = LengthFieldParams {
            length_field_encoding: LengthFieldEncoding::AsciiHex,
            ..ended
        };
        let error = hex.check().unwrap_err().to_string();
        assert!(error.contains("it begins with a digit"), "{error}");
    }

    #[test]
    fn parameters_that_never_work_are_refused_with_the_sum() {
        let base = LengthFieldParams {
            max_frame_length: 8,
            ..LengthFieldParams::default()
        };
        let with = |change: fn(&mut LengthFieldParams)| {
            let mut params = base;
            change(&mut params);
            params.check().map_err(|error| error.to_string())
        };
        type Change = fn(&mut LengthFieldParams);
        let refused: [(Change, &str); 14] = [
            (|p| p.max_frame_length = 0, "maxFrameLength = 0: "),
            (|p| p.length_field_length = 5, "1, 2, 3, 4 or 8"),
            (
                |p| p.length_field_offset = 7,
                "7 + lengthFieldLength 2 = 9 > maxFrameLength 8",
            ),
            (
                |p| p.length_adjustment = 7,
                "2 + lengthAdjustment 7 = 9 bytes > maxFrameLength 8",
            ),
            (
                |p| p.length_adjustment = -65_536,
                "65535 + lengthAdjustment -65536 < 0",
            ),
            (|p| p.initial_bytes_to_strip = 9, "the longest one has 8"),
            (
                |p| {
                    p.length_adjustment = -65_535;
                    p.initial_bytes_to_strip = 3;
                },
                "the longest one has 2",
            ),
            (
                |p| p.length_field_mask = 0xff_0000,
                "lengthFieldMask = ff0000: every length would be 0: the largest number in the field is ffff",
            ),
            (
                |p| {
                    p.length_field_mask = 0xf;
                    p.length_adjustment = -16;
                },
                "largest value of 2 byte(s) is 15, and 15 + lengthAdjustment -16 < 0",
            ),
            (
                |p| p.length_field_terminator = comma(),
                "lengthFieldTerminator = ,: only digits end with a text",
            ),
            (
                |p| {
                    p.length_field_encoding = LengthFieldEncoding::AsciiDecimal;
                    p.length_field_length = 11;
                },
                "lengthFieldLength = 11: a length has 1 to 10 digits",
            ),
            (
                |p| {
                    p.length_field_encoding = LengthFieldEncoding::AsciiDecimal;
                    p.length_field_length = 0;
                },
                "0 digits are no number",
            ),
            (
                |p| {
                    p.length_field_encoding = LengthFieldEncoding::AsciiHex;
                    p.length_field_terminator = comma();
                },
                "lengthFieldLength = 2: the count of the digits is fixed",
            ),
            (
                |p| {
                    p.length_field_encoding = LengthFieldEncoding::AsciiHex;
                    p.length_field_length = 0;
                    p.length_field_offset = 7;
                    p.length_field_terminator = comma();
                },
                "7 + 1 digit + lengthFieldTerminator 1 = 9 > maxFrameLength 8",
            ),
        ];
        for (change, text) in refused {
            let error = with(change).unwrap_err();
            assert!(error.contains(text), "{error}");
        }
        let allowed: [Change; 4] = [
            |p| p.length_field_offset = 6,
            |p| p.length_adjustment = 6,
            |p| p.length_adjustment = -65_535,
            |p| p.initial_bytes_to_strip = 8,
        ];
        for change in allowed {
            assert_eq!(with(change), Ok(()));
        }
    }
}
