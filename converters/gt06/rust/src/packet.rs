//! The envelope of a packet.

use tb_converter::{ByteReader, ByteWriter, Result, checksum};

/// What ends a packet.
pub(crate) const END: [u8; 2] = *b"\r\n";

/// What begins a packet.
#[derive(Clone, Copy)]
pub(crate) enum Header {
    /// `78 78` and a length of one byte.
    Short,
    /// `79 79` and a length of two bytes.
    Long,
}

impl Header {
    /// The header that bytes begin with.
    pub(crate) fn of(bytes: &[u8]) -> Option<Header> {
        match bytes {
            [0x78, 0x78, ..] => Some(Header::Short),
            [0x79, 0x79, ..] => Some(Header::Long),
            _ => None,
        }
    }

    /// The header with the length that it tells; None if bytes are missing.
    pub(crate) fn with_length(bytes: &[u8]) -> Option<(Header, usize)> {
        let header = Header::of(bytes)?;
        let length = match (header, bytes.get(2..)?) {
            (Header::Short, [length, ..]) => usize::from(*length),
            (Header::Long, [high, low, ..]) => usize::from(u16::from_be_bytes([*high, *low])),
            _ => return None,
        };
        Some((header, length))
    }

    /// Bytes of the header.
    pub(crate) fn length(self) -> usize {
        match self {
            Header::Short => 3,
            Header::Long => 4,
        }
    }

    /// The least that can follow: a protocol number, a serial number, a check value.
    pub(crate) fn least(self) -> usize {
        5
    }
}

/// A packet without its envelope.
pub(crate) struct Packet<'a> {
    /// The protocol number: what the packet is.
    pub(crate) number: u8,
    /// What the number says it holds.
    pub(crate) content: &'a [u8],
    /// The tracker's count of its packets.
    serial: u16,
}

impl<'a> Packet<'a> {
    /// Checks the envelope. The length is not checked: some firmware sends wrong ones,
    /// and the check value tells.
    pub(crate) fn open(frame: &'a [u8]) -> Result<Packet<'a>> {
        let header = Header::of(frame).ok_or("the packet begins with neither 7878 nor 7979")?;
        let inside = frame
            .strip_suffix(&END)
            .ok_or("the packet does not end in 0d0a")?;
        let mut reader = ByteReader::new(inside);
        reader.skip(header.length())?;
        let number = reader.u8()?;
        let content = reader
            .remaining()
            .checked_sub(4)
            .ok_or_else(|| format!("the packet has {} bytes: that is too short", frame.len()))?;
        let content = reader.bytes(content)?;
        let (serial, sent) = (reader.u16_be()?, reader.u16_be()?);
        let counted = crc(inside);
        if sent != counted {
            return Err(
                format!("the CRC is 0x{sent:04x}, and that of the packet 0x{counted:04x}").into(),
            );
        }
        Ok(Packet {
            number,
            content,
            serial,
        })
    }

    /// The server's answer: the same number and serial, without content.
    pub(crate) fn acknowledgement(&self) -> Vec<u8> {
        let body = ByteWriter::new()
            .u8(5)
            .u8(self.number)
            .u16_be(self.serial)
            .finish();
        sealed(&body)
    }
}

/// A packet of what is between the first two bytes and the check value.
pub(crate) fn sealed(body: &[u8]) -> Vec<u8> {
    ByteWriter::new()
        .u16_be(0x7878)
        .bytes(body)
        .u16_be(checksum::crc16_x25(body))
        .bytes(&END)
        .finish()
}

/// Whether a packet with its end carries the check value of its bytes.
pub(crate) fn crc_fits(packet: &[u8]) -> bool {
    let inside = packet.strip_suffix(&END).unwrap_or_default();
    inside
        .last_chunk::<2>()
        .is_some_and(|sent| u16::from_be_bytes(*sent) == crc(inside))
}

/// Over all but the first two bytes and the check value itself.
fn crc(inside: &[u8]) -> u16 {
    let end = inside.len().saturating_sub(2);
    checksum::crc16_x25(inside.get(2..end).unwrap_or_default())
}
