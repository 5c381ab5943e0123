//! Dates and clock times of Unix seconds, in UTC.

use tb_converter::time::CivilTime;

use super::value::ValueError;

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
        let time = CivilTime::from_unix_seconds(seconds).map_err(|_| ValueError::NotATime(unix))?;
        Ok(Self {
            year: time.year().into(),
            month: time.month().into(),
            day: time.day().into(),
            hour: time.hour().into(),
            minute: time.minute().into(),
            second: time.second().into(),
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
