//! What sentences and packets say of time, place and state.

use tb_converter::bits::bit;
use tb_converter::time::CivilTime;
use tb_converter::{Result, Sample, number};

/// Trackers send knots; the keys hold km/h.
const KMH_PER_KNOT: f64 = 1.852;

/// Milliseconds since 1970, of `hhmmss` and `DDMMYY`.
pub(crate) fn time(clock: &str, date: &str) -> Result<i64> {
    let date = [date.get(4..), date.get(2..4), date.get(..2)];
    let digits: String = date.into_iter().flatten().chain([clock]).collect();
    Ok(CivilTime::from_digits(&digits)?.unix_millis())
}

/// Degrees from whole degrees and minutes.
pub(crate) fn degrees(whole: f64, minutes: f64, negative: bool) -> f64 {
    let degrees = number::round(whole + minutes / 60.0, 7);
    if negative { -degrees } else { degrees }
}

/// Latitude and longitude, if they are on earth.
pub(crate) fn place(sample: &mut Sample, latitude: f64, longitude: f64) -> Result<()> {
    if latitude.abs() > 90.0 || longitude.abs() > 180.0 {
        return Err(format!("{latitude}, {longitude} is no position").into());
    }
    sample.put("latitude", latitude);
    sample.put("longitude", longitude);
    Ok(())
}

/// The speed in km/h.
pub(crate) fn speed(sample: &mut Sample, knots: f64) {
    sample.put("speed", number::round(knots * KMH_PER_KNOT, 2));
}

/// The state's 32 bits. A bit that is 0 says that something is the matter.
pub(crate) fn status(sample: &mut Sample, status: u32) {
    sample.put("status", status);
    sample.put("ignition", bit(status, 10));
    let alarms = [
        (0, "vibration"),
        (1, "sos"),
        (18, "sos"),
        (2, "overspeed"),
        (19, "powerCut"),
    ];
    let alarm = alarms.iter().find(|(place, _)| !bit(status, *place));
    if let Some((_, name)) = alarm {
        sample.put("alarm", *name);
    }
}
