import { nearestDouble, POWERS } from "./decimal";
import { fail } from "./error";
import { hexValue } from "./hex";
import { quote } from "./text";
import { Value } from "./value";

/** Up to here a double holds each integer. */
const EXACT_INTEGERS: f64 = 9007199254740992;

/** Numbers: reading text, and scaling what devices send as integers. */
export namespace number {
  /**
   * Reads a number as JSON would type it: without a fraction or an exponent a
   * long, otherwise (and past the longs) a double; null if it is no number.
   *
   * White space, `NaN`, infinities and numbers too great for a double are no
   * numbers. More than JSON allows, a plus sign, leading zeros and a bare
   * decimal point are read: devices send them.
   */
  export function parse(text: string): Value | null {
    if (isShort(text)) return shortDecimals < 0 ? Value.long(shortDigits) : Value.double(shortDouble(text));
    const form = formOf(text);
    if (form == Form.Other) return null;
    if (form == Form.Integer && fitsLong(text)) return Value.long(longOf(text));
    const double = doubleOf(text);
    return isFinite(double) ? Value.double(double) : null;
  }

  /**
   * Reads a double: the nearest that there is. Fails if the text is no number
   * in the sense of `parse`.
   */
  export function parseDouble(text: string): f64 {
    if (isShort(text)) return shortDouble(text);
    if (formOf(text) != Form.Other) {
      const double = doubleOf(text);
      if (isFinite(double)) return double;
    }
    return fail<f64>("not a number: " + quote(text));
  }

  /** Reads a long. Fails if the text is no decimal integer with an optional sign, or does not fit. */
  export function parseLong(text: string): i64 {
    if (isLong(text)) return longOf(text);
    return fail<i64>("not an integer: " + quote(text));
  }

  /**
   * Reads a number of 1 to 16 hexadecimal digits of either case, with `0x`
   * before them or not. Fails if the text is none.
   */
  export function parseHex(text: string): u64 {
    const start = text.startsWith("0x") ? 2 : 0;
    const digits = text.length - start;
    let value: u64 = 0;
    let valid = digits >= 1 && digits <= 16;
    for (let i = start; valid && i < text.length; i++) {
      const digit = hexValue(text.charCodeAt(i));
      valid = digit >= 0;
      value = (value << 4) | <u64>(digit & 15);
    }
    return valid ? value : fail<u64>("not a hexadecimal number: " + quote(text));
  }

  /**
   * A number that a device sent as an integer: `raw` times `factor`, rounded to
   * `digits` decimal places.
   *
   * The rounding makes the result the double that is written with so many
   * digits: 257 times 0.1 is 25.7, not 25.700000000000003.
   */
  export function scale(raw: f64, factor: f64, digits: i32): f64 {
    return round(raw * factor, digits);
  }

  /**
   * Rounds to `digits` decimal places, halves away from zero.
   *
   * The result is the double nearest to the rounded decimal number. More than
   * 22 digits, and numbers so great that they have no such digits, are left
   * alone.
   */
  export function round(value: f64, digits: i32): f64 {
    if (<u32>digits >= <u32>POWERS.length) return value;
    const power = unchecked(POWERS[digits]);
    const shifted = value * power;
    if (!(abs(shifted) < EXACT_INTEGERS)) return value;
    const whole = trunc(shifted);
    return (abs(shifted - whole) < 0.5 ? whole : whole + copysign<f64>(1, shifted)) / power;
  }
}

/** So many digits are exact both as a long and as a double. */
const SHORT_DIGITS: i32 = 15;

/** What `isShort` has read: the number without its point, and how many digits are behind the point, -1 without one. */
let shortDigits: i64 = 0;
let shortDecimals: i32 = 0;

/** Whether the text is 1 to 15 digits with an optional sign and point, as devices send them: read in one go. */
function isShort(text: string): bool {
  const end = text.length;
  const start = end > 0 && isSign(text.charCodeAt(0)) ? 1 : 0;
  if (end - start > SHORT_DIGITS + 1) return false;
  let value: i64 = 0;
  let point = -1;
  for (let at = start; at < end; at++) {
    const unit = text.charCodeAt(at);
    if (isDigit(unit)) value = value * 10 + <i64>(unit - 0x30);
    else if (unit == 0x2e && point < 0) point = at;
    else return false;
  }
  const count = point < 0 ? end - start : end - start - 1;
  if (count < 1 || count > SHORT_DIGITS) return false;
  shortDigits = text.charCodeAt(0) == 0x2d ? -value : value;
  shortDecimals = point < 0 ? -1 : end - 1 - point;
  return true;
}

/** The double nearest to what `isShort` has read: one division of exact doubles gives it. */
function shortDouble(text: string): f64 {
  const magnitude = <f64>abs(shortDigits) / unchecked(POWERS[max(shortDecimals, 0)]);
  // An integer has no zero below zero.
  return text.charCodeAt(0) == 0x2d ? -magnitude : magnitude;
}

enum Form {
  Integer,
  Fraction,
  Other,
}

// @ts-ignore: decorator
@inline
function isDigit(unit: i32): bool {
  return <u32>(unit - 0x30) < 10;
}

// @ts-ignore: decorator
@inline
function isSign(unit: i32): bool {
  return unit == 0x2b || unit == 0x2d;
}

/** Whether the text is `[+-]digits[.digits][e[+-]digits]`, with a digit before or behind the point. */
function formOf(text: string): Form {
  const end = text.length;
  let at = 0;
  if (at < end && isSign(text.charCodeAt(at))) at++;
  const whole = at;
  while (at < end && isDigit(text.charCodeAt(at))) at++;
  let digits = at - whole;
  if (at == end) return digits > 0 ? Form.Integer : Form.Other;
  if (text.charCodeAt(at) == 0x2e) {
    const fraction = ++at;
    while (at < end && isDigit(text.charCodeAt(at))) at++;
    digits += at - fraction;
  }
  if (digits == 0) return Form.Other;
  if (at < end && (text.charCodeAt(at) | 0x20) == 0x65) {
    at++;
    if (at < end && isSign(text.charCodeAt(at))) at++;
    const exponent = at;
    while (at < end && isDigit(text.charCodeAt(at))) at++;
    if (at == exponent) return Form.Other;
  }
  return at == end ? Form.Fraction : Form.Other;
}

/** Whether `parseLong` reads the text. */
export function isLong(text: string): bool {
  return formOf(text) == Form.Integer && fitsLong(text);
}

/** Whether an integer fits 64 bits. */
function fitsLong(text: string): bool {
  // The division below takes its time.
  if (text.length <= 18) return true;
  const negative = text.charCodeAt(0) == 0x2d;
  const limit: u64 = negative ? 0x8000000000000000 : 0x7fffffffffffffff;
  let value: u64 = 0;
  for (let i = isSign(text.charCodeAt(0)) ? 1 : 0; i < text.length; i++) {
    const digit = <u64>(text.charCodeAt(i) - 0x30);
    if (value > (limit - digit) / 10) return false;
    value = value * 10 + digit;
  }
  return true;
}

/** The value of a text of which `isLong` is true. */
export function longOf(text: string): i64 {
  let value: i64 = 0;
  for (let i = isSign(text.charCodeAt(0)) ? 1 : 0; i < text.length; i++) {
    value = value * 10 + <i64>(text.charCodeAt(i) - 0x30);
  }
  return text.charCodeAt(0) == 0x2d ? -value : value;
}

function doubleOf(text: string): f64 {
  const signed = isSign(text.charCodeAt(0));
  const value = nearestDouble(signed ? text.substring(1) : text);
  return text.charCodeAt(0) == 0x2d ? -value : value;
}
