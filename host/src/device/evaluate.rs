//! The values of expressions and the bytes of messages.

use bytes::Bytes;

use super::{
    clock::Clock,
    conversation::{Block, Builtin, Expression, Operator, Piece, Template},
    random::Random,
    value::{Value, ValueError, append},
};

/// What the statements of one copy of a device work on.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) variables: Vec<Option<Value>>,
    pub(super) random: Random,
    pub(super) clock: Clock,
    /// The number of the copy, from 1.
    pub(super) copy: u32,
    /// The pass of the innermost loop, from 1; 0 outside.
    pub(super) pass: u64,
}

/// The evaluation of one statement.
pub(super) struct Scope<'run> {
    names: &'run [String],
    memory: &'run mut Memory,
    blocks: &'run [Block],
    /// Blocks and captures of this statement. They become variables if it
    /// succeeds.
    bound: Vec<(usize, Value)>,
    /// Blocks that are being made.
    open: Vec<usize>,
}

impl<'run> Scope<'run> {
    pub(super) fn new(names: &'run [String], memory: &'run mut Memory) -> Self {
        Self {
            names,
            memory,
            blocks: &[],
            bound: Vec::new(),
            open: Vec::new(),
        }
    }

    /// With the named blocks of the statement.
    pub(super) fn with_blocks(mut self, blocks: &'run [Block]) -> Self {
        self.blocks = blocks;
        self
    }

    /// The bytes of a message. Its blocks become variables.
    pub(super) fn message(mut self, template: &Template) -> Result<Bytes, ValueError> {
        let bytes = self.pieces(&template.pieces)?;
        self.keep();
        Ok(bytes.into())
    }

    /// Sets a variable.
    pub(super) fn set(mut self, slot: usize, value: &Expression) -> Result<(), ValueError> {
        let value = self.value(value)?;
        self.bind(slot, value);
        self.keep();
        Ok(())
    }

    /// A value that is known to this statement only, so far.
    pub(super) fn bind(&mut self, slot: usize, value: Value) {
        self.bound.push((slot, value));
    }

    /// A variable's value from before this statement does not count.
    pub(super) fn forget(&mut self, slot: usize) {
        if let Some(variable) = self.memory.variables.get_mut(slot) {
            *variable = None;
        }
    }

    /// What the statement has found becomes the variables' values.
    pub(super) fn keep(self) {
        for (slot, value) in self.bound {
            if let Some(variable) = self.memory.variables.get_mut(slot) {
                *variable = Some(value);
            }
        }
    }

    /// What a variable is called.
    pub(super) fn name(&self, slot: usize) -> &str {
        self.names.get(slot).map_or("", String::as_str)
    }

    pub(super) fn value(&mut self, expression: &Expression) -> Result<Value, ValueError> {
        Ok(match expression {
            Expression::Number(number) => Value::Number(*number),
            Expression::Pieces(pieces) => Value::Bytes(self.pieces(pieces)?.into()),
            Expression::Variable(slot) => self.variable(*slot)?,
            Expression::Builtin(builtin) => Value::Number(self.builtin(*builtin)),
            Expression::Negative(value) => {
                let number = self.value(value)?.number()?;
                Value::Number(number.checked_neg().ok_or(ValueError::Overflow)?)
            }
            Expression::Calculation(operator, left, right) => {
                let left = self.value(left)?.number()?;
                let right = self.value(right)?.number()?;
                Value::Number(calculate(*operator, left, right)?)
            }
            Expression::Call(function, arguments) => {
                let arguments: Vec<_> = arguments
                    .iter()
                    .map(|argument| self.value(argument))
                    .collect::<Result<_, _>>()?;
                function.call(&arguments, &mut self.memory.random)?
            }
        })
    }

    fn pieces(&mut self, pieces: &[Piece]) -> Result<Vec<u8>, ValueError> {
        let mut bytes = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => append(&mut bytes, literal)?,
                Piece::Value(value, format) => {
                    let value = self.value(value)?;
                    append(&mut bytes, &format.write(&value)?)?;
                }
                Piece::Block(index) => {
                    let value = self.block(*index)?;
                    append(&mut bytes, &value.bytes())?;
                }
            }
        }
        Ok(bytes)
    }

    /// A block is made once, where it stands or where it is first referred to:
    /// a length stands before what it counts.
    fn block(&mut self, index: usize) -> Result<Value, ValueError> {
        let blocks = self.blocks;
        let Some(block) = blocks.get(index) else {
            return Ok(Value::Bytes(Bytes::new()));
        };
        if let Some(value) = self.bound_value(block.slot) {
            return Ok(value);
        }
        if self.open.contains(&index) {
            return Err(ValueError::RefersToItself(self.name(block.slot).to_owned()));
        }
        self.open.push(index);
        let value = Value::Bytes(self.pieces(&block.pieces)?.into());
        self.open.pop();
        self.bind(block.slot, value.clone());
        Ok(value)
    }

    fn bound_value(&self, slot: usize) -> Option<Value> {
        let mut bound = self.bound.iter().rev();
        let (_, value) = bound.find(|(bound, _)| *bound == slot)?;
        Some(value.clone())
    }

    fn variable(&mut self, slot: usize) -> Result<Value, ValueError> {
        if let Some(value) = self.bound_value(slot) {
            return Ok(value);
        }
        if let Some(index) = self.blocks.iter().position(|block| block.slot == slot) {
            return self.block(index);
        }
        let value = self.memory.variables.get(slot).cloned().flatten();
        value.ok_or_else(|| ValueError::NotSet(self.name(slot).to_owned()))
    }

    fn builtin(&self, builtin: Builtin) -> i128 {
        match builtin {
            Builtin::Copy => self.memory.copy.into(),
            Builtin::Loop => self.memory.pass.into(),
            Builtin::Now => self.memory.clock.unix_ms() / 1000,
            Builtin::NowMs => self.memory.clock.unix_ms(),
        }
    }
}

