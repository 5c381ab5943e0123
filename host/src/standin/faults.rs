//! Misbehaviour on request, so that a client's retries can be tested.

/// What happens to an uplink message instead of being processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// No answer.
    Ignore,
    /// A refusal.
    Reject,
    /// A refusal because of the rate.
    RateLimit,
}

impl Fault {
    /// The answer's text; `None` is no answer at all.
    pub(super) fn answer(self) -> Option<&'static str> {
        match self {
            Self::Ignore => None,
            Self::Reject => Some("the stand-in was told to refuse this message"),
            Self::RateLimit => Some("Failed to process uplink message. Rate limit reached"),
        }
    }
}

/// How many of the next uplink messages meet which fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Faults {
    pub(super) ignore: u64,
    pub(super) reject: u64,
    pub(super) rate_limit: u64,
}

impl Faults {
    /// The fault of the next message: first the ignored, then the refused, then the limited ones.
    pub(super) fn next(&mut self) -> Option<Fault> {
        let order = [
            (&mut self.ignore, Fault::Ignore),
            (&mut self.reject, Fault::Reject),
            (&mut self.rate_limit, Fault::RateLimit),
        ];
        let (left, fault) = order.into_iter().find(|(left, _)| **left > 0)?;
        *left -= 1;
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_used_up_in_order() {
        let mut faults = Faults {
            ignore: 2,
            reject: 1,
            rate_limit: 1,
        };
        let met: Vec<_> = std::iter::from_fn(|| faults.next()).collect();
        assert_eq!(
            met,
            [
                Fault::Ignore,
                Fault::Ignore,
                Fault::Reject,
                Fault::RateLimit
            ]
        );
        assert_eq!(faults, Faults::default());
    }
}
