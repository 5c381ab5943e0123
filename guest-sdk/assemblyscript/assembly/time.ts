import { bits } from "./bits";
import { fail } from "./error";
import { quote } from "./text";

const SECONDS_A_DAY: i64 = 86400;
const DAYS_OF_400_YEARS: i64 = 146097;
/** From 0000-03-01 to 1970-01-01. */
const DAYS_UNTIL_1970: i64 = 719468;
/** The first second of the year 1, and the last of the year 9999. */
const FIRST_SECOND: i64 = -62135596800;
const LAST_SECOND: i64 = 253402300799;

/**
 * A date and a time of day of the Gregorian calendar, in UTC, from the year 1
 * to the year 9999. What fails gives the start of 1970.
 *
 * ThingsBoard wants milliseconds since 1970; devices send years, months and
 * days, or seconds. A device that sends local time needs its offset taken off:
 * subtract it from the milliseconds.
 *
 * ```ts
 * const time = new CivilTime(2023, 11, 14, 22, 13, 20);
 * time.unixMillis() // 1700000000000
 * time.toString() // "2023-11-14T22:13:20Z"
 * CivilTime.fromBcd(reader.bytes(6)) // of the bytes 23 11 14 22 13 20: the same time
 * ```
 */
export class CivilTime {
  /**
   * A time of its parts. Fails if one is out of its range, and names it with
   * the range.
   */
  constructor(
    /** The year, 1 to 9999. */
    readonly year: i32,
    /** The month, 1 to 12. */
    readonly month: i32,
    /** The day of the month, from 1. */
    readonly day: i32,
    /** The hour, 0 to 23. */
    readonly hour: i32,
    /** The minute, 0 to 59. */
    readonly minute: i32,
    /** The second, 0 to 59. */
    readonly second: i32,
  ) {
    if (!exists(year, month, day, hour, minute, second)) {
      this.year = 1970;
      this.month = 1;
      this.day = 1;
      this.hour = 0;
      this.minute = 0;
      this.second = 0;
    }
  }

