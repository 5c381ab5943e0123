//! Which devices were connected a while ago, so that a downlink that waits can
//! say why.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

/// Most devices that are remembered; the one that left first is forgotten.
const MAX_DEVICES: usize = 10_000;

/// The devices that left last.
#[derive(Debug, Default)]
pub(super) struct Departed {
    since: HashMap<String, Instant>,
    order: VecDeque<String>,
}

impl Departed {
    /// Notes that the connection of `device` was closed.
    pub(super) fn note(&mut self, device: &str) {
        if self
            .since
            .insert(device.to_owned(), Instant::now())
            .is_some()
        {
            return;
        }
        self.order.push_back(device.to_owned());
        if self.order.len() > MAX_DEVICES
            && let Some(first) = self.order.pop_front()
        {
            self.since.remove(&first);
        }
    }

    /// How long ago the device's last connection was closed, if it is known.
    pub(super) fn how_long_ago(&self, device: &str) -> Option<Duration> {
        self.since.get(device).map(Instant::elapsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_last_ones_are_remembered() {
        let mut departed = Departed::default();
        for number in 0..=MAX_DEVICES {
            departed.note(&format!("SN-{number}"));
            departed.note(&format!("SN-{number}"));
        }
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(departed.how_long_ago("SN-0"), None);
        assert_eq!(departed.how_long_ago("SN-1"), Some(Duration::from_secs(7)));
        assert_eq!(departed.order.len(), MAX_DEVICES);
        assert_eq!(departed.since.len(), MAX_DEVICES);
    }
}
