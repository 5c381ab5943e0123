//! The additional parameters of an extended record: `name:type:value`, with commas between
//! them.

use tb_converter::{Sample, Value, number};

use crate::data::{Fault, Outcome};

/// A key of ThingsBoard's has 255 characters at most.
const MAX_NAME: usize = 255;

/// Puts each parameter into the sample under its name.
pub(crate) fn put(sample: &mut Sample, params: &str) -> Outcome<()> {
    for param in params.split(',').filter(|param| !param.is_empty()) {
        let fault = |text: &str| Fault::new("15", format!("the parameter {param:?} {text}"));
        let mut parts = param.splitn(3, ':');
        let (Some(name), Some(kind), Some(value)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(fault("is not name:type:value"));
        };
        if name.is_empty() || name.chars().count() > MAX_NAME {
            return Err(fault("has no name of 1 to 255 characters"));
        }
        let value = match kind {
            "1" => number::parse_long(value).ok().map(Value::from),
            "2" => number::parse_double(value).ok().map(Value::from),
            "3" => Some(Value::from(value)),
            _ => return Err(fault("has a type other than 1, 2 and 3")),
        };
        let value = value.ok_or_else(|| fault("has a value that is not of its type"))?;
        sample.put(name, value);
    }
    Ok(())
}
