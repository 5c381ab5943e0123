import { fail } from "./error";

/** What `cut` says of the bytes at hand. */
export class Step {
  private constructor(
    /** Whether the next frame was found. */
    readonly isFrame: bool,
    /** Bytes that are missing, if it was not. */
    readonly missing: u32,
    /** Bytes before it that are dropped. */
    readonly skipped: u32,
    /** Bytes of it. */
    readonly length: u32,
  ) {}

  /**
   * The end of the frame cannot be told before so many more bytes are there; 1 if
   * nobody knows. Rust's `Step::Need`.
   */
  static need(count: i64): Step {
    return new Step(false, bounded(count), 0, 0);
  }

  /**
   * What is missing until `wanted` bytes are there: `Step.until(bytes, 8)` asks
   * for a header of 8 bytes. Rust's `Step::need`.
   */
  static until(bytes: Uint8Array, wanted: i64): Step {
    return Step.need(max<i64>(wanted - bytes.length, 1));
  }

  /**
   * The next frame: `length` bytes behind `skip` bytes that belong to no frame
   * and are dropped. They may go beyond those at hand, if a header tells the
   * length. Fails if a number is below 0.
   */
  static frame(length: i64, skip: i64 = 0): Step {
    return new Step(true, 0, bounded(skip), bounded(length));
  }

  /** Nothing but `count` bytes to drop. Fails if that is below 0. */
  static skip(count: i64): Step {
    return new Step(true, 0, bounded(count), 0);
  }
}

/** The contract's number. What goes beyond 32 bits goes beyond every limit of the host, too. */
function bounded(count: i64): u32 {
  if (count < 0) return fail<u32>("a step of " + count.toString() + " bytes");
  return <u32>min<i64>(count, u32.MAX_VALUE);
}
