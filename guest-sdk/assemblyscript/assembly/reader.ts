import { fail, failed } from "./error";
import { hexByte } from "./hex";
import { firstThatIsNotUtf8 } from "./text";

/**
 * Reads numbers, bytes and text from a frame, one after the other.
 *
 * Each read moves on by what it read. One that wants more bytes than are left
 * fails, and names the offset from the start of the frame (counted from 0),
 * what was wanted and how many bytes are left. It gives 0 or nothing, as do all
 * reads after it: `remaining` is 0 then, so that loops end, and `position`
 * stays where the read failed.
 *
 * ```ts
 * const reader = new ByteReader(frame); // 01 00 64 53 4E
 * reader.u8() // 1
 * reader.i16Be() // 100
 * reader.text(2) // "SN"
 * reader.u32Le() // 0: "offset 5: 4 bytes wanted for a u32, none is left"
 * ```
 */
export class ByteReader {
  private at: i32 = 0;
  /** The frame's length; after a failure, where that was. */
  private limit: i32;

  /** A reader at the start of a frame. */
  constructor(private readonly frame: Uint8Array) {
    this.limit = frame.length;
  }

  /** How many bytes were read: the offset of the next one. */
  get position(): i32 {
    return this.at;
  }

  /** How many bytes are left. */
  get remaining(): i32 {
    return this.limit - this.at;
  }

  /** Whether no byte is left. */
  get isEmpty(): bool {
    return this.remaining == 0;
  }

  /** The next byte, which is not read by this; -1 at the end. */
  peek(): i32 {
    return this.isEmpty ? -1 : <i32>this.frame[this.at];
  }

  /** Reads all that is left, which may be nothing. It shares the frame's memory. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  /** Reads `count` bytes, which share the frame's memory. Fails if fewer are left. */
  bytes(count: i32): Uint8Array {
    return this.view(count, "");
  }

  /**
   * Reads `count` bytes of UTF-8. Fails if fewer are left, and if they are not
   * UTF-8: then it names the first byte that is not.
   */
  text(count: i32): string {
    const bytes = this.view(count, " for text");
    const wrong = firstThatIsNotUtf8(bytes);
    if (wrong < bytes.length) {
      this.at -= count;
      this.fail((this.at + wrong).toString() + ": byte 0x" + hexByte(bytes[wrong]) + " is not UTF-8");
      return "";
    }
    return String.UTF8.decodeUnsafe(bytes.dataStart, <usize>bytes.length);
  }

  /** Passes over `count` bytes. Fails if fewer are left. */
  skip(count: i32): void {
    this.take(count, " to skip");
  }

  /** Fails if a byte is left: the frame is longer than its fields. */
  end(): void {
    if (!this.isEmpty) this.fail(this.at.toString() + ": the frame should end, " + left(this.remaining));
  }

  /** Reads a `u8`. Fails at the end of the frame. */
  u8(): u8 {
    return this.little<u8>(" for a u8");
  }

  /** Reads an `i8`. Fails at the end of the frame. */
  i8(): i8 {
    return this.little<i8>(" for an i8");
  }

  /** Reads three bytes, little endian (the lowest byte first). Fails if fewer are left. */
  u24Le(): u32 {
    if (!this.take(3, " for a u24")) return 0;
    const address = this.frame.dataStart + <usize>this.at;
    return <u32>load<u16>(address - 3) | (<u32>load<u8>(address - 1) << 16);
  }

  /** Reads three bytes, big endian (the highest byte first). Fails if fewer are left. */
  u24Be(): u32 {
    return bswap<u32>(this.u24Le()) >> 8;
  }

  /** Reads a `u16`, little endian (the lowest byte first). Fails if fewer bytes are left. */
  u16Le(): u16 {
    return this.little<u16>(" for a u16");
  }

  /** Reads a `u16`, big endian (the highest byte first). Fails if fewer bytes are left. */
  u16Be(): u16 {
    return this.big<u16>(" for a u16");
  }

