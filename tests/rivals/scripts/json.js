// The decoder of `converters/json`, for an embedded engine: one object, or an array of them.

function values(object, skipped) {
  const values = {};
  for (const key of Object.keys(object)) {
    if (skipped.includes(key) || object[key] === null) continue;
    if (key === "") throw new Error("a value has an empty key");
    values[key] = object[key];
  }
  return values;
}

function entity(object) {
  if (typeof object !== "object" || object === null) throw new Error("an object with deviceName wanted");
  const name = object.deviceName;
  if (typeof name !== "string") throw new Error("deviceName is missing, or not text");
  if (name === "") throw new Error("deviceName is empty");
  const type = object.deviceType ?? "";
  if (typeof type !== "string") throw new Error("deviceType is not text");
  const ts = object.ts;
  if (ts !== undefined && !Number.isInteger(ts)) throw new Error("ts is not a time in Unix milliseconds");

  const nested = typeof object.attributes === "object" ? object.attributes : {};
  const measured = values(object, ["deviceName", "deviceType", "ts", "attributes"]);
  return {
    deviceName: name,
    deviceType: type,
    telemetry: ts === undefined ? measured : { ts, values: measured },
    attributes: values(nested, []),
  };
}

function decode(frame) {
  const json = JSON.parse(frame);
  return Array.isArray(json) ? json.map(entity) : entity(json);
}
