//! Connections that send as fast as they go.

use std::{collections::BTreeMap, path::PathBuf, thread, time::Duration};

use measure::{Cell, Report, Table, process::own_id};

use super::{
    NATIVE,
    goals::Goals,
    load::{
        flood::{Flood, Load, Pacer},
        line::VALUES,
        stage::Stage,
        usage::{Usage, forget_peak, memory_mib},
    },
    threads,
};

/// Lines on their way at a time. Without a bound the host would take lines faster than the
/// stand-in does, and fill its spool; then what is sent and what arrives are not the same
/// lines, and the time for one is shared by the other.
pub(super) const WINDOW: usize = 200_000;
/// How long the load runs before it is measured.
const WARM: Duration = Duration::from_secs(2);
/// How long the load goes on until it is asked whether all devices are there.
const MOMENT: Duration = Duration::from_millis(100);
/// How long after the load the host's memory is read again.
const REST: Duration = Duration::from_secs(2);

/// What one load gave.
struct Run {
    candidate: &'static str,
    connections: usize,
    samples_per_second: f64,
    /// Processor µs a sample.
    generator: f64,
    host: f64,
    standin: f64,
    /// The same for the host's threads by name.
    threads: BTreeMap<String, f64>,
    /// Memory of the host in MiB: after its first start, after the next, at most, and some seconds after the load.
    memory: [f64; 4],
    /// Samples that were checked.
    checked: u64,
}

/// Measures each number of connections, the native host too if there is one.
pub(super) fn measure(
    report: &mut Report,
    goals: &mut Goals,
    native: Option<&PathBuf>,
    connections: &[usize],
    span: Duration,
    window: Option<usize>,
) {
    let mut runs = Vec::new();
    for connections in connections {
        let mut candidates = vec![("wasm", None)];
        candidates.extend(native.map(|binary| ("native", Some(binary))));
        // Alone there is nothing to compare with.
        let turns = candidates.len();
        let mut taken: Vec<Vec<Run>> = candidates.iter().map(|_| Vec::new()).collect();
        for _ in 0..turns {
            for ((name, binary), taken) in candidates.iter().zip(&mut taken) {
                taken.push(run(name, *binary, *connections, span, window));
            }
        }
        runs.extend(taken.iter().filter_map(|turns| mean(turns)));
    }
    report.table(speed(&runs));
    let columns = runs.iter().map(|run| (key(run), label(run), &run.threads));
    report.table(threads::table(
        "threads",
        "The host's processor time by thread, a sample",
        columns,
    ));
    let checked: u64 = runs.iter().map(|run| run.checked).sum();
    report.text(format!(
        "{checked} samples were checked: none lost, doubled or out of order. Memory is resident \
         memory of the host after a start that compiles the converter, after the next one, which takes \
         the compiled code from its cache, at most under load, and {} s after it. The host's processor time \
         is that of everything: reading, framing, decoding, spool, encoding, gRPC.",
        REST.as_secs()
    ));
    if native.is_none() {
        report.text(format!(
            "The host with a native decoder in place of wasm is left out: {NATIVE} names no binary."
        ));
    }
    for run in &runs {
        let suffix = format!("{}{}", run.candidate, run.connections);
        report.key_figure(format!("{suffix}SamplesPerSecond"), run.samples_per_second);
        report.key_figure(format!("{suffix}HostMicroseconds"), run.host);
    }
    tell(goals, &runs);
}

fn tell(goals: &mut Goals, runs: &[Run]) {
    let of = |candidate| runs.iter().filter(move |run| run.candidate == candidate);
    let most = |figure: fn(&Run) -> f64| of("wasm").map(figure).fold(f64::NAN, f64::max);
    goals.at_most(
        "host's processor time, a sample",
        most(|run| run.host),
        2.4,
        "µs",
    );
    goals.at_most(
        "host's memory under load",
        most(|run| run.memory[2]),
        64.0,
        "MiB",
    );
    goals.at_most(
        "host's memory, idle, compiled code cached",
        most(|run| run.memory[1]),
        25.0,
        "MiB",
    );
    let ratios = of("wasm").zip(of("native"));
    let ratios = ratios.map(|(wasm, native)| wasm.samples_per_second / native.samples_per_second);
    let least = ratios.fold(f64::NAN, f64::min);
    if !least.is_nan() {
        goals.at_least(
            "samples/s with wasm ÷ with a native decoder",
            least,
            0.7,
            "×",
        );
    }
}

