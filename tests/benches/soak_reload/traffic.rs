//! Steady frames, and what became of them.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant, SystemTime},
};

use harness::{Host, Standin};

/// What one device sent: the numbers from 0 on.
pub(crate) struct Sent {
    pub(crate) number: usize,
    pub(crate) frames: u64,
}

fn device(number: usize) -> String {
    format!("device-{number:02}")
}

/// Sends `rate` numbered frames a second to the converter's own integration.
pub(crate) fn send_frames(host: &Host, number: usize, rate: u32, stop: &AtomicBool) -> Sent {
    let mut connection = host.device_of(&super::name(number));
    let interval = Duration::from_secs(1) / rate;
    let mut next = Instant::now();
    let mut frames = 0;
    while !stop.load(Ordering::Relaxed) {
        connection.send(&format!("{} {frames}\n", device(number)));
        frames += 1;
        next += interval;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    connection.close();
    Sent { number, frames }
}

/// Every frame that ThingsBoard has, as often as it has it.
pub(crate) fn relayed(standin: &Standin, devices: usize) -> Vec<(usize, u64)> {
    let of_device = |number| {
        let history = standin.history(&device(number), "seq");
        let seqs = history.into_iter().map(|seq| seq.as_u64().unwrap());
        seqs.map(move |seq| (number, seq)).collect::<Vec<_>>()
    };
    (0..devices).flat_map(of_device).collect()
}

/// When each point of a device came, in order.
pub(crate) fn arrivals(standin: &Standin, number: usize) -> Vec<SystemTime> {
    let path = format!("/devices/{}/telemetry/arrivals?keys=seq", device(number));
    let arrivals = standin.get(&path).unwrap_or_default();
    let times = arrivals["seq"].as_array().cloned().unwrap_or_default();
    times
        .iter()
        .map(|pair| {
            let micros = pair[0].as_u64().unwrap();
            SystemTime::UNIX_EPOCH + Duration::from_micros(micros)
        })
        .collect()
}
