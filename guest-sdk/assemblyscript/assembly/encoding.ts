import { fail } from "./error";
import { hexUnit, hexValue } from "./hex";
import { bytes, quoted } from "./text";

/** Bytes as hexadecimal and Base64 text. */
export namespace encoding {
  /** Bytes as hexadecimal text with lower-case letters: the bytes 00 AB are "00ab". */
  export function bytesToHex(bytes: Uint8Array): string {
    const digits = new Uint8Array(bytes.length << 1);
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
      digits[i << 1] = <u8>hexUnit(byte >> 4);
      digits[(i << 1) + 1] = <u8>hexUnit(byte & 15);
    }
    return String.UTF8.decode(digits.buffer);
  }

  /**
   * The bytes that hexadecimal text stands for. Case does not matter, and ASCII
   * white space is free. Fails at the first character that is no hexadecimal
   * digit, and names it; and if the number of digits is odd.
   */
  export function hexToBytes(text: string): Uint8Array {
    const pairs = new Uint8Array((text.length + 1) >> 1);
    let digits = 0;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (isWhiteSpace(unit)) continue;
      const value = hexValue(unit);
      if (value < 0) {
        const character = String.fromCodePoint(text.codePointAt(i));
        return fail<Uint8Array>(quoted(character, 0x27) + " is not a hexadecimal digit");
      }
      const at = digits++ >> 1;
      pairs[at] = (pairs[at] << 4) | <u8>value;
    }
    if (digits & 1) return fail<Uint8Array>(digits.toString() + " hexadecimal digits are no whole bytes");
    return pairs.subarray(0, digits >> 1);
  }

  /** Bytes as Base64 text: the usual alphabet, padded, on one line. */
  export function bytesToBase64(bytes: Uint8Array): string {
    const text = new Uint8Array((bytes.length + 2) / 3 * 4);
    for (let i = 0, at = 0; i < bytes.length; i += 3, at += 4) {
      const left = bytes.length - i;
      let group = <u32>bytes[i] << 16;
      if (left > 1) group |= <u32>bytes[i + 1] << 8;
      if (left > 2) group |= <u32>bytes[i + 2];
      text[at] = symbol(group >> 18);
      text[at + 1] = symbol((group >> 12) & 63);
      text[at + 2] = left > 1 ? symbol((group >> 6) & 63) : PADDING;
      text[at + 3] = left > 2 ? symbol(group & 63) : PADDING;
    }
    return String.UTF8.decode(text.buffer);
  }

  /**
   * The bytes that padded Base64 text of the usual alphabet stands for. ASCII
   * white space is free. Fails if the text is not Base64, and says where;
   * offsets do not count the white space.
   */
  export function base64ToBytes(text: string): Uint8Array {
    const dense = withoutWhiteSpace(bytes(text));
    const length = dense.length;
    let end = length;
    // At most two characters of the last group of four are padding.
    while (end > 0 && length - end < 2 && dense[end - 1] == PADDING && (end - 1) % 4 > 1) end--;
    const fault = faultOfBase64(dense, end);
    if (fault !== null) return fail<Uint8Array>("not Base64: " + fault);

    const decoded = new Uint8Array((end * 3) >> 2);
    let group: u32 = 0;
    let count = 0;
    for (let i = 0; i < end; i++) {
      group = (group << 6) | <u32>valueOf(dense[i]);
      // Each character but a group's first completes a byte.
      if ((i & 3) != 0) decoded[count++] = <u8>(group >> ((3 - (i & 3)) << 1));
    }
    return decoded;
  }
}

const PADDING: u8 = 0x3d;

/** What is wrong with Base64 text that has its last character but for padding before `end`; null: nothing is. */
function faultOfBase64(dense: Uint8Array, end: i32): string | null {
  const length = dense.length;
  // Something that was appended to whole groups is named first.
  const last = length - 1;
  if (length % 4 == 1 && dense[last] != PADDING && valueOf(dense[last]) < 0) return wrong(dense, last, "");
  for (let i = 0; i < end; i++) {
    if (valueOf(dense[i]) < 0) return wrong(dense, i, "");
  }
  if (end % 4 == 1) return "Invalid input length: " + end.toString();
  if (length % 4 != 0) return "Invalid padding";
  const unused: u8 = end % 4 == 2 ? 15 : end % 4 == 3 ? 3 : 0;
  return end > 0 && (<u8>valueOf(dense[end - 1]) & unused) != 0 ? wrong(dense, end - 1, "last ") : null;
}

function wrong(dense: Uint8Array, at: i32, which: string): string {
  return "Invalid " + which + "symbol " + dense[at].toString() + ", offset " + at.toString() + ".";
}

/** The code of the character that stands for six bits. */
function symbol(value: u32): u8 {
  return <u8>"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".charCodeAt(value);
}

/** The six bits that a character stands for; -1: it stands for none. */
function valueOf(unit: i32): i32 {
  if (unit >= 0x41 && unit <= 0x5a) return unit - 0x41;
  if (unit >= 0x61 && unit <= 0x7a) return unit - 0x61 + 26;
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30 + 52;
  return unit == 0x2b ? 62 : unit == 0x2f ? 63 : -1;
}

function withoutWhiteSpace(text: Uint8Array): Uint8Array {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text[i];
    if (!isWhiteSpace(unit)) text[length++] = unit;
  }
  return text.subarray(0, length);
}

/** ASCII white space, to which the vertical tabulator does not belong. */
function isWhiteSpace(unit: i32): bool {
  return unit == 0x20 || (unit >= 0x09 && unit <= 0x0d && unit != 0x0b);
}
