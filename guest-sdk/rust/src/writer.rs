//! Writing a binary frame from front to back.

/// Writes numbers, bytes and text to a frame, one after the other: the
/// counterpart of [`ByteReader`](crate::ByteReader).
///
/// Each method takes the writer and returns it, so that calls can be chained.
///
/// ```
/// use tb_converter::{ByteWriter, checksum};
///
/// let frame = ByteWriter::new()
///     .u8(1)
///     .i16_be(100)
///     .f32_be(3.141_592_7)
///     .text("SN-002")
///     .finish();
/// assert_eq!(frame, b"\x01\x00\x64\x40\x49\x0F\xDBSN-002");
///
/// // A command with its length before it and a check value behind it.
/// let mut command = ByteWriter::new().u8(0x80);
/// for channel in [1, 2] {
///     command = command.u16_le(channel);
/// }
/// let command = command.finish();
/// let frame = ByteWriter::new()
///     .u8(5)
///     .bytes(&command)
///     .u8(checksum::sum(&command))
///     .finish();
/// assert_eq!(frame, [5, 0x80, 1, 0, 2, 0, 0x83]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByteWriter {
    frame: Vec<u8>,
}

impl ByteWriter {
    /// A writer of an empty frame.
    #[must_use]
    pub const fn new() -> ByteWriter {
        ByteWriter { frame: Vec::new() }
    }

    /// How many bytes were written.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.frame.len()
    }

    /// Whether nothing was written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.frame.is_empty()
    }

    /// The frame: all that was written.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.frame
    }

    /// Writes bytes as they are.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> ByteWriter {
        self.frame.extend_from_slice(bytes);
        self
    }

    /// Writes text as UTF-8, without its length.
    #[must_use]
    pub fn text(self, text: &str) -> ByteWriter {
        self.bytes(text.as_bytes())
    }
}

macro_rules! numbers {
    ($($type:ident $le:ident $be:ident $what:literal;)+) => {
        impl ByteWriter {
            /// Writes a `u8`.
            #[must_use]
            pub fn u8(self, value: u8) -> ByteWriter {
                self.bytes(&value.to_be_bytes())
            }

            /// Writes an `i8`.
            #[must_use]
            pub fn i8(self, value: i8) -> ByteWriter {
                self.bytes(&value.to_be_bytes())
            }

            /// Writes the lower three bytes of a number, little endian (the
            /// lowest byte first).
            #[must_use]
            pub fn u24_le(self, value: u32) -> ByteWriter {
                let [a, b, c, _] = value.to_le_bytes();
                self.bytes(&[a, b, c])
            }

            /// Writes the lower three bytes of a number, big endian (the
            /// highest byte first).
            #[must_use]
            pub fn u24_be(self, value: u32) -> ByteWriter {
                let [_, a, b, c] = value.to_be_bytes();
                self.bytes(&[a, b, c])
            }

            $(
                #[doc = concat!("Writes ", $what, " `", stringify!($type), "`, little endian (the lowest byte first).")]
                #[must_use]
                pub fn $le(self, value: $type) -> ByteWriter {
                    self.bytes(&value.to_le_bytes())
                }

                #[doc = concat!("Writes ", $what, " `", stringify!($type), "`, big endian (the highest byte first).")]
                #[must_use]
                pub fn $be(self, value: $type) -> ByteWriter {
                    self.bytes(&value.to_be_bytes())
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
