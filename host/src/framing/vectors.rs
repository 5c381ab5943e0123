//! What Netty's decoders did with 190 streams when they were run, against what
//! the decoders here do: frames, kinds of errors, their order, and the read
//! after which each came out.
//!
//! [`DEVIATIONS`] names every vector whose result differs, why, and the result
//! here. Then each stream is cut into single bytes and at random places. What
//! Netty does with a stream may depend on the cuts, so these runs are compared
//! with the vector's own cuts here: the same frames and kinds of errors must
//! come out in the same order, after whichever read.

mod deviations;

use std::collections::HashMap;

use serde_json::Value;

use self::deviations::{DEVIATIONS, Reason};
use super::{
    DelimiterDecoder, FrameError, HandlerError, JsonDecoder, JsonParams, LengthFieldDecoder,
    LengthFieldParams, LineDecoder, TextParams, testing::outcomes,
};
use crate::config::ByteOrder;

#[derive(Debug)]
enum Decoder {
    Line(LineDecoder),
    Delimiter(DelimiterDecoder),
    LengthField(LengthFieldDecoder),
    Json(JsonDecoder),
}

impl tokio_util::codec::Decoder for Decoder {
    type Item = bytes::Bytes;
    type Error = FrameError;

    fn decode(&mut self, buffer: &mut bytes::BytesMut) -> Result<Option<bytes::Bytes>, FrameError> {
        match self {
            Self::Line(decoder) => decoder.decode(buffer),
            Self::Delimiter(decoder) => decoder.decode(buffer),
            Self::LengthField(decoder) => decoder.decode(buffer),
            Self::Json(decoder) => decoder.decode(buffer),
        }
    }

    fn decode_eof(
        &mut self,
        buffer: &mut bytes::BytesMut,
    ) -> Result<Option<bytes::Bytes>, FrameError> {
        match self {
            Self::Line(decoder) => decoder.decode_eof(buffer),
            Self::Delimiter(decoder) => decoder.decode_eof(buffer),
            Self::LengthField(decoder) => decoder.decode_eof(buffer),
            Self::Json(decoder) => decoder.decode_eof(buffer),
        }
    }
}

struct Vector {
    id: String,
    kind: String,
    params: Value,
    chunks: Vec<Vec<u8>>,
    /// Netty's result, as [`Vector::run`] writes it.
    expected: Vec<String>,
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

fn vectors() -> Vec<Vector> {
    let all: Vec<Value> = serde_json::from_str(include_str!("vectors/framing.json")).unwrap();
    let list = |value: &Value| value.as_array().unwrap().clone();
    all.iter()
        .map(|vector| Vector {
            id: vector["id"].as_str().unwrap().to_owned(),
            kind: vector["decoder"].as_str().unwrap().to_owned(),
            params: vector["params"].clone(),
            chunks: list(&vector["chunks_hex"])
                .iter()
                .map(|chunk| bytes(chunk.as_str().unwrap()))
                .collect(),
            expected: list(&vector["expect"]).iter().map(entry).collect(),
        })
        .collect()
}

/// One of Netty's results.
fn entry(value: &Value) -> String {
    let at = value["at"].to_string().replace('"', "");
    let what = match value["error"].as_str() {
        None => bytes(value["frame_hex"].as_str().unwrap())
            .escape_ascii()
            .to_string(),
        Some("TooLongFrameException") => "!tooLong".to_owned(),
        Some("CorruptedFrameException") => "!corrupted".to_owned(),
        Some("IllegalArgumentException") => "!refused".to_owned(),
        Some(other) => format!("!{other}"),
    };
    format!("{at} {what}")
}

impl Vector {
    fn flag(&self, key: &str) -> bool {
        self.params[key].as_bool().unwrap()
    }

    /// A parameter that cannot be below zero here, by its type.
    fn size(&self, key: &'static str) -> Result<usize, HandlerError> {
        let value = self.params[key].as_i64().unwrap();
        usize::try_from(value).map_err(|_| HandlerError::new(key, value, "below zero"))
    }

    fn decoder(&self) -> Result<Decoder, HandlerError> {
        match self.kind.as_str() {
            "line" => LineDecoder::new(self.text()?).map(Decoder::Line),
            "delimiter" => {
                let delimiters = self.params["delimiters"].as_array().unwrap();
                let list = delimiters.iter().map(|hex| bytes(hex.as_str().unwrap()));
                DelimiterDecoder::new(self.text()?, list.collect()).map(Decoder::Delimiter)
            }
            "length_field" => {
                let adjustment = self.params["length_adjustment"].as_i64().unwrap();
                LengthFieldDecoder::new(LengthFieldParams {
                    max_frame_length: self.size("max_frame_length")?,
                    byte_order: match self.params["byte_order"].as_str().unwrap() {
                        "big" => ByteOrder::BigEndian,
                        _ => ByteOrder::LittleEndian,
                    },
                    length_field_offset: self.size("length_field_offset")?,
                    length_field_length: self.size("length_field_length")?,
                    length_adjustment: i32::try_from(adjustment).unwrap(),
                    initial_bytes_to_strip: self.size("initial_bytes_to_strip")?,
                    fail_fast: self.flag("fail_fast"),
                    ..LengthFieldParams::default()
                })
                .map(Decoder::LengthField)
            }
            "json_object" => JsonDecoder::new(JsonParams {
                max_object_length: self.size("max_object_length")?,
                split_arrays: self.flag("stream_array_elements"),
                skip_empty_frames: false,
            })
            .map(Decoder::Json),
            other => panic!("{other}"),
        }
    }

