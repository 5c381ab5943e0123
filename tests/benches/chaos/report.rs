//! What is counted, and what is wrong.

use std::{collections::BTreeMap, process::ExitCode, time::Duration};

use serde_json::Value as Json;

use crate::{
    arrived::Arrived,
    link::Trouble,
    plan::{Round, Victim},
};

/// Uplink messages that the host may have in flight, and records in each.
const WINDOW: u64 = 16 * MAX_RECORDS;
/// `maxRecordsPerMessage`.
pub(crate) const MAX_RECORDS: u64 = 500;
/// Records that were acknowledged this long before a kill may still be on the
/// host's disk: its own bound of 200 ms, and time to do it.
pub(crate) const REMOVAL: Duration = Duration::from_millis(300);
/// Devices with losses that are named.
const NAMED: usize = 5;

/// What may have come twice in a round.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allowance {
    /// Sessions that began: each one repeats what was in flight in the one before.
    pub(crate) sessions: u64,
    /// What arrived shortly before each kill of the host.
    pub(crate) unremoved: u64,
    /// What devices wrote again.
    pub(crate) resent: u64,
}

impl Allowance {
    pub(crate) fn total(self) -> u64 {
        self.sessions * WINDOW + self.unremoved + self.resent
    }
}

/// The figures of the run.
#[derive(Default)]
pub(crate) struct Report {
    hosts: usize,
    standins: usize,
    cuts: usize,
    stalls: usize,
    duplicates: u64,
    beyond: usize,
    recoveries: Vec<Duration>,
    errors: BTreeMap<String, usize>,
}

impl Report {
    /// Counts a round and prints its line. `recovery` is the time from when all
    /// was started again and let through to the first new sample at the
    /// stand-in.
    pub(crate) fn round(
        &mut self,
        round: &Round,
        recovery: Duration,
        duplicates: u64,
        allowance: Allowance,
    ) {
        let mut events = Vec::new();
        if let Some((trouble, lasting)) = round.trouble {
            match trouble {
                Trouble::Cut | Trouble::HalfClose(_) => {
                    self.cuts += 1;
                    events.push(trouble.to_string());
                }
                Trouble::Stall(_) | Trouble::Trickle => {
                    self.stalls += 1;
                    events.push(format!("{trouble} {} ms", lasting.as_millis()));
                }
            }
        }
        for kill in &round.kills {
            match kill.victim {
                Victim::BusyHost | Victim::QuietHost => self.hosts += 1,
                Victim::Standin => self.standins += 1,
            }
            events.push(format!("{} for {} ms", kill.victim, kill.down.as_millis()));
        }
        self.recoveries.push(recovery);
        println!(
            "kills {:3}: {}; recovered in {} ms; {}",
            self.hosts + self.standins,
            events.join(", "),
            recovery.as_millis(),
            self.twice(duplicates, allowance),
        );
    }

    /// Counts what came twice since the last time, and judges it.
    pub(crate) fn twice(&mut self, duplicates: u64, allowance: Allowance) -> String {
        let new = duplicates.saturating_sub(self.duplicates);
        self.duplicates = duplicates;
        let bound = allowance.total();
        let Allowance {
            sessions,
            unremoved,
            resent,
        } = allowance;
        let verdict = match new > bound {
            true => {
                self.beyond += 1;
                "TOO MANY DUPLICATES: "
            }
            false => "",
        };
        format!(
            "{verdict}duplicates {new} of at most {bound} \
             ({sessions} x {WINDOW} + {unremoved} + {resent})"
        )
    }

    /// Collects the errors of a process's log.
    pub(crate) fn errors(&mut self, log: &[Json]) {
        let wrong = log
            .iter()
            .filter(|line| line.is_string() || line["level"] == "ERROR");
        for line in wrong {
            let text = line.as_str().or_else(|| line["message"].as_str());
            *self
                .errors
                .entry(text.unwrap_or_default().to_owned())
                .or_default() += 1;
        }
    }

    /// Prints the last lines, and says whether all is well.
    pub(crate) fn conclude(&mut self, written: &[(String, u64)], arrived: &Arrived) -> ExitCode {
        for (text, count) in &self.errors {
            println!("{count} x in the logs: {text}");
        }
        self.recoveries.sort_unstable();
        let at = |share: usize| {
            let index = self.recoveries.len().saturating_sub(1) * share / 100;
            let recovery = self.recoveries.get(index).copied().unwrap_or_default();
            recovery.as_millis()
        };
        println!(
            "recovery: p50 {} ms, p99 {} ms, longest {} ms",
            at(50),
            at(99),
            at(100)
        );
        let of = |name: &String| arrived.devices.get(name).copied().unwrap_or_default();
        let lost = |(name, written): &(String, u64)| written.saturating_sub(of(name).distinct);
        let losers = written.iter().filter(|device| lost(device) > 0);
        for (name, written) in losers.take(NAMED) {
            println!("{name} has written {written} numbers: {:?}", of(name));
        }
        let sent: u64 = written.iter().map(|(_, written)| written).sum();
        let lost: u64 = written.iter().map(lost).sum();
        let out_of_order = arrived.sum(|device| device.out_of_order);
        let certain = arrived.devices.values().all(|device| !device.lost_count);
        if !certain {
            println!("the stand-in has lost count: more gaps than it follows");
        }
        if self.beyond > 0 {
            println!("{} times more duplicates than the bound", self.beyond);
        }
        println!(
            "kills {} (host {}, stand-in {}), cuts {}, stalls {}; sent {sent}, arrived {}, \
             lost {lost}, duplicates {}, out-of-order {out_of_order}",
            self.hosts + self.standins,
            self.hosts,
            self.standins,
            self.cuts,
            self.stalls,
            arrived.sum(|device| device.distinct),
            arrived.sum(|device| device.duplicates),
        );
        match lost == 0 && out_of_order == 0 && self.beyond == 0 && certain {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }
    }
}
