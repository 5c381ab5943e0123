/**
 * The encoder of ThingsBoard's TCP tutorial, as `../rust` is: the message, as
 * JSON on one line.
 *
 * A message's body is JSON text already, so nothing is parsed. Only white space
 * between its tokens is dropped: a line feed there would end the line that the
 * device reads. Numbers and escapes stay as ThingsBoard wrote them.
 */
import { bytes, Context, json, Message } from "tb-converter";

export function encode(message: Message, context: Context): Uint8Array[] {
  return [bytes(json.compact(message.body))];
}
