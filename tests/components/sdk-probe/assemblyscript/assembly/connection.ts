/**
 * What a call can do on its connection, what happens on that, and how its bytes
 * are cut.
 */
import { bytes, Context, encoding, Entity, fail, number, OLDEST, Step, text, Value } from "tb-converter";

import { unknown } from "./functions";

/** Longest header that `cut` looks for. */
const MAX_HEADER: i32 = 8;
const HASH: u8 = 0x23;
const COLON: u8 = 0x3a;

/**
 * Does what each line says. What a line tells becomes an attribute, its key the
 * line's number.
 */
export function asked(entity: Entity, lines: string, context: Context): Entity {
  const all = lines.split("\n");
  for (let i = 0; i < all.length; i++) {
    const told = ask(all[i], context);
    if (told !== null) entity.attribute<string>(i.toString(), told);
  }
  return entity;
}

/** The same for a downlink, where what a line tells becomes a frame. */
export function askedOnTheWay(lines: string, context: Context): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const all = lines.split("\n");
  for (let i = 0; i < all.length; i++) {
    const told = ask(all[i], context);
    if (told !== null) frames.push(bytes(told));
  }
  return frames;
}

function ask(line: string, context: Context): string | null {
  const words = line.split(" ");
  const name = words[0];
  const rest = line.substring(name.length + 1);
  if (name == "session") return encoding.bytesToHex(context.session());
  if (name == "metadata") return context.metadata(rest);
  if (name == "requestId") return context.requestId() == OLDEST ? "oldest" : context.requestId().toString();
  if (name == "setSession") context.setSession(encoding.hexToBytes(rest));
  else if (name == "reply") context.reply(encoding.hexToBytes(rest));
  else if (name == "close") context.close();
  else if (name == "expectAnswer") context.expectAnswer();
  else if (name == "answerRpc") context.answerRpc(words[1], id(words, context), value(words[3], words.slice(4).join(" ")));
  else if (name == "failRpc") context.failRpc(words[1], id(words, context), words.slice(3).join(" "));
  else if (name == "fail") fail<bool>(rest);
  else unknown("function", name);
  return null;
}

function id(words: string[], context: Context): i64 {
  if (words[2] == "asked") return context.requestId();
  return words[2] == "oldest" ? OLDEST : number.parseLong(words[2]);
}

function value(kind: string, text: string): Value {
  if (kind == "boolean") return Value.boolean(text == "true");
  if (kind == "long") return Value.long(number.parseLong(text));
  if (kind == "double") return Value.double(number.parseDouble(text));
  if (kind == "text") return Value.text(text);
  if (kind == "json") return Value.json(text);
  return unknown("kind", kind);
}

// There is no `onClose`.

export function onConnect(context: Context): Entity[] {
  context.setSession(bytes("greeted"));
  context.reply(bytes("hello\n"));
  return [Entity.device("probe", "onConnect").telemetry("connected", 1)];
}

export function onIdle(context: Context): Entity[] {
  context.reply(bytes("idle " + text(context.session()) + "\n"));
  context.setSession(bytes("idle"));
  return [Entity.device("probe", "onIdle").telemetry("idle", 1)];
}

/**
 * Frames are `#LENGTH:` and as many bytes. What stands before `#` is dropped,
 * and so is the header.
 */
export function cut(bytes: Uint8Array): Step {
  const start = bytes.indexOf(HASH);
  if (start != 0) return Step.skip(start < 0 ? bytes.length : start);
  if (bytes.length < 3) return Step.until(bytes, 3);
  const colon = bytes.indexOf(COLON);
  if ((colon < 0 ? bytes.length : colon) > MAX_HEADER) return fail<Step>("a header without an end");
  if (colon < 0) return Step.need(1);
  return Step.frame(number.parseLong(text(bytes.subarray(1, colon))), colon + 1);
}
