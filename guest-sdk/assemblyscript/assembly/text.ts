import { fail } from "./error";
import { hexByte } from "./hex";

/**
 * Reads a frame as text.
 *
 * Fails if the frame is not UTF-8, names the first byte that is not with its
 * offset from the start of the frame, counted from 0, and returns "".
 */
export function text(frame: Uint8Array): string {
  const start = frame.dataStart;
  const length = <usize>frame.length;
  const wrong = firstThatIsNotUtf8(start, length);
  if (wrong < length) {
    const byte = load<u8>(start + wrong);
    return fail<string>("the frame is not UTF-8: byte 0x" + hexByte(byte) + " at offset " + wrong.toString());
  }
  return String.UTF8.decodeUnsafe(start, length);
}

/** Text as UTF-8 bytes, for frames to a device. */
export function bytes(text: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE));
}

/** Text in quotation marks for an error message, with unprintable characters as escapes. */
export function quote(text: string): string {
  let quoted = '"';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit == 0x22 || unit == 0x5c) quoted += "\\" + text.charAt(i);
    else if (unit == 0x0a) quoted += "\\n";
    else if (unit == 0x0d) quoted += "\\r";
    else if (unit == 0x09) quoted += "\\t";
    else if (unit == 0) quoted += "\\0";
    else if (unit < 0x20 || (unit >= 0x7f && unit < 0xa0)) quoted += "\\u{" + unit.toString(16) + "}";
    else quoted += text.charAt(i);
  }
  return quoted + '"';
}

/** The offset of the first byte that starts no character; `length` if all do. */
function firstThatIsNotUtf8(start: usize, length: usize): usize {
  let at: usize = 0;
  while (at < length) {
    const lead = load<u8>(start + at);
    if (lead < 0x80) {
      at++;
      continue;
    }
    const size = characterSize(lead);
    if (size == 0 || at + size > length) return at;
    if (!isSecond(lead, load<u8>(start + at + 1))) return at;
    for (let i: usize = 2; i < size; i++) {
      if ((load<u8>(start + at + i) & 0xc0) != 0x80) return at;
    }
    at += size;
  }
  return at;
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
