/**
 * The CSV decoder of ThingsBoard's TCP tutorial, as `../rust` is.
 *
 * A frame is one line, `name,type,key,value,key,value…`: the device's name, its
 * type, and any number of telemetry values. As in the tutorial's decoder quotes
 * are dropped wherever they stand, and so is a literal `\n` at the end, which
 * `echo` without `-e` sends. White space around a field is dropped too.
 *
 * Where that decoder would quietly store nonsense (`NaN`, or 25.7 for
 * `25.7abc`), this one fails and names the key and the value.
 */
import { Context, Entity, fail, number, quote, text } from "tb-converter";

export function decode(frame: Uint8Array, context: Context): Entity[] {
  let line = text(frame).replaceAll('"', "");
  if (line.endsWith("\\n")) line = line.substring(0, line.length - 2);
  const fields = line.split(",");

  const name = fields[0].trim();
  if (name.length == 0) return fail("deviceName is empty: a line starts with name,type");
  if (fields.length < 2) return fail("deviceType is missing after deviceName " + quote(name));

  const entity = Entity.device(name, fields[1].trim());
  for (let i = 2; i < fields.length; i += 2) {
    const key = fields[i].trim();
    if (i + 1 == fields.length) return fail("telemetry key " + quote(key) + " has no value");
    const value = fields[i + 1].trim();
    if (key.length == 0) return fail("telemetry value " + quote(value) + " has an empty key");
    const measured = number.parse(value);
    if (!measured) {
      return fail("the value of telemetry key " + quote(key) + " is not a number: " + quote(value));
    }
    entity.telemetry(key, measured);
  }
  return [entity];
}