  /** Reads an `i16`, little endian (the lowest byte first). Fails if fewer bytes are left. */
  i16Le(): i16 {
    return this.little<i16>(" for an i16");
  }

  /** Reads an `i16`, big endian (the highest byte first). Fails if fewer bytes are left. */
  i16Be(): i16 {
    return this.big<i16>(" for an i16");
  }

  /** Reads a `u32`, little endian (the lowest byte first). Fails if fewer bytes are left. */
  u32Le(): u32 {
    return this.little<u32>(" for a u32");
  }

  /** Reads a `u32`, big endian (the highest byte first). Fails if fewer bytes are left. */
  u32Be(): u32 {
    return this.big<u32>(" for a u32");
  }

  /** Reads an `i32`, little endian (the lowest byte first). Fails if fewer bytes are left. */
  i32Le(): i32 {
    return this.little<i32>(" for an i32");
  }

  /** Reads an `i32`, big endian (the highest byte first). Fails if fewer bytes are left. */
  i32Be(): i32 {
    return this.big<i32>(" for an i32");
  }

  /** Reads a `u64`, little endian (the lowest byte first). Fails if fewer bytes are left. */
  u64Le(): u64 {
    return this.little<u64>(" for a u64");
  }

  /** Reads a `u64`, big endian (the highest byte first). Fails if fewer bytes are left. */
  u64Be(): u64 {
    return this.big<u64>(" for a u64");
  }

  /** Reads an `i64`, little endian (the lowest byte first). Fails if fewer bytes are left. */
  i64Le(): i64 {
    return this.little<i64>(" for an i64");
  }

  /** Reads an `i64`, big endian (the highest byte first). Fails if fewer bytes are left. */
  i64Be(): i64 {
    return this.big<i64>(" for an i64");
  }

  /** Reads an `f32`, little endian (the lowest byte first). Fails if fewer bytes are left. */
  f32Le(): f32 {
    return this.little<f32>(" for an f32");
  }

  /** Reads an `f32`, big endian (the highest byte first). Fails if fewer bytes are left. */
  f32Be(): f32 {
    return this.big<f32>(" for an f32");
  }

  /** Reads an `f64`, little endian (the lowest byte first). Fails if fewer bytes are left. */
  f64Le(): f64 {
    return this.little<f64>(" for an f64");
  }

  /** Reads an `f64`, big endian (the highest byte first). Fails if fewer bytes are left. */
  f64Be(): f64 {
    return this.big<f64>(" for an f64");
  }

  private little<T extends number>(purpose: string): T {
    const size = sizeof<T>();
    if (!this.take(<i32>size, purpose)) return <T>0;
    return load<T>(this.frame.dataStart + <usize>this.at - size);
  }

  private big<T extends number>(purpose: string): T {
    const value = this.little<T>(purpose);
    if (isFloat<T>()) {
      if (sizeof<T>() == 4) return <T>reinterpret<f32>(bswap<u32>(reinterpret<u32>(<f32>value)));
      else return <T>reinterpret<f64>(bswap<u64>(reinterpret<u64>(<f64>value)));
    } else {
      return bswap<T>(value);
    }
  }

  private view(count: i32, purpose: string): Uint8Array {
    if (!this.take(count, purpose)) return new Uint8Array(0);
    return this.frame.subarray(this.at - count, this.at);
  }

  /** Moves on, unless the frame ends before. */
  private take(count: i32, purpose: string): bool {
    if (<u32>count <= <u32>this.remaining) {
      this.at += count;
      return true;
    }
    // The first error counts: a loop that goes on need not fill the memory with others.
    if (!failed()) {
      const wanted = count.toString() + (count == 1 ? " byte" : " bytes") + " wanted" + purpose;
      this.fail(this.at.toString() + ": " + wanted + ", " + left(this.remaining));
    }
    this.limit = this.at;
    return false;
  }

  private fail(message: string): void {
    fail<bool>("offset " + message);
    this.limit = this.at;
  }
}

/** A count of bytes with its verb. */
function left(count: i32): string {
  return count == 0 ? "none is left" : count == 1 ? "1 is left" : count.toString() + " are left";
}
