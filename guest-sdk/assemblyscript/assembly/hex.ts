import { fail } from "./error";
import { quote } from "./text";

const DIGITS = "0123456789ABCDEF";

/** Bytes as hexadecimal digits. */
export namespace hex {
  /** Two upper-case digits a byte, nothing between them. */
  export function encode(bytes: Uint8Array): string {
    let digits = "";
    for (let i = 0; i < bytes.length; i++) digits += hexByte(unchecked(bytes[i]));
    return digits;
  }

  /** Reads two digits of either case a byte; white space is passed over. Fails on anything else. */
  export function decode(text: string): Uint8Array {
    const bytes = new Uint8Array((text.length + 1) >> 1);
    let digits = 0;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit == 0x20 || (unit >= 0x09 && unit <= 0x0d)) continue;
      const value = digit(unit);
      if (value < 0) {
        return fail<Uint8Array>("not a hexadecimal digit at offset " + i.toString() + ": " + quote(text.charAt(i)));
      }
      const at = digits >> 1;
      bytes[at] = <u8>((bytes[at] << 4) | <u8>value);
      digits++;
    }
    if (digits & 1) return fail<Uint8Array>("an odd number of hexadecimal digits: " + digits.toString());
    return bytes.subarray(0, digits >> 1);
  }
}

/** A byte as two upper-case hexadecimal digits. */
export function hexByte(byte: u8): string {
  return DIGITS.charAt(byte >> 4) + DIGITS.charAt(byte & 15);
}

function digit(unit: i32): i32 {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const letter = unit | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}
