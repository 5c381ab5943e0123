//! What ends a message of `TEXT`: by the settings, and what else devices use.

use std::borrow::Cow;

use crate::{
    config::{HandlerConfiguration, MessageSeparator},
    framing::separator,
    hex::hex,
};

/// A control character that devices end messages with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) byte: u8,
    /// What people call it.
    pub(super) name: &'static str,
}

/// The usual ones, the most usual first. A carriage return and a line feed count
/// as a line feed.
pub(super) const ENDINGS: [Ending; 5] = [
    Ending {
        byte: b'\n',
        name: "line feed",
    },
    Ending {
        byte: b'\r',
        name: "carriage return",
    },
    Ending {
        byte: 0,
        name: "zero byte",
    },
    Ending {
        byte: 3,
        name: "ETX (0x03)",
    },
    Ending {
        byte: 4,
        name: "EOT (0x04)",
    },
];

/// `bytes` without endings at either end.
pub(super) fn trim(bytes: &[u8]) -> &[u8] {
    let is_inner = |byte: &u8| ENDINGS.iter().all(|ending| ending.byte != *byte);
    let start = bytes.iter().position(is_inner).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(is_inner).map_or(start, |at| at + 1);
    &bytes[start..end]
}

/// A number of things: `2 line feeds`.
pub(super) fn counted(number: u64, name: &str) -> String {
    match number {
        1 => format!("1 {name}"),
        _ => format!("{number} {name}s"),
    }
}

/// The settings that make `bytes` the separator, as an imperative.
pub(super) fn set_separator(bytes: &[u8]) -> Cow<'static, str> {
    match bytes {
        b"\n" | b"\r\n" => "set messageSeparator to SYSTEM_LINE_SEPARATOR".into(),
        [0] => "set messageSeparator to NUL_DELIMITER".into(),
        _ if is_plain(bytes) => format!(
            "set messageSeparator to CUSTOM_SEPARATOR and separator to \"{}\"",
            bytes.escape_ascii()
        )
        .into(),
        _ => format!(
            "set messageSeparator to CUSTOM_SEPARATOR and separatorHex to {}",
            hex(bytes)
        )
        .into(),
    }
}

/// Whether a settings file shows the bytes as they are, without an escape.
fn is_plain(bytes: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    bytes.iter().all(is_plain)
}

/// The separator of the settings.
#[derive(Debug)]
pub(super) struct Separator {
    /// Its bytes; of a line end the line feed.
    pub(super) bytes: Cow<'static, [u8]>,
    /// Whether it is the system line separator, whose carriage return is
    /// optional.
    pub(super) is_line: bool,
}

