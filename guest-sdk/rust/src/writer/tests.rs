//! The bytes of every number, and the reader as the judge of what was written.

use proptest::prelude::*;

use super::*;
use crate::encoding::bytes_to_hex;
use crate::{ByteReader, Result};

#[test]
fn both_byte_orders_of_every_number() {
    macro_rules! table {
        ($($write:ident $value:literal $expected:literal;)+) => {$(
            let frame = ByteWriter::new().$write($value).finish();
            assert_eq!(bytes_to_hex(&frame), $expected, stringify!($write));
        )+};
    }
    table! {
        u8 0xFE "fe"; i8 -2 "fe";
        u16_le 0x0102 "0201"; u16_be 0x0102 "0102"; i16_le -2 "feff"; i16_be -2 "fffe";
        u24_le 0xFF01_0203 "030201"; u24_be 0xFF01_0203 "010203";
        u32_le 0x0102_0304 "04030201"; u32_be 0x0102_0304 "01020304";
        i32_le -2 "feffffff"; i32_be -2 "fffffffe";
        u64_le 0x0102_0304_0506_0708 "0807060504030201"; u64_be 0x0102_0304_0506_0708 "0102030405060708";
        i64_le -2 "feffffffffffffff"; i64_be -2 "fffffffffffffffe";
        f32_le 25.5 "0000cc41"; f32_be 25.5 "41cc0000";
        f64_le 25.7 "3333333333b33940"; f64_be 25.7 "4039b33333333333";
    }
}

#[test]
fn what_is_written_follows_what_was() {
    let writer = ByteWriter::new().bytes(b"\x01\x02").text("°C").bytes(b"");
    assert_eq!((writer.len(), writer.is_empty()), (5, false));
    assert_eq!(writer.finish(), b"\x01\x02\xC2\xB0C");
    let nothing = ByteWriter::new();
    assert_eq!((nothing.len(), nothing.is_empty()), (0, true));
    assert_eq!(nothing.finish(), b"");
}

/// One call of the writer.
#[derive(Clone, Debug)]
enum Field {
    U8(u8),
    I8(i8),
    U16(u16, bool),
    I16(i16, bool),
    U24(u32, bool),
    U32(u32, bool),
    I32(i32, bool),
    U64(u64, bool),
    I64(i64, bool),
    F32(f32, bool),
    F64(f64, bool),
    Bytes(Vec<u8>),
    Text(String),
}

fn field() -> impl Strategy<Value = Field> {
    use Field::*;
    prop_oneof![
        any::<u8>().prop_map(U8),
        any::<i8>().prop_map(I8),
        any::<(u16, bool)>().prop_map(|(value, little)| U16(value, little)),
        any::<(i16, bool)>().prop_map(|(value, little)| I16(value, little)),
        (0..1_u32 << 24, any::<bool>()).prop_map(|(value, little)| U24(value, little)),
        any::<(u32, bool)>().prop_map(|(value, little)| U32(value, little)),
        any::<(i32, bool)>().prop_map(|(value, little)| I32(value, little)),
        any::<(u64, bool)>().prop_map(|(value, little)| U64(value, little)),
        any::<(i64, bool)>().prop_map(|(value, little)| I64(value, little)),
        any::<(f32, bool)>().prop_map(|(value, little)| F32(value, little)),
        any::<(f64, bool)>().prop_map(|(value, little)| F64(value, little)),
        any::<Vec<u8>>().prop_map(Bytes),
        any::<String>().prop_map(Text),
    ]
}

fn written(writer: ByteWriter, field: &Field) -> ByteWriter {
    match field {
        Field::U8(value) => writer.u8(*value),
        Field::I8(value) => writer.i8(*value),
        Field::U16(value, true) => writer.u16_le(*value),
        Field::U16(value, false) => writer.u16_be(*value),
        Field::I16(value, true) => writer.i16_le(*value),
        Field::I16(value, false) => writer.i16_be(*value),
        Field::U24(value, true) => writer.u24_le(*value),
        Field::U24(value, false) => writer.u24_be(*value),
        Field::U32(value, true) => writer.u32_le(*value),
        Field::U32(value, false) => writer.u32_be(*value),
        Field::I32(value, true) => writer.i32_le(*value),
        Field::I32(value, false) => writer.i32_be(*value),
        Field::U64(value, true) => writer.u64_le(*value),
        Field::U64(value, false) => writer.u64_be(*value),
        Field::I64(value, true) => writer.i64_le(*value),
        Field::I64(value, false) => writer.i64_be(*value),
        Field::F32(value, true) => writer.f32_le(*value),
        Field::F32(value, false) => writer.f32_be(*value),
        Field::F64(value, true) => writer.f64_le(*value),
        Field::F64(value, false) => writer.f64_be(*value),
        Field::Bytes(bytes) => writer.bytes(bytes),
        Field::Text(text) => writer.text(text),
    }
}

/// The field that the reader finds where this one was written.
fn read(reader: &mut ByteReader<'_>, field: &Field) -> Result<Field> {
    Ok(match field {
        Field::U8(_) => Field::U8(reader.u8()?),
        Field::I8(_) => Field::I8(reader.i8()?),
        Field::U16(_, true) => Field::U16(reader.u16_le()?, true),
        Field::U16(_, false) => Field::U16(reader.u16_be()?, false),
        Field::I16(_, true) => Field::I16(reader.i16_le()?, true),
        Field::I16(_, false) => Field::I16(reader.i16_be()?, false),
        Field::U24(_, true) => Field::U24(reader.u24_le()?, true),
        Field::U24(_, false) => Field::U24(reader.u24_be()?, false),
        Field::U32(_, true) => Field::U32(reader.u32_le()?, true),
        Field::U32(_, false) => Field::U32(reader.u32_be()?, false),
        Field::I32(_, true) => Field::I32(reader.i32_le()?, true),
        Field::I32(_, false) => Field::I32(reader.i32_be()?, false),
        Field::U64(_, true) => Field::U64(reader.u64_le()?, true),
        Field::U64(_, false) => Field::U64(reader.u64_be()?, false),
        Field::I64(_, true) => Field::I64(reader.i64_le()?, true),
        Field::I64(_, false) => Field::I64(reader.i64_be()?, false),
        Field::F32(_, true) => Field::F32(reader.f32_le()?, true),
        Field::F32(_, false) => Field::F32(reader.f32_be()?, false),
        Field::F64(_, true) => Field::F64(reader.f64_le()?, true),
        Field::F64(_, false) => Field::F64(reader.f64_be()?, false),
        Field::Bytes(bytes) => Field::Bytes(reader.bytes(bytes.len())?.to_vec()),
        Field::Text(text) => Field::Text(reader.text(text.len())?.to_owned()),
    })
}

proptest! {
    #[test]
    fn the_reader_reads_what_was_written(fields in prop::collection::vec(field(), 0..20)) {
        let writer = fields.iter().fold(ByteWriter::new(), written);
        let length = writer.len();
        let frame = writer.finish();
        prop_assert_eq!(frame.len(), length);
        let mut reader = ByteReader::new(&frame);
        for field in &fields {
            let found = read(&mut reader, field).unwrap();
            // As text, in which the sign of a zero is seen too.
            prop_assert_eq!(format!("{found:?}"), format!("{field:?}"));
        }
        prop_assert!(reader.end().is_ok());
    }
}
