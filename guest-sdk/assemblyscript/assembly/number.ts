import { nearestDouble } from "./decimal";
import { fail } from "./error";
import { quote } from "./text";
import { Value } from "./value";

/**
 * Reads a decimal number as JSON would type it: a long if it has neither point
 * nor exponent and fits, else a double. null: the whole text is not one finite
 * number. A sign in front, as in `+7`, and a bare point, as in `.5`, are fine.
 */
export function parseNumber(text: string): Value | null {
  const form = formOf(text);
  if (form == Form.Other) return null;
  if (form == Form.Integer && fitsLong(text)) return Value.long(longOf(text));
  const double = doubleOf(text);
  return isFinite(double) ? Value.double(double) : null;
}

/** Reads a decimal integer; fails unless the whole text is one that fits. */
export function parseLong(text: string): i64 {
  if (formOf(text) == Form.Integer && fitsLong(text)) return longOf(text);
  return fail<i64>("not an integer: " + quote(text));
}

/** Reads a decimal number; fails unless the whole text is a finite one. */
export function parseDouble(text: string): f64 {
  if (formOf(text) != Form.Other) {
    const double = doubleOf(text);
    if (isFinite(double)) return double;
  }
  return fail<f64>("not a number: " + quote(text));
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

/** Whether an integer fits 64 bits. */
function fitsLong(text: string): bool {
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

function longOf(text: string): i64 {
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
