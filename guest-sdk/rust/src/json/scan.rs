//! The grammar of JSON (RFC 8259).
//!
//! The same scanner checks a text and walks through one that was checked. Of a
//! checked text it finds no fault, so that walking simply ends at one.

use std::borrow::Cow;

use super::Json;
use crate::{
    Result,
    words::{end_of_plain_json, position},
};

/// Deeper nesting than this is no data of a device, and each level takes stack.
const MAX_DEPTH: u32 = 128;

#[derive(Clone)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    position: usize,
    depth: u32,
    /// Whether an entry or element was read: the next one follows a comma.
    started: bool,
}

impl<'a> Scanner<'a> {
    pub(super) const fn new(text: &'a str) -> Scanner<'a> {
        Scanner {
            text,
            position: 0,
            depth: 0,
            started: false,
        }
    }

    /// A scanner behind the bracket that opens a checked text, if it is this
    /// one.
    pub(super) fn inside(text: &'a str, open: char) -> Option<Scanner<'a>> {
        text.starts_with(open).then_some(Scanner {
            text,
            position: 1,
            depth: 0,
            started: false,
        })
    }

    pub(super) fn next_entry(&mut self) -> Option<(Cow<'a, str>, Json<'a>)> {
        self.advance(b'}').ok()?.then_some(())?;
        let key = self.key().ok()?;
        let inside = key.strip_prefix('"')?.strip_suffix('"')?;
        Some((unescape(inside), self.step().ok()?))
    }

    pub(super) fn next_element(&mut self) -> Option<Json<'a>> {
        self.advance(b']').ok()?.then_some(())?;
        self.step().ok()
    }

    /// Reads one value with the white space before it.
    pub(super) fn value(&mut self) -> Result<Json<'a>> {
        self.space();
        let start = self.position;
        match self.peek() {
            Some(b'"') => self.string()?,
            Some(b'{') => self.nested(b'}')?,
            Some(b'[') => self.nested(b']')?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => {
                let rest = self.text.get(start..).unwrap_or_default();
                let word = ["true", "false", "null"]
                    .iter()
                    .find(|word| rest.starts_with(**word));
                match word {
                    Some(word) => self.position += word.len(),
                    None => return self.wanted("a value"),
                }
            }
        }
        Ok(Json {
            text: self.text.get(start..self.position).unwrap_or_default(),
        })
    }

    /// Checks that only white space follows.
    pub(super) fn end(&mut self) -> Result<()> {
        self.space();
        match self.peek() {
            None => Ok(()),
            Some(_) => self.wanted("the end"),
        }
    }

    /// Reads an object or array from its opening bracket to `close`.
    fn nested(&mut self, close: u8) -> Result<()> {
        if self.depth == MAX_DEPTH {
            return Err(format!(
                "not JSON: at offset {} it is nested deeper than {MAX_DEPTH}",
                self.position
            )
            .into());
        }
        self.depth += 1;
        self.position += 1;
        self.started = false;
        while self.advance(close)? {
            if close == b'}' {
                self.key()?;
            }
            self.step()?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Moves to the next entry or element; false behind the closing bracket.
    fn advance(&mut self, close: u8) -> Result<bool> {
        self.space();
        if self.peek() == Some(close) {
            self.position += 1;
            return Ok(false);
        }
        if self.started {
            let wanted = match close {
                b'}' => "a comma or }",
                _ => "a comma or ]",
            };
            self.expect(b',', wanted)?;
            self.space();
        }
        Ok(true)
    }

    /// Reads the value of an entry or an element.
    fn step(&mut self) -> Result<Json<'a>> {
        let value = self.value()?;
        self.started = true;
        Ok(value)
    }

    /// Reads a key, in its quotes, and the colon.
    fn key(&mut self) -> Result<&'a str> {
        let start = self.position;
        if self.peek() != Some(b'"') {
            return self.wanted("a key in quotes");
        }
        self.string()?;
        let end = self.position;
        self.space();
        self.expect(b':', "a colon")?;
        Ok(self.text.get(start..end).unwrap_or_default())
    }

