/** The operations that show what `Json` does. */
import { Entity, fail, Json, json, Value } from "tb-converter";
import { takeFailure } from "tb-converter/assembly/error";

/**
 * `tree TEXT` tells all of a text, `get KEY TEXT` one value of an object. Any
 * other function is called for each of the lines that follow it, and gives an
 * attribute a line.
 */
export function jsonProbe(entity: Entity, argument: string): Entity {
  if (argument.startsWith("tree ")) return tree(entity, "$", Json.parse(argument.substring(5)));
  if (argument.startsWith("get ")) {
    const key = argument.substring(4, argument.indexOf(" ", 4));
    const value = Json.parse(argument.substring(5 + key.length)).get(key);
    return entity.attribute("text", value ? value.text : "none");
  }
  const lines = argument.split("\n");
  for (let i = 1; i < lines.length; i++) {
    const value = called(lines[0], lines[i]);
    const failure = takeFailure();
    entity.attribute(lines[i], failure === null ? value : Value.text("error: " + failure));
  }
  return entity;
}

function called(operation: string, line: string): Value {
  if (operation == "compact") return Value.text(json.compact(line));
  const value = Json.parse(line);
  if (operation == "parse") return Value.text(value.compact());
  if (operation == "kinds") return Value.text(kinds(value));
  if (operation == "long") return Value.long(value.long());
  if (operation == "double") return Value.double(value.double());
  if (operation == "boolean") return Value.boolean(value.boolean());
  return Value.text(fail<string>("unknown: " + operation));
}

/** Each value of a text with its path. */
function tree(entity: Entity, path: string, value: Json): Entity {
  if (value.isObject) {
    entity.attribute(path + " object", value.text);
    const entries = value.entries();
    for (let i = 0; i < entries.length; i++) tree(entity, path + "." + entries[i].key, entries[i].value);
  } else if (value.isArray) {
    entity.attribute(path + " array", value.text);
    const elements = value.elements();
    for (let i = 0; i < elements.length; i++) tree(entity, path + "." + i.toString(), elements[i]);
  } else {
    const typed = value.value();
    entity.attribute(path, typed ? typed : Value.text("no value: " + value.text));
  }
  return entity;
}

/** What a value can be read as. */
function kinds(value: Json): string {
  const kinds: string[] = [];
  if (value.isNull) kinds.push("null");
  if (value.isBoolean) kinds.push("boolean");
  if (value.isLong) kinds.push("long");
  if (value.isDouble) kinds.push("double");
  if (value.string() !== null) kinds.push("string");
  if (value.isArray) kinds.push("array");
  if (value.isObject) kinds.push("object");
  if (value.value()) kinds.push("value");
  if (value.elements().length > 0) kinds.push("elements");
  if (value.entries().length > 0) kinds.push("entries");
  return kinds.join(" ");
}
