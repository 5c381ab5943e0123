import { fail } from "./error";
import { hexByte } from "./hex";

/**
 * Bit fields and packed decimal digits.
 *
 * Bits of an integer are counted from the lowest, as manuals count the bits of
 * a status word. Bits of bytes are counted from the highest of the first byte,
 * as they come on the wire. A range has its first bit and the bit after its
 * last.
 */
export namespace bits {
  /** The bit `n` of an integer; bit 0 is the lowest, and bits beyond 63 are 0. */
  export function bit(value: u64, n: u32): bool {
    return n < 64 && ((value >> n) & 1) == 1;
  }

  /**
   * The bits `start` to `end` (not with it) of an integer as a number; bit 0 is
   * the lowest, and bits beyond 63 are 0. An empty range is 0.
   *
   * ```ts
   * // A course in the low ten bits, two flags above them.
   * bits.bits(0x154C, 0, 10) // 332
   * bits.bits(0x154C, 10, 13) // 0b101
   * ```
   */
  export function bits(value: u64, start: u32, end: u32): u64 {
    if (start >= end || start > 63) return 0;
    const width = end - start;
    const mask: u64 = width > 63 ? u64.MAX_VALUE : (<u64>1 << width) - 1;
    return (value >> start) & mask;
  }

  /**
   * The bits `start` to `end` (not with it) of bytes as a number; bit 0 is the
   * highest of the first byte. An empty range is 0. Fails if the range has more
   * than 64 bits or is not within the bytes.
   *
   * ```ts
   * bits.bitsOf(frame, 7, 11) // of the bytes 01 A0: 0b1101
   * ```
   */
  export function bitsOf(bytes: Uint8Array, start: i32, end: i32): u64 {
    if (start >= end) return 0;
    if (<i64>end - start > 64) return fail<u64>(range(start, end) + " are more than 64");
    if (start < 0 || end > bytes.length << 3) {
      return fail<u64>(range(start, end) + " wanted, " + bytes.length.toString() + " bytes have fewer");
    }
    let number: u64 = 0;
    for (let n = start; n < end; n++) {
      const byte: u64 = bytes[n >> 3];
      number = (number << 1) | ((byte >> (7 - (n & 7))) & 1);
    }
    return number;
  }

  /**
   * A number of `width` bits as a signed one: its highest bit is the sign.
   *
   * ```ts
   * bits.signExtend(0xFFF, 12) // -1
   * ```
   */
  export function signExtend(value: u64, width: u32): i64 {
    if (width == 0) return 0;
    const shift = width < 64 ? 64 - width : 0;
    return <i64>(value << shift) >> shift;
  }

  /**
   * The decimal digits that bytes hold as BCD, two a byte, the high nibble
   * first: the bytes 03 52 88 are "035288". Leading zeros stay, as those of a
   * serial number have to. Fails at the first nibble above 9, and names it.
   */
  export function bcdDigits(bytes: Uint8Array): string {
    const digits = new Uint8Array(bytes.length << 1);
    for (let n = 0; n < digits.length; n++) {
      const digit = bcdDigit(bytes, n);
      if (digit > 9) return "";
      digits[n] = 0x30 + digit;
    }
    return String.UTF8.decode(digits.buffer);
  }

  /**
   * The number that bytes hold as BCD, two digits a byte, the high nibble
   * first: the bytes 12 34 are 1234. Fails at the first nibble above 9, and
   * names it; and if the number is greater than a `u64` holds.
   */
  export function bcdNumber(bytes: Uint8Array): u64 {
    let number: u64 = 0;
    for (let n = 0; n < bytes.length << 1; n++) {
      const digit = bcdDigit(bytes, n);
      if (digit > 9) return 0;
      if (number > (u64.MAX_VALUE - digit) / 10) {
        return fail<u64>("the BCD number is greater than a u64 holds");
      }
      number = number * 10 + digit;
    }
    return number;
  }
}

function range(start: i32, end: i32): string {
  return "bits " + start.toString() + " to " + end.toString();
}

/** The nibble `n` of bytes; fails if it is above 9. */
function bcdDigit(bytes: Uint8Array, n: i32): u8 {
  const byte = bytes[n >> 1];
  const isLow = (n & 1) != 0;
  const digit: u8 = isLow ? byte & 15 : byte >> 4;
  if (digit > 9) {
    const nibble = isLow ? "low" : "high";
    const place = "byte " + (n >> 1).toString() + " is 0x" + hexByte(byte);
    fail<bool>(place + ": its " + nibble + " nibble is no decimal digit");
  }
  return digit;
}
