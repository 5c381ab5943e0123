//! The reader and the writer, step by step.

use tb_converter::encoding::{bytes_to_hex, hex_to_bytes};
use tb_converter::{ByteReader, ByteWriter, Result, Value, number};

use crate::functions::{integer, unknown, unsigned, word};

/// Reads a frame, and gives what the last step read.
pub(crate) fn read(words: &[&str]) -> Result<Value> {
    let frame = hex_to_bytes(word(words, 0))?;
    let mut reader = ByteReader::new(&frame);
    let mut value = Value::from("");
    for step in words.iter().skip(1) {
        value = read_one(&mut reader, step)?;
    }
    Ok(value)
}

fn read_one(reader: &mut ByteReader<'_>, step: &str) -> Result<Value> {
    let parts: Vec<&str> = step.split(':').collect();
    let count = || integer(&parts, 1);
    Ok(match word(&parts, 0) {
        "position" => long(reader.position())?,
        "remaining" => long(reader.remaining())?,
        "isEmpty" => reader.is_empty().into(),
        "peek" => reader.peek().map_or(-1, i64::from).into(),
        "rest" => bytes_to_hex(reader.rest()).into(),
        "bytes" => bytes_to_hex(reader.bytes(count()?)?).into(),
        "text" => reader.text(count()?)?.into(),
        "skip" => {
            reader.skip(count()?)?;
            long(reader.position())?
        }
        "end" => {
            reader.end()?;
            long(reader.position())?
        }
        "u8" => reader.u8()?.into(),
        "i8" => reader.i8()?.into(),
        "u16Le" => reader.u16_le()?.into(),
        "u16Be" => reader.u16_be()?.into(),
        "i16Le" => reader.i16_le()?.into(),
        "i16Be" => reader.i16_be()?.into(),
        "u24Le" => reader.u24_le()?.into(),
        "u24Be" => reader.u24_be()?.into(),
        "u32Le" => reader.u32_le()?.into(),
        "u32Be" => reader.u32_be()?.into(),
        "i32Le" => reader.i32_le()?.into(),
        "i32Be" => reader.i32_be()?.into(),
        "u64Le" => unsigned(reader.u64_le()?),
        "u64Be" => unsigned(reader.u64_be()?),
        "i64Le" => reader.i64_le()?.into(),
        "i64Be" => reader.i64_be()?.into(),
        "f32Le" => reader.f32_le()?.into(),
        "f32Be" => reader.f32_be()?.into(),
        "f64Le" => reader.f64_le()?.into(),
        "f64Be" => reader.f64_be()?.into(),
        name => return unknown("step", name),
    })
}

/// Writes a frame, and gives it as hexadecimal text, or what the last step
/// asked for.
pub(crate) fn write(words: &[&str]) -> Result<Value> {
    let mut writer = ByteWriter::new();
    for step in words {
        match *step {
            "" => {}
            "length" => return long(writer.len()),
            "isEmpty" => return Ok(writer.is_empty().into()),
            _ => writer = write_one(writer, step)?,
        }
    }
    Ok(bytes_to_hex(&writer.finish()).into())
}

fn write_one(writer: ByteWriter, step: &str) -> Result<ByteWriter> {
    let (name, argument) = step.split_once(':').unwrap_or((step, ""));
    let double = || number::parse_double(argument);
    // As AssemblyScript converts.
    let single = || Ok::<_, tb_converter::Error>(double()? as f32);
    let hex = || number::parse_hex(argument);
    let words = [argument];
    Ok(match name {
        "bytes" => writer.bytes(&hex_to_bytes(argument)?),
        "text" => writer.text(argument),
        "u8" => writer.u8(integer(&words, 0)?),
        "i8" => writer.i8(integer(&words, 0)?),
        "u16Le" => writer.u16_le(integer(&words, 0)?),
        "u16Be" => writer.u16_be(integer(&words, 0)?),
        "i16Le" => writer.i16_le(integer(&words, 0)?),
        "i16Be" => writer.i16_be(integer(&words, 0)?),
        "u24Le" => writer.u24_le(integer(&words, 0)?),
        "u24Be" => writer.u24_be(integer(&words, 0)?),
        "u32Le" => writer.u32_le(integer(&words, 0)?),
        "u32Be" => writer.u32_be(integer(&words, 0)?),
        "i32Le" => writer.i32_le(integer(&words, 0)?),
        "i32Be" => writer.i32_be(integer(&words, 0)?),
        "u64Le" => writer.u64_le(hex()?),
        "u64Be" => writer.u64_be(hex()?),
        "i64Le" => writer.i64_le(number::parse_long(argument)?),
        "i64Be" => writer.i64_be(number::parse_long(argument)?),
        "f32Le" => writer.f32_le(single()?),
        "f32Be" => writer.f32_be(single()?),
        "f64Le" => writer.f64_le(double()?),
        "f64Be" => writer.f64_be(double()?),
        _ => return unknown("step", name),
    })
}

fn long(count: usize) -> Result<Value> {
    Ok(i64::try_from(count)?.into())
}
