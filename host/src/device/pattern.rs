//! Compares what came with what is expected.

use std::fmt::Write;

use bytes::Bytes;
use memchr::memmem;

use super::{
    conversation::{Part, Pattern, Size},
    evaluate::Scope,
    notation,
    value::{MAX_BYTES, Value, ValueError},
};

/// How a pattern fits the bytes that came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// So many bytes are what is expected.
    Whole(usize),
    /// What there is fits; more has to come.
    Partly,
    /// Another byte than `expected` stands at `place`.
    Differs { place: usize, expected: u8 },
}

/// Compares from the left. Captures and blocks are bound in `scope`, to be
/// kept if the pattern fits.
pub(super) fn fit(
    pattern: &Pattern,
    received: &[u8],
    scope: &mut Scope<'_>,
) -> Result<Fit, ValueError> {
    let mut at = 0;
    let mut open = Vec::new();
    for (index, part) in pattern.parts.iter().enumerate() {
        let rest = received.get(at..).unwrap_or_default();
        let length = match part {
            Part::Literal(literal) => match compare(rest, literal, at) {
                Fit::Whole(length) => length,
                other => return Ok(other),
            },
            Part::Value(value, format) => {
                let expected = format.write(&scope.value(value)?)?;
                match compare(rest, &expected, at) {
                    Fit::Whole(length) => length,
                    other => return Ok(other),
                }
            }
            Part::Any => 1,
            Part::Capture { size, .. } => match size {
                Size::Number(integer) => integer.width(),
                Size::Bytes(size) => {
                    let size = scope.value(size)?.number()?;
                    let length = usize::try_from(size).ok();
                    length
                        .filter(|length| *length <= MAX_BYTES)
                        .ok_or(ValueError::CaptureSize(size))?
                }
                Size::Rest => rest.len(),
                Size::UpToNext => match memmem::find(rest, next_literal(pattern, index)) {
                    Some(length) => length,
                    None => return Ok(Fit::Partly),
                },
            },
            Part::Open(slot) => {
                open.push((*slot, at));
                0
            }
            Part::Close(slot) => {
                let start = open
                    .iter()
                    .rev()
                    .find(|(opened, _)| opened == slot)
                    .map_or(at, |(_, start)| *start);
                let block = received.get(start..at).unwrap_or_default();
                scope.bind(*slot, Value::Bytes(Bytes::copy_from_slice(block)));
                0
            }
        };
        let Some(taken) = rest.get(..length) else {
            return Ok(Fit::Partly);
        };
        if let Part::Capture { slot, size } = part {
            let value = match size {
                Size::Number(integer) => Value::Number(integer.read(taken)),
                _ => Value::Bytes(Bytes::copy_from_slice(taken)),
            };
            scope.bind(*slot, value);
        }
        at += length;
    }
    Ok(Fit::Whole(at))
}

/// Compares bytes that begin at `at`.
fn compare(received: &[u8], expected: &[u8], at: usize) -> Fit {
    let mut pairs = received.iter().zip(expected).enumerate();
    let differs = pairs.find(|(_, (came, expected))| came != expected);
    match differs {
        Some((place, (_, expected))) => Fit::Differs {
            place: at + place,
            expected: *expected,
        },
        None if received.len() < expected.len() => Fit::Partly,
        None => Fit::Whole(expected.len()),
    }
}

/// The literal that ends the capture at `index`. The parser has seen to it
/// that there is one.
fn next_literal(pattern: &Pattern, index: usize) -> &[u8] {
    let behind = pattern.parts.iter().skip(index + 1);
    let mut literals = behind.filter_map(|part| match part {
        Part::Literal(literal) => Some(literal.as_slice()),
        _ => None,
    });
    literals.next().unwrap_or_default()
}

