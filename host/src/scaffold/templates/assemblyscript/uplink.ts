/**
 * Decodes the frames of a thermometer: ten bytes, numbers with the highest
 * byte first.
 *
 * | offset | bytes | what |
 * |---|---|---|
 * | 0 | 1 | version of the format, 1 |
 * | 1 | 4 | serial number, eight decimal digits as BCD |
 * | 5 | 2 | temperature, signed, in tenths of a degree Celsius |
 * | 7 | 2 | battery in millivolts |
 * | 9 | 1 | flags; bit 0: the lid is open |
 *
 * This is an example: put your device's format in its place, and its frames
 * into the golden cases.
 */
import { bits, ByteReader, Context, Entity, fail, number } from "tb-converter";

/** The version of the format that this converter reads. */
const VERSION: u8 = 1;

/** Decodes one frame into the temperature, the battery and the lid of a device. */
export function decode(frame: Uint8Array, context: Context): Entity[] {
  const reader = new ByteReader(frame);
  const version = reader.u8();
  if (version != VERSION) {
    // The host logs this text with the frame, and keeps the frame.
    return fail("version " + version.toString() + " is unknown, only " + VERSION.toString() + " can be read");
  }
  const serial = bits.bcdDigits(reader.bytes(4));
  const temperature = number.scale(reader.i16Be(), 0.1, 1);
  const battery = reader.u16Be();
  const flags = reader.u8();
  // Longer frames are of another format: better an error than wrong data.
  reader.end();

  // Whatever failed above, such as a read past the end: the host gets the error, not this.
  return [
    Entity.device("TH-" + serial, "thermometer")
      .telemetry("temperature", temperature)
      .telemetry("batteryMv", battery)
      .telemetry("lidOpen", bits.bit(flags, 0)),
  ];
}
