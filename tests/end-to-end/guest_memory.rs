//! What a converter in Rust does with its memory: all of a call's is free again after it, and
//! what a call leaves behind stays as it is.

use std::{fs, path::Path};

use bytes::Bytes;
use harness::{converter, guest};
use tb_converter::Value;
use tb_tcp::{
    config::ConverterSettings,
    converter::{Converter, ConverterEngine, Metadata, Trial},
};
use tokio::runtime::Runtime;

/// An instance that serves all calls.
struct Instance {
    trial: Trial,
    /// Guests that print need one.
    runtime: Runtime,
}

impl Instance {
    fn of(file: &Path) -> Self {
        let engine = ConverterEngine::new(None).unwrap();
        let settings = ConverterSettings {
            max_calls_per_instance: 0,
            ..ConverterSettings::default()
        };
        let (name, wasm) = ("guest", fs::read(file).unwrap());
        let converter = Converter::load(&engine, name, &wasm, settings.limits(name)).unwrap();
        Self {
            trial: Trial::new(converter),
            runtime: Runtime::new().unwrap(),
        }
    }

    /// The last value that these frames bring, and the instance's memory after them.
    fn decode(&mut self, frames: &[String]) -> (Option<Value>, usize) {
        let _runtime = self.runtime.enter();
        let (mut last, mut memory) = (None, 0);
        for frame in frames {
            let tried = self
                .trial
                .decode(frame.as_bytes(), &Metadata::new(), &Bytes::new());
            let samples = tried.result.unwrap().into_iter();
            let samples = samples.flat_map(|entity| entity.telemetry);
            let values = samples.flat_map(|sample| sample.values);
            last = values.last().map(|pair| pair.value).or(last);
            memory = tried.memory_bytes;
        }
        (last, memory)
    }
}

#[test]
fn a_call_leaves_no_memory_behind() {
    let mut csv = Instance::of(&converter("csv"));
    let lines = |from: u32| {
        let line = |n| format!("SN-{n},default,temperature,25.7,a-key-that-is-long-{n},{n}");
        (from..from + 256).map(line).collect::<Vec<_>>()
    };
    let (last, first) = csv.decode(&lines(0));
    assert_eq!(last, Some(Value::Long(255)));
    assert!(first > 0);
    for from in 1..100 {
        assert_eq!(csv.decode(&lines(from * 1000)).1, first);
    }
}

#[test]
fn what_a_call_keeps_is_not_overwritten_by_the_next() {
    let mut guest = Instance::of(&guest("misbehaving"));
    let (mut frames, mut expected) = (Vec::new(), String::new());
    for n in 0..300 {
        // Results with many texts and without any in between.
        frames.push(format!("remember {n}"));
        frames.push(format!("many {}", n % 7));
        frames.push(format!("echo SN-{n} key {n}"));
        expected.push_str(&format!("{n} "));
    }
    frames.push("remember the end".to_owned());
    expected.push_str("the end ");
    assert_eq!(guest.decode(&frames).0, Some(Value::Text(expected)));
}
