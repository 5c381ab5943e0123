//! What a command has to know of its connection.
//!
//! The session value is `IDENTIFIER;BASE`. A command carries a time of day, which comes
//! back with its answer: 86400 of them, fewer than calls have numbers. BASE is the number
//! of the call that would have had the time 00:00:00.

use tb_converter::Context;

/// Calls that can be told apart.
const SECONDS_A_DAY: i32 = 86_400;

/// The session of the call at hand.
#[derive(Default)]
pub(crate) struct Session {
    /// The identifier of the device that spoke last; empty before.
    pub(crate) id: String,
    base: i32,
}

impl Session {
    pub(crate) fn of(context: &Context) -> Session {
        let value = String::from_utf8(context.session()).unwrap_or_default();
        let (id, base) = value.split_once(';').unwrap_or((&value, "0"));
        Session {
            id: id.to_owned(),
            base: base.parse().unwrap_or_default(),
        }
    }

    /// Notes who speaks.
    pub(crate) fn remember(id: &str, context: &Context) {
        let session = Session::of(context);
        if session.id != id {
            Session {
                id: id.to_owned(),
                ..session
            }
            .set(context);
        }
    }

    /// The time of day that stands for a call.
    pub(crate) fn clock_of(mut self, request_id: i32, context: &Context) -> String {
        let seconds = request_id.rem_euclid(SECONDS_A_DAY);
        let base = request_id.wrapping_sub(seconds);
        if base != self.base {
            self.base = base;
            self.set(context);
        }
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        format!("{hours:02}{minutes:02}{:02}", seconds % 60)
    }

    /// The call for which a time of day, `hhmmss`, stands.
    pub(crate) fn call_of(&self, clock: &str) -> Option<i32> {
        let digits: i32 = clock.parse().ok()?;
        let (hours, minutes, seconds) = (digits / 10_000, digits / 100 % 100, digits % 100);
        let seconds = hours * 3600 + minutes * 60 + seconds;
        self.base.checked_add(seconds)
    }

    fn set(&self, context: &Context) {
        match self.base {
            0 => context.set_session(&self.id),
            base => context.set_session(format!("{};{base}", self.id)),
        }
    }
}
