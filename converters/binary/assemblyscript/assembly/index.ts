/**
 * The binary decoder of ThingsBoard's TCP tutorial, as `../rust` is.
 *
 * The tutorial's device sends 25 bytes:
 *
 * | offset | bytes | what |
 * |---|---|---|
 * | 0 | `30 30 30 30` | `0000`, of no use |
 * | 4 | `11` | the length of what follows: 17 |
 * | 5 | `53 4e 2d 30 30 32` | `SN-002`, the device's name |
 * | 11 | `64 65 66 61 75 6c 74` | `default`, its type |
 * | 18 | `32 35 2e 37` | `25.7`, the temperature as text |
 * | 22 | `00 00 00` | of no use, and not counted |
 *
 * A frame is what stands behind the length: 6 bytes of name, 7 of type, and the
 * temperature. This handler cuts it:
 *
 * ```json
 * {
 *   "handlerType": "BINARY", "byteOrder": "LITTLE_ENDIAN", "maxFrameLength": 128,
 *   "lengthFieldOffset": 4, "lengthFieldLength": 1, "lengthAdjustment": 3,
 *   "initialBytesToStrip": 5
 * }
 * ```
 *
 * The tutorial's own has a `lengthAdjustment` of 0. Then the three zeros stay in
 * the stream, where they begin the next frame and put it out of step; with 3
 * they end their own. This decoder takes a frame with or without them.
 */
import { ByteReader, Context, Entity, fail, number, quote } from "tb-converter";

const NAME_LENGTH = 6;
const TYPE_LENGTH = 7;

export function decode(frame: Uint8Array, context: Context): Entity[] {
  const reader = new ByteReader(frame);
  const name = reader.text(NAME_LENGTH);
  const profile = reader.text(TYPE_LENGTH);
  const digits = withoutZeros(reader.text(reader.remaining));
  const temperature = number.parse(digits);
  if (!temperature) return fail("the temperature is not a number: " + quote(digits));
  return [Entity.device(name, profile).telemetry("temperature", temperature)];
}

function withoutZeros(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) == 0) end--;
  return text.substring(0, end);
}
