//! The fields of a record: `#SD#`, `#D#`, and each record of `#B#`.
//!
//! Fields are separated by semicolons. `NA` says that a value is not known.

use tb_converter::time::CivilTime;
use tb_converter::{Sample, number};

use crate::params;

/// Which fields a record has, and how its faults are told.
pub(crate) struct Form {
    fields: usize,
    /// The code of a wrong check value.
    pub(crate) checksum_fault: &'static str,
}

/// A record of `#SD#`: time and position.
pub(crate) const SHORT: Form = Form {
    fields: 10,
    checksum_fault: "13",
};

/// A record of `#D#`: also inputs, outputs and parameters.
pub(crate) const EXTENDED: Form = Form {
    fields: 16,
    checksum_fault: "16",
};

impl Form {
    /// The form of a record that does not say which it has.
    pub(crate) fn of(record: &str) -> &'static Form {
        match record.split(';').count() {
            0..=10 => &SHORT,
            _ => &EXTENDED,
        }
    }
}

/// Why a record cannot be read.
#[derive(Debug)]
pub(crate) struct Fault {
    /// What the protocol calls it.
    pub(crate) code: &'static str,
    /// For the log.
    pub(crate) text: String,
}

impl Fault {
    pub(crate) fn new(code: &'static str, text: impl Into<String>) -> Fault {
        let text = text.into();
        Fault { code, text }
    }
}

pub(crate) type Outcome<T> = Result<T, Fault>;

/// Reads a record.
pub(crate) fn sample(form: &Form, record: &str) -> Outcome<Sample> {
    let fields: Vec<&str> = record.splitn(form.fields, ';').collect();
    if fields.len() < form.fields || (form.fields == SHORT.fields && fields[9].contains(';')) {
        let count = record.split(';').count();
        let text = format!("the record has {count} fields, not {}", form.fields);
        return Err(Fault::new("-1", text));
    }
    let mut fields = fields.into_iter().map(known);
    let mut next = || fields.next().flatten();

    let mut sample = Sample::at(time(next(), next())?);
    let latitude = degrees("latitude", [next(), next()], ["N", "S"], 90.0)?;
    let longitude = degrees("longitude", [next(), next()], ["E", "W"], 180.0)?;
    let mut values = Vec::new();
    for key in ["speed", "course", "altitude"] {
        values.push((key, numeric("11", key, next())?));
    }
    values.push(("satellites", numeric("12", "satellites", next())?));
    if form.fields == EXTENDED.fields {
        values.push(("hdop", numeric("12", "hdop", next())?));
        values.push(("inputs", numeric("13", "inputs", next())?));
        values.push(("outputs", numeric("13", "outputs", next())?));
        let (adc, button, extra) = (next(), next(), next());
        // Before all else, so that no parameter stands in for it.
        params::put(&mut sample, extra.unwrap_or_default())?;
        for (input, text) in (1..).zip(adc.into_iter().flat_map(|text| text.split(','))) {
            if let Some(value) = numeric("14", "adc", known(text))? {
                sample.put(format!("adc{input}"), value);
            }
        }
        if let Some(button) = button {
            sample.put("ibutton", button);
        }
    }
    for (key, value) in values {
        if let Some(value) = value {
            sample.put(key, value);
        }
    }
    match (latitude, longitude) {
        (Some(latitude), Some(longitude)) => Ok(sample
            .value("latitude", latitude)
            .value("longitude", longitude)
            .value("valid", true)),
        (None, None) => Ok(sample.value("valid", false)),
        _ => Err(Fault::new(
            "10",
            "latitude and longitude are not both known",
        )),
    }
}

/// None of what is not known.
fn known(text: &str) -> Option<&str> {
    let text = text.trim();
    (!text.is_empty() && text != "NA").then_some(text)
}

/// `DDMMYY` and `hhmmss`, maybe with a fraction; None is the time of reception.
fn time(date: Option<&str>, time: Option<&str>) -> Outcome<Option<i64>> {
    let (date, time) = match (date, time) {
        (Some(date), Some(time)) => (date, time),
        (None, None) => return Ok(None),
        _ => return Err(Fault::new("0", "date and time are not both known")),
    };
    let fault = |text: String| Fault::new("0", format!("{date};{time} is no time: {text}"));
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let date = [date.get(4..), date.get(2..4), date.get(..2)];
    let digits: String = date.into_iter().flatten().chain([clock]).collect();
    let seconds = CivilTime::from_digits(&digits).map_err(|error| fault(error.to_string()))?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(fault("the fraction is no number".to_owned()));
    }
    let fraction: String = fraction.chars().chain("000".chars()).take(3).collect();
    Ok(Some(
        seconds.unix_millis() + number::parse_long(&fraction).unwrap_or_default(),
    ))
}

/// Degrees and minutes in one number, `5544.6025`, and the hemisphere.
fn degrees(
    what: &str,
    [number, hemisphere]: [Option<&str>; 2],
    [positive, negative]: [&str; 2],
    greatest: f64,
) -> Outcome<Option<f64>> {
    let fault = |text: &str| Fault::new("10", format!("{what}: {text}"));
    let (number, hemisphere) = match (number, hemisphere) {
        (Some(number), Some(hemisphere)) => (number, hemisphere),
        (None, None) => return Ok(None),
        _ => return Err(fault("number and hemisphere are not both known")),
    };
    let number = number::parse_double(number).map_err(|error| fault(&error.to_string()))?;
    let whole = (number / 100.0).trunc();
    let degrees = number::round(whole + (number - whole * 100.0) / 60.0, 7);
    if !(0.0..=greatest).contains(&degrees) {
        return Err(fault(&format!("{number} is out of range")));
    }
    if hemisphere == positive {
        Ok(Some(degrees))
    } else if hemisphere == negative {
        Ok(Some(-degrees))
    } else {
        Err(fault(&format!("{hemisphere:?} is no hemisphere")))
    }
}

/// A number as it is written: with or without a fraction.
fn numeric(
    code: &'static str,
    what: &str,
    text: Option<&str>,
) -> Outcome<Option<tb_converter::Value>> {
    let Some(text) = text else {
        return Ok(None);
    };
    match number::parse(text) {
        Some(value) => Ok(Some(value)),
        None => Err(Fault::new(code, format!("{what}: {text:?} is no number"))),
    }
}
