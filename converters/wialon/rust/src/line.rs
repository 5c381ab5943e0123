//! A line, and the line that answers it.

use tb_converter::{Context, Result};

/// What ends an answer. The host's line separator has taken it off what comes in.
pub(crate) const END: &str = "\r\n";

/// A line without its marks.
pub(crate) struct Line<'a> {
    /// What the line is, such as `SD`.
    pub(crate) kind: &'a str,
    /// What it says.
    pub(crate) message: &'a str,
}

impl<'a> Line<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Line<'a>> {
        let line = text.strip_prefix('#').and_then(|rest| rest.split_once('#'));
        let (kind, message) = line.ok_or("the line does not begin with #TYPE#")?;
        Ok(Line { kind, message })
    }
}

/// Answers the line at hand.
pub(crate) fn answer(context: &Context, name: &str, code: &str) {
    context.reply(format!("#{name}#{code}{END}"));
}
