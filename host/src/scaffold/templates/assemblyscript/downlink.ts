/**
 * Encodes what ThingsBoard says to a thermometer: frames of a version, a
 * command and its argument, numbers with the highest byte first.
 *
 * | message | frame |
 * |---|---|
 * | shared attribute `reportInterval`, in seconds | `01 01` and the seconds in two bytes |
 * | RPC call `reboot` | `01 02` |
 *
 * This is an example: put your device's commands in its place, and messages
 * for it into the golden cases.
 */
import { ByteWriter, Context, fail, Json, Message } from "tb-converter";

/** The version of the format that the device reads. */
const VERSION: u8 = 1;
const SET_REPORT_INTERVAL: u8 = 1;
const REBOOT: u8 = 2;

/** Encodes shared attributes and RPC calls as commands. */
export function encode(message: Message, context: Context): Uint8Array[] {
  if (message.msgType == "ATTRIBUTES_UPDATED") return attributes(Json.parse(message.body));
  if (message.msgType == "RPC_CALL_FROM_SERVER_TO_DEVICE") return call(Json.parse(message.body));
  // All else is none of the device's business: nothing is sent.
  return [];
}

function attributes(attributes: Json): Uint8Array[] {
  const interval = attributes.get("reportInterval");
  if (!interval) return [];
  const seconds = interval.isLong ? interval.long() : -1;
  if (seconds < 0 || seconds > 65535) {
    // The host logs this text with the message.
    return fail<Uint8Array[]>("reportInterval is a number of seconds from 0 to 65535, not " + interval.compact());
  }
  const frame = new ByteWriter().u8(VERSION).u8(SET_REPORT_INTERVAL).u16Be(<u16>seconds).finish();
  return [frame];
}

function call(call: Json): Uint8Array[] {
  const method = call.get("method");
  const name = method ? method.string() : null;
  if (name === null) return fail<Uint8Array[]>("the RPC call has no method");
  if (name == "reboot") return [new ByteWriter().u8(VERSION).u8(REBOOT).finish()];
  return fail<Uint8Array[]>("the device has no method " + name);
}
