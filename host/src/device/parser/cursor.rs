//! The place in the file that is being read.

/// What is wrong with a conversation file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {text}")]
pub(in crate::device) struct ParseError {
    /// From 1.
    pub(in crate::device) line: usize,
    /// In characters, from 1.
    pub(in crate::device) column: usize,
    /// What is wrong, and what to write instead.
    pub(in crate::device) text: String,
}

/// Reads characters from left to right.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'file> {
    text: &'file str,
    at: usize,
    line: usize,
}

impl<'file> Cursor<'file> {
    pub(super) fn new(text: &'file str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
        }
    }

    /// The offset of the next character.
    pub(super) fn place(&self) -> usize {
        self.at
    }

    /// The line of the next character, from 1.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// An error at an offset.
    pub(super) fn error(&self, place: usize, text: impl Into<String>) -> ParseError {
        let before = self.text.get(..place).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        ParseError {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or("").chars().count() + 1,
            text: text.into(),
        }
    }

    fn rest(&self) -> &'file str {
        self.text.get(self.at..).unwrap_or("")
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// The next character, which is then read.
    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        self.line += usize::from(next == '\n');
        Some(next)
    }

    /// Reads `char` if it is next.
    pub(super) fn take(&mut self, char: char) -> bool {
        let next = self.peek() == Some(char);
        if next {
            self.next();
        }
        next
    }

    /// Reads characters as long as they are `wanted`.
    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'file str {
        let rest = self.rest();
        let length = rest.find(|char| !wanted(char)).unwrap_or(rest.len());
        let taken = rest.get(..length).unwrap_or("");
        self.at += taken.len();
        self.line += taken.matches('\n').count();
        taken
    }

    /// Passes blanks of the line.
    pub(super) fn blanks(&mut self) {
        self.take_while(|char| matches!(char, ' ' | '\t' | '\r'));
    }

    /// Passes blanks, ends of lines and comments.
    pub(super) fn blanks_and_lines(&mut self) {
        loop {
            self.take_while(|char| matches!(char, ' ' | '\t' | '\r' | '\n'));
            if self.peek() != Some('#') {
                return;
            }
            self.take_while(|char| char != '\n');
        }
    }

    /// Whether nothing but a comment is left of the line.
    pub(super) fn at_line_end(&mut self) -> bool {
        self.blanks();
        matches!(self.peek(), None | Some('\n' | '#'))
    }

    /// Whether the next is a brace that ends the line: it opens statements.
    pub(super) fn at_opening_brace(&self) -> bool {
        let mut ahead = self.clone();
        ahead.take('{') && ahead.at_line_end()
    }

    /// What has been read from an offset on.
    pub(super) fn since(&self, place: usize) -> &'file str {
        self.text.get(place..self.at).unwrap_or("")
    }

    /// The next characters, for a message.
    pub(super) fn glance(&self) -> String {
        match self.peek() {
            None => "the end of the file".to_owned(),
            Some('\n' | '\r') => "the end of the line".to_owned(),
            Some(char) => format!("{char:?}"),
        }
    }
}