fn run(
    candidate: &'static str,
    binary: Option<&PathBuf>,
    connections: usize,
    span: Duration,
    window: Option<usize>,
) -> Run {
    let stage = Stage::start(binary);
    let (first, _) = memory_mib(stage.host.process.id());
    let stage = stage.restarted();
    let host = stage.host.process.id();
    let (idle, _) = memory_mib(host);
    forget_peak(host);

    let flood = Flood::start(stage.host.address, Load::of(connections, window));
    let mut pacer = Pacer::of(&flood, stage.standin.http, VALUES);
    stage.wait_for_devices(connections, || {
        pacer.run(MOMENT);
    });
    let before = pacer.run(WARM);
    let processes = [own_id(), host, stage.standin.process.id()];
    let usage = processes.map(Usage::of);
    let samples = (pacer.run(span) - before) as f64;
    let [generator, used, standin] = usage.map(|usage| usage.used());
    let (_, peak) = memory_mib(host);

    let sent = flood.stop();
    stage.check(sent, VALUES, Some(connections));
    thread::sleep(REST);
    let (rest, _) = memory_mib(host);
    let each = |seconds: f64| seconds * 1e6 / samples;
    Run {
        candidate,
        connections,
        samples_per_second: samples / used.seconds,
        generator: each(generator.processor),
        host: each(used.processor),
        standin: each(standin.processor),
        threads: (used.threads.into_iter())
            .map(|(name, seconds)| (name, each(seconds)))
            .collect(),
        memory: [first, idle, peak, rest],
        checked: sent,
    }
}

/// The mean of a candidate's turns; of memory the most.
fn mean(turns: &[Run]) -> Option<Run> {
    let mean =
        |figure: &dyn Fn(&Run) -> f64| turns.iter().map(figure).sum::<f64>() / turns.len() as f64;
    let most = |index: usize| {
        turns
            .iter()
            .map(|turn| turn.memory[index])
            .fold(0.0, f64::max)
    };
    let first = turns.first()?;
    let names = first.threads.keys();
    let thread = |name: &String| mean(&|turn| turn.threads.get(name).copied().unwrap_or_default());
    Some(Run {
        candidate: first.candidate,
        connections: first.connections,
        samples_per_second: mean(&|turn| turn.samples_per_second),
        generator: mean(&|turn| turn.generator),
        host: mean(&|turn| turn.host),
        standin: mean(&|turn| turn.standin),
        threads: names.map(|name| (name.clone(), thread(name))).collect(),
        memory: [0, 1, 2, 3].map(most),
        checked: turns.iter().map(|turn| turn.checked).sum(),
    })
}

fn speed(runs: &[Run]) -> Table {
    let mut table = Table::new("speed", "As fast as it goes", "decoder, connections").columns([
        ("samples", "samples"),
        ("host", "host, a sample"),
        ("generator", "generator, a sample"),
        ("standin", "stand-in, a sample"),
        ("first", "memory, first start"),
        ("idle", "next start"),
        ("peak", "at most"),
        ("after", "after"),
    ]);
    for run in runs {
        let mut cells = vec![Cell::figure(run.samples_per_second, "/s")];
        let times = [run.host, run.generator, run.standin];
        cells.extend(times.map(|time| Cell::figure(time, "µs")));
        cells.extend(run.memory.map(|mib| Cell::figure(mib, "MiB")));
        table.row(key(run), label(run), cells);
    }
    table
}

fn key(run: &Run) -> String {
    format!("{}-{}", run.candidate, run.connections)
}

fn label(run: &Run) -> String {
    format!("{}, {}", run.candidate, run.connections)
}
