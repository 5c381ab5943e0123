//! One device whose frames make the converter a runaway does not slow the
//! others down. `just bench isolation` measures it for a minute.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use harness::{Device, Host, HostBuilder, Standin, StopAtEnd, guest, wait_for};

fn builder(standin: &Standin) -> HostBuilder {
    Host::builder(standin.grpc.port())
        .converter("misbehaving", guest("misbehaving"))
        .limits("threads = 2")
}

fn host(standin: &Standin) -> Host {
    builder(standin).start()
}

/// The median of the times from a frame to its arrival, for one device that
/// sends one frame at a time.
fn median_round_trip(standin: &Standin, device: &mut Device, name: &str, count: usize) -> Duration {
    let mut times: Vec<_> = (0..count)
        .map(|number| {
            let start = Instant::now();
            device.send(&format!("echo {name} k v{number}\n"));
            wait_for("the value", || {
                (standin.latest(name, "k")? == format!("v{number}")).then_some(())
            });
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[count / 2]
}

#[test]
fn runaways_do_not_hold_the_others_up() {
    let standin = Standin::start();
    let host = host(&standin);
    let stop = AtomicBool::new(false);
    // Before the others: they share an address, which is remembered for runaways.
    let mut good = host.device();
    let alone = median_round_trip(&standin, &mut good, "SN-1", 30);
    thread::scope(|scope| {
        let _stop = StopAtEnd(&stop);
        // On one connection, and on a new one for each frame.
        scope.spawn(|| {
            let mut device = host.device();
            while !stop.load(Ordering::Relaxed) {
                device.send("spin\n");
                thread::sleep(Duration::from_millis(10));
            }
        });
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                host.device().send("spin\n");
                thread::sleep(Duration::from_millis(100));
            }
        });
        wait_for("the runaways run", || {
            (host.process.count_log("frame not decoded") >= 3).then_some(())
        });
        let median = median_round_trip(&standin, &mut good, "SN-2", 100);
        // Each runaway takes 100 ms of a thread, and there are two threads: a
        // frame behind them would wait as long. Other tests run beside this one,
        // so a single frame may be late for another reason.
        let late = median.saturating_sub(alone);
        assert!(
            late < Duration::from_millis(50),
            "{median:?}, alone {alone:?}"
        );
    });
}

#[test]
fn the_runaways_processor_time_is_bounded() {
    let standin = Standin::start();
    // Runaways have the lowest priority: on a busy machine each of them takes its time.
    let host = builder(&standin).limits("callTimeoutMs = 50").start();
    let mut device = host.device();
    device.send(&"spin\n".repeat(200));
    wait_for("they run", || {
        (host.process.count_log("frame not decoded") >= 2).then_some(())
    });
    let (start, before) = (Instant::now(), host.process.processor_ticks());
    wait_for("more of them ran", || {
        (host.process.count_log("frame not decoded") >= 8).then_some(())
    });
    let ticks = host.process.processor_ticks() - before;
    let share = Duration::from_millis(10 * ticks).as_secs_f64() / start.elapsed().as_secs_f64();
    println!("a connection of runaways takes {share:.2} of a processor");
    // A fifth by design; the machine's own noise comes on top.
    assert!(share < 0.4, "{share}");
}

/// Its good frames still come through, in order.
#[test]
fn a_runaways_own_frames_are_decoded_in_order() {
    let standin = Standin::start();
    // Runaways have the lowest priority: on a busy machine each of them takes its time.
    let host = builder(&standin).limits("callTimeoutMs = 20").start();
    let mut device = host.device();
    let mut frames = String::new();
    for number in 0..60 {
        if number % 20 == 10 {
            frames += "spin\n";
        }
        frames += &format!("echo SN-1 k v{number}\n");
    }
    device.send(&frames);
    standin.wait_for_latest("SN-1", "k", "v59");
    let values = standin.history("SN-1", "k");
    let expected: Vec<_> = (0..60).map(|number| format!("v{number}")).collect();
    assert_eq!(values, expected);
    assert_eq!(host.dead_letters(), 3);
}
