/**
 * The JSON decoder of ThingsBoard's TCP tutorial, as `../rust` is.
 *
 * A frame is one object, or an array of them:
 * `[{"deviceName": "SN-002", "deviceType": "default", "temperature": 25.7, "humidity": 69}]`.
 * The integration's handler is `{"handlerType": "JSON"}`; it cuts a stream into
 * objects and arrays without any separator, and this decoder takes both, so that
 * `splitArrays` may have either value.
 *
 * `deviceName` is needed, an absent `deviceType` means the default profile. The
 * tutorial's decoder picks `temperature` and `humidity`; this one stores every
 * other key as telemetry, with the type that it has in JSON. Nested objects and
 * arrays are stored as JSON, `null` is no value. `ts`, if there is one, is the
 * time of all values of its object in Unix milliseconds, and `attributes`, if
 * it is an object, holds attributes.
 */
import { Context, Entity, fail, Json, JsonEntry, text, Value } from "tb-converter";

export function decode(frame: Uint8Array, context: Context): Entity[] {
  const json = Json.parse(text(frame));
  const objects = json.isArray ? json.elements() : [json];
  const entities: Entity[] = [];
  for (let i = 0; i < objects.length; i++) {
    const entity = entityOf(objects[i]);
    if (entity) entities.push(entity);
  }
  return entities;
}

function entityOf(json: Json): Entity | null {
  if (!json.isObject) return fail<Entity | null>("an object with deviceName wanted, found " + json.text);
  // Each look at a single key would read the whole object.
  const entries = json.entries();
  let deviceName: Json | null = null;
  let deviceType: Json | null = null;
  let ts: Json | null = null;
  for (let i = 0; i < entries.length; i++) {
    const key = entries[i].key;
    if (key == "deviceName") deviceName = entries[i].value;
    else if (key == "deviceType") deviceType = entries[i].value;
    else if (key == "ts") ts = entries[i].value;
  }
  const name = deviceName ? deviceName.string() : null;
  if (name === null) return fail<Entity | null>("deviceName is missing, or not text");
  if (name.length == 0) return fail<Entity | null>("deviceName is empty");
  const profile = deviceType ? deviceType.string() : "";
  if (profile === null) return fail<Entity | null>("deviceType is not text");
  if (ts && !ts.isLong) return fail<Entity | null>("ts is not a time in Unix milliseconds: " + ts.text);

  const entity = Entity.device(name, profile);
  for (let i = 0; i < entries.length; i++) {
    const key = entries[i].key;
    if (key == "deviceName" || key == "deviceType" || key == "ts") continue;
    if (key == "attributes" && entries[i].value.isObject) {
      addAttributes(entity, entries[i].value);
      continue;
    }
    const value = valueOf(entries[i]);
    if (!value) continue;
    if (ts) entity.telemetryAt(ts.long(), key, value);
    else entity.telemetry(key, value);
  }
  return entity;
}

function addAttributes(entity: Entity, attributes: Json): void {
  const entries = attributes.entries();
  for (let i = 0; i < entries.length; i++) {
    const value = valueOf(entries[i]);
    if (value) entity.attribute(entries[i].key, value);
  }
}

/** The value of a key; null if it is `null`. */
function valueOf(entry: JsonEntry): Value | null {
  const json = entry.value;
  if (entry.key.length == 0) return fail<Value | null>("the value " + json.text + " has an empty key");
  const value = json.value();
  if (!value && !json.isNull) {
    return fail<Value | null>("the value of " + entry.key + " is too great for a double: " + json.text);
  }
  return value;
}
