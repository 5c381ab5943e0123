//! Expressions: what stands in braces, and behind `set` and `repeat`.

use super::{
    Mode, Parser, Result,
    bytes::template_pieces,
    constant::{calculation, call, constant, negative},
    cursor::Cursor,
    names,
};
use crate::device::{
    conversation::{Expression, Operator},
    format::Format,
    function::{FUNCTIONS, Function},
    value::ValueError,
};

/// Most operators of a statement.
const MAX_TERMS: usize = 500;

/// The value of a variable on the command line: text, as between quotes.
pub(super) fn given(name: &str, text: &str) -> Result<Expression> {
    let mut parser = Parser {
        cursor: Cursor::new(text),
        names: names::Names::new(&[]),
        conversation: Default::default(),
        blocks: Vec::new(),
        mode: Mode::Inside,
        references: Vec::new(),
        depth: 0,
        terms: 0,
    };
    let mut parts = Vec::new();
    let read = parser.text(None, &mut parts);
    read.map_err(|mut error| {
        error.text = format!("--set {name}: {}", error.text);
        error
    })?;
    if let Some((_, place)) = parser.references.first() {
        let text = format!(
            "--set {name}: of variables there are only copy, loop, now and now_ms here, in braces"
        );
        return parser.error(*place, text);
    }
    Ok(Expression::Pieces(template_pieces(parts, &mut Vec::new())))
}

/// Both formats of `%H%M%S:bcd3`; the colon of `%H:%M` belongs to a time.
fn two_formats(name: &str) -> Option<(&str, &str)> {
    let (first, second) = name.rsplit_once(':')?;
    let (first, second) = (first.trim_end(), second.trim_start());
    let colon_of_time =
        name.starts_with('%') && matches!(Format::named(second), Err(_) | Ok(Format::Time(_)));
    (!colon_of_time).then_some((first, second))
}

