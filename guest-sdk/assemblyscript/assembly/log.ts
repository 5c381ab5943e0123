import { wellFormed } from "./abi";
import * as host from "./imports";

/** Numbered as in the contract. */
enum Level {
  Trace,
  Debug,
  Info,
  Warn,
  Error,
}

function write(level: Level, message: string): void {
  const sent = wellFormed(message);
  host.log(level, changetype<usize>(sent), sent.length);
}

/**
 * The converter's way to the host's log: `log.warn("odd header")`. The host
 * puts the converter's name before a line and cuts long ones.
 */
export namespace log {
  /** Logs what only the author of the converter wants to see. */
  export function trace(message: string): void {
    write(Level.Trace, message);
  }

  /** Logs what helps to find a fault. */
  export function debug(message: string): void {
    write(Level.Debug, message);
  }

  /** Logs what is worth knowing in normal operation. */
  export function info(message: string): void {
    write(Level.Info, message);
  }

  /** Logs what is odd although the frame could be translated. */
  export function warn(message: string): void {
    write(Level.Warn, message);
  }

  /** Logs a fault. One that costs the frame is better given to `fail`. */
  export function error(message: string): void {
    write(Level.Error, message);
  }
}
