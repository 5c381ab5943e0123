//! Finds the end of a JSON object or array by counting brackets, and goes on
//! where it stopped when more bytes have come.

/// What ended the search for the end of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The end of the bytes.
    Exhausted,
    /// The last bracket of an object.
    Closed,
    /// The comma behind an element.
    Comma,
    /// The bracket that ends an array of elements.
    ArrayEnd,
    /// A brace in that place.
    WrongEnd,
    /// A line feed in a string of an object that is being skipped.
    BrokenString,
}

/// How far the frame at the front of the buffer was looked at.
#[derive(Debug)]
pub(super) struct Scan {
    /// Whether the frame is an element of an array whose opening bracket is off
    /// the buffer already.
    in_array: bool,
    /// Brackets that are open.
    depth: u64,
    in_string: bool,
    /// Whether a backslash takes the next byte's meaning.
    escaped: bool,
    /// Bytes at the front of the buffer that the fields above account for.
    pub(super) seen: usize,
}

impl Scan {
    /// At the start of a frame.
    pub(super) fn new(in_array: bool) -> Self {
        Self {
            in_array,
            depth: u64::from(in_array),
            in_string: false,
            escaped: false,
            seen: 0,
        }
    }

    /// Counts brackets from where the last call stopped to the byte that ends
    /// the frame; `seen` is behind it then. `skipping` tells that the frame is
    /// too long, and only its end is awaited.
    pub(super) fn run(&mut self, bytes: &[u8], skipping: bool) -> Stop {
        while let Some(byte) = bytes.get(self.seen) {
            if self.in_string {
                if self.string(bytes, skipping) {
                    return Stop::BrokenString;
                }
                continue;
            }
            self.seen += 1;
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return match (self.in_array, byte) {
                            (false, _) => Stop::Closed,
                            (true, b']') => Stop::ArrayEnd,
                            (true, _) => Stop::WrongEnd,
                        };
                    }
                }
                b',' if self.depth == 1 && self.in_array => return Stop::Comma,
                _ => {}
            }
        }
        Stop::Exhausted
    }

    /// Goes to the next byte of a string that means something, and behind it;
    /// true if the string cannot be one.
    fn string(&mut self, bytes: &[u8], skipping: bool) -> bool {
        if self.escaped {
            self.escaped = false;
            self.seen += 1;
            return false;
        }
        let rest = &bytes[self.seen..];
        let stop = if skipping {
            memchr::memchr3(b'"', b'\\', b'\n', rest)
        } else {
            memchr::memchr2(b'"', b'\\', rest)
        };
        let Some(stop) = stop else {
            self.seen = bytes.len();
            return false;
        };
        self.seen += stop + 1;
        match rest[stop] {
            b'"' => self.in_string = false,
            b'\\' => self.escaped = true,
            _ => return true,
        }
        false
    }
}
