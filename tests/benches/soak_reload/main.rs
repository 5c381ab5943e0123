//! Converters are replaced at random under steady traffic, one in five by a
//! broken file; then every frame is looked for.
//!
//! An hour of twenty converters, each replaced every three minutes, is 400
//! replacements. They are made in a few minutes here: replacements come as much
//! faster as the argument says, the traffic of each second is the same.
//!
//! `just soak-reload [SECONDS]`; the last line counts. Exit code 1 if a frame was
//! lost.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is how a benchmark fails"
)]

mod report;
mod traffic;

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant, SystemTime},
};

use harness::{Host, Standin, guest, wait_for};
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use self::{
    report::{Quantiles, gaps},
    traffic::{Sent, send_frames},
};

const CONVERTERS: usize = 20;
/// Replacements of an hour.
const REPLACEMENTS: u32 = 400;
/// Frames that each device sends in a second.
const RATE: u32 = 50;

/// What a file is replaced by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    /// The same converter in one of two versions.
    Good(usize),
    /// Half a file.
    Truncated,
    /// No WebAssembly.
    Garbage,
    /// A component of another contract.
    Foreign,
    /// Fits the contract and fails its own golden cases.
    FailsItsCases,
    /// Goes live and cannot decode a single frame.
    Clueless,
}

/// The first is for converters with cases only.
const BROKEN: [Content; 5] = [
    Content::FailsItsCases,
    Content::Truncated,
    Content::Garbage,
    Content::Foreign,
    Content::Clueless,
];

/// Every second converter has golden cases. To the others `Clueless` goes live.
fn has_cases(number: usize) -> bool {
    number.is_multiple_of(2)
}

/// A file that was put into the folder.
struct Swap {
    name: String,
    good: bool,
    closed: SystemTime,
}

fn main() -> ExitCode {
    let seconds = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(240);
    let standin = Standin::start();
    let starting = Instant::now();
    let host = start_host(&standin);
    println!(
        "{CONVERTERS} converters; started in {} ms (cold)",
        starting.elapsed().as_millis()
    );
    let run = Duration::from_secs(seconds);
    let replacements =
        (REPLACEMENTS * u32::try_from(seconds).unwrap() / 240).max(CONVERTERS as u32);
    println!(
        "{replacements} replacements in {seconds} s, {} frames/s",
        CONVERTERS as u32 * RATE
    );

    let stop = AtomicBool::new(false);
    let mut swaps = Vec::new();
    let sent = thread::scope(|scope| {
        let devices: Vec<_> = (0..CONVERTERS)
            .map(|number| {
                let (host, stop) = (&host, &stop);
                scope.spawn(move || send_frames(host, number, RATE, stop))
            })
            .collect();
        swaps = replace_at_random(&host, replacements, run / replacements);
        stop.store(true, Ordering::Relaxed);
        devices
            .into_iter()
            .map(|device| device.join().unwrap())
            .collect::<Vec<_>>()
    });
    let total: u64 = sent.iter().map(|sent| sent.frames).sum();

    let (relayed, dead) = settle(&standin, &host, total);
    println!("before the last repair: {relayed} relayed, {dead} dead letters");
    let repaired = SystemTime::now();
    for number in 0..CONVERTERS {
        put(&host.converters, number, Content::Good(1));
    }
    wait_for("all dead letters were decoded", || {
        (host.dead_letters() == 0).then_some(())
    });
    println!(
        "{} frames were dead letters until a good version came",
        report::decoded_later(&host.process.log())
    );
    report_swaps(&host, &standin, &swaps, repaired);
    let restarting = Instant::now();
    let host = host.restart();
    println!(
        "stopped and started in {} ms (warm)",
        restarting.elapsed().as_millis()
    );
    conclude(&standin, &host, &sent, total)
}

fn name(number: usize) -> String {
    format!("converter-{number:02}")
}

fn start_host(standin: &Standin) -> Host {
    let mut integrations = String::new();
    for number in 0..CONVERTERS {
        let (name, separator) = (
            name(number),
            if number + 1 < CONVERTERS {
                "[integrations.clientConfiguration]\nport = 0\nbindAddress = '127.0.0.1'\n[[integrations]]\n"
            } else {
                ""
            },
        );
        integrations += &format!("name = '{name}'\nuplinkConverter = '{name}'\n{separator}");
    }
    let builder = Host::builder(standin.grpc.port()).integration(&integrations);
    let host = (0..CONVERTERS)
        .fold(builder, |builder, number| {
            builder.converter(&name(number), guest("version_1"))
        })
        .start();
    for number in (0..CONVERTERS).filter(|number| has_cases(*number)) {
        let cases = host.converters.join(format!("{}.cases", name(number)));
        fs::create_dir(&cases).unwrap();
        fs::write(cases.join("payload.txt"), "case 1").unwrap();
        let result = r#"{"deviceName":"case","deviceType":"default","telemetry":{"seq":1}}"#;
        fs::write(cases.join("result.json"), result).unwrap();
    }
    host
}

