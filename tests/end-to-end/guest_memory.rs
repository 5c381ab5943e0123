//! What a converter in Rust does with its memory: all of a call's is free again after it, and
//! what a call leaves behind stays as it is.

use std::{fs, path::Path, sync::Arc};

use bytes::Bytes;
use harness::{converter, guest};
use tb_tcp::{
    config::ConverterSettings,
    converter::{CallContext, Converter, ConverterEngine, Here, Metadata, Session},
    message::{Value, batch::Origin},
};
use tokio::runtime::Runtime;

/// An instance that serves all calls.
struct Instance {
    converter: Arc<Converter>,
    thread: Here,
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
        Self {
            converter: Converter::load(&engine, name, &wasm, settings.limits(name)).unwrap(),
            thread: Here::default(),
            runtime: Runtime::new().unwrap(),
        }
    }

    /// The last value that these frames bring.
    fn decode(&mut self, frames: Vec<String>) -> Option<Value> {
        let _runtime = self.runtime.enter();
        let mut left: Vec<_> = frames.into_iter().map(Bytes::from).collect();
        let mut last = None;
        while !left.is_empty() {
            let context = Arc::new(CallContext::Uplink {
                integration: Arc::new(Metadata::new()),
                peer: ([127, 0, 0, 1], 1).into(),
                local: ([127, 0, 0, 1], 2).into(),
                session: Session::new(Bytes::new()),
            });
            let origin = Origin {
                integration: "test".into(),
                allow_create: true,
                received_ms: 0,
            };
            let (mut frames, decoded, batch) =
                self.thread.decode(&self.converter, left, (context, origin));
            for outcome in &decoded {
                assert!(outcome.is_ok(), "{outcome:?}");
            }
            left = frames.split_off(decoded.len());
            let values = batch.to_uplinks().into_iter().flat_map(|uplink| {
                let samples = uplink.entity.telemetry.into_iter();
                samples.flat_map(|sample| sample.values)
            });
            last = values.last().map(|pair| pair.value).or(last);
        }
        last
    }
}

#[test]
fn a_call_leaves_no_memory_behind() {
    let mut csv = Instance::of(&converter("csv"));
    let lines = |from: u32| {
        let line = |n| format!("SN-{n},default,temperature,25.7,a-key-that-is-long-{n},{n}");
        (from..from + 256).map(line).collect::<Vec<_>>()
    };
    assert_eq!(csv.decode(lines(0)), Some(Value::Long(255)));
    let first = csv.thread.memory_bytes();
    assert!(first > 0);
    for from in 1..100 {
        csv.decode(lines(from * 1000));
    }
    assert_eq!(csv.thread.memory_bytes(), first);
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
    assert_eq!(guest.decode(frames), Some(Value::Text(expected)));
}
