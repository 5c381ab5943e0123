//! `csv` without WebAssembly, for a benchmark: the source that its component is made of, called
//! directly. What comes out passes the same checks and becomes the same records.

use native::csv::Csv;
use tb_converter::{Context, UplinkConverter as _, Value};

use super::{
    check::{check_head, check_value},
    error::CallError,
    instance::Records,
};
use crate::message::{
    EntityKind,
    batch::{Head, ValueRef},
};

/// The converter that this stands in for.
pub(super) const NAME: &str = "csv";

/// As [`Instance::decode`](super::instance::Instance::decode).
pub(super) fn decode(frame: &[u8], records: Records<'_>) -> Result<(), CallError> {
    let decoded = Csv::decode(frame, &Context::new());
    let entities = decoded.map_err(|error| CallError::Refused(error.to_string()))?;
    let Records { origin, batch } = records;
    for entity in &entities {
        let head = Head {
            origin,
            kind: match entity.kind {
                tb_converter::EntityKind::Device => EntityKind::Device,
                tb_converter::EntityKind::Asset => EntityKind::Asset,
            },
            name: &entity.name,
            profile: &entity.profile,
            label: entity.label.as_deref(),
            customer: entity.customer.as_deref(),
            group: entity.group.as_deref(),
        };
        check_head(&head).map_err(CallError::BadResult)?;
        batch.head(&head);
        batch.samples(entity.telemetry.len());
        for sample in &entity.telemetry {
            batch.sample(sample.ts, sample.values.len());
            for pair in &sample.values {
                let value = match &pair.value {
                    Value::Boolean(flag) => ValueRef::Boolean(*flag),
                    Value::Long(number) => ValueRef::Long(*number),
                    Value::Double(number) => ValueRef::Double(*number),
                    Value::Text(text) => ValueRef::Text(text.as_str()),
                    Value::Json(text) => ValueRef::Json(text.as_str()),
                };
                check_value(&pair.key, value).map_err(CallError::BadResult)?;
                batch.pair(&pair.key, value);
            }
        }
        batch.attributes(0);
    }
    Ok(())
}