  /**
   * A time of six bytes, year (of the century 2000) to second. Fails as the
   * constructor does, and if there are not six.
   */
  static fromBytes(bytes: Uint8Array): CivilTime {
    if (!areSix(bytes) || !within("year", bytes[0], 0, 99, "")) return CivilTime.none();
    return new CivilTime(2000 + <i32>bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]);
  }

  /**
   * A time of six bytes of BCD, year (of the century 2000) to second. Fails as
   * the constructor does, if there are not six, and if a nibble is no decimal
   * digit.
   */
  static fromBcd(bytes: Uint8Array): CivilTime {
    return areSix(bytes) ? CivilTime.fromDigits(bits.bcdDigits(bytes)) : CivilTime.none();
  }

  /**
   * A time of twelve digits, `YYMMDDhhmmss`, in the century 2000. Fails as the
   * constructor does, and if the text is not twelve digits.
   */
  static fromDigits(text: string): CivilTime {
    const parts = new Uint8Array(6);
    let valid = text.length == 12;
    for (let i = 0; valid && i < 12; i++) {
      const digit = text.charCodeAt(i) - 0x30;
      valid = <u32>digit < 10;
      parts[i >> 1] = parts[i >> 1] * 10 + <u8>digit;
    }
    if (valid) return CivilTime.fromBytes(parts);
    fail<bool>(quote(text) + " is not a time of twelve digits, YYMMDDhhmmss");
    return CivilTime.none();
  }

  /** A time of seconds since 1970. Fails outside of the years 1 to 9999. */
  static fromUnixSeconds(seconds: i64): CivilTime {
    if (seconds < FIRST_SECOND || seconds > LAST_SECOND) {
      fail<bool>(seconds.toString() + " seconds since 1970 are not within the years 1 to 9999");
      return CivilTime.none();
    }
    // Years are counted from March, so that the leap day is the last of them.
    const days = floorOf(seconds, SECONDS_A_DAY) + DAYS_UNTIL_1970;
    const cycle = floorOf(days, DAYS_OF_400_YEARS);
    const ofCycle = <i32>(days - cycle * DAYS_OF_400_YEARS);
    const year = (ofCycle - ofCycle / 1460 + ofCycle / 36524 - ofCycle / 146096) / 365;
    const ofYear = ofCycle - (365 * year + year / 4 - year / 100);
    const month = (5 * ofYear + 2) / 153;
    const day = ofYear - (153 * month + 2) / 5 + 1;
    const isNext = month > 9;
    const rest = <i32>(seconds - floorOf(seconds, SECONDS_A_DAY) * SECONDS_A_DAY);
    return new CivilTime(
      <i32>cycle * 400 + year + (isNext ? 1 : 0),
      isNext ? month - 9 : month + 3,
      day,
      rest / 3600,
      (rest / 60) % 60,
      rest % 60,
    );
  }

  /**
   * A time of milliseconds since 1970; the fraction of a second is dropped.
   * Fails outside of the years 1 to 9999.
   */
  static fromUnixMillis(millis: i64): CivilTime {
    return CivilTime.fromUnixSeconds(floorOf(millis, 1000));
  }

  private static none(): CivilTime {
    return new CivilTime(1970, 1, 1, 0, 0, 0);
  }

  /** Seconds since 1970. */
  unixSeconds(): i64 {
    const isNext = this.month < 3;
    const year = isNext ? this.year - 1 : this.year;
    const month = isNext ? this.month + 9 : this.month - 3;
    const leapDays = year / 4 - year / 100 + year / 400;
    // 153 days are five months from March or August on.
    const days = year * 365 + leapDays + (153 * month + 2) / 5 + this.day - 1;
    const seconds = this.hour * 3600 + this.minute * 60 + this.second;
    return (<i64>days - DAYS_UNTIL_1970) * SECONDS_A_DAY + seconds;
  }

  /** Milliseconds since 1970: what `telemetryAt` wants. */
  unixMillis(): i64 {
    return this.unixSeconds() * 1000;
  }

  /** As ISO 8601 has it: `2023-11-14T22:13:20Z`. */
  toString(): string {
    const date = padded(this.year, 4) + "-" + padded(this.month, 2) + "-" + padded(this.day, 2);
    return date + "T" + padded(this.hour, 2) + ":" + padded(this.minute, 2) + ":" + padded(this.second, 2) + "Z";
  }
}

function exists(year: i32, month: i32, day: i32, hour: i32, minute: i32, second: i32): bool {
  return (
    within("year", year, 1, 9999, "") &&
    within("month", month, 1, 12, "") &&
    isDayOf(year, month, day) &&
    within("hour", hour, 0, 23, "") &&
    within("minute", minute, 0, 59, "") &&
    within("second", second, 0, 59, "")
  );
}

function isDayOf(year: i32, month: i32, day: i32): bool {
  const greatest = daysOf(year, month);
  // Most days are there: no text is made for them.
  if (day >= 1 && day <= greatest) return true;
  return within("day", day, 1, greatest, " in " + padded(year, 4) + "-" + padded(month, 2));
}

function within(what: string, value: i32, least: i32, greatest: i32, where: string): bool {
  if (value >= least && value <= greatest) return true;
  const range = least.toString() + " to " + greatest.toString();
  return fail<bool>("the " + what + " " + value.toString() + " is not within " + range + where);
}

function areSix(bytes: Uint8Array): bool {
  if (bytes.length == 6) return true;
  return fail<bool>("a time has six bytes, year to second, not " + bytes.length.toString());
}

function daysOf(year: i32, month: i32): i32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** The quotient rounded down. */
function floorOf(dividend: i64, divisor: i64): i64 {
  return dividend / divisor - (dividend % divisor < 0 ? 1 : 0);
}

function padded(value: i32, digits: i32): string {
  return value.toString().padStart(digits, "0");
}
