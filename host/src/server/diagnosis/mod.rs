//! Says why data did not become what its sender meant, and what to change.
//!
//! ThingsBoard's TCP page has a table of symptoms, causes and fixes. The rows
//! that show in the data itself are recognised here, so that the log answers
//! what the table makes an operator look up: messages that are split or merged,
//! times in seconds, and frames of which nothing is saved. A wrong answer costs
//! more than none, so each sign has to be one that a sound frame does not show.
//!
//! Everything here is a pure function of settings and data. What runs for each
//! decoded frame ([`wrong_time_unit`], [`nothing_to_save`]) is some comparisons
//! for each sample; the others run where something failed already.

mod binary;
mod binary_uncut;
mod ending;
mod json;
mod json_text;
mod look;
mod nothing_saved;
mod other_lengths;
mod own_uncut;
mod text;
mod text_uncut;
mod time_unit;
mod wrong_separator;

#[cfg(test)]
mod false_alarms;
#[cfg(test)]
mod properties;

use std::{borrow::Cow, fmt};

pub(super) use nothing_saved::nothing_to_save;
pub(super) use time_unit::wrong_time_unit;

use crate::config::{HandlerConfiguration, HandlerType};

/// Bytes of a connection that [`never_cut`] wants to see: a header or a line of
/// any device, and little enough to keep for each connection.
pub(super) const WANTED_BYTES: usize = 256;

/// What is wrong with the settings, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Advice {
    /// The key of `handlerConfiguration` to change first. Two pieces of advice
    /// on the same key say the same to an operator.
    pub(super) setting: &'static str,
    cause: String,
    fix: Cow<'static, str>,
}

impl Advice {
    fn new(
        setting: &'static str,
        cause: impl Into<String>,
        fix: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            setting,
            cause: cause.into(),
            fix: fix.into(),
        }
    }
}

/// The cause and the fix.
impl fmt::Display for Advice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.cause, self.fix)
    }
}

/// Asked when the converter could not decode `frame`, which is as the converter
/// got it: what in the frame shows that `handler` does not match the device. None
/// if the frame shows nothing, which does not prove the settings right.
pub(super) fn split_or_merged(handler: &HandlerConfiguration, frame: &[u8]) -> Option<Advice> {
    match handler.handler_type {
        HandlerType::Text => text::of_frame(handler, frame),
        HandlerType::Binary => binary::of_frame(handler, frame),
        HandlerType::Json => json::of_frame(handler, frame),
        // Their frames show nothing of the settings that cut them.
        HandlerType::Marks
        | HandlerType::FixedLength
        | HandlerType::Choice
        | HandlerType::Converter => None,
    }
}

/// Asked when a connection ended of whose bytes not one frame was cut: why not.
///
/// `received` are its first bytes, [`WANTED_BYTES`] or all, and `total` counts
/// all of them. None if nothing came but blanks, or if the framer has reported
/// the reason already, as it does with frames that are too long.
pub(super) fn never_cut(
    handler: &HandlerConfiguration,
    received: &[u8],
    total: u64,
) -> Option<Advice> {
    if look::is_blank(received) {
        return None;
    }
    match handler.handler_type {
        HandlerType::Text => text_uncut::of_connection(handler, received, total),
        HandlerType::Binary => binary_uncut::of_connection(handler, received, total),
        HandlerType::Json => json::of_connection(received, total),
        HandlerType::Marks => own_uncut::of_marks(handler, received, total),
        HandlerType::FixedLength => own_uncut::of_fixed_length(handler, total),
        HandlerType::Choice => own_uncut::of_choice(handler, received, total),
        HandlerType::Converter => None,
    }
}

/// Whether `received` are all the bytes of the connection.
fn is_whole(received: &[u8], total: u64) -> bool {
    received.len() as u64 >= total
}
