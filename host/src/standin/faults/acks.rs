//! Acknowledgements that are late, or in another order than the messages.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::proto::edge::UplinkResponseMsg;

/// Answers that are held at a time; then nothing more is read.
const MAX_HELD: usize = 10_000;
/// How long a group that is to be reversed waits to be complete, at least.
const GROUP: Duration = Duration::from_millis(100);

/// When acknowledgements leave.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(in crate::standin) struct AckRule {
    /// How long each is held.
    pub(in crate::standin) delay: Duration,
    /// So many are collected and leave in reversed order; 0 and 1 are none.
    pub(in crate::standin) reverse: usize,
}

/// Acknowledgements that nobody waits for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(in crate::standin) struct ExtraAcks {
    /// So many of the next answers are given twice.
    pub(in crate::standin) double: u64,
    /// Behind so many of the next answers comes one for a message that nobody sent.
    pub(in crate::standin) unknown: u64,
}

impl ExtraAcks {
    /// Everything that is sent for an answer, and counts it.
    pub(in crate::standin) fn around(
        &mut self,
        answer: UplinkResponseMsg,
    ) -> Vec<UplinkResponseMsg> {
        let unknown = (self.unknown > 0).then(|| UplinkResponseMsg {
            success: true,
            error_msg: String::new(),
            // Far from every number that a client counts up to from this one.
            uplink_msg_id: answer.uplink_msg_id.wrapping_add(i32::MIN),
        });
        let mut all = vec![answer; 1 + usize::from(self.double > 0)];
        all.extend(unknown);
        self.double = self.double.saturating_sub(1);
        self.unknown = self.unknown.saturating_sub(1);
        all
    }
}

/// The answers that a session holds back.
#[derive(Debug, Default)]
pub(in crate::standin) struct Acks {
    delayed: VecDeque<(Instant, UplinkResponseMsg)>,
    group: Vec<UplinkResponseMsg>,
    group_due: Option<Instant>,
}

impl Acks {
    /// Takes an answer; it comes back when it is due.
    pub(in crate::standin) fn hold(
        &mut self,
        now: Instant,
        rule: AckRule,
        response: UplinkResponseMsg,
    ) {
        if rule.reverse < 2 {
            self.delayed.push_back((now + rule.delay, response));
            return;
        }
        self.group.push(response);
        if self.group.len() >= rule.reverse {
            self.group_due = Some(now);
        } else if self.group_due.is_none() {
            self.group_due = Some(now + rule.delay.max(GROUP));
        }
    }

    /// True when no more answers can be held.
    pub(in crate::standin) fn is_full(&self) -> bool {
        self.delayed.len() + self.group.len() >= MAX_HELD
    }

    /// When the next one is due.
    pub(in crate::standin) fn deadline(&self) -> Option<Instant> {
        let delayed = self.delayed.iter().map(|(due, _)| *due);
        delayed.chain(self.group_due).min()
    }

    /// Those that are due, in the order in which they leave.
    pub(in crate::standin) fn due(&mut self, now: Instant) -> Vec<UplinkResponseMsg> {
        let mut due = Vec::new();
        if self.delayed.iter().any(|(at, _)| *at <= now) {
            let held = std::mem::take(&mut self.delayed);
            for (at, response) in held {
                match at <= now {
                    true => due.push(response),
                    false => self.delayed.push_back((at, response)),
                }
            }
        }
        if self.group_due.is_some_and(|at| at <= now) {
            self.group_due = None;
            due.extend(self.group.drain(..).rev());
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(uplink_msg_id: i32) -> UplinkResponseMsg {
        UplinkResponseMsg {
            uplink_msg_id,
            ..UplinkResponseMsg::default()
        }
    }

    fn ids(responses: &[UplinkResponseMsg]) -> Vec<i32> {
        responses.iter().map(|it| it.uplink_msg_id).collect()
    }

    #[test]
    fn an_answer_is_held_for_the_time_that_held_when_it_came() {
        let start = Instant::now();
        let mut acks = Acks::default();
        for (id, delay) in [(1, 30), (2, 10), (3, 0)] {
            let rule = AckRule {
                delay: Duration::from_millis(delay),
                reverse: 0,
            };
            acks.hold(start, rule, response(id));
        }
        for (after, due, next) in [
            (0, vec![3], Some(10)),
            (10, vec![2], Some(30)),
            (30, vec![1], None),
        ] {
            assert_eq!(ids(&acks.due(start + Duration::from_millis(after))), due);
            let next = next.map(|next| start + Duration::from_millis(next));
            assert_eq!(acks.deadline(), next);
        }
    }

    #[test]
    fn a_group_leaves_reversed_when_it_is_complete_or_its_time_is_up() {
        let start = Instant::now();
        let mut acks = Acks::default();
        let rule = AckRule {
            delay: Duration::ZERO,
            reverse: 3,
        };
        for id in 1..=4 {
            acks.hold(start, rule, response(id));
            let due = ids(&acks.due(start));
            assert_eq!(due, if id == 3 { vec![3, 2, 1] } else { vec![] });
        }
        acks.hold(start + GROUP / 2, rule, response(5));
        assert_eq!(acks.deadline(), Some(start + GROUP));
        assert_eq!(ids(&acks.due(start + GROUP)), [5, 4]);
        assert_eq!(acks.deadline(), None);
    }

    #[test]
    fn answers_are_doubled_and_answers_to_nobody_are_added() {
        let mut extra = ExtraAcks {
            double: 2,
            unknown: 1,
        };
        for (id, sent) in [(1, vec![1, 1, i32::MIN + 1]), (2, vec![2, 2]), (3, vec![3])] {
            assert_eq!(ids(&extra.around(response(id))), sent);
        }
        assert_eq!(extra, ExtraAcks::default());
    }

    #[test]
    fn only_so_many_are_held() {
        let now = Instant::now();
        let mut acks = Acks::default();
        let rule = AckRule {
            delay: GROUP,
            reverse: 0,
        };
        for id in 0..MAX_HELD {
            assert!(!acks.is_full(), "{id}");
            acks.hold(now, rule, response(1));
        }
        assert!(acks.is_full());
    }
}
