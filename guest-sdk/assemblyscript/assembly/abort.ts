import { log } from "./log";

/**
 * What `throw`, failed assertions and the standard library's checks run into:
 * tells the host's log the message and the place, then ends the call as a trap.
 */
export function report(message: string | null, file: string | null, line: u32, column: u32): void {
  let said = "panicked";
  if (file) said += " at " + file + ":" + line.toString();
  log.error(said + ": " + (message ? message : "no message"));
  unreachable();
}
