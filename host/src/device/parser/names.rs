//! The variables of a file: which there are, and which never get a value.

use super::{
    Result,
    cursor::{Cursor, ParseError},
};
use crate::device::{
    conversation::{Builtin, Expression},
    function::Function,
};

/// Names that are the simulator's.
const BUILTINS: [(&str, Builtin); 4] = [
    ("copy", Builtin::Copy),
    ("loop", Builtin::Loop),
    ("now", Builtin::Now),
    ("now_ms", Builtin::NowMs),
];
/// Most variables of a file.
const MAX_NAMES: usize = 1000;

/// The value that the simulator has for `name`.
pub(super) fn builtin(name: &str) -> Option<Builtin> {
    let found = BUILTINS.iter().find(|(known, _)| *known == name);
    found.map(|(_, builtin)| *builtin)
}

/// A variable of the command line.
struct Given {
    name: String,
    text: String,
    taken: bool,
}

/// The variables seen so far.
pub(super) struct Names {
    names: Vec<Name>,
    given: Vec<Given>,
}

struct Name {
    name: String,
    /// Whether anything gives it a value.
    valued: bool,
    /// Whether a `set` does.
    set: bool,
    /// Where it is first read.
    read: Option<usize>,
}

/// What is known when the file has been read.
pub(super) struct Preset {
    pub(super) names: Vec<String>,
    /// Values of variables that the file reads and never sets.
    pub(super) values: Vec<(usize, Expression)>,
    pub(super) taken: Vec<bool>,
    pub(super) settable: Vec<String>,
}

impl Names {
    pub(super) fn new(given: &[(String, String)]) -> Self {
        let given = given.iter().map(|(name, text)| Given {
            name: name.clone(),
            text: text.clone(),
            taken: false,
        });
        Self {
            names: Vec::new(),
            given: given.collect(),
        }
    }

    fn slot(&mut self, name: &str, cursor: &Cursor<'_>, place: usize) -> Result<usize> {
        if let Some(slot) = self.names.iter().position(|known| known.name == name) {
            return Ok(slot);
        }
        if self.names.len() == MAX_NAMES {
            return Err(cursor.error(place, format!("more than {MAX_NAMES} variables")));
        }
        self.names.push(Name {
            name: name.to_owned(),
            valued: false,
            set: false,
            read: None,
        });
        Ok(self.names.len() - 1)
    }

    /// A variable that is read at `place`.
    pub(super) fn read(&mut self, name: &str, cursor: &Cursor<'_>, place: usize) -> Result<usize> {
        let slot = self.slot(name, cursor, place)?;
        if let Some(known) = self.names.get_mut(slot) {
            known.read.get_or_insert(place);
        }
        Ok(slot)
    }

    /// A variable that gets a value at `place`.
    pub(super) fn write(&mut self, name: &str, cursor: &Cursor<'_>, place: usize) -> Result<usize> {
        let starts_well = name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_');
        if !starts_well || name.contains('?') {
            return Err(cursor.error(
                place,
                format!("{name:?} is no name of a variable: write letters, digits and _"),
            ));
        }
        if builtin(name).is_some() || Function::named(name).is_some() {
            return Err(cursor.error(
                place,
                format!("{name} has a meaning already: take another name"),
            ));
        }
        let slot = self.slot(name, cursor, place)?;
        if let Some(known) = self.names.get_mut(slot) {
            known.valued = true;
        }
        Ok(slot)
    }

    /// What the command line gives in place of this `set`, if it is the first
    /// of its name.
    pub(super) fn replacement(&mut self, slot: usize) -> Result<Option<Expression>> {
        let Some(known) = self.names.get_mut(slot) else {
            return Ok(None);
        };
        if std::mem::replace(&mut known.set, true) {
            return Ok(None);
        }
        let name = known.name.clone();
        self.given_value(&name)
    }

    fn given_value(&mut self, name: &str) -> Result<Option<Expression>> {
        // The last one counts, as with other arguments.
        let mut found = None;
        for given in &mut self.given {
            if given.name == name {
                given.taken = true;
                found = Some(given.text.clone());
            }
        }
        found
            .map(|text| super::expression::given(name, &text))
            .transpose()
    }

    /// Checks that everything that is read has a value somewhere.
    pub(super) fn finish(mut self, cursor: &Cursor<'_>) -> Result<Preset> {
        let mut values = Vec::new();
        for slot in 0..self.names.len() {
            let Some(known) = self.names.get(slot).filter(|known| !known.valued) else {
                continue;
            };
            let (name, place) = (known.name.clone(), known.read.unwrap_or_default());
            match self.given_value(&name)? {
                Some(value) => values.push((slot, value)),
                None => return Err(never_set(cursor, place, &name)),
            }
        }
        let settable = self.names.iter().filter(|known| known.set || !known.valued);
        Ok(Preset {
            settable: settable.map(|known| known.name.clone()).collect(),
            names: self.names.into_iter().map(|known| known.name).collect(),
            values,
            taken: self.given.iter().map(|given| given.taken).collect(),
        })
    }
}

fn never_set(cursor: &Cursor<'_>, place: usize, name: &str) -> ParseError {
    cursor.error(
        place,
        format!(
            "{name} never gets a value: write `set {name} = …` above, capture it with <{name}>, or \
             give --set {name}=…"
        ),
    )
}
