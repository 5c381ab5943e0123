/**
 * Check values of frames: the CRCs that devices use, exclusive or, and sum.
 *
 * A CRC is named as in the published catalogue of CRC algorithms, because
 * "CRC-16" alone is one of thirty. Which bytes a device counts in, and in which
 * order it sends the result, is in its manual.
 *
 * ```ts
 * const reader = new ByteReader(frame);
 * const counted = reader.bytes(frame.length - 2);
 * if (reader.u16Be() != checksum.crc16X25(counted)) return fail("the CRC is wrong");
 * ```
 */
export namespace checksum {
  /** CRC-16/ARC, also called CRC-16/IBM: Teltonika and others. */
  export function crc16Arc(bytes: Uint8Array): u16 {
    return <u16>reflected(bytes, 0xa001, 0);
  }

  /** CRC-16/MODBUS: Modbus, Galileosky and others. */
  export function crc16Modbus(bytes: Uint8Array): u16 {
    return <u16>reflected(bytes, 0xa001, 0xffff);
  }

  /** CRC-16/IBM-SDLC, also called X-25: GT06, HDLC, meters. */
  export function crc16X25(bytes: Uint8Array): u16 {
    return ~(<u16>reflected(bytes, 0x8408, 0xffff));
  }

  /** CRC-16/KERMIT, also called CCITT (true): Ruptela and others. */
  export function crc16Kermit(bytes: Uint8Array): u16 {
    return <u16>reflected(bytes, 0x8408, 0);
  }

  /** CRC-32/ISO-HDLC, the CRC-32 of Ethernet and ZIP: Wialon and others. */
  export function crc32(bytes: Uint8Array): u32 {
    return ~reflected(bytes, 0xedb88320, 0xffffffff);
  }

  /** All bytes by exclusive or, as after the `*` of NMEA sentences. */
  export function xor(bytes: Uint8Array): u8 {
    let value: u8 = 0;
    for (let i = 0; i < bytes.length; i++) value ^= unchecked(bytes[i]);
    return value;
  }

  /** The low byte of the sum of all bytes. */
  export function sum(bytes: Uint8Array): u8 {
    let value: u8 = 0;
    for (let i = 0; i < bytes.length; i++) value += unchecked(bytes[i]);
    return value;
  }
}

/** What four bits that leave a CRC change in it, one entry for each of their values. */
const TABLE = memory.data(64, 4);

/**
 * A CRC of up to 32 bits with its polynomial and all its bits the other way
 * round. The table is made for each call, which pays from some 25 bytes on; one
 * for each polynomial would make converters larger.
 */
function reflected(bytes: Uint8Array, polynomial: u32, initial: u32): u32 {
  for (let i: u32 = 0; i < 16; i++) {
    let entry = i;
    for (let bit = 0; bit < 4; bit++) entry = entry & 1 ? (entry >> 1) ^ polynomial : entry >> 1;
    store<u32>(TABLE + (<usize>i << 2), entry);
  }
  let crc = initial;
  for (let i = 0; i < bytes.length; i++) {
    crc ^= unchecked(bytes[i]);
    crc = (crc >> 4) ^ load<u32>(TABLE + (<usize>(crc & 15) << 2));
    crc = (crc >> 4) ^ load<u32>(TABLE + (<usize>(crc & 15) << 2));
  }
  return crc;
}
