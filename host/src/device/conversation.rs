//! What a conversation file says, once it is parsed. All copies of a device
//! share one.

use std::time::Duration;

use super::{format::Format, function::Function};

/// What one device says and must hear.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    /// What the device does, in order. Loops are jumps.
    pub(super) steps: Vec<Step>,
    /// What it answers at any time, in the order of the file.
    pub(super) reactions: Vec<Reaction>,
    /// The variables' names. A variable is an index into them.
    pub(super) names: Vec<String>,
}

/// A statement, and where it stands.
#[derive(Debug)]
pub(super) struct Step {
    /// Line in the file, from 1.
    pub(super) line: usize,
    pub(super) action: Action,
}

/// What a statement does.
#[derive(Debug)]
pub(super) enum Action {
    Set {
        slot: usize,
        value: Expression,
        blocks: Vec<Block>,
    },
    Connect,
    /// Ends the connection in order: what was sent arrives.
    Close,
    /// Ends it with a reset, as a device does that loses power behind a NAT.
    Reset,
    Send(Template),
    Expect {
        pattern: Pattern,
        within: Option<Duration>,
    },
    /// Takes a value apart.
    Take {
        value: Expression,
        pattern: Pattern,
    },
    /// Nothing may come for so long.
    Silence(Duration),
    /// The server has to close.
    ExpectClose {
        within: Option<Duration>,
    },
    /// A pause of a random length between the two.
    Wait {
        least: Duration,
        most: Duration,
    },
    /// The start of a loop; none stands for ever.
    Repeat {
        times: Option<Expression>,
        /// The step behind the loop.
        end: usize,
    },
    /// The end of a pass of a loop.
    Again {
        /// The first step of the next pass.
        start: usize,
    },
    /// From here on one more of the reactions counts.
    On,
}

/// What the device does whenever something comes that no `expect` asks for.
#[derive(Debug)]
pub(super) struct Reaction {
    pub(super) line: usize,
    pub(super) pattern: Pattern,
    pub(super) steps: Vec<Step>,
}

/// Something with a value.
#[derive(Debug)]
pub(super) enum Expression {
    Number(i128),
    Pieces(Vec<Piece>),
    /// A variable, or a named block of the same statement.
    Variable(usize),
    Builtin(Builtin),
    Negative(Box<Expression>),
    Calculation(Operator, Box<Expression>, Box<Expression>),
    Call(Function, Vec<Expression>),
}

/// Values that the simulator provides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Builtin {
    /// The number of this copy of the device, from 1.
    Copy,
    /// The pass of the innermost loop, from 1; 0 outside of loops.
    Loop,
    /// Unix time in seconds.
    Now,
    /// Unix time in milliseconds.
    NowMs,
}

/// Arithmetic on whole numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// Bytes to send, with the blocks that the statement names.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) pieces: Vec<Piece>,
    pub(super) blocks: Vec<Block>,
}

/// A named part of a statement's bytes, for lengths and checksums.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) slot: usize,
    pub(super) pieces: Vec<Piece>,
}

/// A part of bytes to make.
#[derive(Debug)]
pub(super) enum Piece {
    Literal(Vec<u8>),
    Value(Expression, Format),
    /// An index into the statement's blocks.
    Block(usize),
}

/// Bytes to hear, from left to right.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) parts: Vec<Part>,
}

/// A part of bytes to hear.
#[derive(Debug)]
pub(super) enum Part {
    Literal(Vec<u8>),
    Value(Expression, Format),
    /// One byte, whatever it is.
    Any,
    Capture {
        slot: usize,
        size: Size,
    },
    /// A named block begins.
    Open(usize),
    /// A named block ends, and has its value from here on.
    Close(usize),
}

/// How much a capture takes.
#[derive(Debug)]
pub(super) enum Size {
    /// All bytes before the literal that follows.
    UpToNext,
    /// All bytes that are left of a value.
    Rest,
    /// So many bytes.
    Bytes(Expression),
    /// The bytes of a number, which becomes the value.
    Number(super::format::Integer),
}
