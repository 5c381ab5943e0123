/** What the export `encode` takes and returns. */
import { allocate, liftText, lowerList, lowerText } from "./abi";
import { begin } from "./arena";
import { takeFailure } from "./error";
import { Message } from "./message";

/** A `list<u8>`: its address and its length. */
const FRAME: usize = 8;

/** A `result` of a list or a text: its tag, an address, a count. */
const RESULT = memory.data(12, 4);

/** The message that the host handed over. */
export function message(body: usize, bodyUnits: i32, msgType: usize, msgTypeUnits: i32): Message {
  begin();
  return new Message(liftText(body, bodyUnits), liftText(msgType, msgTypeUnits));
}

/** Writes the `result<list<list<u8>>, string>` of a call. */
export function result(frames: Uint8Array[]): usize {
  const failure = takeFailure();
  if (failure !== null) {
    store<u8>(RESULT, 1);
    lowerText(RESULT + 4, failure);
    return RESULT;
  }
  const count = frames.length;
  const list = allocate(<usize>count * FRAME);
  for (let i = 0; i < count; i++) {
    const frame = frames[i];
    lowerList(list + <usize>i * FRAME, frame.dataStart, frame.length);
  }
  store<u8>(RESULT, 0);
  lowerList(RESULT + 4, list, count);
  return RESULT;
}
