//! Single calls outside a host, for whoever writes a converter.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};

use super::{
    Metadata,
    bindings::types,
    call::{CallContext, Missed, NOWHERE},
    component::Converter,
    cutter::{Cuts, Cutter},
    error::CallError,
    golden::note,
    instance::{Failure, Instance, Output, Records, Time},
    session::Session,
    single::Single,
};
use crate::message::batch::{BatchBuilder, Origin};

/// A converter under trial. Calls block; they must be made within a tokio
/// runtime, but on none of its threads.
pub struct Trial {
    single: Single,
}

/// How one call went.
#[derive(Debug)]
pub struct Tried<T> {
    /// What it gave.
    pub result: Result<T, CallError>,
    /// What it asked for on the connection.
    pub actions: tb_converter::Actions,
    /// What the converter logged: level and line, within `logLinesPerSecond`.
    pub log: Vec<(&'static str, String)>,
    /// How long it took, without the making of an instance.
    pub took: Duration,
    /// What the instance's memory takes after it, in bytes.
    pub memory_bytes: usize,
}

impl Trial {
    /// Calls are made to `converter`, on one instance as long as it may serve.
    #[must_use]
    pub fn new(converter: Arc<Converter>) -> Self {
        Self {
            single: Single::new(converter),
        }
    }

    /// Decodes a frame. `metadata` are the integration's, `session` is what the
    /// connection keeps.
    pub fn decode(
        &mut self,
        frame: &[u8],
        metadata: &Metadata,
        session: &Bytes,
    ) -> Tried<Vec<tb_converter::Entity>> {
        let context = Arc::new(CallContext::Uplink {
            integration: Arc::new(metadata.clone()),
            peer: NOWHERE,
            local: NOWHERE,
            session: Session::new(session.clone()),
        });
        let frame = Bytes::copy_from_slice(frame);
        self.call(|instance| decode(instance, &frame, &context))
    }

    /// Encodes a message with its metadata and the integration's.
    pub fn encode(
        &mut self,
        (msg, msg_type): (&str, &str),
        metadata: &Metadata,
        integration: &Metadata,
        session: &Bytes,
    ) -> Tried<Vec<Vec<u8>>> {
        let context = Arc::new(CallContext::Downlink {
            integration: Arc::new(integration.clone()),
            message: Arc::new(metadata.clone()),
            missed: Missed::default(),
            peer: NOWHERE,
            session: Session::new(session.clone()),
        });
        self.call(|instance| instance.encode(msg, msg_type, &context, Time::Whole))
    }

    /// Cuts the next frame from the front of `buffer`.
    pub fn cut(&mut self, cutter: &mut Cutter, buffer: &mut BytesMut) -> Cuts {
        let context = Arc::new(CallContext::Uplink {
            integration: Arc::default(),
            peer: NOWHERE,
            local: NOWHERE,
            session: Session::default(),
        });
        let mut cuts = Cuts::default();
        let call = |bytes: &[u8]| {
            let step = self
                .single
                .call(|instance| instance.cut(bytes, &context, Time::Whole));
            Some(step)
        };
        // A call that has all of its time comes to its end.
        let _ = cutter.cut(buffer, 1, &mut cuts, call, || true);
        cuts
    }

    fn call<T>(
        &mut self,
        call: impl FnOnce(&mut Instance) -> Result<Output<T>, Failure>,
    ) -> Tried<T> {
        let (mut log, mut took, mut memory_bytes) = (Vec::new(), Duration::ZERO, 0);
        let result = self.single.call(|instance| {
            instance.capture_log();
            let start = Instant::now();
            let result = call(instance);
            took = start.elapsed();
            log = instance.captured_log();
            memory_bytes = instance.memory_bytes();
            result
        });
        let asked = tb_converter::Context::new();
        let result = result.map(|output| {
            note(output.actions, &asked);
            output.value
        });
        Tried {
            result,
            actions: asked.actions(),
            log,
            took,
            memory_bytes,
        }
    }
}

/// A call of `decode` with all of its time.
pub(super) fn decode(
    instance: &mut Instance,
    frame: &Bytes,
    context: &Arc<CallContext>,
) -> Result<Output<Vec<tb_converter::Entity>>, Failure> {
    let origin = Origin {
        integration: Arc::default(),
        allow_create: true,
        received_ms: 0,
    };
    let mut batch = BatchBuilder::default();
    let records = Records {
        origin: &origin,
        batch: &mut batch,
    };
    let Output { actions, .. } = instance.decode(frame, context, Time::Whole, records)?;
    let uplinks = batch.finish().to_uplinks().into_iter();
    let value = uplinks.map(|uplink| entity(uplink.entity)).collect();
    Ok(Output { value, actions })
}

/// The SDK's types are the same contract's, made by another generator.
fn entity(entity: types::Entity) -> tb_converter::Entity {
    tb_converter::Entity {
        kind: match entity.kind {
            types::EntityKind::Device => tb_converter::EntityKind::Device,
            types::EntityKind::Asset => tb_converter::EntityKind::Asset,
        },
        name: entity.name,
        profile: entity.profile,
        label: entity.label,
        customer: entity.customer,
        group: entity.group,
        telemetry: entity.telemetry.into_iter().map(sample).collect(),
        attributes: entity.attributes.into_iter().map(pair).collect(),
    }
}

fn sample(sample: types::Sample) -> tb_converter::Sample {
    tb_converter::Sample {
        ts: sample.ts,
        values: sample.values.into_iter().map(pair).collect(),
    }
}

fn pair(pair: types::KeyValue) -> tb_converter::KeyValue {
    tb_converter::KeyValue {
        key: pair.key,
        value: match pair.value {
            types::Value::Boolean(flag) => tb_converter::Value::Boolean(flag),
            types::Value::Long(number) => tb_converter::Value::Long(number),
            types::Value::Double(number) => tb_converter::Value::Double(number),
            types::Value::Text(text) => tb_converter::Value::Text(text),
            types::Value::Json(text) => tb_converter::Value::Json(text),
        },
    }
}
