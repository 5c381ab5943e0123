// The decoder of `converters/csv`, for an embedded engine: name,type,key,value,key,value…

function number(text) {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return undefined;
  return Number(text);
}

function decode(frame) {
  let line = frame.replaceAll('"', "");
  if (line.endsWith("\\n")) line = line.substring(0, line.length - 2);
  const fields = line.split(",");

  const name = fields[0].trim();
  if (name.length === 0) throw new Error("deviceName is empty: a line starts with name,type");
  if (fields.length < 2) throw new Error("deviceType is missing after deviceName " + name);

  const telemetry = {};
  for (let i = 2; i < fields.length; i += 2) {
    const key = fields[i].trim();
    if (i + 1 === fields.length) throw new Error("telemetry key " + key + " has no value");
    const text = fields[i + 1].trim();
    if (key.length === 0) throw new Error("telemetry value " + text + " has an empty key");
    const value = number(text);
    if (value === undefined) throw new Error("the value of " + key + " is not a number: " + text);
    telemetry[key] = value;
  }
  return { deviceName: name, deviceType: fields[1].trim(), telemetry, attributes: {} };
}
