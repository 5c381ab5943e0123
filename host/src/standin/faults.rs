//! Misbehaviour on request, so that a client's retries can be tested.
//!
//! Everything here is off until the HTTP API asks for it, and off again after
//! a restart.

mod acks;
mod cut;
mod downlinks;
mod rate;
mod second;
mod sync;
mod target;

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

pub(super) use self::acks::{AckRule, Acks, ExtraAcks};
pub(super) use self::cut::{Cut, Manner};
pub(super) use self::downlinks::DownlinkRule;
pub(super) use self::rate::Rate;
pub(super) use self::second::SecondSession;
pub(super) use self::sync::SyncRule;
pub(super) use self::target::{Action, Aim, MAX_TARGETS, Target};
use super::session::DEFAULT_MAX_INBOUND;
use crate::proto::edge::UplinkMsg;

/// What happens to an uplink message instead of being processed and answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// No answer.
    Ignore,
    /// A refusal.
    Reject,
    /// A refusal because of the rate.
    RateLimit,
    /// The message is processed, but not answered.
    StoreOnly,
}

impl Fault {
    /// The answer's text; `None` is no answer at all.
    pub(super) fn answer(self) -> Option<&'static str> {
        match self {
            Self::Ignore | Self::StoreOnly => None,
            Self::Reject => Some("the stand-in was told to refuse this message"),
            Self::RateLimit => Some("Failed to process uplink message. Rate limit reached"),
        }
    }
}

/// All that was asked for.
#[derive(Debug)]
pub(super) struct Faults {
    /// How many of the next uplink messages are not answered.
    pub(super) ignore: u64,
    /// How many of those behind them are refused.
    pub(super) reject: u64,
    /// How many of those behind them are refused because of the rate.
    pub(super) rate_limit: u64,
    /// Messages a second that are let through.
    pub(super) rate: Option<Rate>,
    /// What meets messages with certain content.
    pub(super) targets: Vec<Target>,
    /// Until then nothing is read and nothing is sent.
    pub(super) stalled_until: Option<Instant>,
    /// When acknowledgements leave, and in which order.
    pub(super) acks: AckRule,
    /// Acknowledgements that nobody waits for.
    pub(super) extra_acks: ExtraAcks,
    /// How the session is about to end.
    pub(super) cut: Option<Cut>,
    /// Largest message taken of the sessions that begin from now on, in bytes.
    pub(super) max_inbound: usize,
    /// Devices that there may be; the edge makes no more. It is set by a
    /// change, since what becomes of a message must be the same after a restart.
    pub(super) device_limit: Option<usize>,
    /// What synchronisations are like.
    pub(super) sync: SyncRule,
    /// How downlinks are sent.
    pub(super) downlinks: DownlinkRule,
    /// What a session meets when a newer one has its key.
    pub(super) second_session: SecondSession,
    /// Whether data of the edge itself are stored.
    pub(super) edge_telemetry: bool,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            ignore: 0,
            reject: 0,
            rate_limit: 0,
            rate: None,
            targets: Vec::new(),
            stalled_until: None,
            acks: AckRule::default(),
            cut: None,
            max_inbound: DEFAULT_MAX_INBOUND,
            extra_acks: ExtraAcks::default(),
            device_limit: None,
            sync: SyncRule::default(),
            downlinks: DownlinkRule::default(),
            second_session: SecondSession::default(),
            edge_telemetry: true,
        }
    }
}

impl Faults {
    /// The fault that this message meets, if any: those of the next messages
    /// come first, then the rate, then the targets in their order. `id_of`
    /// tells the ids that a device's or an asset's name stands for.
    pub(super) fn next(
        &mut self,
        message: &UplinkMsg,
        now: Instant,
        id_of: impl Fn(&str) -> Vec<Uuid>,
    ) -> Option<Fault> {
        let order = [
            (&mut self.ignore, Fault::Ignore),
            (&mut self.reject, Fault::Reject),
            (&mut self.rate_limit, Fault::RateLimit),
        ];
        if let Some((left, fault)) = order.into_iter().find(|(left, _)| **left > 0) {
            *left -= 1;
            return Some(fault);
        }
        if self.rate.as_mut().is_some_and(|rate| !rate.lets_pass(now)) {
            return Some(Fault::RateLimit);
        }
        let mut targets = self.targets.iter_mut();
        let met = targets.find(|target| target.is_active() && target.aim.meets(message, &id_of))?;
        Some(met.hit())
    }

    /// Whether every uplink message is processed as it is.
    pub(super) fn let_all_pass(&self) -> bool {
        (self.ignore, self.reject, self.rate_limit) == (0, 0, 0)
            && self.rate.is_none()
            && self.targets.is_empty()
            && self.cut.is_none()
    }

    /// What is to become of this message because the session is about to end,
    /// and whether it ends now.
    pub(super) fn next_cut(&mut self) -> Option<(Cut, bool)> {
        let mut cut = self.cut.take()?;
        cut.after = cut.after.saturating_sub(1);
        let ends = cut.after == 0;
        if !ends {
            self.cut = Some(cut);
        }
        Some((cut, ends))
    }

    /// When a stall ends, if one lasts.
    pub(super) fn stalled(&self, now: Instant) -> Option<Instant> {
        self.stalled_until.filter(|until| now < *until)
    }

    /// Milliseconds that a stall still lasts.
    pub(super) fn stall_left(&self, now: Instant) -> Duration {
        self.stalled(now)
            .map_or(Duration::ZERO, |until| until.duration_since(now))
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
            targets: vec![Target::new(
                Aim::Key("t".to_owned()),
                Action::Reject,
                Some(1),
            )],
            ..Faults::default()
        };
        let message = target::testing::telemetry(Uuid::nil(), "t");
        let now = Instant::now();
        let met: Vec<_> =
            std::iter::from_fn(|| faults.next(&message, now, |_| Vec::new())).collect();
        assert_eq!(
            met,
            [
                Fault::Ignore,
                Fault::Ignore,
                Fault::Reject,
                Fault::RateLimit,
                Fault::Reject,
            ]
        );
        assert_eq!((faults.ignore, faults.reject, faults.rate_limit), (0, 0, 0));
    }
}
