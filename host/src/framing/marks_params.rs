//! The parameters of `MARKS`, and which of them can never cut a frame.

use super::HandlerError;

/// What frames lie between, and what hides a mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarksParams {
    /// Most bytes between the marks, as they come; at least 1.
    pub max_frame_length: usize,
    /// The bytes that begin a frame; none if it begins where the one before it
    /// ended.
    pub start: Vec<u8>,
    /// The bytes that end a frame.
    pub end: Vec<u8>,
    /// Whether the marks are removed from the frame.
    pub strip_delimiter: bool,
    /// Whether frames of nothing but their marks are skipped. Where start and
    /// end mark are the same they always are.
    pub skip_empty_frames: bool,
    /// Whether marks inside a frame count in pairs.
    pub nested: bool,
    /// The byte that begins and ends text in which nothing is a mark.
    pub quote: Option<u8>,
    /// The byte behind which no byte is a mark.
    pub escape: Option<u8>,
    /// What the byte behind [`escape`](Self::escape) is changed with when both
    /// become one.
    pub escape_xor: Option<u8>,
    /// Sequences that are no marks, and what becomes of them.
    pub escapes: Vec<(Vec<u8>, Vec<u8>)>,
}

impl MarksParams {
    /// Whether one mark ends a frame and begins the next.
    pub(super) fn shares_marks(&self) -> bool {
        self.start == self.end
    }

    /// Most bytes that cannot be judged before those behind them have come, and
    /// one.
    #[must_use]
    pub fn longest_token(&self) -> usize {
        let escapes = self.escapes.iter().map(|(from, _)| from.len());
        let marks = [self.start.len(), self.end.len()];
        let longest = escapes.chain(marks).max().unwrap_or_default();
        // An escape byte, and a mark behind it.
        longest + usize::from(self.escape.is_some())
    }

    /// Refuses parameters with which no frame can ever come out, or of which one
    /// has no effect.
    ///
    /// # Errors
    ///
    /// The first parameter that cannot work.
    pub fn check(&self) -> Result<(), HandlerError> {
        if self.max_frame_length == 0 {
            return Err(HandlerError::new(
                "maxFrameLength",
                0,
                "no frame has 0 bytes or less; write the length of the longest one, without its \
                 marks",
            ));
        }
        let Some(first) = self.end.first() else {
            return Err(HandlerError::new(
                "endMark",
                "\"\"",
                "frames need a mark to end with; write it as endMark, or its bytes as endMarkHex",
            ));
        };
        if self.nested && (self.start.is_empty() || self.shares_marks()) {
            return Err(HandlerError::new(
                "nestedMarks",
                true,
                "marks count in pairs only where the start mark is not the end mark; write \
                 startMark, or leave nestedMarks out",
            ));
        }
        if self.quote == Some(*first) || self.quote.is_some() && self.quote == self.escape {
            return Err(HandlerError::new(
                "quoteHex",
                hex(self.quote.as_slice()),
                "the byte has another meaning: it is escapeHex, or the end mark begins with it",
            ));
        }
        if self.escape == Some(*first) {
            return Err(HandlerError::new(
                "escapeHex",
                hex(self.escape.as_slice()),
                "the end mark begins with the byte, which would hide every end mark; write the \
                 pairs that are no marks as escapes, such as \"1010\" = \"10\"",
            ));
        }
        if let (Some(xor), None) = (self.escape_xor, self.escape) {
            return Err(HandlerError::new(
                "escapeXorHex",
                hex(&[xor]),
                "there is no escape byte; write it as escapeHex",
            ));
        }
        self.check_escapes()
    }

    fn check_escapes(&self) -> Result<(), HandlerError> {
        for (index, (from, to)) in self.escapes.iter().enumerate() {
            let refused = |reason: &str| {
                Err(HandlerError::new(
                    "escapes",
                    format!("\"{}\" = \"{}\"", hex(from), hex(to)),
                    reason,
                ))
            };
            if from.is_empty() {
                return refused(
                    "nothing cannot be replaced; write the bytes that the device sends",
                );
            }
            if self.end.starts_with(from) {
                return refused(
                    "the end mark begins with these bytes, so that no frame would end; write all \
                     bytes of the escape",
                );
            }
            if to.len() > from.len() {
                return refused(
                    "what is escaped is longer than its escape; write the bytes that the device \
                     sends to the left",
                );
            }
            let others = self.escapes.iter().enumerate();
            for (other, (longer, _)) in others {
                if other != index && longer.starts_with(from) {
                    return refused(&format!(
                        "\"{}\" begins with the same bytes, so which of the two is meant cannot \
                         be told; keep one",
                        hex(longer)
                    ));
                }
            }
        }
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_that_never_work_are_refused() {
        let base = MarksParams {
            max_frame_length: 8,
            start: b"(".to_vec(),
            end: b")".to_vec(),
            ..MarksParams::default()
        };
        assert_eq!(base.check(), Ok(()));
        type Change = fn(&mut MarksParams);
        let refused: [(Change, &str); 13] = [
            (|p| p.max_frame_length = 0, "maxFrameLength = 0: "),
            (|p| p.end.clear(), "endMark = \"\": "),
            (
                |p| {
                    p.nested = true;
                    p.start.clear();
                },
                "nestedMarks = true: ",
            ),
            (
                |p| {
                    p.nested = true;
                    p.start = p.end.clone();
                },
                "nestedMarks = true: ",
            ),
            (|p| p.quote = Some(b')'), "quoteHex = 29: "),
            (
                |p| {
                    p.quote = Some(1);
                    p.escape = Some(1);
                },
                "quoteHex = 01: ",
            ),
            (|p| p.escape = Some(b')'), "escapeHex = 29: "),
            (|p| p.escape_xor = Some(0x20), "escapeXorHex = 20: "),
            (
                |p| p.escapes = vec![(vec![], vec![])],
                "escapes = \"\" = \"\": ",
            ),
            (
                |p| p.escapes = vec![(b")".to_vec(), vec![])],
                "escapes = \"29\" = \"\": the end mark begins",
            ),
            (
                |p| p.escapes = vec![(vec![1], vec![2, 3])],
                "escapes = \"01\" = \"0203\": what is escaped is longer",
            ),
            (
                |p| p.escapes = vec![(vec![1, 2], vec![]), (vec![1], vec![])],
                "escapes = \"01\" = \"\": \"0102\" begins with the same",
            ),
            (
                |p| p.escapes = vec![(vec![1], vec![]), (vec![1], vec![])],
                "keep one",
            ),
        ];
        for (change, text) in refused {
            let mut params = base.clone();
            change(&mut params);
            let error = params.check().unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
