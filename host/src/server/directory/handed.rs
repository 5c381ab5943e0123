//! Downlinks on their way from the directory through a connection's writer.

use std::collections::HashMap;

use super::queues::Age;
use crate::message::Downlink;

/// A downlink in a writer's queue. It goes back to the directory, by
/// [`finish`](super::Directory::finish) or [`take_back`](super::Directory::take_back).
#[derive(Debug)]
pub(in crate::server) struct Handed {
    pub(in crate::server) downlink: Downlink,
    /// None for calls: they are not kept.
    pub(super) kept: Option<Kept>,
}

/// The place of a kept downlink.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub(super) number: u64,
    pub(super) age: Age,
}

/// Which devices' downlinks are in which connection's hands, and how many. While
/// there are some, later ones of that device go nowhere else: the earlier ones may
/// come back.
#[derive(Debug, Default)]
pub(super) struct Flights {
    devices: HashMap<String, Flight>,
}

#[derive(Debug)]
struct Flight {
    connection: u64,
    downlinks: usize,
}

impl Flights {
    /// Whether the device's next downlink may go to `connection`.
    pub(super) fn allow(&self, device: &str, connection: u64) -> bool {
        self.devices
            .get(device)
            .is_none_or(|flight| flight.connection == connection)
    }

    pub(super) fn start(&mut self, device: &str, connection: u64) {
        if let Some(flight) = self.devices.get_mut(device) {
            flight.downlinks += 1;
            return;
        }
        let flight = Flight {
            connection,
            downlinks: 1,
        };
        self.devices.insert(device.to_owned(), flight);
    }

    pub(super) fn end(&mut self, device: &str) {
        if let Some(flight) = self.devices.get_mut(device) {
            flight.downlinks = flight.downlinks.saturating_sub(1);
            if flight.downlinks == 0 {
                self.devices.remove(device);
            }
        }
    }

    /// Ends all that a connection had. Answers the devices.
    pub(super) fn end_all(&mut self, connection: u64) -> Vec<String> {
        self.devices
            .extract_if(|_, flight| flight.connection == connection)
            .map(|(device, _)| device)
            .collect()
    }
}
