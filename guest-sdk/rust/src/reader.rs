//! Reading a binary frame from front to back.

use std::fmt;

use crate::Result;

/// Reads numbers, bytes and text from a frame, one after the other.
///
/// Each read moves on by what it read. One that wants more bytes than are left
/// fails, moves nothing, and names the offset from the start of the frame
/// (counted from 0), what was wanted and how many bytes are left.
///
/// ```
/// use tb_converter::ByteReader;
///
/// # fn main() -> tb_converter::Result<()> {
/// let mut reader = ByteReader::new(b"\x01\x00\x64\x40\x49\x0F\xDBSN-002\xFF");
/// assert_eq!(reader.u8()?, 1);
/// assert_eq!(reader.i16_be()?, 100);
/// assert_eq!(reader.f32_be()?, 3.141_592_7);
/// assert_eq!(reader.text(6)?, "SN-002");
/// assert_eq!((reader.position(), reader.remaining()), (13, 1));
///
/// let error = reader.u32_le().unwrap_err();
/// assert_eq!(error.to_string(), "offset 13: 4 bytes wanted for a u32, 1 is left");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ByteReader<'a> {
    frame: &'a [u8],
    position: usize,
}

impl<'a> ByteReader<'a> {
    /// A reader at the start of a frame.
    #[must_use]
    pub const fn new(frame: &'a [u8]) -> ByteReader<'a> {
        ByteReader { frame, position: 0 }
    }

    /// How many bytes were read: the offset of the next one.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// How many bytes are left.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.frame.len() - self.position
    }

    /// Whether no byte is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// The next byte, which is not read by this; none at the end.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.frame.get(self.position).copied()
    }

    /// Reads all that is left, which may be nothing.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = self.frame.get(self.position..).unwrap_or_default();
        self.position = self.frame.len();
        rest
    }

    /// Reads `count` bytes.
    ///
    /// # Errors
    ///
    /// Fails if fewer are left.
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8]> {
        self.take(count, "")
    }

    /// Reads as many bytes as the array that is asked for has.
    ///
    /// # Errors
    ///
    /// Fails if fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.fixed("")
    }

    /// Reads `count` bytes of UTF-8.
    ///
    /// # Errors
    ///
    /// Fails if fewer are left, and if they are not UTF-8: then it names the
    /// first byte that is not.
    pub fn text(&mut self, count: usize) -> Result<&'a str> {
        let start = self.position;
        let bytes = self.take(count, " for text")?;
        std::str::from_utf8(bytes).map_err(|error| {
            self.position = start;
            let wrong = error.valid_up_to();
            let byte = bytes.get(wrong).copied().unwrap_or_default();
            format!(
                "offset {}: byte 0x{byte:02X} is not UTF-8",
                start.saturating_add(wrong)
            )
            .into()
        })
    }

    /// Passes over `count` bytes.
    ///
    /// # Errors
    ///
    /// Fails if fewer are left.
    pub fn skip(&mut self, count: usize) -> Result<()> {
        self.take(count, " to skip").map(drop)
    }

    /// Checks that all was read.
    ///
    /// # Errors
    ///
    /// Fails if a byte is left: the frame is longer than its fields.
    pub fn end(&self) -> Result<()> {
        match self.remaining() {
            0 => Ok(()),
            left => Err(format!(
                "offset {}: the frame should end, {} left",
                self.position,
                Left(left)
            )
            .into()),
        }
    }

    fn fixed<const N: usize>(&mut self, purpose: &str) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, purpose)?);
        Ok(array)
    }

    fn take(&mut self, count: usize, purpose: &str) -> Result<&'a [u8]> {
        let end = self.position.checked_add(count);
        match end.and_then(|end| self.frame.get(self.position..end)) {
            Some(bytes) => {
                self.position += count;
                Ok(bytes)
            }
            None => self.too_short(count, purpose),
        }
    }

    /// Kept out of the many reads, each of which would carry the formatting.
    #[cold]
    #[inline(never)]
    fn too_short(&self, count: usize, purpose: &str) -> Result<&'a [u8]> {
        let plural = if count == 1 { "" } else { "s" };
        Err(format!(
            "offset {}: {count} byte{plural} wanted{purpose}, {} left",
            self.position,
            Left(self.remaining()),
        )
        .into())
    }
}

impl fmt::Debug for ByteReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ByteReader(offset {} of {})",
            self.position,
            self.frame.len()
        )
    }
}

/// A count of bytes with its verb.
struct Left(usize);

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("none is"),
            1 => f.write_str("1 is"),
            count => write!(f, "{count} are"),
        }
    }
}

macro_rules! numbers {
    ($($type:ident $le:ident $be:ident $what:literal;)+) => {
        impl ByteReader<'_> {
            /// Reads a `u8`.
            ///
            /// # Errors
            ///
            /// Fails at the end of the frame.
            pub fn u8(&mut self) -> Result<u8> {
                self.fixed(" for a u8").map(u8::from_be_bytes)
            }

            /// Reads an `i8`.
            ///
            /// # Errors
            ///
            /// Fails at the end of the frame.
            pub fn i8(&mut self) -> Result<i8> {
                self.fixed(" for an i8").map(i8::from_be_bytes)
            }

            /// Reads three bytes, little endian (the lowest byte first).
            ///
            /// # Errors
            ///
            /// Fails if fewer are left.
            pub fn u24_le(&mut self) -> Result<u32> {
                let [a, b, c] = self.fixed(" for a u24")?;
                Ok(u32::from_le_bytes([a, b, c, 0]))
            }

            /// Reads three bytes, big endian (the highest byte first).
            ///
            /// # Errors
            ///
            /// Fails if fewer are left.
            pub fn u24_be(&mut self) -> Result<u32> {
                let [a, b, c] = self.fixed(" for a u24")?;
                Ok(u32::from_be_bytes([0, a, b, c]))
            }

            $(
                #[doc = concat!("Reads ", $what, " `", stringify!($type), "`, little endian (the lowest byte first).")]
                ///
                /// # Errors
                ///
                /// Fails if fewer bytes are left.
                pub fn $le(&mut self) -> Result<$type> {
                    self.fixed(concat!(" for ", $what, " ", stringify!($type))).map($type::from_le_bytes)
                }

                #[doc = concat!("Reads ", $what, " `", stringify!($type), "`, big endian (the highest byte first).")]
                ///
                /// # Errors
                ///
                /// Fails if fewer bytes are left.
                pub fn $be(&mut self) -> Result<$type> {
                    self.fixed(concat!(" for ", $what, " ", stringify!($type))).map($type::from_be_bytes)
                }
            )+
        }
    };
}

numbers! {
    u16 u16_le u16_be "a";
    i16 i16_le i16_be "an";
    u32 u32_le u32_be "a";
    i32 i32_le i32_be "an";
    u64 u64_le u64_be "a";
    i64 i64_le i64_be "an";
    f32 f32_le f32_be "an";
    f64 f64_le f64_be "an";
}

#[cfg(test)]
mod tests;
