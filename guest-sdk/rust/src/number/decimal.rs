//! Decimal text to the nearest double, without tables.
//!
//! The standard library's `str::parse` is fast for all numbers by means of tables
//! that cost each converter 16 KB. What devices send is [`Short`](super::short::Short).
//! The rest is slow but as right: one operation on exact doubles if that gives the
//! number, else a guess, moved until it is the nearest by exact comparison.

use std::cmp::Ordering;

use super::{EXACT_INTEGERS, POWERS_OF_TEN};

/// Digits beyond these cannot change the result, except by being there: no
/// boundary between two doubles has more than 768.
const MAX_DIGITS: usize = 770;

/// Beyond these powers of ten lie only infinities and zeros.
const MAX_EXPONENT: i32 = 310;
const MIN_EXPONENT: i32 = -326;

/// Reads a decimal number. Infinite if it is too great; none if it is not
/// decimal digits with an optional sign, point and exponent.
pub(super) fn parse(text: &str) -> Option<f64> {
    let text = text.as_bytes();
    let (negative, text) = sign(text);
    let decimal = Decimal::read(text)?;
    let magnitude = decimal.exactly().unwrap_or_else(|| decimal.nearest());
    Some(if negative { -magnitude } else { magnitude })
}

pub(super) fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// The number `digits` times ten to the power of `exponent`, without leading
/// zeros.
struct Decimal {
    digits: Vec<u8>,
    exponent: i32,
}

impl Decimal {
    fn read(text: &[u8]) -> Option<Decimal> {
        let mut digits = Vec::new();
        let mut exponent = 0_i32;
        let (mut any, mut after_point) = (false, false);
        let mut rest = text;
        while let [byte, tail @ ..] = rest {
            match byte {
                b'0'..=b'9' => {
                    any = true;
                    let kept = push(&mut digits, byte - b'0');
                    exponent = exponent.saturating_add(i32::from(!kept) - i32::from(after_point));
                }
                b'.' if !after_point => after_point = true,
                b'e' | b'E' => {
                    exponent = exponent.saturating_add(read_exponent(tail)?);
                    break;
                }
                _ => return None,
            }
            rest = tail;
        }
        any.then_some(Decimal { digits, exponent })
    }

    /// The nearest double if one operation on exact doubles gives it.
    fn exactly(&self) -> Option<f64> {
        if self.digits.len() > 16 {
            return None;
        }
        let number = self
            .digits
            .iter()
            .fold(0.0, |number, digit| number * 10.0 + f64::from(*digit));
        if number == 0.0 {
            return Some(0.0);
        }
        let power = *POWERS_OF_TEN.get(usize::try_from(self.exponent.unsigned_abs()).ok()?)?;
        (number < EXACT_INTEGERS).then_some(if self.exponent < 0 {
            number / power
        } else {
            number * power
        })
    }

    /// The nearest double, by comparison with the middle between two of them.
    #[cold]
    #[inline(never)]
    fn nearest(&self) -> f64 {
        let magnitude = i32::try_from(self.digits.len())
            .unwrap_or(i32::MAX)
            .saturating_add(self.exponent);
        if magnitude > MAX_EXPONENT {
            return f64::INFINITY;
        }
        if magnitude < MIN_EXPONENT {
            return 0.0;
        }
        let mut bits = self.guess().to_bits();
        // Doubles of one sign are ordered as their bits are.
        while bits < f64::INFINITY.to_bits() && self.is_beyond_middle_above(bits) {
            bits += 1;
        }
        while bits > 0 && !self.is_beyond_middle_above(bits - 1) {
            bits -= 1;
        }
        f64::from_bits(bits)
    }

