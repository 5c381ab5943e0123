//! The lines that the csv converter decodes, with a counter in each.

use std::io::Write as _;

/// What the names of devices begin with.
pub(crate) const PREFIX: &str = "D-";

/// The name of the device that sends on a connection; they count from 0.
pub(crate) fn device(number: usize) -> String {
    format!("{PREFIX}{}", number + 1)
}

/// Writes lines of one device one after another, numbered from 1 on: name, type,
/// counter and temperature, as ThingsBoard's TCP tutorial has them.
pub(crate) struct Lines {
    head: Vec<u8>,
    /// The number of the last line.
    pub(crate) count: u64,
}

/// What follows the counter.
const TAIL: &[u8] = b",temperature,25.7\n";
/// Values of a line.
pub(crate) const VALUES: u64 = 2;
/// The key of the counter.
pub(crate) const COUNTER: &str = "seq";

impl Lines {
    /// Those of a device that has sent nothing yet.
    pub(crate) fn of(name: &str) -> Self {
        Self {
            head: format!("{name},default,{COUNTER},").into_bytes(),
            count: 0,
        }
    }

    /// Appends the next line.
    pub(crate) fn push(&mut self, buffer: &mut Vec<u8>) {
        self.count += 1;
        buffer.extend_from_slice(&self.head);
        push_number(buffer, self.count);
        buffer.extend_from_slice(TAIL);
    }

    /// Appends the next line, with another value in place of the temperature.
    pub(crate) fn push_with(&mut self, buffer: &mut Vec<u8>, key: &str, value: u64) {
        self.count += 1;
        buffer.extend_from_slice(&self.head);
        push_number(buffer, self.count);
        // Writing to a vector does not fail.
        let _ = writeln!(buffer, ",{key},{value}");
    }
}

fn push_number(buffer: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    buffer.extend_from_slice(&digits[at..]);
}