/// The result of one operator.
pub(super) fn calculate(operator: Operator, left: i128, right: i128) -> Result<i128, ValueError> {
    let divides = matches!(operator, Operator::Divide | Operator::Remainder);
    if divides && right == 0 {
        return Err(ValueError::DivisionByZero);
    }
    match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => left.checked_div(right),
        Operator::Remainder => left.checked_rem(right),
    }
    .ok_or(ValueError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{conversation::Action, parser},
        *,
    };
    use crate::hex::hex;

    /// The bytes of the last `send` of a conversation without answers.
    fn sent(text: &str) -> Result<String, String> {
        let conversation = parser::parse(text, &[])
            .map_err(|error| error.to_string())?
            .conversation;
        let mut memory = Memory {
            variables: vec![None; conversation.names.len()],
            random: Random::new(1, 0, 1),
            clock: Clock::start(),
            copy: 42,
            pass: 3,
        };
        let mut bytes = Bytes::new();
        for step in &conversation.steps {
            let scope = Scope::new(&conversation.names, &mut memory);
            let done = match &step.action {
                Action::Set {
                    slot,
                    value,
                    blocks,
                } => scope.with_blocks(blocks).set(*slot, value),
                Action::Send(template) => scope
                    .with_blocks(&template.blocks)
                    .message(template)
                    .map(|message| bytes = message),
                other => panic!("{other:?}"),
            };
            done.map_err(|error| error.to_string())?;
        }
        Ok(hex(&bytes))
    }

    #[test]
    fn expressions_have_values() {
        for (expression, expected) in [
            ("1 + 2 * 3", "7"),
            ("(1 + 2) * 3", "9"),
            ("7 / 2 - 7 % 4", "0"),
            ("10 - 3 - 2", "5"),
            ("-copy + 50", "8"),
            ("--5", "5"),
            ("0x10", "16"),
            ("loop", "3"),
            ("\"1{copy:04}\" + 1", "10043"),
            ("len(\"äb\")", "3"),
            ("len([ 00 'ab' {copy:u16be} ])", "5"),
            ("[ \"a\" {1} ]", "a1"),
            ("now_ms / now", "1000"),
            ("hex([ 00 ff ])", "00ff"),
        ] {
            let found = sent(&format!("send {{{expression}}}"));
            assert_eq!(found, Ok(hex(expected.as_bytes())), "{expression}");
        }
    }

    /// The packets of real devices, from their parts.
    #[test]
    fn packets_of_devices_are_made() {
        let table = [
            (
                "set imei = \"352887071911998\"\nset serial = 3\nset serial = serial + 1\n\
                 send 78 78 counted[ {len(body)+2:u8} body[ 01 {imei:bcd8} {serial:u16be} ] ] \
                 {crc16_x25(counted):u16be} 0d 0a",
                "78780d010352887071911998000479d00d0a",
            ),
            (
                "send 00000000 {len(data):u32be} data[\n08 01 {1377961241710:u64be} 00 # time\n\
                 {214327760:i32be} {376743392:i32be} {-4:i16be} 0000 09 0000\n\
                 00 04 02 01 00 f0 00 02 42 3223 18 0000 00 00 01\n] {crc16_arc(data):u32be}",
                "000000000000002b080100000140d4e3ec6e000cc661d01674a5e0fffc00000900000004020100f00002\
                 42322318000000000100007a04",
            ),
            (
                "set imei = 863591028960247\n\
                 send packet[ 01 {len(tags) + 32768:u16le} tags[ 01 11 02 e6 03 {imei} 04 {50:u16le} ] ] \
                 {crc16_modbus(packet):u16le}",
                "011780011102e603383633353931303238393630323437043200801c",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(sent(text).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn blocks_are_variables_afterwards() {
        assert_eq!(
            sent("send a[ 01 b[ 02 ] ]\nsend {b} {a}").as_deref(),
            Ok("020102")
        );
        // A block is made once, wherever it is first needed.
        let random = sent("send {len(a):u8} a[ {random(0, 255):u8} ] {a}").unwrap();
        assert_eq!(random[2..4], random[4..6]);
    }

    #[test]
    fn what_has_no_value_is_an_error() {
        for (text, expected) in [
            ("send {a}\nset a = 1", "a has no value yet"),
            (
                "send a[ {len(a):u8} ]",
                "the block a would have to be known before it is",
            ),
            ("send a[ {len(b)} ] b[ {len(a)} ]", "refers to itself"),
            ("send {1 / 0}", "a division by zero"),
            ("send {1 % 0}", "a division by zero"),
            ("send {\"x\" + 1}", "\"x\" is not a number"),
            ("send {300:u8}", "300 does not fit into u8"),
            (
                "send {99999999999999999999 * 99999999999999999999}",
                "too large",
            ),
        ] {
            let error = sent(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let doubling = "set a = \"x\"\n".to_owned() + &"set a = \"{a}{a}\"\n".repeat(21);
        let error = sent(&doubling).unwrap_err();
        assert_eq!(error, "a value has become longer than 1 MiB");
    }
}