    /// A finite double some units in the last place off.
    fn guess(&self) -> f64 {
        let leading = self.digits.get(..17).unwrap_or(&self.digits);
        let dropped = self.digits.len() - leading.len();
        let mut guess = leading
            .iter()
            .fold(0.0, |number, digit| number * 10.0 + f64::from(*digit));
        let mut exponent = self
            .exponent
            .saturating_add(i32::try_from(dropped).unwrap_or(i32::MAX));
        while exponent != 0 && guess > 0.0 && guess.is_finite() {
            let step = exponent.clamp(-22, 22);
            let power = POWERS_OF_TEN
                .get(step.unsigned_abs() as usize)
                .unwrap_or(&1.0);
            guess = if step < 0 {
                guess / power
            } else {
                guess * power
            };
            exponent -= step;
        }
        guess.min(f64::MAX)
    }

    /// Whether the number is nearer to the double after `bits` than to the one
    /// of `bits`; if it is in the middle, the even one of both is nearer.
    #[inline(never)]
    fn is_beyond_middle_above(&self, bits: u64) -> bool {
        let fraction = bits & ((1 << 52) - 1);
        let biased = i32::try_from(bits >> 52).unwrap_or(i32::MAX);
        let (significand, exponent) = match biased {
            0 => (fraction, -1074),
            _ => (fraction | 1 << 52, biased - 1075),
        };
        // The middle is (2 * significand + 1) * 2^(exponent - 1).
        let mut number = Big::of_digits(&self.digits);
        let mut middle = Big(vec![]);
        middle.multiply_add(1, significand);
        middle.multiply_add(2, 1);
        match self.exponent {
            0.. => number.multiply_by_power(10, self.exponent),
            _ => middle.multiply_by_power(10, -self.exponent),
        }
        match exponent - 1 {
            up @ 0.. => middle.multiply_by_power(2, up),
            down => number.multiply_by_power(2, -down),
        }
        match number.compare(&middle) {
            Ordering::Less => false,
            Ordering::Equal => bits & 1 == 1,
            Ordering::Greater => true,
        }
    }
}

/// Keeps a digit, and says whether it did. Leading zeros are kept by counting
/// alone; of the digits beyond [`MAX_DIGITS`] one that is not zero remains.
fn push(digits: &mut Vec<u8>, digit: u8) -> bool {
    if digits.len() == MAX_DIGITS {
        if let Some(last) = digits.last_mut()
            && digit != 0
        {
            *last |= 1;
        }
        return false;
    }
    if digit != 0 || !digits.is_empty() {
        digits.push(digit);
    }
    true
}

fn read_exponent(text: &[u8]) -> Option<i32> {
    let (negative, digits) = sign(text);
    if digits.is_empty() {
        return None;
    }
    // Far beyond every double, and far from an overflow.
    const ENOUGH: i32 = 1_000_000_000;
    let magnitude = digits.iter().try_fold(0_i32, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| i32::from(byte - b'0'))?;
        Some(number.saturating_mul(10).saturating_add(digit).min(ENOUGH))
    })?;
    Some(if negative { -magnitude } else { magnitude })
}

/// A natural number of any size: 32 bits an element, the lowest first, none of
/// them zero at the end.
struct Big(Vec<u32>);

impl Big {
    fn of_digits(digits: &[u8]) -> Big {
        let mut number = Big(Vec::new());
        for digit in digits {
            number.multiply_add(10, u64::from(*digit));
        }
        number
    }

    #[inline(never)]
    fn multiply_by_power(&mut self, base: u32, power: i32) {
        for _ in 0..power {
            self.multiply_add(base, 0);
        }
    }

    /// Not inlined: its callers are slow anyway, and this would be a third of the code.
    #[inline(never)]
    fn multiply_add(&mut self, factor: u32, summand: u64) {
        let mut carry = summand;
        for limb in &mut self.0 {
            // The carry is below 2^54 in the first limb only, where it is added once.
            let product = u64::from(*limb) * u64::from(factor) + carry;
            *limb = low(product);
            carry = product >> 32;
        }
        while carry != 0 {
            self.0.push(low(carry));
            carry >>= 32;
        }
    }

    fn compare(&self, other: &Big) -> Ordering {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

const fn low(number: u64) -> u32 {
    (number & 0xFFFF_FFFF) as u32
}

#[cfg(test)]
mod tests;
