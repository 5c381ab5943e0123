import { log } from "./log";

/** What the standard library says to an index, for which it names a line of its own. */
const INDEX_OUT_OF_RANGE = "Index out of range";

/**
 * What `throw`, failed assertions and the standard library's checks run into:
 * tells the host's log the message and the place, then ends the call as a trap.
 */
export function report(message: string | null, file: string | null, line: u32, column: u32): void {
  let said = "panicked";
  if (file) said += " at " + file + ":" + line.toString();
  said += ": " + (message ? message : "no message");
  if (message == INDEX_OUT_OF_RANGE) said += " (compare an index with length before, or read with ByteReader)";
  log.error(said);
  unreachable();
}
