import { fail } from "./error";
import { hexByte, hexUnit } from "./hex";

/**
 * Reads a frame as text.
 *
 * Fails if the frame is not UTF-8, names the first byte that is not with its
 * offset from the start of the frame, counted from 0, and returns "".
 */
export function text(frame: Uint8Array): string {
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
 * Text in quotation marks for an error message, with unprintable characters as
 * escapes: what Rust's `{:?}` gives, but for characters beyond U+00AD, which
 * stay as they are.
 */
export function quote(text: string): string {
  return quoted(text, 0x22);
}

/** Text between two of the quotation mark with the code `mark`. */
export function quoted(text: string, mark: i32): string {
  let length = 2;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    length += escapeLetter(unit, mark) != 0 ? 2 : !isUnprintable(unit) ? 1 : unit < 0x10 ? 5 : 6;
  }
  // Written at once: a text that grows by each character would leave behind one for each.
  const units = new Uint16Array(length);
  let at = 0;
  units[at++] = <u16>mark;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const letter = escapeLetter(unit, mark);
    if (letter != 0) {
      units[at++] = 0x5c;
      units[at++] = <u16>letter;
    } else if (isUnprintable(unit)) {
      units[at++] = 0x5c;
      units[at++] = 0x75;
      units[at++] = 0x7b;
      if (unit >= 0x10) units[at++] = <u16>hexUnit(unit >> 4);
      units[at++] = <u16>hexUnit(unit & 15);
      units[at++] = 0x7d;
    } else {
      units[at++] = <u16>unit;
    }
  }
  units[at] = <u16>mark;
  return String.UTF16.decode(units.buffer);
}

/** The code of the letter that stands behind a backslash for a code unit; 0: none does. */
function escapeLetter(unit: i32, mark: i32): i32 {
  if (unit == mark || unit == 0x5c) return unit;
  if (unit == 0x0a) return 0x6e;
  if (unit == 0x0d) return 0x72;
  if (unit == 0x09) return 0x74;
  return unit == 0 ? 0x30 : 0;
}

function isUnprintable(unit: i32): bool {
  return unit < 0x20 || (unit >= 0x7f && unit <= 0xa0) || unit == 0xad;
}

/** The offset of the first byte that starts no character of UTF-8; the length if all do. */
export function firstThatIsNotUtf8(bytes: Uint8Array): i32 {
  const start = bytes.dataStart;
  const length = <usize>bytes.length;
  let at: usize = 0;
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
