import { fail } from "./error";
import { text } from "./text";

/**
 * Reads a frame's fields one after the other.
 *
 * A field that the frame has no room for fails, with its offset from the start
 * of the frame counted from 0; what is read is then 0 or empty, and `remaining`
 * is 0, so that loops over it end.
 */
export class ByteReader {
  private position: i32 = 0;

  constructor(private readonly frame: Uint8Array) {}

  /** How many bytes have been read or skipped. */
  get offset(): i32 {
    return this.position;
  }

  /** How many bytes are left. */
  get remaining(): i32 {
    return this.frame.length - this.position;
  }

  /** Passes over bytes. */
  skip(count: i32): void {
    this.take("skipped bytes", count);
  }

  /** The next bytes; they share the frame's memory. */
  bytes(count: i32): Uint8Array {
    if (!this.take("bytes", count)) return new Uint8Array(0);
    return this.frame.subarray(this.position - count, this.position);
  }

  /** The next bytes as UTF-8 text. */
  text(count: i32): string {
    return text(this.bytes(count));
  }

  /** One byte, unsigned. */
  u8(): u8 {
    return this.little<u8>("u8");
  }

  /** One byte, signed. */
  i8(): i8 {
    return this.little<i8>("i8");
  }

  /** Two bytes, unsigned, the least significant first. */
  u16le(): u16 {
    return this.little<u16>("u16");
  }

  /** Two bytes, unsigned, the most significant first. */
  u16be(): u16 {
    return this.big<u16>("u16");
  }

  /** Two bytes, signed, the least significant first. */
  i16le(): i16 {
    return this.little<i16>("i16");
  }

  /** Two bytes, signed, the most significant first. */
  i16be(): i16 {
    return this.big<i16>("i16");
  }

  /** Four bytes, unsigned, the least significant first. */
  u32le(): u32 {
    return this.little<u32>("u32");
  }

  /** Four bytes, unsigned, the most significant first. */
  u32be(): u32 {
    return this.big<u32>("u32");
  }

  /** Four bytes, signed, the least significant first. */
  i32le(): i32 {
    return this.little<i32>("i32");
  }

  /** Four bytes, signed, the most significant first. */
  i32be(): i32 {
    return this.big<i32>("i32");
  }

  /** Eight bytes, unsigned, the least significant first. */
  u64le(): u64 {
    return this.little<u64>("u64");
  }

  /** Eight bytes, unsigned, the most significant first. */
  u64be(): u64 {
    return this.big<u64>("u64");
  }

  /** Eight bytes, signed, the least significant first. */
  i64le(): i64 {
    return this.little<i64>("i64");
  }

  /** Eight bytes, signed, the most significant first. */
  i64be(): i64 {
    return this.big<i64>("i64");
  }

  /** Four bytes, IEEE 754, the least significant first. */
  f32le(): f32 {
    return this.little<f32>("f32");
  }

  /** Four bytes, IEEE 754, the most significant first. */
  f32be(): f32 {
    return this.big<f32>("f32");
  }

  /** Eight bytes, IEEE 754, the least significant first. */
  f64le(): f64 {
    return this.little<f64>("f64");
  }

  /** Eight bytes, IEEE 754, the most significant first. */
  f64be(): f64 {
    return this.big<f64>("f64");
  }

  private little<T extends number>(what: string): T {
    const size = sizeof<T>();
    if (!this.take(what, <i32>size)) return <T>0;
    return load<T>(this.frame.dataStart + <usize>this.position - size);
  }

  private big<T extends number>(what: string): T {
    const value = this.little<T>(what);
    if (isFloat<T>()) {
      if (sizeof<T>() == 4) return <T>reinterpret<f32>(bswap<u32>(reinterpret<u32>(<f32>value)));
      else return <T>reinterpret<f64>(bswap<u64>(reinterpret<u64>(<f64>value)));
    } else {
      return bswap<T>(value);
    }
  }

  /** Moves on, unless the frame ends before. */
  private take(what: string, count: i32): bool {
    const left = this.remaining;
    if (count >= 0 && count <= left) {
      this.position += count;
      return true;
    }
    const at = this.position;
    this.position = this.frame.length;
    return fail<bool>(
      what + " at offset " + at.toString() + ": needs " + count.toString() + " bytes, but the frame has " +
        left.toString() + " left",
    );
  }
}
