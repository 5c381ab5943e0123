//! How far the host has read each device's connection, as the kernel tells.
//!
//! Of what a device wrote the kernel knows what the other side's kernel has not
//! acknowledged (`tx_queue` of the device's socket) and what the host's process
//! has not read (`rx_queue` of the host's socket). What is in neither was read.
//! Both ends are on this machine, so `/proc/net/tcp` has both.

use std::{collections::HashMap, fs, net::Ipv4Addr};

/// Where a connection is established, in `/proc/net/tcp`.
const ESTABLISHED: &str = "01";

/// Bytes that wait in the kernel at both ends of the connections to one port,
/// by the devices' ports. It never shows less than what waited while it was
/// taken.
pub(crate) struct Waiting {
    unacknowledged: HashMap<u16, u64>,
    unread: HashMap<u16, u64>,
}

impl Waiting {
    /// Looks at the connections to `host_port`.
    pub(crate) fn look(host_port: u16) -> Self {
        // In this order: bytes that are on their way from one queue to the other
        // meanwhile count twice, never not at all.
        let unacknowledged = rows()
            .into_iter()
            .filter(|row| row.remote_port == host_port)
            .map(|row| (row.local_port, row.unacknowledged))
            .collect();
        let unread = rows()
            .into_iter()
            .filter(|row| row.local_port == host_port)
            .map(|row| (row.remote_port, row.unread))
            .collect();
        Self {
            unacknowledged,
            unread,
        }
    }

    /// What waited of the connection from `device_port`; none if it is not
    /// established at both ends.
    pub(crate) fn of(&self, device_port: u16) -> Option<u64> {
        Some(self.unacknowledged.get(&device_port)? + self.unread.get(&device_port)?)
    }
}

struct Row {
    local_port: u16,
    remote_port: u16,
    unacknowledged: u64,
    unread: u64,
}

/// The established connections over loopback.
fn rows() -> Vec<Row> {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().skip(1).filter_map(row).collect()
}

/// `sl local_address rem_address st tx_queue:rx_queue …`, numbers in hex.
fn row(line: &str) -> Option<Row> {
    let mut fields = line.split_whitespace().skip(1);
    let (local_port, remote_port) = (loopback(fields.next()?)?, loopback(fields.next()?)?);
    if fields.next()? != ESTABLISHED {
        return None;
    }
    let (unacknowledged, unread) = fields.next()?.split_once(':')?;
    Some(Row {
        local_port,
        remote_port,
        unacknowledged: u64::from_str_radix(unacknowledged, 16).ok()?,
        unread: u64::from_str_radix(unread, 16).ok()?,
    })
}

/// The port of an address of this machine; addresses are in its byte order.
fn loopback(address: &str) -> Option<u16> {
    let (host, port) = address.split_once(':')?;
    let host = u32::from_str_radix(host, 16).ok()?;
    let loopback = u32::from_ne_bytes(Ipv4Addr::LOCALHOST.octets());
    (host == loopback).then(|| u16::from_str_radix(port, 16).ok())?
}
