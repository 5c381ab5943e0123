/** What the export `cut` takes and returns. */
import { lowerText } from "./abi";
import { takeFailure } from "./error";
import { Step } from "./step";

export { frame as received } from "./uplink";

/** A `result` of a step or a text: its tag, the step's tag, two numbers. */
const RESULT = memory.data(16, 4);

/** Writes the `result<step, string>` of a call. */
export function result(step: Step): usize {
  const failure = takeFailure();
  if (failure !== null) {
    store<u8>(RESULT, 1);
    lowerText(RESULT + 4, failure);
    return RESULT;
  }
  store<u8>(RESULT, 0);
  store<u8>(RESULT, <u8>step.isFrame, 4);
  store<u32>(RESULT, step.isFrame ? step.skipped : step.missing, 8);
  store<u32>(RESULT, step.length, 12);
  return RESULT;
}
