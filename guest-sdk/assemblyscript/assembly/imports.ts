/**
 * The host's functions, as the canonical ABI flattens them: text is an address
 * and a count of UTF-16 units, and what does not fit one number is written to
 * an area that the caller names.
 */

// @ts-ignore: decorator
@external("tb:converter/context@0.1.0", "metadata")
export declare function metadata(key: usize, units: i32, area: usize): void;

// @ts-ignore: decorator
@external("tb:converter/context@0.1.0", "metadata-entries")
export declare function metadataEntries(area: usize): void;

// @ts-ignore: decorator
@external("tb:converter/context@0.1.0", "integration-metadata")
export declare function integrationMetadata(key: usize, units: i32, area: usize): void;

// @ts-ignore: decorator
@external("tb:converter/connection@0.1.0", "session")
export declare function session(area: usize): void;

// @ts-ignore: decorator
@external("tb:converter/connection@0.1.0", "set-session")
export declare function setSession(value: usize, length: i32): void;

// @ts-ignore: decorator
@external("tb:converter/connection@0.1.0", "reply")
export declare function reply(bytes: usize, length: i32): void;

// @ts-ignore: decorator
@external("tb:converter/connection@0.1.0", "close")
export declare function close(): void;

// @ts-ignore: decorator
@external("tb:converter/connection@0.1.0", "expect-answer")
export declare function expectAnswer(): void;

/**
 * A `result<value, string>` is its tag and what both sides have room in: of a
 * value the kind, 64 bits and the count of a text's units, of an error the
 * address and, in the 64 bits, the count.
 */
// @ts-ignore: decorator
@external("tb:converter/connection@0.1.0", "answer-rpc")
export declare function answerRpc(
  deviceName: usize,
  deviceNameUnits: i32,
  hasRequestId: i32,
  requestId: i32,
  isError: i32,
  kindOrError: i32,
  payload: i64,
  units: i32,
): void;

// @ts-ignore: decorator
@external("tb:converter/logging@0.1.0", "log")
export declare function log(level: i32, message: usize, units: i32): void;
