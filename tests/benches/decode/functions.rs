//! The converters' own sources, called as plain functions.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use native::{binary, csv, json, teltonika};
use tb_converter::{Context, Entity, Result, UplinkConverter};

use crate::{
    Decoder, share_of_processor_time,
    workloads::{Outcome, Workload},
};

/// Results that are kept until the clock has been read.
const KEPT: u64 = 64;

/// The converter of the workload's format.
pub(crate) fn of(workload: &Workload) -> impl Decoder + use<> {
    let decode = match workload.format {
        "csv" => csv::Csv::decode,
        "json" => json::JsonObjects::decode,
        "binary" => binary::Binary::decode,
        "teltonika" => teltonika::Teltonika::decode,
        other => panic!("no native decoder of {other}"),
    };
    Native {
        decode,
        frame: workload.frame.clone(),
        session: workload.session.clone(),
    }
}

struct Native {
    decode: fn(&[u8], &Context) -> Result<Vec<Entity>>,
    frame: Vec<u8>,
    session: Vec<u8>,
}

impl Native {
    /// A context of its own for each call, as the host has it.
    fn call(&self) -> (Vec<Entity>, Context) {
        let context = Context::new().with_session(&self.session);
        let entities = (self.decode)(black_box(&self.frame), &context).unwrap();
        (entities, context)
    }
}

impl Decoder for Native {
    fn check(&mut self) -> Outcome {
        let (entities, context) = self.call();
        Outcome::of(&entities, &context.actions().reply)
    }

    fn turn(&mut self, calls: u64) -> Duration {
        share_of_processor_time(|| {
            let mut took = Duration::ZERO;
            let mut results = Vec::with_capacity(KEPT as usize);
            for first in (0..calls).step_by(KEPT as usize) {
                let start = Instant::now();
                for _ in first..calls.min(first + KEPT) {
                    results.push(self.call());
                }
                took += start.elapsed();
                black_box(&results);
                results.clear();
            }
            took
        })
    }
}
