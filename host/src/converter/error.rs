//! What can go wrong with a converter, and whose fault it is.

use std::time::Duration;

use crate::bindings::CONTRACT;

/// A `.wasm` file that cannot go live. Always the fault of whoever built or
/// copied the file; the version before it keeps serving.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read the file: {0}")]
    Read(#[from] std::io::Error),
    /// The file does not start like WebAssembly.
    #[error("not a WebAssembly file: it starts with {start}; copy the .wasm that the build made")]
    NotWasm {
        /// The first bytes in hex.
        start: String,
    },
    /// A core module, not a component.
    #[error(
        "a core WebAssembly module, not a component: build it for the target wasm32-wasip2, or \
         turn it into a component with tb-tcp componentize"
    )]
    CoreModule,
    /// The file ends early or is damaged.
    #[error("damaged or incomplete: {0}; copy the file again")]
    Invalid(String),
    /// Imports or exports something else than the contract has.
    #[error(
        "it does not fit {CONTRACT}: {fault} ({sdk}); build it with the SDK and the wit/ of this \
         host, and import nothing beyond them and WASI 0.2"
    )]
    Unfit {
        /// Which import or export, and what is wrong with it.
        fault: String,
        /// Language and version of the SDK that it was built with.
        sdk: String,
    },
    /// Fails as soon as an instance is made.
    #[error("an instance cannot be made: {0}")]
    Instantiate(CallError),
    /// Does not pass the golden cases beside the file.
    #[error("it fails its own golden cases: {0}")]
    Cases(String),
}

/// A call that gave no result. It costs the frame at hand.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CallError {
    /// The converter says that it cannot use the input: the device's fault, or
    /// the converter's.
    #[error("{0}")]
    Refused(String),
    /// What the converter returned cannot be stored.
    #[error("the converter returned data that cannot be stored: {0}")]
    BadResult(String),
    /// The converter panicked or ran into `unreachable`.
    #[error("the converter panicked: {0}")]
    Panicked(String),
    /// The deadline passed.
    #[error(
        "the converter took longer than callTimeoutMs = {} and was stopped",
        .0.as_millis()
    )]
    TimedOut(Duration),
    /// The memory limit was reached.
    #[error(
        "the converter needs more than memoryLimitMib = {} and was stopped",
        .0 / (1024 * 1024)
    )]
    OutOfMemory(usize),
    /// More bytes than the limit came back, or went to the log at once.
    #[error(
        "the converter handed over more than maxOutputKib = {} at once and was stopped",
        .0 / 1024
    )]
    TooMuchOutput(usize),
    /// More entities than one frame may bring.
    #[error("the converter returned {count} entities; maxEntitiesPerFrame = {limit}")]
    TooManyEntities {
        /// How many came.
        count: usize,
        /// How many may.
        limit: usize,
    },
    /// More telemetry values and attributes than one frame may bring.
    #[error("the converter returned {count} values; maxValuesPerFrame = {limit}")]
    TooManyValues {
        /// How many came.
        count: usize,
        /// How many may.
        limit: usize,
    },
    /// A session value beyond the limit.
    #[error("the converter set a session value of {bytes} bytes; maxSessionBytes = {limit}")]
    SessionTooLarge {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        limit: usize,
    },
    /// Other calls of the connection changed the session value each time that
    /// this one was made.
    #[error("the session value changed during each of {0} tries of the call, which takes long")]
    SessionContended(u32),
    /// The guest's stack is used up, by endless recursion as a rule.
    #[error("the converter recursed too deep and was stopped")]
    StackOverflow,
    /// Any other trap, or a misuse of the component model's rules.
    #[error("the converter failed: {0}")]
    Trapped(String),
    /// The converter does not export this direction.
    #[error("the converter does not export {0}")]
    NotExported(&'static str),
    /// One of the functions has another type than the contract's.
    #[error("{0}")]
    WrongType(String),
    /// The host stopped before the frame's turn came. Nobody's fault.
    #[error("the host stopped before the frame was decoded")]
    NotTried,
}

/// An error and its causes on one line.
pub(super) fn one_line(error: &wasmtime::Error) -> String {
    format!("{error:#}")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