impl Separator {
    /// None for settings that no connection is served with.
    pub(super) fn of(handler: &HandlerConfiguration) -> Option<Self> {
        let is_line = handler.message_separator == MessageSeparator::SystemLineSeparator;
        let bytes: Cow<'static, [u8]> = match handler.message_separator {
            MessageSeparator::SystemLineSeparator => Cow::Borrowed(b"\n"),
            MessageSeparator::NulDelimiter => Cow::Borrowed(b"\0"),
            MessageSeparator::CustomSeparator => Cow::Owned(separator(handler).ok()?),
        };
        (!bytes.is_empty()).then_some(Self { bytes, is_line })
    }

    /// What it is called, with the setting that says so.
    pub(super) fn name(&self) -> Cow<'static, str> {
        match &*self.bytes {
            _ if self.is_line => "line feed (messageSeparator SYSTEM_LINE_SEPARATOR)".into(),
            [0] => "zero byte (messageSeparator NUL_DELIMITER)".into(),
            bytes if is_plain(bytes) => format!("separator \"{}\"", bytes.escape_ascii()).into(),
            bytes => format!("separator {} (in hex)", hex(bytes)).into(),
        }
    }

    /// `frame` without the separator that `stripDelimiter = false` leaves at its
    /// end.
    pub(super) fn strip<'frame>(
        &self,
        handler: &HandlerConfiguration,
        frame: &'frame [u8],
    ) -> &'frame [u8] {
        if handler.strip_delimiter {
            return frame;
        }
        let stripped = frame.strip_suffix(&*self.bytes).unwrap_or(frame);
        match self.is_line {
            true => stripped.strip_suffix(b"\r").unwrap_or(stripped),
            false => stripped,
        }
    }

    /// Whether a frame may hold this ending: it is no part of the separator. A
    /// custom `\r\n` leaves line feeds alone, and one is nearly that.
    pub(super) fn leaves(&self, byte: u8) -> bool {
        !self.bytes.contains(&byte) || (byte == b'\n' && *self.bytes == *b"\r\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn separator(settings: &str) -> Option<Separator> {
        Separator::of(&serde_json::from_str(settings).unwrap())
    }

    const CUSTOM: &str = r#"{"messageSeparator":"CUSTOM_SEPARATOR","separatorHex":"0d0a"}"#;

    #[test]
    fn separators_are_named_as_their_settings_are() {
        let cases = [
            (
                "{}",
                Some("line feed (messageSeparator SYSTEM_LINE_SEPARATOR)"),
            ),
            (
                r#"{"messageSeparator":"NUL_DELIMITER"}"#,
                Some("zero byte (messageSeparator NUL_DELIMITER)"),
            ),
            (
                r#"{"messageSeparator":"CUSTOM_SEPARATOR","separator":"||"}"#,
                Some("separator \"||\""),
            ),
            (CUSTOM, Some("separator 0d0a (in hex)")),
            (r#"{"messageSeparator":"CUSTOM_SEPARATOR"}"#, None),
            (
                r#"{"messageSeparator":"CUSTOM_SEPARATOR","separator":""}"#,
                None,
            ),
        ];
        for (settings, name) in cases {
            let separator = separator(settings);
            assert_eq!(
                separator.map(|it| it.name().into_owned()).as_deref(),
                name,
                "{settings}"
            );
        }
    }

    #[test]
    fn a_separator_is_set_by_its_setting() {
        let cases: [(&[u8], &str); 6] = [
            (
                b"\"",
                "messageSeparator to CUSTOM_SEPARATOR and separatorHex to 22",
            ),
            (b"\n", "messageSeparator to SYSTEM_LINE_SEPARATOR"),
            (b"\r\n", "messageSeparator to SYSTEM_LINE_SEPARATOR"),
            (b"\0", "messageSeparator to NUL_DELIMITER"),
            (
                b"#",
                "messageSeparator to CUSTOM_SEPARATOR and separator to \"#\"",
            ),
            (
                b"\r",
                "messageSeparator to CUSTOM_SEPARATOR and separatorHex to 0d",
            ),
        ];
        for (bytes, expected) in cases {
            assert_eq!(set_separator(bytes), format!("set {expected}"));
        }
    }

    #[test]
    fn what_the_separator_leaves_in_a_frame_is_known() {
        let (line, custom) = (separator("{}").unwrap(), separator(CUSTOM).unwrap());
        assert_eq!(
            [line.leaves(b'\n'), line.leaves(b'\r'), line.leaves(0)],
            [false, true, true]
        );
        assert_eq!([custom.leaves(b'\n'), custom.leaves(b'\r')], [true, false]);
        let kept = HandlerConfiguration {
            strip_delimiter: false,
            ..HandlerConfiguration::default()
        };
        assert_eq!(line.strip(&kept, b"a\r\n"), b"a");
        assert_eq!(line.strip(&HandlerConfiguration::default(), b"a\n"), b"a\n");
        assert_eq!(custom.strip(&kept, b"a\n\r\n"), b"a\n");
        assert_eq!(trim(b"\0\r\na\nb\x03\r"), b"a\nb");
        assert_eq!(trim(b"\r\n"), b"");
    }
}
