//! Statements, one a line.

use std::time::Duration;

use super::{Mode, Parser, Result, bytes::template_pieces};
use crate::device::{
    conversation::{Action, Expression, Part, Pattern, Reaction, Size, Step, Template},
    duration,
};

/// Most statements of a file.
const MAX_STEPS: usize = 100_000;
const STATEMENTS: &str = "send, expect, take, set, wait, repeat, on, connect, close or reset";

impl Parser<'_> {
    /// Statements up to the end of the file, or to the brace that closes the
    /// one of the statement at `opened`.
    pub(super) fn statements(
        &mut self,
        steps: &mut Vec<Step>,
        opened: Option<usize>,
    ) -> Result<()> {
        loop {
            self.cursor.blanks_and_lines();
            let place = self.cursor.place();
            match (self.cursor.peek(), opened) {
                (None, None) => return Ok(()),
                (None, Some(opened)) => {
                    return self.error(opened, "the { of this line is never closed with }");
                }
                (Some('}'), Some(_)) => {
                    self.cursor.next();
                    return self.end_of_line();
                }
                (Some('}'), None) => {
                    return self.error(place, "this } closes nothing");
                }
                _ => {}
            }
            if steps.len() >= MAX_STEPS {
                return self.error(place, format!("more than {MAX_STEPS} statements"));
            }
            self.blocks.clear();
            self.references.clear();
            self.terms = 0;
            self.mode = Mode::Message;
            self.statement(place, steps, opened)?;
        }
    }

    fn statement(
        &mut self,
        place: usize,
        steps: &mut Vec<Step>,
        opened: Option<usize>,
    ) -> Result<()> {
        let line = self.cursor.line();
        let word = self.cursor.take_while(|char| char.is_ascii_alphanumeric());
        let action = match word {
            "set" => self.set()?,
            "connect" => Action::Connect,
            "close" => Action::Close,
            "reset" => Action::Reset,
            "send" => self.send(place)?,
            "expect" => self.expect(place)?,
            "take" => self.take(place)?,
            "wait" => self.wait()?,
            "repeat" => return self.repeat(place, line, steps),
            "on" => {
                if opened.is_some() {
                    return self.error(
                        place,
                        "on stands outside of loops and other reactions: it counts from its line on",
                    );
                }
                self.on(place, line, steps.len())?;
                Action::On
            }
            _ => {
                let what = match word {
                    "" => self.cursor.glance(),
                    word => word.to_owned(),
                };
                return self.error(
                    place,
                    format!("{what} where a statement should begin: write {STATEMENTS}"),
                );
            }
        };
        if !matches!(action, Action::On) {
            self.end_of_line()?;
        }
        steps.push(Step { line, action });
        Ok(())
    }

    fn end_of_line(&mut self) -> Result<()> {
        match self.cursor.at_line_end() {
            true => Ok(()),
            false => self.error(
                self.cursor.place(),
                format!("{} where the line should end", self.cursor.glance()),
            ),
        }
    }

    fn set(&mut self) -> Result<Action> {
        self.cursor.blanks();
        let place = self.cursor.place();
        let name = self
            .cursor
            .take_while(|char| char.is_ascii_alphanumeric() || char == '_');
        self.cursor.blanks();
        if !self.cursor.take('=') {
            return self.error(
                self.cursor.place(),
                format!(
                    "{} where = should be: write `set name = value`",
                    self.cursor.glance()
                ),
            );
        }
        let value = self.expression()?;
        let blocks = std::mem::take(&mut self.blocks);
        let slot = self.names.write(name, &self.cursor, place)?;
        Ok(match self.names.replacement(slot)? {
            Some(value) => Action::Set {
                slot,
                value,
                blocks: Vec::new(),
            },
            None => Action::Set {
                slot,
                value,
                blocks,
            },
        })
    }

    fn send(&mut self, place: usize) -> Result<Action> {
        let mut parts = Vec::new();
        self.pieces(None, &mut parts)?;
        if parts.is_empty() {
            return self.error(
                place,
                "send needs something to send: text in quotes, or hex",
            );
        }
        let mut blocks = std::mem::take(&mut self.blocks);
        let pieces = template_pieces(parts, &mut blocks);
        Ok(Action::Send(Template { pieces, blocks }))
    }

    fn expect(&mut self, place: usize) -> Result<Action> {
        let before = self.cursor.clone();
        self.cursor.blanks();
        let word = self.cursor.take_while(|char| char.is_ascii_alphabetic());
        match word {
            "nothing" => {
                if self.keyword() != "for" {
                    return self.error(place, "write `expect nothing for 200ms`");
                }
                Ok(Action::Silence(self.duration()?))
            }
            "close" => Ok(Action::ExpectClose {
                within: self.within()?,
            }),
            _ => {
                self.cursor = before;
                let pattern = self.pattern(place)?;
                let within = self.within()?;
                Ok(Action::Expect { pattern, within })
            }
        }
    }

    /// A value, a colon, and what it is made of.
    fn take(&mut self, place: usize) -> Result<Action> {
        self.mode = Mode::Inside;
        let value = self.expression()?;
        self.mode = Mode::Message;
        // The value is known before any of the blocks.
        self.references.clear();
        self.cursor.blanks();
        if !self.cursor.take(':') {
            return self.error(
                self.cursor.place(),
                format!(
                    "{} where a colon should be: write `take value: 01 <name:4>`",
                    self.cursor.glance()
                ),
            );
        }
        let mut parts = self.parts(place)?;
        let last = parts
            .iter_mut()
            .rfind(|part| !matches!(part, Part::Open(_) | Part::Close(_)));
        if let Some(Part::Capture { size, .. }) = last
            && matches!(size, Size::UpToNext)
        {
            *size = Size::Rest;
        }
        let pattern = self.bounded(place, parts)?;
        Ok(Action::Take { value, pattern })
    }

    fn pattern(&mut self, place: usize) -> Result<Pattern> {
        let parts = self.parts(place)?;
        self.bounded(place, parts)
    }

    fn parts(&mut self, place: usize) -> Result<Vec<Part>> {
        let mut parts = Vec::new();
        self.mode = Mode::Pattern;
        self.pieces(None, &mut parts)?;
        self.mode = Mode::Message;
        if parts.is_empty() {
            return self.error(
                place,
                "nothing to compare with: write text in quotes or hex; for silence write `expect \
                 nothing for 200ms`",
            );
        }
        Ok(parts)
    }

    /// Checks that each capture ends somewhere.
    fn bounded(&self, place: usize, parts: Vec<Part>) -> Result<Pattern> {
        let mut following = parts
            .iter()
            .filter(|part| !matches!(part, Part::Open(_) | Part::Close(_)))
            .peekable();
        while let Some(part) = following.next() {
            let endless = matches!(
                part,
                Part::Capture {
                    size: Size::UpToNext,
                    ..
                }
            );
            if endless && !matches!(following.peek(), Some(Part::Literal(_))) {
                return self.error(
                    place,
                    "a capture without a size takes all up to the text or hex behind it, and there \
                     is none: write some, or give a size, such as <name:4>",
                );
            }
        }
        Ok(Pattern { parts })
    }

    fn within(&mut self) -> Result<Option<Duration>> {
        if self.cursor.at_line_end() {
            return Ok(None);
        }
        let place = self.cursor.place();
        match self.keyword() {
            "within" => self.duration().map(Some),
            _ => self.error(
                place,
                "only a limit of time can stand here, such as `within 5s`",
            ),
        }
    }

    fn wait(&mut self) -> Result<Action> {
        let least = self.duration()?;
        if self.cursor.at_line_end() {
            return Ok(Action::Wait { least, most: least });
        }
        let place = self.cursor.place();
        if self.keyword() != "to" {
            return self.error(place, "write `wait 5s`, or `wait 5s to 10s`");
        }
        let most = self.duration()?;
        match least <= most {
            true => Ok(Action::Wait { least, most }),
            false => self.error(place, "the second time is shorter than the first"),
        }
    }

    fn keyword(&mut self) -> &str {
        self.cursor.blanks();
        self.cursor.take_while(|char| char.is_ascii_alphabetic())
    }

    fn duration(&mut self) -> Result<Duration> {
        self.cursor.blanks();
        let place = self.cursor.place();
        let word = self
            .cursor
            .take_while(|char| !char.is_whitespace() && char != '#');
        duration::parse(word).or_else(|text| self.error(place, text))
    }

    fn repeat(&mut self, place: usize, line: usize, steps: &mut Vec<Step>) -> Result<()> {
        let before = self.cursor.clone();
        let times = match self.keyword() {
            "forever" => None,
            _ => {
                self.cursor = before;
                Some(self.loop_count()?)
            }
        };
        self.opening_brace("repeat 10 {")?;
        let start = steps.len() + 1;
        steps.push(Step {
            line,
            action: Action::Repeat { times, end: 0 },
        });
        self.deeper(|parser| parser.statements(steps, Some(place)))?;
        steps.push(Step {
            line,
            action: Action::Again { start },
        });
        let behind = steps.len();
        if let Some(Step {
            action: Action::Repeat { end, .. },
            ..
        }) = steps.get_mut(start - 1)
        {
            *end = behind;
        }
        Ok(())
    }

    fn loop_count(&mut self) -> Result<Expression> {
        self.mode = Mode::Inside;
        let count = self.expression();
        self.mode = Mode::Message;
        count
    }

    fn on(&mut self, place: usize, line: usize, steps: usize) -> Result<()> {
        if steps + self.conversation.reactions.len() >= MAX_STEPS {
            return self.error(place, format!("more than {MAX_STEPS} statements"));
        }
        let pattern = self.pattern(place)?;
        self.opening_brace("on \"ping\" {")?;
        let mut inside = Vec::new();
        self.deeper(|parser| parser.statements(&mut inside, Some(place)))?;
        self.conversation.reactions.push(Reaction {
            line,
            pattern,
            steps: inside,
        });
        Ok(())
    }

    /// The brace that ends the line.
    fn opening_brace(&mut self, example: &str) -> Result<()> {
        self.cursor.blanks();
        let place = self.cursor.place();
        match self.cursor.at_opening_brace() {
            true => {
                self.cursor.next();
                Ok(())
            }
            false => self.error(
                place,
                format!(
                    "{} where the line should end with {{, as in `{example}`",
                    self.cursor.glance()
                ),
            ),
        }
    }
}
