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
@external("tb:converter/logging@0.1.0", "log")
export declare function log(level: i32, message: usize, units: i32): void;
