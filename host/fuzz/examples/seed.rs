//! Writes the seed corpus of each target, `corpus/TARGET/ID`: the streams of
//! `framing.json`, and for the decoders that Netty does not have some of our own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a vector that cannot be read is for whoever changed it to see"
)]

use std::{fmt::Debug, fs, path::Path};

use serde_json::Value;
use tb_tcp_fuzz::{
    Case, Choice, Delimiter, Framing, Json, LengthField, Line, Marks, Parameters,
    config::{ByteOrder, LengthFieldEncoding},
    framing::{JsonParams, LengthFieldParams, MarksParams, TextParams, length_field::Terminator},
};

fn main() {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../../src/framing/vectors/framing.json")).unwrap();
    let mut written = 0;
    for vector in &vectors {
        let params = &vector["params"];
        let seed = match vector["decoder"].as_str().unwrap() {
            "line" => text(params).and_then(|text| seed("line", Line(text), vector)),
            "delimiter" => delimiter(params).and_then(|params| seed("delimiter", params, vector)),
            "length_field" => {
                length_field(params).and_then(|params| seed("length_field", params, vector))
            }
            "json_object" => json(params).and_then(|params| seed("json", params, vector)),
            other => panic!("{other}"),
        };
        written += usize::from(seed.is_some());
    }
    println!("{written} of {} vectors are seeds", vectors.len());
    let own = own();
    assert!(own.is_some(), "a seed is not written");
}

/// Writes one vector; `None` for parameters that no decoder is made with.
fn seed<P>(target: &str, parameters: P, vector: &Value) -> Option<()>
where
    P: Parameters + Debug + PartialEq,
{
    let chunks: Vec<Vec<u8>> = (vector["chunks_hex"].as_array().unwrap().iter())
        .map(hex)
        .collect();
    write(target, vector["id"].as_str().unwrap(), parameters, &chunks)
}

fn write<P>(target: &str, id: &str, parameters: P, chunks: &[Vec<u8>]) -> Option<()>
where
    P: Parameters + Debug + PartialEq,
{
    let case = Case {
        parameters,
        reads: (chunks.iter().take(255))
            .map(|chunk| u8::try_from(chunk.len()).unwrap_or(u8::MAX))
            .collect(),
        stream: chunks.concat(),
    };
    if !case.check() {
        return None;
    }
    let input = case.write().unwrap();
    assert_eq!(Case::read(&input).as_ref(), Some(&case));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(id), input).unwrap();
    Some(())
}

/// Seeds of what Netty's decoders cannot do; `None` if one is refused.
fn own() -> Option<()> {
    let digits = LengthFieldParams {
        length_field_offset: 3,
        length_field_length: 0,
        length_field_encoding: LengthFieldEncoding::AsciiDecimal,
        length_field_terminator: Terminator::new(b",")?,
        length_adjustment: -1,
        ..LengthFieldParams::default()
    };
    let masked = LengthFieldParams {
        length_field_mask: 0x7fff,
        ..LengthFieldParams::default()
    };
    let flags = MarksParams {
        max_frame_length: 20,
        start: b"~".to_vec(),
        end: b"~".to_vec(),
        strip_delimiter: true,
        escape: Some(b'}'),
        escape_xor: Some(0x20),
        ..MarksParams::default()
    };
    let brackets = MarksParams {
        start: b"((".to_vec(),
        end: b"))".to_vec(),
        nested: true,
        quote: Some(b'$'),
        escapes: vec![(b"\\)".to_vec(), b")".to_vec())],
        ..flags.clone()
    };
    let chunks = |chunks: &[&[u8]]| {
        chunks
            .iter()
            .map(|chunk| chunk.to_vec())
            .collect::<Vec<_>>()
    };
    let meitrack = chunks(&[b"$$A8,86,A10", b"\n$$B3,ab$$x"]);
    write("length_field", "digits", LengthField(digits), &meitrack)?;
    let flagged = chunks(&[b"\x02\x80ab\x01", b"\0c"]);
    write("length_field", "masked", LengthField(masked), &flagged)?;
    let stuffed = chunks(&[b"x~a}^~~", b"b~}]~}~c~"]);
    write("marks", "flags", Marks(flags.clone()), &stuffed)?;
    let nested = chunks(&[b"((a((b))c))\r\n", b"(($))$\\)))))"]);
    write("marks", "brackets", Marks(brackets.clone()), &nested)?;
    let framings = vec![
        (vec![Some(0xff)], Framing::FixedLength(1)),
        (
            vec![Some(b'$'), Some(b'$')],
            Framing::LengthField(LengthField(digits)),
        ),
        (vec![Some(b'~')], Framing::Marks(Marks(flags))),
        (vec![None, Some(0)], Framing::FixedLength(4)),
        (vec![Some(b'(')], Framing::Marks(Marks(brackets))),
        (vec![Some(b'{')], Framing::Json(Json(JsonParams::default()))),
        (vec![Some(b'#')], Framing::Line(Line(TextParams::default()))),
    ];
    let mixed = chunks(&[b"\xff$$A8,86,A10\n~a}^~{}", b"x#line\n((a))", b"1\0ab"]);
    write("choice", "mixed", Choice(framings), &mixed)
}

fn hex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn flag(params: &Value, key: &str) -> bool {
    params[key].as_bool().unwrap()
}

/// None for a number below zero.
fn size(params: &Value, key: &str) -> Option<usize> {
    usize::try_from(params[key].as_i64().unwrap()).ok()
}

fn text(params: &Value) -> Option<TextParams> {
    Some(TextParams {
        max_frame_length: size(params, "max_frame_length")?,
        strip_delimiter: flag(params, "strip_delimiter"),
        fail_fast: flag(params, "fail_fast"),
        skip_empty_frames: false,
        flush_on_close: false,
    })
}

fn delimiter(params: &Value) -> Option<Delimiter> {
    Some(Delimiter {
        params: text(params)?,
        delimiters: (params["delimiters"].as_array().unwrap().iter())
            .map(hex)
            .collect(),
    })
}

fn length_field(params: &Value) -> Option<LengthField> {
    Some(LengthField(LengthFieldParams {
        max_frame_length: size(params, "max_frame_length")?,
        byte_order: match params["byte_order"].as_str().unwrap() {
            "big" => ByteOrder::BigEndian,
            _ => ByteOrder::LittleEndian,
        },
        length_field_offset: size(params, "length_field_offset")?,
        length_field_length: size(params, "length_field_length")?,
        length_adjustment: i32::try_from(params["length_adjustment"].as_i64().unwrap()).unwrap(),
        initial_bytes_to_strip: size(params, "initial_bytes_to_strip")?,
        fail_fast: flag(params, "fail_fast"),
        ..LengthFieldParams::default()
    }))
}

fn json(params: &Value) -> Option<Json> {
    Some(Json(JsonParams {
        max_object_length: size(params, "max_object_length")?,
        split_arrays: flag(params, "stream_array_elements"),
        skip_empty_frames: false,
    }))
}
