//! Bytes as a dump.

/// Bytes in a line.
const LINE: usize = 16;

/// The lines of a dump of `bytes`, as `hexdump -C` makes them.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = String> {
    let lines = bytes.chunks(LINE).enumerate();
    lines.map(|(number, bytes)| line(number * LINE, bytes))
}

/// Offset, two groups of eight bytes, text.
fn line(offset: usize, bytes: &[u8]) -> String {
    let mut line = format!("{offset:08x}");
    for column in 0..LINE {
        if column % 8 == 0 {
            line.push(' ');
        }
        match bytes.get(column) {
            Some(byte) => line += &format!(" {byte:02x}"),
            None => line += "   ",
        }
    }
    let text = bytes.iter().map(|byte| match byte {
        b' '..=b'~' => char::from(*byte),
        _ => '.',
    });
    format!("{line}  |{}|", text.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_sixteen_bytes_but_the_last() {
        let bytes: Vec<u8> = (b' '..b' ' + 41).collect();
        assert_eq!(
            lines(&bytes).collect::<Vec<_>>(),
            [
                "00000000  20 21 22 23 24 25 26 27  28 29 2a 2b 2c 2d 2e 2f  | !\"#$%&'()*+,-./|",
                "00000010  30 31 32 33 34 35 36 37  38 39 3a 3b 3c 3d 3e 3f  |0123456789:;<=>?|",
                "00000020  40 41 42 43 44 45 46 47  48                       |@ABCDEFGH|",
            ]
        );
        assert_eq!(lines(&[]).count(), 0);
    }
}
