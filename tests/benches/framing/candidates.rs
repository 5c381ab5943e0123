//! What is measured: decoders, codecs and memory passes.

use std::{fmt::Debug, hint::black_box};

use bytes::BytesMut;
use tb_tcp::{
    config::{ByteOrder, HandlerConfiguration, HandlerType, MessageSeparator},
    framing::Framer,
};
use tokio_util::codec::{Decoder, LengthDelimitedCodec, LinesCodec};

use crate::streams::Wire;

/// Bytes of a read.
const READ: usize = 8 * 1024;
/// The limit of all decoders, which every frame keeps.
const LIMIT: usize = 8 * 1024;

/// What was found in a stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) frames: usize,
    pub(crate) bytes: usize,
}

type Serve = Box<dyn Fn(&[u8], usize) -> Found>;
type Collect = Box<dyn Fn(&[u8], usize) -> Vec<Vec<u8>>>;

/// What a candidate is called in the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) key: &'static str,
    pub(crate) label: &'static str,
}

/// Something that is timed.
pub(crate) struct Candidate {
    pub(crate) name: Name,
    pub(crate) wire: Wire,
    /// Serves the connection of this number.
    pub(crate) serve: Serve,
    /// The frames' contents; none for a pass that cuts nothing.
    pub(crate) collect: Option<Collect>,
    /// The codec and the memory pass to compare with.
    pub(crate) rivals: [Option<Name>; 2],
}

pub(crate) const TEXT_LINE: Name = Name {
    key: "textLine",
    label: "TEXT, line",
};
const TEXT_CUSTOM: Name = Name {
    key: "textCustom",
    label: "TEXT, custom separator",
};
pub(crate) const BINARY: Name = Name {
    key: "binary",
    label: "BINARY",
};
pub(crate) const JSON: Name = Name {
    key: "json",
    label: "JSON",
};
const LINES: Name = Name {
    key: "linesCodec",
    label: "tokio_util `LinesCodec`",
};
const LENGTH_DELIMITED: Name = Name {
    key: "lengthDelimitedCodec",
    label: "tokio_util `LengthDelimitedCodec`",
};
const MEMCHR: Name = Name {
    key: "memchr",
    label: "bare `memchr_iter`",
};
const MEMCPY: Name = Name {
    key: "memcpy",
    label: "bare `memcpy`",
};
/// The decoders whose figures are followed from commit to commit.
pub(crate) const OURS: [Name; 4] = [TEXT_LINE, TEXT_CUSTOM, BINARY, JSON];

/// In the order of the rows.
pub(crate) fn candidates() -> [Candidate; 8] {
    let text = [Some(LINES), Some(MEMCHR)];
    let binary = [Some(LENGTH_DELIMITED), Some(MEMCPY)];
    let ours = |name, wire, rivals| decoder(name, wire, rivals, move || framer(wire));
    [
        ours(TEXT_LINE, Wire::Line, text),
        ours(TEXT_CUSTOM, Wire::Bars, text),
        ours(BINARY, Wire::LengthField, binary),
        ours(JSON, Wire::Json, [None, Some(MEMCHR)]),
        decoder(LINES, Wire::Line, text, || {
            LinesCodec::new_with_max_length(LIMIT)
        }),
        decoder(LENGTH_DELIMITED, Wire::LengthField, binary, || {
            LengthDelimitedCodec::builder()
                .max_frame_length(LIMIT)
                .new_codec()
        }),
        memory_pass(MEMCHR, Wire::Line, |bytes| {
            memchr::memchr_iter(b'\n', bytes)
                .map(black_box)
                .fold(0, |frames, _| frames + 1)
        }),
        memory_pass(MEMCPY, Wire::LengthField, |bytes| {
            black_box(bytes);
            0
        }),
    ]
}

/// A candidate that cuts frames, with a new decoder for each connection.
fn decoder<D>(
    name: Name,
    wire: Wire,
    rivals: [Option<Name>; 2],
    new: impl Fn() -> D + Copy + 'static,
) -> Candidate
where
    D: Decoder<Item: AsRef<[u8]>, Error: Debug> + 'static,
{
    Candidate {
        name,
        wire,
        serve: Box::new(move |stream, number| {
            let mut found = Found::default();
            decode(new(), stream, number, |frame| {
                found.frames += 1;
                found.bytes += black_box(frame).len();
            });
            found
        }),
        collect: Some(Box::new(move |stream, number| {
            let mut frames = Vec::new();
            decode(new(), stream, number, |frame| frames.push(frame.to_vec()));
            frames
        })),
        rivals,
    }
}

fn decode<D>(mut decoder: D, stream: &[u8], number: usize, mut take: impl FnMut(&[u8]))
where
    D: Decoder<Item: AsRef<[u8]>, Error: Debug>,
{
    receive(stream, number, |buffer| {
        while let Some(frame) = decoder.decode(buffer).unwrap() {
            take(frame.as_ref());
        }
    });
}

/// A candidate that reads all bytes and cuts nothing; `look` tells how many
/// ends of frames it saw.
fn memory_pass(name: Name, wire: Wire, look: fn(&[u8]) -> usize) -> Candidate {
    Candidate {
        name,
        wire,
        serve: Box::new(move |stream, number| {
            let mut found = Found::default();
            receive(stream, number, |buffer| {
                found.frames += look(buffer);
                found.bytes += buffer.len();
                buffer.clear();
            });
            found
        }),
        collect: None,
        rivals: [None; 2],
    }
}

/// The connection of this number: `take` gets the buffer after each read. The
/// first read's length makes the frames of each connection lie across the reads
/// in another way.
fn receive(stream: &[u8], number: usize, mut take: impl FnMut(&mut BytesMut)) {
    let mut buffer = BytesMut::new();
    let (first, others) = stream.split_at(1 + number * 519 % READ);
    for read in [first].into_iter().chain(others.chunks(READ)) {
        buffer.reserve(READ);
        buffer.extend_from_slice(read);
        take(&mut buffer);
    }
}

fn framer(wire: Wire) -> Framer {
    let mut settings = HandlerConfiguration {
        max_frame_length: LIMIT,
        max_object_length: LIMIT,
        ..HandlerConfiguration::default()
    };
    match wire {
        Wire::Line => {}
        Wire::Bars => {
            settings.message_separator = MessageSeparator::CustomSeparator;
            settings.separator = Some("||".to_owned());
        }
        Wire::LengthField => {
            settings.handler_type = HandlerType::Binary;
            settings.byte_order = ByteOrder::BigEndian;
            settings.length_field_length = 4;
            settings.initial_bytes_to_strip = 4;
        }
        Wire::Json => settings.handler_type = HandlerType::Json,
    }
    Framer::new(&settings).unwrap()
}
