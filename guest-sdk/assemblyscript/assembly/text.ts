import { TextBuffer } from "./buffer";
import { fail } from "./error";
import { hexByte } from "./hex";

/**
 * Reads a frame as text.
 *
 * Fails if the frame is not UTF-8, names the first byte that is not with its
 * offset from the start of the frame, counted from 0, and returns "".
 */
export function text(frame: Uint8Array): string {
  if (asciiLength(frame) == frame.length) return ofAscii(frame);
  const wrong = firstThatIsNotUtf8(frame);
  if (wrong < frame.length) {
    return fail<string>("the frame is not UTF-8: byte 0x" + hexByte(frame[wrong]) + " at offset " + wrong.toString());
  }
  return String.UTF8.decodeUnsafe(frame.dataStart, <usize>frame.length);
}

/** Text as UTF-8 bytes, for frames to a device. */
export function bytes(text: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE));
}

/**
 * Text in quotation marks for an error message, with invisible characters as
 * escapes. A single character has apostrophes: `quote("\n", "'")`.
 *
 * Rust's `{:?}` gives the same, but for combining characters and code points
 * without a character, which stay as they are here.
 */
export function quote(text: string, mark: string = '"'): string {
  return quoted(text, mark.charCodeAt(0));
}

/** Text between two of the quotation mark with the code `mark`. */
export function quoted(text: string, mark: i32): string {
  const quoted = new TextBuffer(text.length + 2);
  quoted.push(mark);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit == mark || unit == 0x5c) {
      quoted.push(0x5c);
      quoted.push(unit);
    } else if (unit == 0x0a) {
      quoted.append("\\n");
    } else if (unit == 0x0d) {
      quoted.append("\\r");
    } else if (unit == 0x09) {
      quoted.append("\\t");
    } else if (unit == 0) {
      quoted.append("\\0");
    } else if (isInvisible(unit)) {
      quoted.append("\\u{" + unit.toString(16) + "}");
    } else {
      quoted.push(unit);
    }
  }
  quoted.push(mark);
  return quoted.take();
}

/** Controls, spaces but the usual one, marks of direction and variants, private use, and what is no character. */
function isInvisible(unit: i32): bool {
  if (unit < 0x2000) return unit < 0x20 || (unit >= 0x7f && unit <= 0xa0) || unit == 0xad;
  if (unit < 0x3000) {
    return unit <= 0x200f || (unit >= 0x2028 && unit <= 0x202f) || (unit >= 0x205f && unit <= 0x206f);
  }
  if (unit < 0xfe00) return unit == 0x3000 || (unit >= 0xe000 && unit <= 0xf8ff);
  return unit <= 0xfe0f || unit == 0xfeff || (unit >= 0xfff0 && unit <= 0xfffb) || unit >= 0xfffe;
}

/** How many bytes before the first that is not ASCII, eight at a time. */
function asciiLength(bytes: Uint8Array): i32 {
  const start = bytes.dataStart;
  const length = bytes.length;
  let at = 0;
  while (at + 8 <= length && (load<u64>(start + <usize>at) & 0x8080808080808080) == 0) at += 8;
  while (at < length && load<u8>(start + <usize>at) < 0x80) at++;
  return at;
}

/** The text of a frame that is ASCII, which most are: each byte is a unit, and four are widened at a time. */
function ofAscii(frame: Uint8Array): string {
  const length = frame.length;
  if (length == 0) return "";
  const text = changetype<string>(__new(<usize>length << 1, idof<string>()));
  let from = frame.dataStart;
  let to = changetype<usize>(text);
  const end = from + <usize>length;
  for (; from + 4 <= end; from += 4, to += 8) {
    const four = <u64>load<u32>(from);
    const two = (four | (four << 16)) & 0x0000ffff0000ffff;
    store<u64>(to, (two | (two << 8)) & 0x00ff00ff00ff00ff);
  }
  for (; from < end; from++, to += 2) store<u16>(to, load<u8>(from));
  return text;
}

/** The offset of the first byte that starts no character of UTF-8; the length if all do. */
export function firstThatIsNotUtf8(bytes: Uint8Array): i32 {
  const start = bytes.dataStart;
  const length = <usize>bytes.length;
  let at = <usize>asciiLength(bytes);
  while (at < length) {
    const lead = load<u8>(start + at);
    if (lead < 0x80) {
      at++;
      continue;
    }
    const size = characterSize(lead);
    if (size == 0 || at + size > length) return <i32>at;
    if (!isSecond(lead, load<u8>(start + at + 1))) return <i32>at;
    for (let i: usize = 2; i < size; i++) {
      if ((load<u8>(start + at + i) & 0xc0) != 0x80) return <i32>at;
    }
    at += size;
  }
  return <i32>at;
}

/** How many bytes a character has that starts with `lead`; 0: none does. */
function characterSize(lead: u8): usize {
  if (lead < 0xc2 || lead > 0xf4) return 0;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** Whether `second` may follow `lead`: no detours, surrogates or code points beyond U+10FFFF. */
function isSecond(lead: u8, second: u8): bool {
  if ((second & 0xc0) != 0x80) return false;
  if (lead == 0xe0) return second >= 0xa0;
  if (lead == 0xed) return second < 0xa0;
  if (lead == 0xf0) return second >= 0x90;
  if (lead == 0xf4) return second < 0x90;
  return true;
}
