//! Reads conversation files. `docs/device.md` describes the language.

mod bytes;
mod constant;
mod cursor;
mod expression;
mod names;
mod statement;
#[cfg(test)]
mod tests;

use super::conversation::{Action, Block, Conversation, Step};
use cursor::Cursor;
pub(super) use cursor::ParseError;
use names::Names;

/// Longest conversation file.
pub(super) const MAX_FILE: usize = 1024 * 1024;
/// Deepest nesting of brackets, braces and operators, and of loops.
const MAX_DEPTH: usize = 32;

type Result<T> = std::result::Result<T, ParseError>;

/// A conversation, and which of the given variables it takes.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) conversation: Conversation,
    /// For each given variable whether the file has it.
    pub(super) taken: Vec<bool>,
    /// Variables that the file sets, which `--set` can replace.
    pub(super) settable: Vec<String>,
}

/// Reads a file. `given` are names and texts of `--set`: each takes the place
/// of the first `set` of its name.
///
/// # Errors
/// The first thing that is wrong, with its place; an error in a given text
/// names the variable.
pub(super) fn parse(text: &str, given: &[(String, String)]) -> Result<Parsed> {
    if text.len() > MAX_FILE {
        let error = Cursor::new("").error(0, "the file is longer than 1 MiB");
        return Err(error);
    }
    let mut parser = Parser {
        cursor: Cursor::new(text),
        names: Names::new(given),
        conversation: Conversation::default(),
        blocks: Vec::new(),
        mode: Mode::Message,
        references: Vec::new(),
        depth: 0,
        terms: 0,
    };
    let mut steps = Vec::new();
    parser.statements(&mut steps, None)?;
    let mut conversation = parser.conversation;
    let preset = parser.names.finish(&parser.cursor)?;
    conversation.names = preset.names;
    // Variables that the file only uses have their value before the first step.
    conversation.steps = preset
        .values
        .into_iter()
        .map(|(slot, value)| Step {
            line: 1,
            action: Action::Set {
                slot,
                value,
                blocks: Vec::new(),
            },
        })
        .collect();
    let shift = conversation.steps.len();
    for step in &mut steps {
        match &mut step.action {
            Action::Repeat { end, .. } => *end += shift,
            Action::Again { start } => *start += shift,
            _ => {}
        }
    }
    conversation.steps.append(&mut steps);
    Ok(Parsed {
        conversation,
        taken: preset.taken,
        settable: preset.settable,
    })
}

/// Reads a text of `--set`, as [`parse`] will.
///
/// # Errors
/// What is wrong with it; the text names the variable.
pub(super) fn check_given(name: &str, text: &str) -> Result<()> {
    expression::given(name, text).map(drop)
}

/// What bytes are being read for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// To send or to set: blocks have names.
    Message,
    /// To expect: there are wildcards and captures, too.
    Pattern,
    /// Inside an expression of a pattern: neither.
    Inside,
}

struct Parser<'file> {
    cursor: Cursor<'file>,
    names: Names,
    conversation: Conversation,
    /// The named blocks of the statement that is being read.
    blocks: Vec<Block>,
    mode: Mode,
    /// Variables that the statement has referred to so far, and where.
    references: Vec<(usize, usize)>,
    depth: usize,
    /// Operators of the expressions of the statement.
    terms: usize,
}

impl Parser<'_> {
    fn error<T>(&self, place: usize, text: impl Into<String>) -> Result<T> {
        Err(self.cursor.error(place, text))
    }

    /// Goes one level deeper.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == MAX_DEPTH {
            return self.error(
                self.cursor.place(),
                format!("more than {MAX_DEPTH} brackets or loops inside each other"),
            );
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }
}