fn replace_at_random(host: &Host, replacements: u32, pause: Duration) -> Vec<Swap> {
    let mut random = StdRng::seed_from_u64(4);
    let mut swaps = Vec::new();
    let mut next = Instant::now();
    for _ in 0..replacements {
        next += pause;
        thread::sleep(next.saturating_duration_since(Instant::now()));
        let number = random.random_range(0..CONVERTERS);
        let content = match random.random_ratio(1, 5) {
            true => *BROKEN[usize::from(!has_cases(number))..]
                .choose(&mut random)
                .unwrap(),
            false => Content::Good(random.random_range(1..=2)),
        };
        put_somehow(&host.converters, number, content, &mut random);
        swaps.push(Swap {
            name: name(number),
            good: matches!(content, Content::Good(_)),
            closed: SystemTime::now(),
        });
    }
    swaps
}

fn bytes(content: Content) -> Vec<u8> {
    let good = || fs::read(guest("version_1")).unwrap();
    match content {
        Content::Good(version) => fs::read(guest(&format!("version_{version}"))).unwrap(),
        Content::Truncated => good()[..good().len() / 2].to_vec(),
        Content::Garbage => b"oops".to_vec(),
        Content::Foreign => b"\0asm\x0d\0\x01\0".to_vec(),
        Content::FailsItsCases => fs::read(guest("version_wrong")).unwrap(),
        Content::Clueless => fs::read(guest("version_clueless")).unwrap(),
    }
}

fn put(folder: &Path, number: usize, content: Content) {
    let aside = folder.join(format!(".{}.new", name(number)));
    fs::write(&aside, bytes(content)).unwrap();
    fs::rename(aside, folder.join(format!("{}.wasm", name(number)))).unwrap();
}

/// By writing in place, in pieces, or by renaming.
fn put_somehow(folder: &Path, number: usize, content: Content, random: &mut impl Rng) {
    let file = folder.join(format!("{}.wasm", name(number)));
    match random.random_range(0..3) {
        0 => fs::write(file, bytes(content)).unwrap(),
        1 => put(folder, number, content),
        _ => {
            use std::io::Write as _;
            let content = bytes(content);
            let mut file = fs::File::create(file).unwrap();
            for part in content.chunks(content.len().div_ceil(4)) {
                file.write_all(part).unwrap();
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// Waits until everything has arrived somewhere, as far as it will.
fn settle(standin: &Standin, host: &Host, total: u64) -> (u64, u64) {
    let count = || {
        (
            traffic::relayed(standin, CONVERTERS).len() as u64,
            host.dead_letters(),
        )
    };
    let mut last = (0, 0);
    wait_for("the last frames", || {
        let now = count();
        let done = now.0 + now.1 >= total || (now == last && now.0 + now.1 > 0);
        last = now;
        thread::sleep(Duration::from_millis(500));
        done.then_some(())
    });
    last
}

fn report_swaps(host: &Host, standin: &Standin, swaps: &[Swap], repaired: SystemTime) {
    let loaded = report::loaded(&host.process.log());
    let latencies: Vec<_> = swaps
        .iter()
        .enumerate()
        .filter(|(_, swap)| swap.good)
        .filter_map(|(index, swap)| {
            // What was loaded after the next replacement was that one's: the same
            // content again is no reload.
            let next = swaps[index + 1..]
                .iter()
                .find(|next| next.name == swap.name);
            let until = next.map_or(repaired, |next| next.closed);
            let mine = loaded
                .iter()
                .filter(|(name, at)| *name == swap.name && *at >= swap.closed && *at < until);
            let first = mine.map(|(_, at)| *at).min()?;
            first.duration_since(swap.closed).ok()
        })
        .collect();
    println!(
        "file closed to new version serving: {} ({} swaps that changed the content)",
        Quantiles::of(&latencies),
        latencies.len()
    );
    let (mut around, mut elsewhere) = (Vec::new(), Vec::new());
    // The others' data come late while a clueless version serves.
    for number in (0..CONVERTERS).filter(|number| has_cases(*number)) {
        let times = traffic::arrivals(standin, number);
        let closed: Vec<_> = swaps
            .iter()
            .filter(|swap| swap.good && swap.name == name(number))
            .map(|swap| swap.closed)
            .collect();
        gaps(&times, &closed, &mut around, &mut elsewhere);
    }
    println!(
        "longest gap in a device's data, 1 s around a swap: {}; in seconds without one: {}",
        Quantiles::of(&around),
        Quantiles::of(&elsewhere)
    );
}

fn conclude(standin: &Standin, host: &Host, sent: &[Sent], total: u64) -> ExitCode {
    let relayed = traffic::relayed(standin, CONVERTERS);
    let distinct: BTreeSet<_> = relayed.iter().copied().collect();
    let dead = host.dead_letters();
    let expected = sent
        .iter()
        .flat_map(|sent| (0..sent.frames).map(move |seq| (sent.number, seq)));
    // None is a dead letter any more: all were decoded.
    let lost = expected.filter(|frame| !distinct.contains(frame)).count();
    let twice = relayed.len() - distinct.len();
    println!("{} relayed twice", twice);
    println!(
        "sent {total}, relayed {}, dead-lettered {dead}, lost {lost}",
        distinct.len()
    );
    match lost {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
