//! Streams to cut.

use std::fmt::Write as _;

/// Bytes of a stream, whatever the frames' size.
pub(crate) const STREAM: usize = 1024 * 1024;

/// What ends a frame, or tells where it ends.
#[derive(Clone, Copy)]
pub(crate) enum Wire {
    /// A line feed.
    Line,
    /// Two bars.
    Bars,
    /// Four bytes, most significant first, that count the payload.
    LengthField,
    /// The last bracket of an object, and a line feed.
    Json,
}

/// A stream and the frames in it.
pub(crate) struct Stream {
    pub(crate) bytes: Vec<u8>,
    pub(crate) frames: Vec<Vec<u8>>,
}

/// A stream of frames that take `size` bytes each.
pub(crate) fn stream(wire: Wire, size: usize) -> Stream {
    let mut stream = Stream {
        bytes: Vec::with_capacity(STREAM),
        frames: Vec::new(),
    };
    for number in 0..STREAM / size {
        let (header, payload, separator) = match wire {
            Wire::Line => (vec![], readings(number, size - 1), "\n"),
            Wire::Bars => (vec![], readings(number, size - 2), "||"),
            Wire::LengthField => {
                let length = u32::try_from(size - 4).unwrap();
                let header = length.to_be_bytes().to_vec();
                (header, readings(number, size - 4), "")
            }
            Wire::Json => (vec![], object(number, size - 1), "\n"),
        };
        stream.bytes.extend(&header);
        stream.bytes.extend(payload.as_bytes());
        stream.bytes.extend(separator.as_bytes());
        stream.frames.push(payload.into_bytes());
    }
    assert_eq!(stream.bytes.len(), STREAM);
    stream
}

/// Comma-separated readings, `length` bytes of them.
fn readings(number: usize, length: usize) -> String {
    let mut text = format!("{number},");
    while text.len() < length {
        let _ = write!(text, "{}.{},", text.len() % 90, number % 10);
    }
    text.truncate(length);
    text
}

/// An object of short members, as telemetry is, of `length` bytes.
fn object(number: usize, length: usize) -> String {
    let mut text = format!("{{\"n\":{number}");
    while text.len() + 14 < length {
        let _ = write!(text, ",\"k{}\":{}.5", text.len() % 90, number % 90);
    }
    format!("{text:0$}}}", length - 1)
}
