import { fail } from "./error";

/** Days before each month of a year that is no leap year. */
const DAYS_BEFORE: StaticArray<i32> = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

/**
 * The Unix time in **milliseconds** of a date and time in UTC, with the month
 * from 1 to 12. Fails on a date or time that does not exist.
 */
export function unixMillis(year: i32, month: i32, day: i32, hour: i32 = 0, minute: i32 = 0, second: i32 = 0): i64 {
  const exists =
    year >= 1 &&
    year <= 9999 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysOf(year, month) &&
    <u32>hour < 24 &&
    <u32>minute < 60 &&
    <u32>second < 60;
  if (!exists) {
    const date = year.toString() + "-" + month.toString() + "-" + day.toString();
    const time = hour.toString() + ":" + minute.toString() + ":" + second.toString();
    return fail<i64>("no such time: " + date + " " + time);
  }
  const before = year - 1;
  let days = before * 365 + before / 4 - before / 100 + before / 400 - DAYS_UNTIL_1970;
  days += DAYS_BEFORE[month - 1] + (month > 2 && isLeap(year) ? 1 : 0) + day - 1;
  return (((<i64>days * 24 + hour) * 60 + minute) * 60 + second) * 1000;
}

/** Unix time in seconds as milliseconds. */
export function fromUnixSeconds(seconds: i64): i64 {
  return seconds * 1000;
}

/** From the first of January of the year 1. */
const DAYS_UNTIL_1970: i32 = 719162;

function isLeap(year: i32): bool {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

function daysOf(year: i32, month: i32): i32 {
  const days = DAYS_BEFORE[month] - DAYS_BEFORE[month - 1];
  return month == 2 && isLeap(year) ? days + 1 : days;
}
