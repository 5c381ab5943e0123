import { Entity } from "./entity";
import { Step } from "./step";

/** Why the call at hand cannot be answered; null as long as it can. */
let reason: string | null = null;

/**
 * Says that the frame or message cannot be translated, and why. The host logs
 * the text and keeps the frame; the instance lives on.
 *
 * AssemblyScript cannot catch what is thrown, so `throw` is for faults of the
 * converter itself: it ends the call and the instance. `fail` is for input that
 * is wrong. It returns, so that the caller can return: whatever `decode` and
 * the others return after it, the host gets the error, and of several errors
 * the first.
 *
 * ```ts
 * export function decode(frame: Uint8Array, context: Context): Entity[] {
 *   if (frame.length < 4) return fail("the header is cut off");
 * ```
 *
 * Its result stands in for what the caller has to return: an empty array, "",
 * 0, null or a step. `decode`, `onConnect` and their like need no type; others
 * name theirs, as in `return fail<Uint8Array[]>("...")`, `return fail<Step>("...")`
 * or `return fail<f64>("...")`.
 */
export function fail<T = Entity[]>(message: string): T {
  if (reason === null) reason = message;
  if (isReference<T>()) {
    if (isNullable<T>()) {
      return changetype<T>(0);
    } else if (isString<T>()) {
      return changetype<T>("");
    } else if (isArray<T>() || isArrayLike<T>()) {
      return instantiate<T>(0);
    } else if (idof<T>() == idof<Step>()) {
      return changetype<T>(Step.need(1));
    } else {
      ERROR("fail stands in for arrays, strings, numbers, a Step and what may be null: return a nullable type");
    }
  } else {
    return <T>0;
  }
}

/** Whether `fail` was called during this call, also by the SDK. */
export function failed(): bool {
  return reason !== null;
}

/** Forgets the error, and says what it was. For the SDK's exports. */
export function takeFailure(): string | null {
  const message = reason;
  reason = null;
  return message;
}
