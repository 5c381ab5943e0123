//! Bytes to send and to expect: text, hex, values in braces, named blocks,
//! wildcards and captures.

use super::{Mode, Parser, Result};
use crate::device::conversation::{Block, Part, Piece, Size};
use crate::device::format::Integer;

/// Most named blocks of a statement.
const MAX_BLOCKS: usize = 64;

/// What a pattern is made of may be compared; what is sent has its blocks as
/// a tree, so that a length can stand before what it counts. Wildcards and
/// captures were refused before.
pub(super) fn template_pieces(parts: Vec<Part>, blocks: &mut Vec<Block>) -> Vec<Piece> {
    let mut outer = Vec::new();
    let mut pieces = Vec::new();
    for part in parts {
        match part {
            Part::Literal(literal) => pieces.push(Piece::Literal(literal)),
            Part::Value(value, format) => pieces.push(Piece::Value(value, format)),
            Part::Open(_) => outer.push(std::mem::take(&mut pieces)),
            Part::Close(slot) => {
                let inside = std::mem::replace(&mut pieces, outer.pop().unwrap_or_default());
                pieces.push(Piece::Block(blocks.len()));
                blocks.push(Block {
                    slot,
                    pieces: inside,
                });
            }
            Part::Any | Part::Capture { .. } => {}
        }
    }
    pieces
}

fn push_literal(parts: &mut Vec<Part>, bytes: &[u8]) {
    match parts.last_mut() {
        _ if bytes.is_empty() => {}
        Some(Part::Literal(literal)) => literal.extend_from_slice(bytes),
        _ => parts.push(Part::Literal(bytes.to_vec())),
    }
}

