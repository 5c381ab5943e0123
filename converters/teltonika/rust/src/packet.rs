//! The envelope of a packet: a preamble, a length and a check value.

use tb_converter::{ByteReader, ByteWriter, Result, checksum};

/// What a login says; None if the frame is none.
pub(crate) fn login(frame: &[u8]) -> Option<&[u8]> {
    let (length, name) = frame.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    (length != 0 && length == name.len()).then_some(name)
}

/// What is inside: from the codec to the second count.
pub(crate) fn open(frame: &[u8]) -> Result<&[u8]> {
    let mut reader = ByteReader::new(frame);
    let preamble = reader.u32_be()?;
    if preamble != 0 {
        return Err(format!("the preamble is 0x{preamble:08x}, not 0").into());
    }
    let length = reader.u32_be()?;
    let data = reader.bytes(length as usize)?;
    let (sent, counted) = (reader.u32_be()?, checksum::crc16_arc(data));
    reader.end()?;
    if sent != u32::from(counted) {
        return Err(
            format!("the CRC is 0x{sent:04x}, and that of the data 0x{counted:04x}").into(),
        );
    }
    Ok(data)
}

/// A packet of the data.
pub(crate) fn seal(data: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(data.len())?;
    Ok(ByteWriter::new()
        .u32_be(0)
        .u32_be(length)
        .bytes(data)
        .u32_be(checksum::crc16_arc(data).into())
        .finish())
}
