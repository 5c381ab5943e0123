//! What a guest returned becomes records, if ThingsBoard can store it.

use super::{
    check::{check_head, check_value},
    error::CallError,
    lifted::{Item, Lifted},
};
use crate::{
    config::ConverterLimits,
    message::{
        EntityKind,
        batch::{BatchBuilder, Head, Origin},
    },
};

/// Adds what `lifted` says to `batch`; all of it or nothing.
///
/// # Errors
/// More entities or values than one frame may bring, or something that ThingsBoard does
/// not store.
pub(super) fn pack(
    lifted: &Lifted,
    limits: &ConverterLimits,
    origin: &Origin,
    batch: &mut BatchBuilder,
) -> Result<(), CallError> {
    if lifted.entities > limits.entities {
        return Err(CallError::TooManyEntities {
            count: lifted.entities,
            limit: limits.entities,
        });
    }
    if lifted.pairs > limits.values {
        return Err(CallError::TooManyValues {
            count: lifted.pairs,
            limit: limits.values,
        });
    }
    let mark = batch.mark();
    let packed = pack_items(lifted, origin, batch);
    packed.map_err(|fault| {
        batch.rewind(mark);
        CallError::BadResult(fault)
    })
}

fn pack_items(lifted: &Lifted, origin: &Origin, batch: &mut BatchBuilder) -> Result<(), String> {
    let text = |text| lifted.text(text);
    let mut of = (EntityKind::Device, "");
    for item in &lifted.items {
        match *item {
            Item::Entity {
                kind,
                name,
                profile,
                label,
                customer,
                group,
                samples,
            } => {
                let head = Head {
                    origin,
                    kind,
                    name: text(name),
                    profile: text(profile),
                    label: label.map(text),
                    customer: customer.map(text),
                    group: group.map(text),
                };
                check_head(&head)?;
                of = (kind, head.name);
                batch.head(&head);
                batch.samples(samples);
            }
            Item::Sample { ts, pairs } => batch.sample(ts, pairs),
            Item::Attributes { pairs } => batch.attributes(pairs),
            Item::Pair { key, value } => {
                let (key, value) = (text(key), lifted.value(value));
                check_value(key, value).map_err(|fault| format!("{}: {fault}", of.1))?;
                batch.pair(key, value);
            }
        }
    }
    Ok(())
}
