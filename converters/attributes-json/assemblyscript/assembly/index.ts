/**
 * The encoder of ThingsBoard's TCP tutorial, as `../rust` is: the message, as
 * JSON on one line.
 *
 * A message's body is JSON text already, so nothing is parsed. Only white space
 * between its tokens is dropped: a line feed there would end the line that the
 * device reads. Numbers and escapes stay as ThingsBoard wrote them.
 */
import { bytes, Context, Message } from "tb-converter";

export function encode(message: Message, context: Context): Uint8Array[] {
  return [compact(bytes(message.body))];
}

/** JSON text without the white space between its tokens. */
function compact(json: Uint8Array): Uint8Array {
  const line = new Uint8Array(json.length);
  let length = 0;
  let inString = false;
  let escaped = false;
  // All that matters here is ASCII, which is never part of another character.
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (inString) {
      inString = escaped || byte != 0x22;
      escaped = !escaped && byte == 0x5c;
    } else if (byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d) {
      continue;
    } else {
      inString = byte == 0x22;
    }
    line[length++] = byte;
  }
  return line.subarray(0, length);
}