/// What is expected, for a message: hex with wildcards and captures, then text.
/// What hangs on captures that have not come is `{…}`.
pub(super) fn describe(pattern: &Pattern, received: &[u8], mut scope: Scope<'_>) -> String {
    // Binds the captures that have come; that the rest does not fit is known.
    let _ = fit(pattern, received, &mut scope);
    for part in &pattern.parts {
        if let Part::Capture { slot, .. } | Part::Close(slot) = part {
            scope.forget(*slot);
        }
    }
    let mut hex = String::new();
    let mut text = Vec::new();
    let mut push = |shown: &str, bytes: &[u8]| {
        if !hex.is_empty() && !shown.is_empty() {
            hex.push(' ');
        }
        hex.push_str(shown);
        text.extend_from_slice(bytes);
    };
    for part in &pattern.parts {
        match part {
            Part::Literal(literal) => push(&notation::pairs(literal), literal),
            Part::Value(value, format) => {
                let bytes = scope.value(value).and_then(|value| format.write(&value));
                match bytes {
                    Ok(bytes) => push(&notation::pairs(&bytes), &bytes),
                    Err(_) => push("{…}", b"?"),
                }
            }
            Part::Any => push("??", b"?"),
            Part::Capture { slot, size } => {
                let mut shown = format!("<{}", scope.name(*slot));
                if let Size::Number(integer) = size {
                    // Writing to a text does not fail.
                    let _ = write!(shown, ":{integer}");
                }
                shown.push('>');
                push(&shown, b"?");
            }
            Part::Open(_) | Part::Close(_) => {}
        }
    }
    let shown = notation::quoted(&text);
    let cut = |text: String, most: usize| match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    };
    format!("{}   {}", cut(hex, 200), cut(shown, 100))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{
            clock::Clock,
            conversation::{Action, Conversation},
            evaluate::Memory,
            parser,
            random::Random,
        },
        *,
    };

    fn memory(conversation: &Conversation) -> Memory {
        Memory {
            variables: vec![None; conversation.names.len()],
            random: Random::new(1, 0, 1),
            clock: Clock::start(),
            copy: 7,
            pass: 0,
        }
    }

    /// How the pattern of one `expect` fits, and what it captured.
    fn fitted(text: &str, received: &[u8]) -> (Result<Fit, ValueError>, Vec<(String, Value)>) {
        let parsed = parser::parse(&format!("expect {text}"), &[]).unwrap();
        let conversation = parsed.conversation;
        let Action::Expect { pattern, .. } = &conversation.steps[0].action else {
            panic!("{conversation:?}");
        };
        let mut memory = memory(&conversation);
        let mut scope = Scope::new(&conversation.names, &mut memory);
        let found = fit(pattern, received, &mut scope);
        scope.keep();
        let names = conversation.names.iter().cloned();
        let values = names.zip(memory.variables);
        let values = values.filter_map(|(name, value)| Some((name, value?)));
        (found, values.collect())
    }

    fn bytes(bytes: &'static [u8]) -> Value {
        Value::Bytes(Bytes::from_static(bytes))
    }

    #[test]
    fn patterns_are_compared_from_the_left() {
        let differs = |place, expected| Fit::Differs { place, expected };
        for (pattern, received, expected) in [
            ("\"abc\"", b"abcd".as_slice(), Fit::Whole(3)),
            ("\"abc\"", b"ab", Fit::Partly),
            ("\"abc\"", b"", Fit::Partly),
            ("\"abc\"", b"abx", differs(2, b'c')),
            ("00 ?? 02", b"\x00\xff\x02", Fit::Whole(3)),
            ("00 ?? 02", b"\x00\xff\x03", differs(2, 2)),
            ("00 ??", b"\x00", Fit::Partly),
            ("\"{copy:03}!\"", b"007!", Fit::Whole(4)),
            ("\"{copy:03}!\"", b"008!", differs(2, b'7')),
            ("<a> \"\\r\\n\"", b"one\rtwo\r\nx", Fit::Whole(9)),
            ("<a> \"\\r\\n\"", b"one\r", Fit::Partly),
            ("<n:u8> <a:n-1> 0d", b"\x03ab\x0d", Fit::Whole(4)),
            ("<n:u8> <a:n-1> 0d", b"\x03ab\x0a", differs(3, 0x0d)),
            ("<n:u8> <a:n-1> 0d", b"\x03a", Fit::Partly),
        ] {
            let (found, _) = fitted(pattern, received);
            assert_eq!(found, Ok(expected), "{pattern} on {received:?}");
        }
    }

    #[test]
    fn captures_and_blocks_are_kept() {
        let (found, values) = fitted(
            "78 78 counted[ <length:u8> 80 <flag:4> <command:length-5> ] {xor(counted):u8} <rest> 0a",
            b"\x78\x78\x07\x80\x00\x00\x00\x01hi\x87..\x0a",
        );
        assert_eq!(found, Ok(Fit::Whole(14)));
        let named = |name: &str| {
            let found = values.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        };
        assert_eq!(named("length"), Some(Value::Number(7)));
        assert_eq!(named("flag"), Some(bytes(b"\0\0\0\x01")));
        assert_eq!(named("command"), Some(bytes(b"hi")));
        assert_eq!(named("rest"), Some(bytes(b"..")));
        assert_eq!(named("counted"), Some(bytes(b"\x07\x80\0\0\0\x01hi")));
    }

    #[test]
    fn sizes_that_make_no_sense_are_errors() {
        for (pattern, expected) in [
            ("<n:u8> <a:n-1>", ValueError::CaptureSize(-1)),
            ("<a:2000000>", ValueError::CaptureSize(2_000_000)),
            ("<a:1> {a+1}", ValueError::NotANumber("00".to_owned())),
        ] {
            let (found, _) = fitted(pattern, b"\0\0");
            assert_eq!(found, Err(expected), "{pattern}");
        }
    }

    #[test]
    fn what_is_expected_is_described() {
        let text = "expect \"A\" 0a ?? <n:u8> <a:n> {n:u8} {copy}";
        let conversation = parser::parse(text, &[]).unwrap().conversation;
        let Action::Expect { pattern, .. } = &conversation.steps[0].action else {
            panic!("{conversation:?}");
        };
        let mut memory = memory(&conversation);
        memory.variables[0] = Some(Value::Number(200));
        for (received, expected) in [
            (b"".as_slice(), r#"41 0a ?? <n:u8> <a> {…} 37   "A\n????7""#),
            (b"A\n.\x05", r#"41 0a ?? <n:u8> <a> 05 37   "A\n???\x057""#),
        ] {
            let scope = Scope::new(&conversation.names, &mut memory);
            assert_eq!(describe(pattern, received, scope), expected);
        }
    }

    proptest! {
        /// However the bytes arrive, they fit in the end, and never before.
        #[test]
        fn what_fits_fits_partly_before(text in "[a-z]{0,6}", cut in 0_usize..12) {
            let whole = format!("#{text};{:02}!", text.len());
            let pattern = "\"#\" <text> \";{len(text):02}!\"";
            let cut = cut.min(whole.len() - 1);
            prop_assert_eq!(fitted(pattern, &whole.as_bytes()[..cut]).0, Ok(Fit::Partly));
            prop_assert_eq!(fitted(pattern, whole.as_bytes()).0, Ok(Fit::Whole(whole.len())));
        }
    }
}
