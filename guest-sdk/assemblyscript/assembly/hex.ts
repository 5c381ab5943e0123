/** Single hexadecimal digits, of which encodings, numbers and error texts are made. */

/** A byte as two upper-case digits, as error texts have it. */
export function hexByte(byte: u8): string {
  const digits = "0123456789ABCDEF";
  return digits.charAt(byte >> 4) + digits.charAt(byte & 15);
}

/** The code of the lower-case digit of a value below 16. */
export function hexUnit(value: i32): i32 {
  return value + (value < 10 ? 0x30 : 0x61 - 10);
}

/** The value of a digit of either case, given as its code; -1: it is none. */
export function hexValue(unit: i32): i32 {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const letter = unit | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}
