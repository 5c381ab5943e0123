//! Every golden case of every converter, on the built `.wasm`. The converters'
//! own tests run the same cases natively.

use std::{fs, path::Path, sync::Arc};

use harness::repository;
use tb_converter as sdk;
use tb_tcp::{
    config::ConverterSettings,
    converter::{CallContext, Converter, ConverterEngine, Direction, Metadata, Workers},
    message,
};
use tokio::runtime::Runtime;

struct Runner {
    runtime: Runtime,
    workers: Workers,
    converter: Arc<Converter>,
}

#[test]
fn the_built_converters_pass_their_golden_cases() {
    let mut folders: Vec<_> = fs::read_dir(repository().join("converters"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    assert!(folders.len() >= 2, "{folders:?}");
    for folder in folders {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let runner = Runner::new(&harness::converter(name));
        let mut directions = 0;
        if runner.converter.exports(Direction::Uplink) {
            directions += 1;
            sdk::testing::check_uplink_with(folder.join("uplink"), |frame, context| {
                runner.decode(frame, context)
            });
        }
        if runner.converter.exports(Direction::Downlink) {
            directions += 1;
            sdk::testing::check_downlink_with(folder.join("downlink"), |msg, context| {
                runner.encode(msg, context)
            });
        }
        assert!(directions > 0, "{name} exports nothing");
    }
}

impl Runner {
    fn new(file: &Path) -> Self {
        let runtime = Runtime::new().unwrap();
        let engine = ConverterEngine::new(&ConverterSettings::default()).unwrap();
        let converter = Converter::load(&engine, "golden", &fs::read(file).unwrap()).unwrap();
        let workers = runtime.block_on(async { Workers::start(1).unwrap().0 });
        Self {
            runtime,
            workers,
            converter,
        }
    }

    fn decode(&self, frame: &[u8], context: &sdk::Context) -> sdk::Result<Vec<sdk::Entity>> {
        let context = CallContext::Uplink {
            integration: Arc::new(metadata(context)),
            peer: ([127, 0, 0, 1], 1).into(),
            local: ([127, 0, 0, 1], 2).into(),
        };
        let frames = vec![frame.to_vec().into()];
        let decoded = self.workers.decode(self.converter.clone(), frames, context);
        let decoded = self.runtime.block_on(decoded)?.remove(0)?;
        Ok(decoded.into_iter().map(entity).collect())
    }

    fn encode(&self, msg: &sdk::Message, context: &sdk::Context) -> sdk::Result<Vec<Vec<u8>>> {
        let context = CallContext::Downlink {
            integration: Arc::default(),
            message: Arc::new(metadata(context)),
            peer: ([127, 0, 0, 1], 1).into(),
        };
        let (body, msg_type) = (msg.body().to_owned(), msg.msg_type().to_owned());
        let encoded = self
            .workers
            .encode(self.converter.clone(), body, msg_type, context);
        Ok(self.runtime.block_on(encoded)??)
    }
}

fn metadata(context: &sdk::Context) -> Metadata {
    context.metadata_entries().into_iter().collect()
}

fn entity(entity: message::Entity) -> sdk::Entity {
    sdk::Entity {
        kind: match entity.kind {
            message::EntityKind::Device => sdk::EntityKind::Device,
            message::EntityKind::Asset => sdk::EntityKind::Asset,
        },
        name: entity.name,
        profile: entity.profile,
        label: entity.label,
        customer: entity.customer,
        group: entity.group,
        telemetry: entity
            .telemetry
            .into_iter()
            .map(|sample| sdk::Sample {
                ts: sample.ts,
                values: sample.values.into_iter().map(pair).collect(),
            })
            .collect(),
        attributes: entity.attributes.into_iter().map(pair).collect(),
    }
}

fn pair(pair: message::KeyValue) -> sdk::KeyValue {
    sdk::KeyValue {
        key: pair.key,
        value: match pair.value {
            message::Value::Boolean(flag) => sdk::Value::Boolean(flag),
            message::Value::Long(number) => sdk::Value::Long(number),
            message::Value::Double(number) => sdk::Value::Double(number),
            message::Value::Text(text) => sdk::Value::Text(text),
            message::Value::Json(text) => sdk::Value::Json(text),
        },
    }
}
