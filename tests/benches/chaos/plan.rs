//! What goes wrong and when, all from one seed.

use std::{fmt, ops::Range, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};

use crate::link::{Trouble, Way};

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Victim {
    /// The host while devices write.
    BusyHost,
    /// The host once the devices were silent and all but their last lines was
    /// proven to be accepted.
    QuietHost,
    /// The stand-in.
    Standin,
}

impl fmt::Display for Victim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::BusyHost => "host killed",
            Self::QuietHost => "host killed when quiet",
            Self::Standin => "stand-in killed",
        })
    }
}

/// One kill.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kill {
    pub(crate) victim: Victim,
    /// After the event before.
    pub(crate) delay: Duration,
    /// Until it is started again.
    pub(crate) down: Duration,
}

/// Troubles that overlap. After them everything has to recover.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    /// Steady traffic before.
    pub(crate) pause: Duration,
    /// The link's trouble, and how long it lasts at least; kills come meanwhile.
    pub(crate) trouble: Option<(Trouble, Duration)>,
    /// One after the other. The next one may come while the last victim is still
    /// starting.
    pub(crate) kills: Vec<Kill>,
}

/// The rounds of a run with `kills` kills: half of the host, half of the
/// stand-in, and half of the host's when the devices are quiet.
pub(crate) fn plan(seed: u64, kills: usize) -> Vec<Round> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut victims: Vec<_> = (0..kills)
        .map(|number| match number % 4 {
            0 => Victim::BusyHost,
            2 => Victim::QuietHost,
            _ => Victim::Standin,
        })
        .collect();
    victims.shuffle(&mut random);
    let mut rounds = Vec::new();
    // Also the shortest run has the hardest case.
    if let Some(quiet) = victims.iter().position(|one| *one == Victim::QuietHost) {
        rounds.push(everything_held(victims.remove(quiet)));
    }
    let mut victims = victims.into_iter().peekable();
    while victims.peek().is_some() {
        let link_only = random.random_ratio(1, 4);
        let mut round = Round {
            pause: milliseconds(&mut random, 0..600),
            trouble: (link_only || random.random_ratio(1, 2)).then(|| trouble(&mut random)),
            kills: Vec::new(),
        };
        while !link_only && let Some(victim) = victims.next() {
            round.kills.push(Kill {
                victim,
                delay: milliseconds(&mut random, 0..300),
                down: milliseconds(&mut random, 0..300),
            });
            if random.random_ratio(3, 4) {
                break;
            }
        }
        rounds.push(round);
    }
    rounds
}

/// Nothing gets through until the host is killed: all that it has accepted by
/// then comes from its disk.
fn everything_held(victim: Victim) -> Round {
    Round {
        pause: Duration::ZERO,
        trouble: Some((Trouble::Stall(Way::Up), Duration::from_millis(1200))),
        kills: vec![Kill {
            victim,
            delay: Duration::from_secs(1),
            down: Duration::ZERO,
        }],
    }
}

fn trouble(random: &mut StdRng) -> (Trouble, Duration) {
    let way = [Way::Up, Way::Down, Way::Both][random.random_range(0..3)];
    match random.random_range(0..10) {
        0..4 => (Trouble::Cut, Duration::ZERO),
        4 => (Trouble::HalfClose(way), Duration::ZERO),
        5..9 => (Trouble::Stall(way), milliseconds(random, 300..3000)),
        _ => (Trouble::Trickle, milliseconds(random, 300..2000)),
    }
}

fn milliseconds(random: &mut StdRng, range: Range<u64>) -> Duration {
    Duration::from_millis(random.random_range(range))
}
