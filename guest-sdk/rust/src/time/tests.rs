//! Every day of the calendar, and every part out of range.

use super::*;

#[test]
fn dates_and_seconds_are_the_same_times() {
    let table = [
        ((1970, 1, 1, 0, 0, 0), 0),
        ((1969, 12, 31, 23, 59, 59), -1),
        ((2000, 2, 29, 12, 0, 0), 951_825_600),
        ((2013, 8, 31, 15, 0, 41), 1_377_961_241),
        ((2038, 1, 19, 3, 14, 8), 2_147_483_648),
        ((1, 1, 1, 0, 0, 0), -62_135_596_800),
        ((9999, 12, 31, 23, 59, 59), 253_402_300_799),
    ];
    for ((year, month, day, hour, minute, second), seconds) in table {
        let time = CivilTime::new(year, month, day, hour, minute, second).unwrap();
        assert_eq!(time.unix_seconds(), seconds, "{time}");
        assert_eq!(CivilTime::from_unix_seconds(seconds).unwrap(), time);
    }
}

#[test]
fn every_day_is_the_one_after_the_day_before() {
    let mut date = (1, 1, 1);
    for days in days_until(1, 1, 1)..=days_until(9999, 12, 31) {
        let (year, month, day) = date;
        assert_eq!(date_of(days), (i64::from(year), month, day));
        assert_eq!(days_until(year, month, day), days);
        date = match (day < days_of_month(year, month), month < 12) {
            (true, _) => (year, month, day + 1),
            (false, true) => (year, month + 1, 1),
            (false, false) => (year + 1, 1, 1),
        };
    }
}

#[test]
fn a_part_out_of_range_is_named_with_its_range() {
    let table = [
        ((0, 1, 1, 0, 0, 0), "the year 0 is not within 1 to 9999"),
        ((2023, 13, 1, 0, 0, 0), "the month 13 is not within 1 to 12"),
        ((2023, 0, 1, 0, 0, 0), "the month 0 is not within 1 to 12"),
        (
            (2023, 2, 29, 0, 0, 0),
            "the day 29 is not within 1 to 28 in 2023-02",
        ),
        (
            (1900, 2, 29, 0, 0, 0),
            "the day 29 is not within 1 to 28 in 1900-02",
        ),
        (
            (2023, 4, 31, 0, 0, 0),
            "the day 31 is not within 1 to 30 in 2023-04",
        ),
        ((2023, 4, 30, 24, 0, 0), "the hour 24 is not within 0 to 23"),
        (
            (2023, 4, 30, 0, 60, 0),
            "the minute 60 is not within 0 to 59",
        ),
        (
            (2023, 4, 30, 0, 0, 60),
            "the second 60 is not within 0 to 59",
        ),
    ];
    for ((year, month, day, hour, minute, second), expected) in table {
        let error = CivilTime::new(year, month, day, hour, minute, second).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn what_devices_send_is_checked() {
    let table = [
        (
            CivilTime::from_bytes([100, 1, 1, 0, 0, 0]),
            "the year 100 is not within 0 to 99",
        ),
        (
            CivilTime::from_bcd([0x23, 0x1A, 1, 0, 0, 0]),
            "byte 1 is 0x1A: its low nibble is no decimal digit",
        ),
        (
            CivilTime::from_bcd([0x23, 0x13, 1, 0, 0, 0]),
            "the month 13 is not within 1 to 12",
        ),
        (
            CivilTime::from_digits("2311142213"),
            "\"2311142213\" is not a time of twelve digits, YYMMDDhhmmss",
        ),
        (
            CivilTime::from_unix_seconds(253_402_300_800),
            "253402300800 seconds since 1970 are not within the years 1 to 9999",
        ),
        (
            CivilTime::from_unix_millis(i64::MIN),
            "-9223372036854776 seconds since 1970 are not within the years 1 to 9999",
        ),
    ];
    for (outcome, expected) in table {
        assert_eq!(outcome.unwrap_err().to_string(), expected);
    }
    assert!(CivilTime::from_unix_seconds(i64::MAX).is_err());
}
