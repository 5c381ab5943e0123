//! The envelope of a packet.

use tb_converter::{ByteReader, ByteWriter, Result, checksum};

/// What a packet with tags begins with.
const HEADER: u8 = 0x01;
/// What its acknowledgement begins with.
const ACKNOWLEDGED: u8 = 0x02;
/// The bit of the length that says that the tracker has more packets in its archive.
const ARCHIVE: u16 = 0x8000;

/// A packet without its envelope.
pub(crate) struct Packet<'a> {
    /// The tags, one behind the other.
    pub(crate) tags: &'a [u8],
    crc: u16,
}

impl<'a> Packet<'a> {
    /// Checks the envelope.
    pub(crate) fn open(frame: &'a [u8]) -> Result<Packet<'a>> {
        let mut reader = ByteReader::new(frame);
        let header = reader.u8()?;
        if header != HEADER {
            return Err(format!("header 0x{header:02x} is not covered: 0x01 is").into());
        }
        let length = reader.u16_le()? & !ARCHIVE;
        let tags = reader.bytes(length.into())?;
        let counted = checksum::crc16_modbus(frame.get(..reader.position()).unwrap_or_default());
        let crc = reader.u16_le()?;
        reader.end()?;
        if crc != counted {
            return Err(
                format!("the CRC is 0x{crc:04x}, and that of the packet 0x{counted:04x}").into(),
            );
        }
        Ok(Packet { tags, crc })
    }

    /// The server's answer.
    pub(crate) fn acknowledgement(&self) -> Vec<u8> {
        ByteWriter::new().u8(ACKNOWLEDGED).u16_le(self.crc).finish()
    }
}

/// A packet of the tags.
pub(crate) fn seal(tags: &[u8]) -> Result<Vec<u8>> {
    let packet = ByteWriter::new()
        .u8(HEADER)
        .u16_le(u16::try_from(tags.len())?)
        .bytes(tags);
    let packet = packet.finish();
    let crc = checksum::crc16_modbus(&packet);
    Ok(ByteWriter::new().bytes(&packet).u16_le(crc).finish())
}
