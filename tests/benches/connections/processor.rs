//! What a sample costs the host with few and with many connections, which speak for the same
//! devices, at the same rate, in writes of the same size.

use std::ops::RangeInclusive;

use measure::{Axis, Cell, Plot, Report, Samples, Table, take_turns};

use crate::{NEW_PER_SECOND, crowd::Talk, sizes, stage::Stage};

/// Connections at which the time is taken, beside the most; the first are what the others are
/// compared with.
const SIZES: [usize; 3] = [10, 1000, 10_000];
/// Samples in one write.
const BURST: usize = 2;
/// Writes a second, over all connections.
const BURSTS_PER_SECOND: usize = 10_000;
/// Least writes of a turn; each connection writes at least once.
const LEAST_BURSTS: usize = 30_000;
const QUICK_LEAST_BURSTS: usize = 5000;
/// Turns that the sizes take, an odd number.
const TURNS: usize = 3;
/// How far the time may differ from that of the fewest connections: a fifth of it.
const GOAL: RangeInclusive<f64> = 0.8..=1.2;
/// Without a line for each connection, which there are in every turn.
const LOG: &str = "info,tb_tcp::server::connection=warn";

/// The time at one size.
struct Cost {
    key: String,
    connections: usize,
    /// Processor µs of a sample, by turn.
    turns: Samples,
}

/// Measures each size, in turns.
pub(crate) fn measure(report: &mut Report, most: usize, quick: bool) {
    let (turns, least) = match quick {
        true => (1, QUICK_LEAST_BURSTS),
        false => (TURNS, LEAST_BURSTS),
    };
    let mut stage = Stage::start(most, LOG);
    // So that ThingsBoard has all devices.
    stage.crowd.open(1);
    stage.talk(&Talk {
        connections: 1,
        devices: most,
        burst: 1,
        bursts_per_second: NEW_PER_SECOND,
        bursts: most,
    });
    let mut sizes = sizes(&SIZES, most);
    let taken = take_turns(&mut sizes, turns, |(_, connections)| {
        turn(&mut stage, *connections, most, least)
    });
    let costs = sizes.into_iter().zip(taken);
    let costs: Vec<_> = costs
        .map(|((key, connections), turns)| Cost {
            key,
            connections,
            turns,
        })
        .collect();
    show(report, &costs, turns);
}

/// The time of a sample over so many new connections.
fn turn(stage: &mut Stage, connections: usize, devices: usize, least_bursts: usize) -> f64 {
    stage.crowd.close();
    stage.crowd.open(connections);
    let talk = Talk {
        connections,
        devices,
        burst: BURST,
        bursts_per_second: BURSTS_PER_SECOND,
        bursts: devices.max(least_bursts),
    };
    let ((), used) = stage.processor(|stage| stage.talk(&talk));
    used / (talk.bursts * talk.burst) as f64
}

fn show(report: &mut Report, costs: &[Cost], turns: usize) {
    let Some(fewest) = costs.first() else {
        return;
    };
    let reference = fewest.turns.median();
    let title = format!(
        "The host's processor time of a sample; the goal is {}× to {}× of that with {} connections",
        GOAL.start(),
        GOAL.end(),
        fewest.connections
    );
    let mut table = Table::new("processor", title, "connections").columns([
        ("median", "a sample, median"),
        ("least", "least"),
        ("greatest", "greatest"),
        ("ratio", &format!("÷ {} connections", fewest.connections)),
        ("goal", "goal reached"),
    ]);
    for cost in costs {
        let figures = [
            cost.turns.median(),
            cost.turns.least(),
            cost.turns.greatest(),
        ];
        let mut cells = figures.map(|us| Cell::figure(us, "µs")).to_vec();
        let ratio = cost.turns.median() / reference;
        cells.push(Cell::Ratio(ratio));
        cells.push(Cell::text(match GOAL.contains(&ratio) {
            true => "yes",
            false => "no",
        }));
        let label = Cell::Count(cost.connections as u64).label();
        table.row(&cost.key, label, cells);
        report.key_figure(
            format!("sample{}Microseconds", cost.key.replace("most", "Most")),
            cost.turns.median(),
        );
    }
    report.table(table);
    report.text(format!(
        "All sizes speak for the same devices, {} samples a second in writes of {BURST}; turns: {turns}.",
        Cell::Count((BURSTS_PER_SECOND * BURST) as u64).label()
    ));
    let points = costs
        .iter()
        .map(|cost| (cost.connections as f64, cost.turns.median()));
    report.plot(
        Plot::new(
            "processor",
            "Processor time of a sample",
            Axis::logarithmic("connections"),
            Axis::linear("µs a sample"),
        )
        .line("host", points),
    );
    if let Some(most) = costs.last() {
        report.key_figure("sampleRatioMost", most.turns.median() / reference);
    }
}
