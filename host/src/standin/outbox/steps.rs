//! What a synchronisation tells, page by page.

use std::collections::VecDeque;

use tokio::time::{Duration, Instant};
use uuid::Uuid;

use super::PACK;
use crate::standin::entities::Kind;
use crate::standin::faults::SyncRule;

/// What is to be told. It is looked up when it is sent, so the edge gets its
/// latest state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::standin) enum Told {
    /// A device or an asset.
    Entity(Kind, Uuid),
    /// A device's or an asset's profile.
    Profile(Kind, Uuid),
    /// A customer.
    Customer(Uuid),
    /// Something that an edge like tb-tcp has no use for.
    Dashboard(u128),
    /// A device whose JSON cannot be read.
    Unreadable,
}

/// One step of a synchronisation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Page(Vec<Told>),
    Completed,
    /// Nothing comes any more, and the synchronisation never ends.
    Hang,
}

/// What the next step is.
pub(super) enum Next {
    Step(Step),
    /// Not before a pause is over, or never.
    Later,
}

/// What remains of a running synchronisation.
#[derive(Debug)]
pub(super) struct Sync {
    steps: VecDeque<Step>,
    /// Between two steps.
    pause: Duration,
    /// A step was taken, and the pause behind it has not begun.
    paused: bool,
    due: Option<Instant>,
}

impl Sync {
    /// Each group has pages of its own.
    pub(super) fn new(groups: &[Vec<Told>], rule: SyncRule) -> Self {
        let last = match rule.never {
            true => Step::Hang,
            false => Step::Completed,
        };
        let pages = groups.iter().flat_map(|group| group.chunks(PACK));
        let pages = pages.map(|page| Step::Page(page.to_vec()));
        Self {
            steps: pages.chain([last]).collect(),
            pause: rule.pause(),
            paused: false,
            due: None,
        }
    }

    /// Messages not sent yet.
    pub(super) fn queued(&self) -> usize {
        let steps = self.steps.iter().map(|step| match step {
            Step::Page(told) => told.len(),
            Step::Completed => 1,
            Step::Hang => 0,
        });
        steps.sum()
    }

    /// When the pause is over.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Takes the next step, when the one before it is done.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        if self.paused && !self.pause.is_zero() {
            let due = *self.due.get_or_insert(now + self.pause);
            if now < due {
                return Next::Later;
            }
        }
        self.due = None;
        if self.steps.front() == Some(&Step::Hang) {
            return Next::Later;
        }
        self.paused = true;
        Next::Step(self.steps.pop_front().unwrap_or(Step::Completed))
    }
}
