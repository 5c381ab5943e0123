import { bytes } from "./text";

/** Room for most frames. */
const FIRST_ROOM: i32 = 64;

/**
 * Writes numbers, bytes and text to a frame, one after the other: the
 * counterpart of `ByteReader`. Each method returns the writer, so that calls
 * can be chained.
 *
 * ```ts
 * new ByteWriter().u8(1).i16Be(100).text("SN").finish() // 01 00 64 53 4E
 * ```
 */
export class ByteWriter {
  private room: Uint8Array = new Uint8Array(FIRST_ROOM);
  private used: i32 = 0;

  /** How many bytes were written. */
  get length(): i32 {
    return this.used;
  }

  /** Whether nothing was written. */
  get isEmpty(): bool {
    return this.used == 0;
  }

  /** The frame: all that was written, without a copy. */
  finish(): Uint8Array {
    return this.room.subarray(0, this.used);
  }

  /** Writes bytes as they are. */
  bytes(bytes: Uint8Array): this {
    const length = bytes.length;
    memory.copy(this.take(length), bytes.dataStart, <usize>length);
    return this;
  }

  /** Writes text as UTF-8, without its length. */
  text(text: string): this {
    return this.bytes(bytes(text));
  }

  /** Writes a `u8`. */
  u8(value: u8): this {
    return this.little<u8>(value);
  }

  /** Writes an `i8`. */
  i8(value: i8): this {
    return this.little<i8>(value);
  }

  /** Writes the lower three bytes of a number, little endian (the lowest byte first). */
  u24Le(value: u32): this {
    const address = this.take(3);
    store<u16>(address, <u16>value);
    store<u8>(address + 2, <u8>(value >> 16));
    return this;
  }

  /** Writes the lower three bytes of a number, big endian (the highest byte first). */
  u24Be(value: u32): this {
    return this.u24Le(bswap<u32>(value) >> 8);
  }

  /** Writes a `u16`, little endian (the lowest byte first). */
  u16Le(value: u16): this {
    return this.little<u16>(value);
  }

  /** Writes a `u16`, big endian (the highest byte first). */
  u16Be(value: u16): this {
    return this.big<u16>(value);
  }

  /** Writes an `i16`, little endian (the lowest byte first). */
  i16Le(value: i16): this {
    return this.little<i16>(value);
  }

  /** Writes an `i16`, big endian (the highest byte first). */
  i16Be(value: i16): this {
    return this.big<i16>(value);
  }

  /** Writes a `u32`, little endian (the lowest byte first). */
  u32Le(value: u32): this {
    return this.little<u32>(value);
  }

  /** Writes a `u32`, big endian (the highest byte first). */
  u32Be(value: u32): this {
    return this.big<u32>(value);
  }

  /** Writes an `i32`, little endian (the lowest byte first). */
  i32Le(value: i32): this {
    return this.little<i32>(value);
  }

  /** Writes an `i32`, big endian (the highest byte first). */
  i32Be(value: i32): this {
    return this.big<i32>(value);
  }

  /** Writes a `u64`, little endian (the lowest byte first). */
  u64Le(value: u64): this {
    return this.little<u64>(value);
  }

  /** Writes a `u64`, big endian (the highest byte first). */
  u64Be(value: u64): this {
    return this.big<u64>(value);
  }

  /** Writes an `i64`, little endian (the lowest byte first). */
  i64Le(value: i64): this {
    return this.little<i64>(value);
  }

  /** Writes an `i64`, big endian (the highest byte first). */
  i64Be(value: i64): this {
    return this.big<i64>(value);
  }

  /** Writes an `f32`, little endian (the lowest byte first). */
  f32Le(value: f32): this {
    return this.little<f32>(value);
  }

  /** Writes an `f32`, big endian (the highest byte first). */
  f32Be(value: f32): this {
    return this.big<f32>(value);
  }

  /** Writes an `f64`, little endian (the lowest byte first). */
  f64Le(value: f64): this {
    return this.little<f64>(value);
  }

  /** Writes an `f64`, big endian (the highest byte first). */
  f64Be(value: f64): this {
    return this.big<f64>(value);
  }

  private little<T extends number>(value: T): this {
    store<T>(this.take(<i32>sizeof<T>()), value);
    return this;
  }

  private big<T extends number>(value: T): this {
    if (isFloat<T>()) {
      if (sizeof<T>() == 4) return this.little<u32>(bswap<u32>(reinterpret<u32>(<f32>value)));
      else return this.little<u64>(bswap<u64>(reinterpret<u64>(<f64>value)));
    } else {
      return this.little<T>(bswap<T>(value));
    }
  }

  /**
   * The address of room for `count` bytes more. Rooms double, so that those
   * given up are together no larger than the last.
   */
  private take(count: i32): usize {
    const end = this.used + count;
    if (end > this.room.length) {
      const room = new Uint8Array(max(end, this.room.length << 1));
      memory.copy(room.dataStart, this.room.dataStart, <usize>this.used);
      this.room = room;
    }
    const address = this.room.dataStart + <usize>this.used;
    this.used = end;
    return address;
  }
}