impl Parser<'_> {
    /// Pieces up to the end of the line, or up to the bracket that closes the
    /// one at `opened`.
    pub(super) fn pieces(&mut self, opened: Option<usize>, parts: &mut Vec<Part>) -> Result<()> {
        loop {
            match opened {
                Some(_) => self.cursor.blanks_and_lines(),
                None => self.cursor.blanks(),
            }
            let place = self.cursor.place();
            match (self.cursor.peek(), opened) {
                (None, Some(opened)) => {
                    return self.error(opened, "this [ is never closed with ]");
                }
                (Some(']'), Some(_)) => {
                    self.cursor.next();
                    return Ok(());
                }
                (None | Some('\n' | '#'), None) => return Ok(()),
                (Some('"' | '\''), _) => self.quoted(parts)?,
                (Some('{'), None) if self.cursor.at_opening_brace() => return Ok(()),
                (Some('{'), _) => {
                    self.cursor.next();
                    let (value, format) = self.braces()?;
                    parts.push(Part::Value(value, format));
                }
                (Some('<'), _) => self.capture(place, parts)?,
                (Some(char), _) if char.is_ascii_alphanumeric() || matches!(char, '_' | '?') => {
                    if !self.word(opened, parts)? {
                        return Ok(());
                    }
                }
                _ => {
                    return self.error(
                        place,
                        format!(
                            "{} where bytes should be: write text in quotes, hex in pairs, or a \
                             value in braces",
                            self.cursor.glance()
                        ),
                    );
                }
            }
        }
    }

    /// Hex, wildcards, or the name of a block; false for `within`, which is
    /// left where it is.
    fn word(&mut self, opened: Option<usize>, parts: &mut Vec<Part>) -> Result<bool> {
        let place = self.cursor.place();
        let before = self.cursor.clone();
        let word = self
            .cursor
            .take_while(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '?'));
        if self.cursor.take('[') {
            self.block(word, place, parts)?;
            return Ok(true);
        }
        if word == "within" && opened.is_none() {
            self.cursor = before;
            return Ok(false);
        }
        if !word
            .chars()
            .all(|char| char.is_ascii_hexdigit() || char == '?')
        {
            return self.error(
                place,
                format!(
                    "{word} is not hex: text stands in quotes, \"{word}\", and a variable in \
                     braces, {{{word}}}"
                ),
            );
        }
        let (pairs, odd) = word.as_bytes().as_chunks::<2>();
        for pair in pairs {
            let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
            match high.zip(low) {
                Some((high, low)) => {
                    push_literal(parts, &[u8::try_from(high * 16 + low).unwrap_or_default()]);
                }
                None if pair != b"??" => {
                    return self.error(place, format!("{word}: a wildcard is a whole byte, ??"));
                }
                None if self.mode != Mode::Pattern => {
                    return self.error(place, "?? stands for any byte in what is expected only");
                }
                None => parts.push(Part::Any),
            }
        }
        match odd {
            [] => Ok(true),
            _ => self.error(
                place,
                format!(
                    "{word} has an odd number of hexadecimal digits: a byte has two; a number \
                     stands in braces with its format, {{{word}:u8}}"
                ),
            ),
        }
    }

    /// `name[ … ]`: the bracket is read already.
    fn block(&mut self, name: &str, place: usize, parts: &mut Vec<Part>) -> Result<()> {
        if self.mode == Mode::Inside {
            return self.error(
                place,
                "a block cannot have a name here: name it where it is expected itself",
            );
        }
        let slot = self.names.write(name, &self.cursor, place)?;
        let twice = |part: &Part| matches!(part, Part::Open(other) if *other == slot);
        if parts.iter().any(twice) || self.blocks.iter().any(|block| block.slot == slot) {
            return self.error(place, format!("two blocks of this line are called {name}"));
        }
        let opened = parts.iter().filter(|part| matches!(part, Part::Open(_)));
        if opened.count() + self.blocks.len() >= MAX_BLOCKS {
            return self.error(place, format!("more than {MAX_BLOCKS} blocks in a line"));
        }
        parts.push(Part::Open(slot));
        self.deeper(|parser| parser.pieces(Some(place + name.len()), parts))?;
        if self.mode == Mode::Pattern
            && let Some((_, place)) = self.references.iter().find(|(read, _)| *read == slot)
        {
            return self.error(
                *place,
                format!(
                    "{name} is not known before its ]: capture the length, such as <n:u8>, and \
                     give it as the size of a capture inside, such as <rest:n-2>"
                ),
            );
        }
        parts.push(Part::Close(slot));
        Ok(())
    }

    /// `<name>`, `<name:4>` or `<name:u16be>`.
    fn capture(&mut self, place: usize, parts: &mut Vec<Part>) -> Result<()> {
        if self.mode != Mode::Pattern {
            return self.error(
                place,
                "< > captures what comes, so it belongs behind expect, take or on; a value to send \
                 stands in braces",
            );
        }
        self.cursor.next();
        self.cursor.blanks();
        let at = self.cursor.place();
        let name = self
            .cursor
            .take_while(|char| char.is_ascii_alphanumeric() || char == '_');
        let slot = self.names.write(name, &self.cursor, at)?;
        self.cursor.blanks();
        let mut size = Size::UpToNext;
        if self.cursor.take(':') {
            self.cursor.blanks();
            let before = self.cursor.clone();
            let word = self.cursor.take_while(|char| char.is_ascii_alphanumeric());
            size = match Integer::named(word) {
                Some(integer) => Size::Number(integer),
                None => {
                    self.cursor = before;
                    Size::Bytes(self.expression()?)
                }
            };
            self.cursor.blanks();
        }
        if !self.cursor.take('>') {
            return self.error(
                self.cursor.place(),
                format!(
                    "{} in a capture: write <{name}> for all up to what follows, <{name}:4> for 4 \
                     bytes, or <{name}:u16be> for a number",
                    self.cursor.glance()
                ),
            );
        }
        parts.push(Part::Capture { slot, size });
        Ok(())
    }

    /// Text in either kind of quotes.
    pub(super) fn quoted(&mut self, parts: &mut Vec<Part>) -> Result<()> {
        let place = self.cursor.place();
        match self.cursor.next() {
            // As it stands, which suits JSON.
            Some('\'') => {
                let text = self.cursor.take_while(|char| !matches!(char, '\'' | '\n'));
                push_literal(parts, text.as_bytes());
                match self.cursor.take('\'') {
                    true => Ok(()),
                    false => self.error(place, "this ' is never closed in its line"),
                }
            }
            _ => self.text(Some(place), parts),
        }
    }

    /// Text with escapes and values up to the quote that closes the one at
    /// `opened`, or to the end of it all.
    pub(super) fn text(&mut self, opened: Option<usize>, parts: &mut Vec<Part>) -> Result<()> {
        loop {
            let text = self
                .cursor
                .take_while(|char| !matches!(char, '"' | '\\' | '{' | '\n'));
            push_literal(parts, text.as_bytes());
            let place = self.cursor.place();
            match (self.cursor.next(), opened) {
                (Some('"'), Some(_)) | (None, None) => return Ok(()),
                (None | Some('\n'), Some(opened)) => {
                    return self.error(opened, "this \" is never closed in its line");
                }
                (Some('\\'), _) => self.escape(place, parts)?,
                (Some('{'), _) => {
                    let (value, format) = self.braces()?;
                    parts.push(Part::Value(value, format));
                }
                (Some(char), _) => push_literal(parts, char.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }

    fn escape(&mut self, place: usize, parts: &mut Vec<Part>) -> Result<()> {
        let byte = match self.cursor.next() {
            Some('r') => b'\r',
            Some('n') => b'\n',
            Some('t') => b'\t',
            Some('0') => 0,
            Some('"') => b'"',
            Some('\\') => b'\\',
            Some('{') => b'{',
            Some('x') => {
                let mut digit = || self.cursor.next()?.to_digit(16);
                let byte = digit()
                    .zip(digit())
                    .and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                match byte {
                    Some(byte) => byte,
                    None => {
                        return self.error(place, "\\x takes two hexadecimal digits, as in \\x0D");
                    }
                }
            }
            _ => {
                return self.error(
                    place,
                    "there is no such escape: write \\r \\n \\t \\0 \\xNN \\\" \\\\ or \\{; text \
                     between ' ' has none",
                );
            }
        };
        push_literal(parts, &[byte]);
        Ok(())
    }
}
