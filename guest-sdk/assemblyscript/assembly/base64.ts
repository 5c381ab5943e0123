import { fail } from "./error";
import { quote } from "./text";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Bytes as Base64 (RFC 4648, section 4). */
export namespace base64 {
  /** With padding, on one line. */
  export function encode(bytes: Uint8Array): string {
    let text = "";
    for (let i = 0; i < bytes.length; i += 3) {
      const left = bytes.length - i;
      const second = left > 1 ? <u32>bytes[i + 1] : 0;
      const third = left > 2 ? <u32>bytes[i + 2] : 0;
      const group = (<u32>bytes[i] << 16) | (second << 8) | third;
      text += ALPHABET.charAt(group >> 18) + ALPHABET.charAt((group >> 12) & 63);
      text += left > 1 ? ALPHABET.charAt((group >> 6) & 63) : "=";
      text += left > 2 ? ALPHABET.charAt(group & 63) : "=";
    }
    return text;
  }

  /** With or without padding; fails on any other character, and on a last group that is no whole byte. */
  export function decode(text: string): Uint8Array {
    let end = text.length;
    for (let i = 0; i < 2 && end > 0 && text.charCodeAt(end - 1) == 0x3d; i++) end--;
    if (end % 4 == 1 || (end != text.length && text.length % 4 != 0)) {
      return fail<Uint8Array>("the Base64 text is cut off: " + text.length.toString() + " characters");
    }
    const bytes = new Uint8Array((end * 3) >> 2);
    let group: u32 = 0;
    let length = 0;
    for (let i = 0; i < end; i++) {
      const value = sextet(text.charCodeAt(i));
      if (value < 0) {
        return fail<Uint8Array>("not a Base64 character at offset " + i.toString() + ": " + quote(text.charAt(i)));
      }
      group = (group << 6) | <u32>value;
      // Each character but a group's first completes a byte.
      if ((i & 3) != 0) bytes[length++] = <u8>(group >> ((3 - (i & 3)) << 1));
    }
    return bytes;
  }
}

function sextet(unit: i32): i32 {
  if (unit >= 0x41 && unit <= 0x5a) return unit - 0x41;
  if (unit >= 0x61 && unit <= 0x7a) return unit - 0x61 + 26;
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30 + 52;
  return unit == 0x2b ? 62 : unit == 0x2f ? 63 : -1;
}
