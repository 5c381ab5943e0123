//! VRL, the language of Vector's `remap`: compiled once, resolved for each call.

use std::{collections::BTreeMap, hint::black_box};

use serde_json::Value as Json;
use vrl::{
    compiler::{Program, TargetValue, TimeZone, compile, runtime::Runtime},
    value,
    value::{Secrets, Value},
};

use crate::{Engine, Failure, Frame, processor_time, version};

/// Scripts by the format of the frames.
type Scripts = &'static [(&'static str, &'static str)];

/// Scripts that do what the converters do.
pub(crate) const GENERAL: Scripts = &[
    ("csv", include_str!("../scripts/csv.vrl")),
    ("json", include_str!("../scripts/json.vrl")),
    ("binary", include_str!("../scripts/binary.vrl")),
];
/// Scripts that do less than the converters: they know the keys.
pub(crate) const FIXED: Scripts = &[("csv", include_str!("../scripts/csv-fixed.vrl"))];

/// VRL's compiler and its runtime.
pub(crate) struct Vrl {
    scripts: Scripts,
    /// What of the scripts belongs to the name.
    remark: &'static str,
    runtime: Runtime,
    loaded: Option<(Program, Vec<u8>)>,
}

impl Vrl {
    pub(crate) fn new(scripts: Scripts, remark: &'static str) -> Self {
        Self {
            scripts,
            remark,
            runtime: Runtime::default(),
            loaded: None,
        }
    }

    fn call(&mut self) -> Result<Value, Failure> {
        let (program, frame) = self.loaded.as_ref().ok_or("nothing is loaded")?;
        // VRL's text may hold any bytes; the script looks at them where it needs text.
        let frame = Value::Bytes(frame.clone().into());
        let mut target = TargetValue {
            value: Value::Object(BTreeMap::from([("frame".into(), frame)])),
            metadata: value!({}),
            secrets: Secrets::default(),
        };
        let timezone = TimeZone::default();
        let resolved = self.runtime.resolve(&mut target, program, &timezone);
        self.runtime.clear();
        resolved.map_err(|error| error.to_string())?;
        Ok(target.value)
    }
}

impl Engine for Vrl {
    fn name(&self) -> String {
        format!("VRL {}{}", version("vrl"), self.remark)
    }

    fn load(&mut self, format: &str, frame: Frame) -> Result<bool, Failure> {
        let Some((_, script)) = self.scripts.iter().find(|(name, _)| *name == format) else {
            return Ok(false);
        };
        let compiled = compile(script, &vrl::stdlib::all()).map_err(|errors| {
            let mut texts = errors.iter().map(|error| error.message.clone());
            format!("{format}.vrl: {}", texts.next().unwrap_or_default())
        })?;
        let (Frame::Text(bytes) | Frame::Bytes(bytes)) = frame;
        self.loaded = Some((compiled.program, bytes));
        Ok(true)
    }

    fn check(&mut self) -> Result<Json, Failure> {
        Ok(serde_json::to_value(self.call()?)?)
    }

    fn turn(&mut self, calls: u64) -> Result<u128, Failure> {
        let start = processor_time();
        for _ in 0..calls {
            black_box(self.call()?);
        }
        Ok((processor_time() - start).as_nanos())
    }
}