    fn string(&mut self) -> Result<()> {
        self.position += 1;
        loop {
            let rest = self
                .text
                .as_bytes()
                .get(self.position..)
                .unwrap_or_default();
            self.position += end_of_plain_json(rest).unwrap_or(rest.len());
            match self.peek() {
                Some(b'"') => {
                    self.position += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    let rest = self.text.get(self.position..).unwrap_or_default();
                    match escape(rest) {
                        Some((_, length)) => self.position += length,
                        None => return self.wanted("a valid escape"),
                    }
                }
                _ => return self.wanted("a closing quote"),
            }
        }
    }

    fn number(&mut self) -> Result<()> {
        self.pass(|byte| byte == b'-');
        match self.peek() {
            Some(b'0') => self.position += 1,
            _ => self.digits()?,
        }
        if self.pass(|byte| byte == b'.') {
            self.digits()?;
        }
        if self.pass(|byte| matches!(byte, b'e' | b'E')) {
            self.pass(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<()> {
        let start = self.position;
        while self.pass(|byte| byte.is_ascii_digit()) {}
        if self.position == start {
            return self.wanted("a digit");
        }
        Ok(())
    }

    fn space(&mut self) {
        while self.pass(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {}
    }

    /// Passes over the next byte if it is one that is looked for.
    fn pass(&mut self, is: impl Fn(u8) -> bool) -> bool {
        let found = self.peek().is_some_and(is);
        self.position += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, wanted: &str) -> Result<()> {
        if self.pass(|found| found == byte) {
            return Ok(());
        }
        self.wanted(wanted)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    #[cold]
    #[inline(never)]
    fn wanted<T>(&self, wanted: &str) -> Result<T> {
        let at = self.position;
        let rest = self.text.get(at..).unwrap_or_default();
        Err(match rest.chars().next() {
            Some(found) => format!("not JSON: {wanted} wanted at offset {at}, found {found:?}"),
            None => format!("not JSON: {wanted} wanted at offset {at}, where the text ends"),
        }
        .into())
    }
}

/// The text between the quotes of a checked string with its escapes replaced.
pub(super) fn unescape(inside: &str) -> Cow<'_, str> {
    let Some(first) = position(inside.as_bytes(), b'\\') else {
        return Cow::Borrowed(inside);
    };
    let (before, mut rest) = inside.split_at_checked(first).unwrap_or((inside, ""));
    let mut text = before.to_owned();
    while let Some(first) = rest.chars().next() {
        let (char, length) = match first {
            '\\' => escape(rest).unwrap_or((char::REPLACEMENT_CHARACTER, rest.len())),
            _ => (first, first.len_utf8()),
        };
        text.push(char);
        rest = rest.get(length..).unwrap_or_default();
    }
    Cow::Owned(text)
}

/// The character of an escape at the start of a text, and the escape's length.
fn escape(text: &str) -> Option<(char, usize)> {
    let char = match text.as_bytes().get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode_escape(text),
        _ => return None,
    };
    Some((char, 2))
}

/// Characters beyond 16 bits are two escapes, a high and a low surrogate.
fn unicode_escape(text: &str) -> Option<(char, usize)> {
    let high = code_unit(text)?;
    if !(0xD800..0xDC00).contains(&high) {
        return Some((char::from_u32(high)?, 6));
    }
    let low = code_unit(text.get(6..)?).filter(|low| (0xDC00..0xE000).contains(low))?;
    let char = char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))?;
    Some((char, 12))
}

fn code_unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.as_bytes().get(..4)?;
    digits.iter().try_fold(0, |unit, digit| {
        Some(unit << 4 | char::from(*digit).to_digit(16)?)
    })
}

#[cfg(test)]
mod tests;
