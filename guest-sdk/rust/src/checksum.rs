//! Check values of frames: the CRCs that devices use, exclusive or, and sum.
//!
//! A CRC is named as in the published catalogue of CRC algorithms, because
//! "CRC-16" alone is one of thirty. Which bytes a device counts in, and in
//! which order it sends the result, is in its manual.
//!
//! ```
//! use tb_converter::{ByteReader, checksum};
//!
//! # fn main() -> tb_converter::Result<()> {
//! // GT06: from the length to the serial number, sent with the high byte first.
//! let frame = b"\x0D\x01\x03\x52\x88\x70\x71\x91\x19\x98\x00\x04\x79\xD0";
//! let mut reader = ByteReader::new(frame);
//! let counted = reader.bytes(frame.len() - 2)?;
//! assert_eq!(reader.u16_be()?, checksum::crc16_x25(counted));
//! # Ok(())
//! # }
//! ```

use crc::{CRC_16_ARC, CRC_16_IBM_SDLC, CRC_16_KERMIT, CRC_16_MODBUS, CRC_32_ISO_HDLC, Crc};

macro_rules! crcs {
    ($($(#[$doc:meta])* $name:ident $width:ident $algorithm:ident;)+) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(bytes: &[u8]) -> $width {
            // A static of its own, so that a converter carries only the tables that it uses.
            static CRC: Crc<$width> = Crc::<$width>::new(&$algorithm);
            CRC.checksum(bytes)
        }
    )+};
}

crcs! {
    /// CRC-16/ARC, also called CRC-16/IBM: Teltonika and others.
    crc16_arc u16 CRC_16_ARC;
    /// CRC-16/MODBUS: Modbus, Galileosky and others.
    crc16_modbus u16 CRC_16_MODBUS;
    /// CRC-16/IBM-SDLC, also called X-25: GT06, HDLC, meters.
    crc16_x25 u16 CRC_16_IBM_SDLC;
    /// CRC-16/KERMIT, also called CCITT (true): Ruptela and others.
    crc16_kermit u16 CRC_16_KERMIT;
    /// CRC-32/ISO-HDLC, the CRC-32 of Ethernet and ZIP: Wialon and others.
    crc32 u32 CRC_32_ISO_HDLC;
}

/// All bytes by exclusive or, as after the `*` of NMEA sentences.
///
/// ```
/// assert_eq!(tb_converter::checksum::xor(b"GPGLL,5057.970,N,00146.110,E,142451,A"), 0x27);
/// ```
#[must_use]
pub fn xor(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

/// The low byte of the sum of all bytes.
///
/// ```
/// assert_eq!(tb_converter::checksum::sum(&[0xFF, 0x02]), 0x01);
/// ```
#[must_use]
pub fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::hex_to_bytes;

    #[test]
    fn the_published_check_values_hold() {
        let digits = b"123456789";
        assert_eq!(crc16_arc(digits), 0xBB3D);
        assert_eq!(crc16_modbus(digits), 0x4B37);
        assert_eq!(crc16_x25(digits), 0x906E);
        assert_eq!(crc16_kermit(digits), 0x2189);
        assert_eq!(crc32(digits), 0xCBF4_3926);
        assert_eq!((xor(digits), sum(digits)), (0x31, 0xDD));
        assert_eq!((xor(b""), sum(b""), crc32(b"")), (0, 0, 0));
    }

    type Crc16 = fn(&[u8]) -> u16;

    /// Packets of real devices: what is counted, and the value that follows it.
    #[test]
    fn packets_of_devices_carry_the_value() {
        let teltonika = "080100000140d4e3ec6e000cc661d01674a5e0fffc00000900000004020100f00002423223\
                         180000000001";
        let gt06 = "0d0103528870719119980004";
        let galileosky = "011780011102e603383633353931303238393630323437043200";
        let ruptela_answer = "6401";
        let table: [(_, _, Crc16, _); 4] = [
            ("Teltonika", teltonika, crc16_arc, 0x7A04),
            ("GT06", gt06, crc16_x25, 0x79D0),
            ("Galileosky", galileosky, crc16_modbus, 0x1C80),
            ("Ruptela", ruptela_answer, crc16_kermit, 0x13BC),
        ];
        for (device, counted, crc, expected) in table {
            let counted = hex_to_bytes(counted).unwrap();
            assert_eq!(crc(&counted), expected, "{device}");
        }
    }
}
