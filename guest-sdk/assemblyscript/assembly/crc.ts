/**
 * Checksums by their names in the catalogue of parametrised CRC algorithms. They
 * go bit by bit: frames are short, and a table would make each converter larger.
 */

/** CRC-16/ARC: 0xBB3D for the bytes of `123456789`. */
export function crc16Arc(bytes: Uint8Array): u16 {
  return reflected16(bytes, 0xa001, 0);
}

/** CRC-16/MODBUS: 0x4B37 for the bytes of `123456789`. */
export function crc16Modbus(bytes: Uint8Array): u16 {
  return reflected16(bytes, 0xa001, 0xffff);
}

/** CRC-16/IBM-SDLC, also named X-25: 0x906E for the bytes of `123456789`. */
export function crc16X25(bytes: Uint8Array): u16 {
  return ~reflected16(bytes, 0x8408, 0xffff);
}

/** CRC-16/KERMIT: 0x2189 for the bytes of `123456789`. */
export function crc16Kermit(bytes: Uint8Array): u16 {
  return reflected16(bytes, 0x8408, 0);
}

/** CRC-32/ISO-HDLC, as in Ethernet and ZIP: 0xCBF43926 for the bytes of `123456789`. */
export function crc32(bytes: Uint8Array): u32 {
  let crc: u32 = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    crc ^= unchecked(bytes[i]);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xedb88320 : crc >> 1;
  }
  return ~crc;
}

function reflected16(bytes: Uint8Array, polynomial: u32, initial: u32): u16 {
  let crc = initial;
  for (let i = 0; i < bytes.length; i++) {
    crc ^= unchecked(bytes[i]);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ polynomial : crc >> 1;
  }
  return <u16>crc;
}
