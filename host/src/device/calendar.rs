//! Dates and clock times of Unix seconds, in UTC.

use super::value::ValueError;

const SECONDS_OF_DAY: i64 = 86_400;
/// The last second of the year 9999.
const LAST: i64 = 253_402_300_799;

/// The parts of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
}

impl Date {
    /// The date of Unix seconds from 1970 to 9999.
    pub(super) fn of(unix: i128) -> Result<Self, ValueError> {
        let seconds = i64::try_from(unix).ok();
        let seconds = seconds
            .filter(|seconds| (0..=LAST).contains(seconds))
            .ok_or(ValueError::NotATime(unix))?;
        let (days, clock) = (seconds / SECONDS_OF_DAY, seconds % SECONDS_OF_DAY);
        // Years that begin in March have their leap day at the end; an era of
        // 400 years repeats.
        let days = days + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let month = (march_month + 2) % 12 + 1;
        Ok(Self {
            year: era * 400 + year_of_era + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * march_month + 2) / 5 + 1,
            hour: clock / 3600,
            minute: clock / 60 % 60,
            second: clock % 60,
        })
    }

    /// The text of a format with `%Y %y %m %d %H %M %S %%`, which
    /// [`check_format`] has seen.
    pub(super) fn text(&self, format: &str) -> String {
        let mut text = String::new();
        let mut chars = format.chars();
        while let Some(char) = chars.next() {
            if char != '%' {
                text.push(char);
                continue;
            }
            let (number, width) = match chars.next() {
                Some('Y') => (self.year, 4),
                Some('y') => (self.year % 100, 2),
                Some('m') => (self.month, 2),
                Some('d') => (self.day, 2),
                Some('H') => (self.hour, 2),
                Some('M') => (self.minute, 2),
                Some('S') => (self.second, 2),
                other => {
                    text.extend(other);
                    continue;
                }
            };
            text.push_str(&format!("{number:0width$}"));
        }
        text
    }
}

/// Whether [`Date::text`] knows all of a format.
pub(super) fn check_format(format: &str) -> Result<(), String> {
    let mut chars = format.chars();
    while let Some(char) = chars.next() {
        if char != '%' {
            continue;
        }
        let code = chars.next();
        if !code.is_some_and(|code| "YymdHMS%".contains(code)) {
            let code = code.map(String::from).unwrap_or_default();
            return Err(format!(
                "a time has no %{code}: there are %Y %y %m %d %H %M %S, and %% for a percent sign"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_dates() {
        for (unix, expected) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_399, "2000-02-28 23:59:59"),
            (951_782_400, "2000-02-29 00:00:00"),
            (1_367_096_161, "2013-04-27 20:56:01"),
            (4_107_542_399, "2100-02-28 23:59:59"),
            (4_107_542_400, "2100-03-01 00:00:00"),
            (253_402_300_799, "9999-12-31 23:59:59"),
        ] {
            let date = Date::of(unix).unwrap();
            assert_eq!(date.text("%Y-%m-%d %H:%M:%S"), expected);
        }
        let date = Date::of(1_367_096_161).unwrap();
        assert_eq!(date.text("%d%m%y;%H%M%S 100%%"), "270413;205601 100%");
        for unix in [-1, 253_402_300_800, i128::MAX] {
            assert_eq!(Date::of(unix), Err(ValueError::NotATime(unix)));
        }
    }

    #[test]
    fn unknown_codes_are_refused() {
        assert_eq!(check_format("%d%%%S"), Ok(()));
        for (format, named) in [("%d%j", "no %j:"), ("%", "no %:")] {
            let error = check_format(format).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }
}
