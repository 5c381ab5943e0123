/** A device's answer to a call of ThingsBoard's, on its way to the host. */
import { wellFormed } from "./abi";
import { fail } from "./error";
import * as host from "./imports";
import { isLong, longOf } from "./number";
import { Value, ValueKind } from "./value";

/**
 * Stands for a request id where the call is meant that has waited for longest:
 * `context.answerRpc(name, OLDEST, "on")`. It is no number of 32 bits, as
 * request ids are.
 */
export const OLDEST: i64 = i64.MIN_VALUE;

/** The id that the host wrote into the metadata; `OLDEST` for what is no number of 32 bits. */
export function requestIdOf(text: string | null): i64 {
  if (text === null || !isLong(text)) return OLDEST;
  const id = longOf(text);
  return id == <i64>(<i32>id) ? id : OLDEST;
}

/** Hands over what the device said. */
export function answerWithValue(deviceName: string, requestId: i64, value: Value): void {
  switch (value.kind) {
    case ValueKind.Boolean:
    case ValueKind.Long: {
      answer(deviceName, requestId, false, value.kind, value.integer, 0);
      break;
    }
    case ValueKind.Double: {
      answer(deviceName, requestId, false, value.kind, reinterpret<i64>(value.number), 0);
      break;
    }
    default: {
      const sent = wellFormed(value.text);
      answer(deviceName, requestId, false, value.kind, <i64>changetype<usize>(sent), sent.length);
    }
  }
}

/** Hands over why the device could not do what was asked. */
export function answerWithError(deviceName: string, requestId: i64, error: string): void {
  const sent = wellFormed(error);
  answer(deviceName, requestId, true, <i32>changetype<usize>(sent), sent.length, 0);
}

function answer(
  deviceName: string,
  requestId: i64,
  isError: bool,
  kindOrError: i32,
  payload: i64,
  units: i32,
): void {
  const hasRequestId = requestId != OLDEST;
  if (hasRequestId && requestId != <i64>(<i32>requestId)) {
    fail<bool>("request id " + requestId.toString() + " does not fit 32 bits");
    return;
  }
  const name = wellFormed(deviceName);
  host.answerRpc(
    changetype<usize>(name),
    name.length,
    hasRequestId,
    hasRequestId ? <i32>requestId : 0,
    isError,
    kindOrError,
    payload,
    units,
  );
}
