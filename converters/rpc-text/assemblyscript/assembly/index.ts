/**
 * Commands for devices that read lines of text, as `../rust` is.
 *
 * An RPC call `{"method": "setRelay", "params": …}` becomes one frame,
 * `method=params`; the host ends it with the integration's terminator, a line
 * feed by default.
 *
 * | `params` | line |
 * |---|---|
 * | absent, `null`, `{}`, `[]` or `""` | `reboot` |
 * | `"on"`, `true`, `2.50` | `setRelay=on`, `setRelay=true`, `setRelay=2.50` |
 * | `[1, "on"]` | `setRelay=1,on` |
 * | `{"relay": 1, "state": "on"}` | `setRelay=relay:1,state:on` |
 *
 * Numbers are sent as they are written. What is nested deeper is sent as
 * compact JSON.
 *
 * Changed shared attributes, `{"powerState": "on", "interval": 60}`, become one
 * line each, with the equals sign also if the value is empty: `powerState=on`,
 * `interval=60`. Attributes that were deleted, and
 * all other messages, are none of the device's business: no frame.
 *
 * A control character (a line feed, above all) in a method, key or text is an
 * error: it would let the sender of one command slip in a second one.
 */
import { bytes, Context, fail, Json, log, Message, quote } from "tb-converter";

export function encode(message: Message, context: Context): Uint8Array[] {
  const type = message.msgType;
  if (type == "RPC_CALL_FROM_SERVER_TO_DEVICE") return call(Json.parse(message.body));
  if (type == "ATTRIBUTES_UPDATED" || type == "POST_ATTRIBUTES_REQUEST") return attributes(Json.parse(message.body));
  log.debug("no line for a message of type " + type);
  return [];
}

function call(json: Json): Uint8Array[] {
  const given = json.get("method");
  const method = given ? given.string() : null;
  if (method === null) return fail<Uint8Array[]>("the RPC call has no method, or one that is not text");
  if (method.length == 0) return fail<Uint8Array[]>("the RPC call's method is empty");
  const params = paramsOf(json.get("params"));
  return [line(params.length > 0 ? method + "=" + params : method)];
}

function attributes(json: Json): Uint8Array[] {
  if (!json.isObject) return fail<Uint8Array[]>("attributes are an object, not " + json.compact());
  const entries = json.entries();
  const frames: Uint8Array[] = [];
  for (let i = 0; i < entries.length; i++) frames.push(line(entries[i].key + "=" + scalar(entries[i].value)));
  return frames;
}

/** Of objects and arrays the values, with commas between them. */
function paramsOf(json: Json | null): string {
  if (!json || json.isNull) return "";
  if (json.isObject) return json.entries().map<string>((entry) => entry.key + ":" + scalar(entry.value)).join(",");
  if (json.isArray) return json.elements().map<string>((element) => scalar(element)).join(",");
  return scalar(json);
}

function scalar(json: Json): string {
  const text = json.string();
  return text !== null ? text : json.compact();
}

/** Refuses what the device would not read as one line. */
function line(text: string): Uint8Array {
  for (let i = 0; i < text.length; i++) {
    if (!isControl(text.charCodeAt(i))) continue;
    const control = quote(text.charAt(i), "'");
    return fail<Uint8Array>(quote(text) + " cannot be sent as a line: it holds the control character " + control);
  }
  return bytes(text);
}

function isControl(unit: i32): bool {
  return unit < 0x20 || (unit >= 0x7f && unit < 0xa0);
}
