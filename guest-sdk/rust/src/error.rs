//! Errors of a converter, which end up as text in the host's log.

/// Why a frame or a message could not be translated.
///
/// Any standard error becomes one by `?`, and text by `into`:
///
/// ```
/// fn volts(text: &str) -> tb_converter::Result<f64> {
///     if text.is_empty() {
///         return Err("the voltage is empty".into());
///     }
///     Ok(text.parse()?)
/// }
///
/// assert_eq!(volts("").map_err(|e| e.to_string()), Err("the voltage is empty".to_owned()));
/// assert!(volts("12.5").is_ok_and(|v| v == 12.5));
/// ```
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// What a converter's functions return.
pub type Result<T> = std::result::Result<T, Error>;

/// The error with its causes, outermost first, in one line for the log.
pub(crate) fn describe(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let inner = error.to_string();
        // Some errors end in their cause themselves.
        if !text.ends_with(&inner) {
            text.push_str(": ");
            text.push_str(&inner);
        }
        cause = error.source();
    }
    text
}

/// Reads a frame as text.
///
/// # Errors
///
/// Fails if the frame is not UTF-8, and names the first byte that is not with
/// its offset from the start of the frame, counted from 0.
///
/// ```
/// use tb_converter::text;
///
/// assert_eq!(text(b"SN-002").ok(), Some("SN-002"));
/// assert_eq!(
///     text(b"SN\xFF").map_err(|e| e.to_string()),
///     Err("the frame is not UTF-8: byte 0xFF at offset 2".to_owned()),
/// );
/// ```
pub fn text(frame: &[u8]) -> Result<&str> {
    std::str::from_utf8(frame).map_err(|error| {
        let offset = error.valid_up_to();
        let byte = frame.get(offset).copied().unwrap_or_default();
        format!("the frame is not UTF-8: byte 0x{byte:02X} at offset {offset}").into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt;

    #[derive(Debug)]
    struct Outer {
        text: &'static str,
        inner: std::num::ParseIntError,
    }

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.text)
        }
    }

    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.inner)
        }
    }

    #[test]
    fn an_error_is_described_with_each_cause_once() {
        let table = [
            ("bad length", "bad length: invalid digit found in string"),
            (
                "byte 3: invalid digit found in string",
                "byte 3: invalid digit found in string",
            ),
        ];
        for (text, expected) in table {
            let Err(inner) = "x".parse::<u8>() else {
                panic!("x is no number")
            };
            let error: Error = Outer { text, inner }.into();
            assert_eq!(describe(&error), expected);
        }
    }

    #[test]
    fn text_names_the_first_byte_that_is_not_utf8() {
        let table: [(&[u8], std::result::Result<&str, &str>); 5] = [
            (b"", Ok("")),
            (b"a,b", Ok("a,b")),
            ("°C".as_bytes(), Ok("°C")),
            (
                b"\xB0C",
                Err("the frame is not UTF-8: byte 0xB0 at offset 0"),
            ),
            // A character that the frame's end cuts off.
            (
                b"25\xC2",
                Err("the frame is not UTF-8: byte 0xC2 at offset 2"),
            ),
        ];
        for (frame, expected) in table {
            assert_eq!(
                text(frame).map_err(|e| e.to_string()),
                expected.map_err(str::to_owned)
            );
        }
    }
}
