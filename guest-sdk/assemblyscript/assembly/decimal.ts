/**
 * The double nearest to a decimal number, for those few numbers that one
 * multiplication does not give: a guess, compared with the number itself in
 * whole numbers of any length until it is the nearest, as other languages round.
 * (The standard library's `parseFloat` is off by a bit for some numbers, and by
 * powers of ten for very large ones.)
 */

/** No border between doubles has more significant digits; of what follows only matters whether it is zero. */
const MAX_DIGITS: i32 = 800;
/** Digits that a `u64` surely holds. */
const GUESSED_DIGITS: i32 = 19;
/** A number below 10 to the first is zero, one from 10 to the second on is infinite. */
const MIN_MAGNITUDE: i32 = -330;
const MAX_MAGNITUDE: i32 = 310;
/** No sum with another exponent of this module overflows. */
const MAX_EXPONENT: i32 = 100000000;
/** The powers of ten that are doubles. */
const MAX_POWER: i32 = 22;
export const POWERS: StaticArray<f64> = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
  1e21, 1e22,
];
/** Integers up to here are doubles. */
const MAX_MANTISSA: u64 = 1 << 53;

/** What was read: the significant digits, the first of them as a number, and their exponents. */
// @ts-ignore: decorator
@lazy let digits: Natural = new Natural();
// @ts-ignore: decorator
@lazy let decimal: Natural = new Natural();
// @ts-ignore: decorator
@lazy let binary: Natural = new Natural();
let count: i32 = 0;
let exponent: i32 = 0;
let leading: u64 = 0;

/** The double nearest to `digits[.digits][e[+-]digits]`. */
export function nearestDouble(text: string): f64 {
  read(text);
  if (leading == 0 || count + exponent < MIN_MAGNITUDE) return 0;
  if (count + exponent > MAX_MAGNITUDE) return Infinity;
  const shift = exponent + max(count - GUESSED_DIGITS, 0);
  const first = scaled(leading, shift);
  // Both are doubles, so that there was one operation, which rounds once.
  if (count <= GUESSED_DIGITS && leading <= MAX_MANTISSA && abs(shift) <= MAX_POWER) return first;

  if (count <= GUESSED_DIGITS) digits.setInteger(leading);
  let bits = reinterpret<u64>(min(first, f64.MAX_VALUE));
  for (let step = direction(bits); step != 0; step = direction(bits)) {
    bits += step;
    if (!isFinite(reinterpret<f64>(bits))) break;
  }
  return reinterpret<f64>(bits);
}

/** `mantissa * 10^power`, within some units of the last place. */
function scaled(mantissa: u64, power: i32): f64 {
  let value = <f64>mantissa;
  let left = abs(power);
  while (left > 0) {
    const step = min(left, MAX_POWER);
    if (power > 0) value *= unchecked(POWERS[step]);
    else value /= unchecked(POWERS[step]);
    left -= step;
  }
  return value;
}

/** Which way the nearest double lies of the one with these bits: -1, 0 or 1. */
function direction(bits: u64): i64 {
  const field = <i32>(bits >> 52);
  const fraction = bits & ((<u64>1 << 52) - 1);
  const mantissa = field == 0 ? fraction : fraction | (<u64>1 << 52);
  const power = max(field, 1) - 1075;
  const odd = (mantissa & 1) != 0;

  const above = compare(2 * mantissa + 1, power - 1);
  if (above > 0 || (above == 0 && odd)) return 1;
  if (mantissa == 0) return 0;
  // Below a power of two doubles lie twice as close.
  const narrow = fraction == 0 && field > 1;
  const below = narrow ? compare(4 * mantissa - 1, power - 2) : compare(2 * mantissa - 1, power - 1);
  return below < 0 || (below == 0 && odd) ? -1 : 0;
}

/** Compares the number that was read with `mantissa * 2^power`. */
function compare(mantissa: u64, power: i32): i32 {
  decimal.set(digits);
  binary.setInteger(mantissa);
  if (exponent > 0) decimal.timesPowerOfTen(exponent);
  else binary.timesPowerOfTen(-exponent);
  if (power > 0) binary.timesPowerOfTwo(power);
  else decimal.timesPowerOfTwo(-power);
  return decimal.compare(binary);
}

function read(text: string): void {
  count = 0;
  exponent = 0;
  leading = 0;
  let rest = false;
  let fraction = false;
  let at = 0;
  for (; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit == 0x2e) {
      fraction = true;
      continue;
    }
    if ((unit | 0x20) == 0x65) break;
    if (fraction) exponent--;
    if (count == 0 && unit == 0x30) continue;
    if (count < GUESSED_DIGITS) {
      leading = leading * 10 + <u64>(unit - 0x30);
      count++;
    } else if (count < MAX_DIGITS) {
      if (count == GUESSED_DIGITS) digits.setInteger(leading);
      digits.timesPlus(10, unit - 0x30);
      count++;
    } else {
      exponent++;
      rest = rest || unit != 0x30;
    }
  }
  exponent += writtenExponent(text, at + 1);
  if (rest) {
    digits.timesPlus(10, 1);
    exponent--;
    count++;
  }
}

function writtenExponent(text: string, from: i32): i32 {
  let value = 0;
  let negative = false;
  for (let i = from; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit == 0x2d) negative = true;
    if (unit >= 0x30) value = min(value * 10 + unit - 0x30, MAX_EXPONENT);
  }
  return negative ? -value : value;
}

/** A whole number of up to 5120 bits, the least significant word first; 801 digits times 2^1075 have 3736. */
class Natural {
  private readonly words: StaticArray<u32> = new StaticArray<u32>(160);
  private length: i32 = 0;

  set(other: Natural): void {
    for (let i = 0; i < other.length; i++) this.words[i] = other.words[i];
    this.length = other.length;
  }

  setInteger(value: u64): void {
    this.words[0] = <u32>value;
    this.words[1] = <u32>(value >> 32);
    this.length = 2;
  }

  timesPlus(factor: u32, addend: u32): void {
    let carry: u64 = addend;
    for (let i = 0; i < this.length; i++) {
      carry += <u64>this.words[i] * factor;
      this.words[i] = <u32>carry;
      carry >>= 32;
    }
    if (carry != 0) this.words[this.length++] = <u32>carry;
  }

  timesPowerOfTen(power: i32): void {
    let left = power;
    for (; left >= 9; left -= 9) this.timesPlus(1000000000, 0);
    for (; left > 0; left--) this.timesPlus(10, 0);
  }

  timesPowerOfTwo(power: i32): void {
    let left = power;
    for (; left >= 31; left -= 31) this.timesPlus(1 << 31, 0);
    this.timesPlus(1 << left, 0);
  }

  compare(other: Natural): i32 {
    for (let i = max(this.length, other.length) - 1; i >= 0; i--) {
      const mine: u32 = i < this.length ? this.words[i] : 0;
      const its: u32 = i < other.length ? other.words[i] : 0;
      if (mine != its) return mine < its ? -1 : 1;
    }
    return 0;
  }
}
