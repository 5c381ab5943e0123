//! Civil time and Unix time, in UTC.
//!
//! ThingsBoard wants milliseconds since 1970; devices send years, months and
//! days, or seconds. A device that sends local time needs its offset taken off:
//! subtract it from the milliseconds.

use std::fmt;

use crate::Result;
use crate::bits::bcd_digits;

const SECONDS_A_DAY: i64 = 86_400;

/// A date and a time of day of the Gregorian calendar, in UTC, from the year 1
/// to the year 9999.
///
/// ```
/// use tb_converter::time::CivilTime;
///
/// # fn main() -> tb_converter::Result<()> {
/// let time = CivilTime::new(2023, 11, 14, 22, 13, 20)?;
/// assert_eq!(time.unix_millis(), 1_700_000_000_000);
/// assert_eq!(CivilTime::from_unix_millis(1_700_000_000_999)?, time);
/// assert_eq!(time.to_string(), "2023-11-14T22:13:20Z");
///
/// // What a tracker sends: two digits each, year to second.
/// assert_eq!(CivilTime::from_bytes([23, 11, 14, 22, 13, 20])?, time);
/// assert_eq!(CivilTime::from_bcd([0x23, 0x11, 0x14, 0x22, 0x13, 0x20])?, time);
/// assert_eq!(CivilTime::from_digits("231114221320")?, time);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilTime {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

impl CivilTime {
    /// A time of its parts: the year 1 to 9999, the month from 1, the day from
    /// 1, the hour 0 to 23, minute and second 0 to 59.
    ///
    /// # Errors
    ///
    /// Fails if a part is out of its range, and names it with the range.
    pub fn new(
        year: u16,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
    ) -> Result<CivilTime> {
        within("year", year, 1, 9999)?;
        within("month", month.into(), 1, 12)?;
        within("day", day.into(), 1, days_of_month(year, month).into())
            .map_err(|error| format!("{error} in {year:04}-{month:02}"))?;
        within("hour", hour.into(), 0, 23)?;
        within("minute", minute.into(), 0, 59)?;
        within("second", second.into(), 0, 59)?;
        Ok(CivilTime {
            year,
            month,
            day,
            hour,
            minute,
            second,
        })
    }

    /// A time of six bytes, year (of the century 2000) to second.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn from_bytes([year, month, day, hour, minute, second]: [u8; 6]) -> Result<CivilTime> {
        within("year", year.into(), 0, 99)?;
        CivilTime::new(2000 + u16::from(year), month, day, hour, minute, second)
    }

    /// A time of six bytes of BCD, year (of the century 2000) to second.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and if a nibble is no decimal digit.
    pub fn from_bcd(bytes: [u8; 6]) -> Result<CivilTime> {
        CivilTime::from_digits(&bcd_digits(&bytes)?)
    }

    /// A time of twelve digits, `YYMMDDhhmmss`, in the century 2000.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and if the text is not twelve digits.
    pub fn from_digits(text: &str) -> Result<CivilTime> {
        let digits = text.as_bytes();
        if digits.len() != 12 || !digits.iter().all(u8::is_ascii_digit) {
            return Err(format!("{text:?} is not a time of twelve digits, YYMMDDhhmmss").into());
        }
        let mut parts = [0; 6];
        for (part, pair) in parts.iter_mut().zip(digits.as_chunks::<2>().0) {
            *part = (pair[0] - b'0') * 10 + (pair[1] - b'0');
        }
        CivilTime::from_bytes(parts)
    }

    /// A time of seconds since 1970.
    ///
    /// # Errors
    ///
    /// Fails outside of the years 1 to 9999.
    pub fn from_unix_seconds(seconds: i64) -> Result<CivilTime> {
        let (year, month, day) = date_of(seconds.div_euclid(SECONDS_A_DAY));
        let Some(year) = u16::try_from(year).ok().filter(|y| (1..=9999).contains(y)) else {
            return Err(
                format!("{seconds} seconds since 1970 are not within the years 1 to 9999").into(),
            );
        };
        // Below 86400.
        let rest = seconds.rem_euclid(SECONDS_A_DAY) as u32;
        let [hour, minute, second] = [rest / 3600, rest / 60 % 60, rest % 60].map(|n| n as u8);
        CivilTime::new(year, month, day, hour, minute, second)
    }

    /// A time of milliseconds since 1970; the fraction of a second is dropped.
    ///
    /// # Errors
    ///
    /// Fails outside of the years 1 to 9999.
    pub fn from_unix_millis(millis: i64) -> Result<CivilTime> {
        CivilTime::from_unix_seconds(millis.div_euclid(1000))
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        let days = days_until(self.year, self.month, self.day);
        let [hour, minute, second] = [self.hour, self.minute, self.second].map(i64::from);
        days * SECONDS_A_DAY + hour * 3600 + minute * 60 + second
    }

    /// Milliseconds since 1970: what
    /// [`telemetry_at`](crate::Entity::telemetry_at) wants.
    #[must_use]
    pub fn unix_millis(self) -> i64 {
        self.unix_seconds() * 1000
    }

    /// The year, such as 2023.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// The hour, 0 to 23.
    #[must_use]
    pub const fn hour(self) -> u8 {
        self.hour
    }

    /// The minute, 0 to 59.
    #[must_use]
    pub const fn minute(self) -> u8 {
        self.minute
    }

    /// The second, 0 to 59.
    #[must_use]
    pub const fn second(self) -> u8 {
        self.second
    }
}

/// As ISO 8601 has it: `2023-11-14T22:13:20Z`.
impl fmt::Display for CivilTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CivilTime {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

fn within(what: &str, value: u16, least: u16, greatest: u16) -> Result<()> {
    if (least..=greatest).contains(&value) {
        return Ok(());
    }
    Err(format!("the {what} {value} is not within {least} to {greatest}").into())
}

const fn days_of_month(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date. Years are counted from March, so that the
/// leap day is the last of them.
fn days_until(year: u16, month: u8, day: u8) -> i64 {
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 153 days are five months from March or August on; 719468 days lie between 0000-03-01 and 1970.
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// The year, month and day of a count of days from 1970-01-01.
fn date_of(days: i64) -> (i64, u8, u8) {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    let days = days + 719_468;
    let cycle = days.div_euclid(DAYS_OF_400_YEARS);
    let of_cycle = days.rem_euclid(DAYS_OF_400_YEARS);
    let year = (of_cycle - of_cycle / 1460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (later, month) = if month < 10 {
        (0, month + 3)
    } else {
        (1, month - 9)
    };
    // Months and days fit by what they are.
    (cycle * 400 + year + later, month as u8, day as u8)
}

#[cfg(test)]
mod tests;
