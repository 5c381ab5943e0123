//! The converter's way to the host's log.
//!
//! One macro a level, used as `format!` is. The host puts the converter's name
//! before a line and cuts long ones. Natively a line goes to the standard error
//! and is kept for [`testing::logged`](crate::testing::logged).
//!
//! ```
//! use tb_converter::log;
//!
//! let version = 9;
//! log::warn!("protocol version {version} is newer than this converter");
//!
//! let lines = tb_converter::testing::logged();
//! assert_eq!(lines[0].0, log::Level::Warn);
//! assert_eq!(lines[0].1, "protocol version 9 is newer than this converter");
//! ```

use std::fmt;

pub use crate::bindings::uplink::tb::converter::logging::Level;

/// Writes one line to the log. The macros of this module are the short way.
pub fn log(level: Level, message: fmt::Arguments<'_>) {
    match message.as_str() {
        // Nothing to format, nothing to allocate.
        Some(text) => write(level, text),
        None => write(level, &message.to_string()),
    }
}

#[cfg(target_arch = "wasm32")]
fn write(level: Level, line: &str) {
    crate::bindings::uplink::tb::converter::logging::log(level, line);
}

#[cfg(not(target_arch = "wasm32"))]
fn write(level: Level, line: &str) {
    eprintln!("{level:?}: {line}");
    crate::testing::capture(level, line);
}

macro_rules! level_macros {
    ($($(#[$doc:meta])* $hidden:ident $name:ident $level:ident;)+) => {$(
        level_macros!(@one ($) $(#[$doc])* $hidden $name $level);
    )+};
    (@one ($dollar:tt) $(#[$doc:meta])* $hidden:ident $name:ident $level:ident) => {
        // Exported macros live at the crate's root; the plain names would
        // crowd it, so they are given here.
        #[doc(hidden)]
        #[macro_export]
        macro_rules! $hidden {
            ($dollar($dollar arg:tt)+) => {
                $crate::log::log($crate::log::Level::$level, format_args!($dollar($dollar arg)+))
            };
        }
        $(#[$doc])*
        #[doc(inline)]
        pub use $hidden as $name;
    };
}

level_macros! {
    /// Logs what only the author of the converter wants to see.
    __log_trace trace Trace;
    /// Logs what helps to find a fault.
    __log_debug debug Debug;
    /// Logs what is worth knowing in normal operation.
    __log_info info Info;
    /// Logs what is odd although the frame could be translated.
    __log_warn warn Warn;
    /// Logs a fault. One that costs the frame is better returned as an error.
    __log_error error Error;
}
