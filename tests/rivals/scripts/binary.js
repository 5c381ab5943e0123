// The decoder of `converters/binary`, for an embedded engine: 6 bytes of name, 7 of type, and a temperature.

function text(bytes, from, to) {
  if (bytes.length < to) throw new Error("the frame ends before byte " + to);
  let text = "";
  for (let i = from; i < to; i++) {
    if (bytes[i] > 127) throw new Error("byte " + i + " is not ASCII");
    text += String.fromCharCode(bytes[i]);
  }
  return text;
}

function decode(frame) {
  let end = frame.length;
  while (end > 13 && frame[end - 1] === 0) end--;
  const name = text(frame, 0, 6);
  const type = text(frame, 6, 13);
  const measured = text(frame, 13, end);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(measured)) {
    throw new Error("the temperature is not a number: " + measured);
  }
  return { deviceName: name, deviceType: type, telemetry: { temperature: Number(measured) }, attributes: {} };
}