impl Parser<'_> {
    /// `{` value, format `}`: the brace is read already.
    pub(super) fn braces(&mut self) -> Result<(Expression, Format)> {
        let start = self.cursor.place();
        let value = self.expression()?;
        let text = self.cursor.since(start).trim();
        self.cursor.blanks();
        let mut format = Format::Text;
        if self.cursor.take(':') {
            self.cursor.blanks();
            let place = self.cursor.place();
            let name = self
                .cursor
                .take_while(|char| !matches!(char, '}' | '\n' | '"'));
            let name = name.trim_end();
            if let Some((first, second)) = two_formats(name) {
                return self.error(
                    place,
                    format!(
                        "{name} are two formats: put the value with the first into a variable, \
                         `set t = \"{{{text}:{first}}}\"`, and write {{t:{second}}} here"
                    ),
                );
            }
            format = Format::named(name).or_else(|text| self.error(place, text))?;
        }
        if let Some(known) = constant(&value) {
            let written = format.write(&known);
            written.or_else(|error| self.error(start, error.to_string()))?;
        }
        match self.cursor.take('}') {
            true => Ok((value, format)),
            false => self.error(
                self.cursor.place(),
                format!(
                    "{} in braces, where an operator, a colon with a format, or }} should be",
                    self.cursor.glance()
                ),
            ),
        }
    }

    pub(super) fn expression(&mut self) -> Result<Expression> {
        self.deeper(|parser| {
            let mut left = parser.product()?;
            while let Some((operator, place)) =
                parser.operator(&[('+', Operator::Add), ('-', Operator::Subtract)])?
            {
                let right = parser.product()?;
                left = parser.known(place, calculation(operator, left, right))?;
            }
            Ok(left)
        })
    }

    fn product(&mut self) -> Result<Expression> {
        let mut left = self.factor()?;
        let operators = [
            ('*', Operator::Multiply),
            ('/', Operator::Divide),
            ('%', Operator::Remainder),
        ];
        while let Some((operator, place)) = self.operator(&operators)? {
            let right = self.factor()?;
            left = self.known(place, calculation(operator, left, right))?;
        }
        Ok(left)
    }

    fn operator(&mut self, operators: &[(char, Operator)]) -> Result<Option<(Operator, usize)>> {
        self.cursor.blanks();
        let place = self.cursor.place();
        let found = operators.iter().find(|(char, _)| self.cursor.take(*char));
        if found.is_some() {
            self.terms += 1;
            if self.terms > MAX_TERMS {
                return self.error(place, format!("more than {MAX_TERMS} operators in a line"));
            }
        }
        Ok(found.map(|(_, operator)| (*operator, place)))
    }

    fn factor(&mut self) -> Result<Expression> {
        self.cursor.blanks();
        let place = self.cursor.place();
        match self.cursor.peek() {
            Some('-') => {
                self.cursor.next();
                let value = self.deeper(Self::factor)?;
                self.known(place, negative(value))
            }
            Some('(') => {
                self.cursor.next();
                let value = self.expression()?;
                self.close(')')?;
                Ok(value)
            }
            Some('"' | '\'') => self.piece_expression(|parser, parts| parser.quoted(parts)),
            Some('[') => {
                self.cursor.next();
                self.piece_expression(|parser, parts| {
                    let outside = parser.mode;
                    if outside == Mode::Pattern {
                        parser.mode = Mode::Inside;
                    }
                    let read = parser.deeper(|parser| parser.pieces(Some(place), parts));
                    parser.mode = outside;
                    read
                })
            }
            Some(char) if char.is_ascii_digit() => self.number(place),
            Some(char) if char.is_ascii_alphabetic() || char == '_' => self.named(place),
            _ => self.error(
                place,
                format!(
                    "{} where a value should be: write a number, text in quotes, a variable, a \
                     function, or bytes in [ ]",
                    self.cursor.glance()
                ),
            ),
        }
    }

    fn piece_expression(
        &mut self,
        read: impl FnOnce(&mut Self, &mut Vec<crate::device::conversation::Part>) -> Result<()>,
    ) -> Result<Expression> {
        let mut parts = Vec::new();
        read(self, &mut parts)?;
        Ok(Expression::Pieces(template_pieces(parts, &mut self.blocks)))
    }

    fn number(&mut self, place: usize) -> Result<Expression> {
        let text = self
            .cursor
            .take_while(|char| char.is_ascii_alphanumeric() || char == '_');
        let number = match text.strip_prefix("0x") {
            Some(digits) => i128::from_str_radix(digits, 16),
            None => text.parse(),
        };
        match number {
            Ok(number) => Ok(Expression::Number(number)),
            Err(_) => self.error(
                place,
                format!(
                    "{text} is not a number: write 10 or 0x0a; bytes stand in [ ], text in quotes"
                ),
            ),
        }
    }

    fn named(&mut self, place: usize) -> Result<Expression> {
        let name = self
            .cursor
            .take_while(|char| char.is_ascii_alphanumeric() || char == '_');
        self.cursor.blanks();
        if self.cursor.take('(') {
            return self.call(name, place);
        }
        if let Some(builtin) = names::builtin(name) {
            return Ok(Expression::Builtin(builtin));
        }
        if Function::named(name).is_some() {
            return self.error(place, format!("{name} is a function: write {name}(…)"));
        }
        let slot = self.names.read(name, &self.cursor, place)?;
        self.references.push((slot, place));
        Ok(Expression::Variable(slot))
    }

    fn call(&mut self, name: &str, place: usize) -> Result<Expression> {
        let Some(function) = Function::named(name) else {
            let known: Vec<_> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
            let known = known.join(", ");
            return self.error(
                place,
                format!("there is no function {name}; there are {known}"),
            );
        };
        let mut arguments = Vec::new();
        loop {
            arguments.push(self.expression()?);
            self.cursor.blanks();
            if arguments.len() > function.arity() || !self.cursor.take(',') {
                break;
            }
        }
        if arguments.len() != function.arity() {
            let takes = match function.arity() {
                1 => "one value".to_owned(),
                count => format!("{count} values, with commas between them"),
            };
            return self.error(place, format!("{name} takes {takes}"));
        }
        self.close(')')?;
        self.known(place, call(function, arguments))
    }

    /// What always fails is wrong already here.
    fn known(
        &self,
        place: usize,
        expression: std::result::Result<Expression, ValueError>,
    ) -> Result<Expression> {
        expression.or_else(|error| self.error(place, error.to_string()))
    }

    fn close(&mut self, bracket: char) -> Result<()> {
        self.cursor.blanks();
        match self.cursor.take(bracket) {
            true => Ok(()),
            false => self.error(
                self.cursor.place(),
                format!("{} where {bracket} should be", self.cursor.glance()),
            ),
        }
    }
}
