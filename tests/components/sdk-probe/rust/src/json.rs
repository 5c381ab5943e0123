//! The operations that show what `Json` does.

use tb_converter::json::{self, Json};
use tb_converter::{Entity, Result, Value};

/// `tree TEXT` tells all of a text, `get KEY TEXT` one value of an object. Any
/// other function is called for each of the lines that follow it, and gives an
/// attribute a line.
pub(super) fn json_probe(entity: Entity, argument: &str) -> Result<Entity> {
    if let Some(text) = argument.strip_prefix("tree ") {
        return Ok(tree(entity, "$", Json::parse(text)?));
    }
    if let Some((key, text)) = argument
        .strip_prefix("get ")
        .and_then(|rest| rest.split_once(' '))
    {
        let value = Json::parse(text)?.get(key);
        return Ok(entity.attribute("text", value.map_or("none", Json::text)));
    }
    let (operation, lines) = argument.split_once('\n').unwrap_or((argument, ""));
    Ok(lines.split('\n').fold(entity, |entity, line| {
        let value = called(operation, line);
        entity.attribute(
            line,
            value.unwrap_or_else(|error| Value::Text(format!("error: {error}"))),
        )
    }))
}

fn called(operation: &str, line: &str) -> Result<Value> {
    if operation == "compact" {
        return Ok(json::compact(line).into());
    }
    let value = Json::parse(line)?;
    match operation {
        "parse" => Ok(value.compact().into()),
        "kinds" => Ok(kinds(value).into()),
        "long" => wanted("a long", value, value.long()),
        "double" => wanted("a double", value, value.double()),
        "boolean" => wanted("a boolean", value, value.boolean()),
        _ => Err(format!("unknown: {operation}").into()),
    }
}

/// The error that AssemblyScript has where Rust has `None`.
fn wanted<T: Into<Value>>(what: &str, json: Json<'_>, value: Option<T>) -> Result<Value> {
    let found = match json {
        _ if json.is_object() => "an object",
        _ if json.is_array() => "an array",
        _ => json.text(),
    };
    match value {
        Some(value) => Ok(value.into()),
        None => Err(format!("{what} wanted, found {found}").into()),
    }
}

/// Each value of a text with its path.
fn tree(entity: Entity, path: &str, value: Json<'_>) -> Entity {
    if value.is_object() {
        let entity = entity.attribute(format!("{path} object"), value.text());
        value.entries().fold(entity, |entity, (key, value)| {
            tree(entity, &format!("{path}.{key}"), value)
        })
    } else if value.is_array() {
        let entity = entity.attribute(format!("{path} array"), value.text());
        let elements = value.elements().enumerate();
        elements.fold(entity, |entity, (index, value)| {
            tree(entity, &format!("{path}.{index}"), value)
        })
    } else {
        match value.value() {
            Some(typed) => entity.attribute(path, typed),
            None => entity.attribute(path, format!("no value: {}", value.text())),
        }
    }
}

/// What a value can be read as.
fn kinds(value: Json<'_>) -> String {
    let kinds = [
        ("null", value.is_null()),
        ("boolean", value.boolean().is_some()),
        ("long", value.long().is_some()),
        ("double", value.double().is_some()),
        ("string", value.string().is_some()),
        ("array", value.is_array()),
        ("object", value.is_object()),
        ("value", value.value().is_some()),
        ("elements", value.elements().next().is_some()),
        ("entries", value.entries().next().is_some()),
    ];
    let kinds: Vec<&str> = kinds
        .iter()
        .filter(|(_, is)| *is)
        .map(|(kind, _)| *kind)
        .collect();
    kinds.join(" ")
}
