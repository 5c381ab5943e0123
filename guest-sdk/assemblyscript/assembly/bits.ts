import { fail } from "./error";
import { hexByte } from "./hex";

/** `count` bits of `value` from bit `first` on; bit 0 is the least significant. Fails beyond bit 63. */
export function bits(value: u64, first: i32, count: i32): u64 {
  if (first < 0 || count < 1 || first + count > 64) {
    return fail<u64>("a u64 has no " + count.toString() + " bits from bit " + first.toString() + " on");
  }
  const mask: u64 = count == 64 ? u64.MAX_VALUE : (<u64>1 << count) - 1;
  return (value >> first) & mask;
}

/**
 * Reads packed decimal digits, two a byte, the most significant first: the
 * bytes 12 34 are 1234. Fails on a digit beyond 9, and beyond 18 digits.
 */
export function bcd(bytes: Uint8Array): u64 {
  if (bytes.length > 9) return fail<u64>("a number of " + (bytes.length * 2).toString() + " BCD digits is too long");
  let value: u64 = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    const high = byte >> 4;
    const low = byte & 15;
    if (high > 9 || low > 9) return fail<u64>("not BCD: byte 0x" + hexByte(byte) + " at offset " + i.toString());
    value = value * 100 + <u64>(high * 10 + low);
  }
  return value;
}

/** `raw * factor + offset`: from a register to a unit, as data sheets give it. */
export function scale(raw: f64, factor: f64, offset: f64 = 0): f64 {
  return raw * factor + offset;
}
