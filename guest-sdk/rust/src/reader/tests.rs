//! The reads of every number, and what is said when bytes are missing.

use super::*;

fn text_of<T: fmt::Debug>(outcome: Result<T>) -> String {
    outcome.unwrap_err().to_string()
}

#[test]
fn both_byte_orders_of_every_number() {
    let frame = [0xFF, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08];
    let reader = ByteReader::new(&frame);
    macro_rules! table {
        ($($read:ident $expected:expr;)+) => {$(
            assert_eq!(reader.clone().$read().unwrap(), $expected, stringify!($read));
        )+};
    }
    table! {
        u8 0xFF; i8 -1;
        u16_le 0x02FF; u16_be 0xFF02; i16_le 0x02FF; i16_be -254;
        u24_le 0x0302FF; u24_be 0xFF0203;
        u32_le 0x0403_02FF; u32_be 0xFF02_0304; i32_le 0x0403_02FF; i32_be -0x00FD_FCFC;
        u64_le 0x0807_0605_0403_02FF; u64_be 0xFF02_0304_0506_0708;
        i64_le 0x0807_0605_0403_02FF; i64_be -0x00FD_FCFB_FAF9_F8F8;
    }
    let floats = [25.5f32.to_le_bytes(), 25.5f32.to_be_bytes()].concat();
    let mut reader = ByteReader::new(&floats);
    assert_eq!(reader.f32_le().unwrap(), 25.5);
    assert_eq!(reader.f32_be().unwrap(), 25.5);
    let doubles = [25.7f64.to_le_bytes(), 25.7f64.to_be_bytes()].concat();
    let mut reader = ByteReader::new(&doubles);
    assert_eq!(reader.f64_le().unwrap(), 25.7);
    assert_eq!(reader.f64_be().unwrap(), 25.7);
    assert!(reader.end().is_ok());
}

#[test]
fn each_read_moves_on_by_what_it_read() {
    let mut reader = ByteReader::new(b"abcdefghij");
    assert_eq!(reader.bytes(2).unwrap(), b"ab");
    assert_eq!(reader.array().unwrap(), *b"cd");
    reader.skip(1).unwrap();
    assert_eq!(reader.text(2).unwrap(), "fg");
    assert_eq!(reader.peek(), Some(b'h'));
    assert_eq!((reader.position(), reader.remaining()), (7, 3));
    assert_eq!(reader.rest(), b"hij");
    assert_eq!((reader.peek(), reader.is_empty()), (None, true));
    assert_eq!(reader.rest(), b"");
    assert_eq!(reader.bytes(0).unwrap(), b"");
}

#[test]
fn a_read_past_the_end_says_where_what_and_how_much() {
    let reader = ByteReader::new(b"1234567");
    let at = |count| {
        let mut reader = reader.clone();
        reader.skip(count).unwrap();
        reader
    };
    let table = [
        (
            text_of(at(5).u32_be()),
            "offset 5: 4 bytes wanted for a u32, 2 are left",
        ),
        (
            text_of(at(6).i16_le()),
            "offset 6: 2 bytes wanted for an i16, 1 is left",
        ),
        (
            text_of(at(7).u8()),
            "offset 7: 1 byte wanted for a u8, none is left",
        ),
        (
            text_of(at(0).f64_le()),
            "offset 0: 8 bytes wanted for an f64, 7 are left",
        ),
        (
            text_of(at(5).u24_le()),
            "offset 5: 3 bytes wanted for a u24, 2 are left",
        ),
        (
            text_of(at(5).bytes(9)),
            "offset 5: 9 bytes wanted, 2 are left",
        ),
        (
            text_of(at(5).text(9)),
            "offset 5: 9 bytes wanted for text, 2 are left",
        ),
        (
            text_of(at(5).array::<3>()),
            "offset 5: 3 bytes wanted, 2 are left",
        ),
        (
            text_of(at(1).skip(usize::MAX)),
            "offset 1: 18446744073709551615 bytes wanted to skip, 6 are left",
        ),
        (
            text_of(at(4).end()),
            "offset 4: the frame should end, 3 are left",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(text, expected);
    }
}

#[test]
fn a_read_that_fails_moves_nothing() {
    let mut reader = ByteReader::new(b"ab\xFFd");
    assert!(reader.u64_le().is_err());
    assert_eq!(text_of(reader.text(3)), "offset 2: byte 0xFF is not UTF-8");
    assert_eq!(reader.position(), 0);
}
