//! The parameters of `BINARY`, and which of them can never cut a frame.

use super::HandlerError;
use crate::config::ByteOrder;

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
    /// Bytes of the length field: 1, 2, 3, 4 (unsigned) or 8 (signed).
    pub length_field_length: usize,
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
            length_adjustment: 0,
            initial_bytes_to_strip: 0,
            fail_fast: false,
            skip_empty_frames: false,
        }
    }
}

impl LengthFieldParams {
    /// Bytes up to the end of the length field.
    #[must_use]
    pub fn header(&self) -> usize {
        self.length_field_offset
            .saturating_add(self.length_field_length)
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
        let (offset, length) = (self.length_field_offset, self.length_field_length);
        if max == 0 {
            return Err(HandlerError::new(
                "maxFrameLength",
                max,
                "no frame has 0 bytes or less; write the length of the longest one with its header",
            ));
        }
        let largest_value = match length {
            1..=4 => (1_i64 << (8 * length)) - 1,
            8 => i64::MAX,
            _ => {
                return Err(HandlerError::new(
                    "lengthFieldLength",
                    length,
                    "a length field has 1, 2, 3, 4 or 8 bytes",
                ));
            }
        };
        let header = self.header();
        if header > max {
            return Err(HandlerError::new(
                "lengthFieldOffset",
                offset,
                format!(
                    "the length field ends behind the longest frame: lengthFieldOffset {offset} + \
                     lengthFieldLength {length} = {header} > maxFrameLength {max}"
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
                     {length} byte(s) is {largest_value}, and {largest_value} + lengthAdjustment \
                     {adjustment} < 0"
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
                    "every frame would be too long: the smallest one, of length 0, has \
                     lengthFieldOffset {offset} + lengthFieldLength {length} + lengthAdjustment \
                     {adjustment} = {smallest} bytes > maxFrameLength {max}"
                ),
            ));
        }
        // No overflow: the header fits the limit, and one summand is an `i32`.
        let largest = (largest_value.saturating_add(i64::from(adjustment)))
            .saturating_add_unsigned(header as u64)
            .min(i64::try_from(max).unwrap_or(i64::MAX));
        let strip = self.initial_bytes_to_strip;
        if i64::try_from(strip).unwrap_or(i64::MAX) > largest {
            return Err(HandlerError::new(
                "initialBytesToStrip",
                strip,
                format!(
                    "no frame has so many bytes: the longest one has {largest}, the lesser of \
                     maxFrameLength {max} and lengthFieldOffset {offset} + lengthFieldLength \
                     {length} + lengthAdjustment {adjustment} + largest value {largest_value}"
                ),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let refused: [(Change, &str); 7] = [
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
