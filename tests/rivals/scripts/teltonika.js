// The decoder of `converters/teltonika` for packets of codec 8, for an embedded engine. The IMEI, which the
// connection has kept since the login, is a constant here.

const IMEI = "123456789012345";

const CRC = new Uint16Array(256);
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xa001 : value >>> 1;
  CRC[byte] = value;
}

function crc(bytes, from, to) {
  let value = 0;
  for (let i = from; i < to; i++) value = (value >>> 8) ^ CRC[(value ^ bytes[i]) & 0xff];
  return value;
}

// Ten-millionths of a degree.
function degrees(number) {
  return Math.round(number) / 1e7;
}

function decode(frame) {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0) !== 0) throw new Error("the preamble is not 0");
  const end = 8 + view.getUint32(4);
  if (end + 4 !== frame.length) throw new Error("the length is wrong");
  if (view.getUint32(end) !== crc(frame, 8, end)) throw new Error("the CRC is wrong");
  if (view.getUint8(8) !== 8) throw new Error("the codec is not covered");
  const count = view.getUint8(9);

  const telemetry = [];
  let at = 10;
  for (let record = 0; record < count; record++) {
    const ts = Number(view.getBigInt64(at));
    const longitude = degrees(view.getInt32(at + 9));
    const latitude = degrees(view.getInt32(at + 13));
    const satellites = view.getUint8(at + 21);
    const known = latitude !== 0 || longitude !== 0;
    const values = { priority: view.getUint8(at + 8) };
    if (known && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180) {
      values.latitude = latitude;
      values.longitude = longitude;
    }
    values.altitude = view.getInt16(at + 17);
    values.course = view.getUint16(at + 19);
    values.satellites = satellites;
    values.speed = view.getUint16(at + 22);
    values.valid = satellites > 0 && known;
    values.eventIo = view.getUint8(at + 24);
    // The count of all elements is at 25: the groups say it again.
    at += 26;
    for (let width = 1; width <= 8; width *= 2) {
      const elements = view.getUint8(at++);
      for (let element = 0; element < elements; element++) {
        const name = "io_" + view.getUint8(at++);
        if (width === 1) values[name] = view.getUint8(at);
        else if (width === 2) values[name] = view.getUint16(at);
        else if (width === 4) values[name] = view.getUint32(at);
        else values[name] = Number(view.getBigInt64(at));
        at += width;
      }
    }
    telemetry.push({ ts, values });
  }
  if (view.getUint8(at) !== count || at + 1 !== end) throw new Error("the counts differ");
  return {
    deviceName: IMEI,
    deviceType: "teltonika",
    telemetry,
    attributes: {},
    reply: [0, 0, 0, count],
  };
}