    fn text(&self) -> Result<TextParams, HandlerError> {
        Ok(TextParams {
            max_frame_length: self.size("max_frame_length")?,
            strip_delimiter: self.flag("strip_delimiter"),
            fail_fast: self.flag("fail_fast"),
            skip_empty_frames: false,
            flush_on_close: false,
        })
    }

    /// What comes out here, each with the read that brought it.
    fn run(&self, chunks: &[&[u8]]) -> Vec<String> {
        let Ok(mut decoder) = self.decoder() else {
            return vec!["new !refused".to_owned()];
        };
        let mut results = Vec::new();
        for (read, out) in outcomes(&mut decoder, chunks, |_| ()).iter().enumerate() {
            let at = if read < chunks.len() {
                read.to_string()
            } else {
                "close".to_owned()
            };
            for result in out {
                let what = match result {
                    Ok(frame) => frame.escape_ascii().to_string(),
                    Err(FrameError::TooLong { .. }) => "!tooLong".to_owned(),
                    Err(FrameError::Corrupted(_)) => "!corrupted".to_owned(),
                    Err(error) => panic!("{error}"),
                };
                results.push(format!("{at} {what}"));
            }
        }
        results
    }

    fn run_as_given(&self) -> Vec<String> {
        let chunks: Vec<&[u8]> = self.chunks.iter().map(Vec::as_slice).collect();
        self.run(&chunks)
    }
}

#[test]
fn results_are_nettys_but_for_the_deviations() {
    let mut deviations: HashMap<_, _> = DEVIATIONS
        .iter()
        .map(|(id, reason, ours)| (*id, (*reason, *ours)))
        .collect();
    assert_eq!(deviations.len(), DEVIATIONS.len(), "an id is there twice");
    let vectors = vectors();
    assert_eq!(vectors.len(), 190);
    let mut wrong = Vec::new();
    for vector in &vectors {
        let ours = vector.run_as_given();
        match deviations.remove(vector.id.as_str()) {
            None if ours != vector.expected => {
                wrong.push(format!(
                    "{}: {ours:?}, Netty {:?}",
                    vector.id, vector.expected
                ));
            }
            Some((_, listed)) if ours != listed => {
                wrong.push(format!("{}: not as listed: {ours:?}", vector.id));
            }
            Some(_) if ours == vector.expected => {
                wrong.push(format!("{}: listed, but Netty does the same", vector.id));
            }
            Some((Reason::FramesBehindAnError, _))
                if !without_reads(&ours).starts_with(&without_reads(&vector.expected)) =>
            {
                wrong.push(format!("{}: differs in more than the read", vector.id));
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(deviations.is_empty(), "no such vector: {deviations:?}");
}

#[test]
fn the_documentation_names_the_deviations() {
    let (_, section) = include_str!("../../../ARCHITECTURE.md")
        .split_once("## Where framing differs from Netty")
        .unwrap();
    let mut named: Vec<_> = section
        .lines()
        .filter_map(|line| {
            line.strip_prefix("| ")?
                .strip_suffix(" |")?
                .rsplit_once(" | ")
        })
        .flat_map(|(_, ids)| ids.split(' '))
        .filter_map(|id| id.strip_prefix('`')?.strip_suffix('`'))
        .collect();
    let mut listed: Vec<_> = DEVIATIONS.iter().map(|(id, ..)| *id).collect();
    listed.sort_unstable();
    named.sort_unstable();
    assert_eq!(named, listed);
}

/// Results without the reads that brought them.
fn without_reads(results: &[String]) -> Vec<&str> {
    results
        .iter()
        .map(|result| result.split_once(' ').unwrap().1)
        .collect()
}

#[test]
fn results_do_not_depend_on_the_cuts() {
    // The seed is arbitrary; the same cuts in each run.
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for vector in vectors() {
        let given = vector.run_as_given();
        let expected = without_reads(&given);
        let stream = vector.chunks.concat();
        let single: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(
            without_reads(&vector.run(&single)),
            expected,
            "{}",
            vector.id
        );
        for _ in 0..20 {
            let mut rest = stream.as_slice();
            let mut chunks = Vec::new();
            while !rest.is_empty() {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let most = rest.len().min(12);
                let (chunk, tail) = rest.split_at(1 + random as usize % most);
                chunks.push(chunk);
                rest = tail;
            }
            assert_eq!(
                without_reads(&vector.run(&chunks)),
                expected,
                "{}: {chunks:?}",
                vector.id
            );
        }
    }
}
