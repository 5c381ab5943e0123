/**
 * The canonical ABI below the SDK's types: how the contract's records lie in
 * memory, and who owns them.
 *
 * What the host hands over is allocated as objects of AssemblyScript
 * (`realloc`), so that text and bytes are used where they lie. What a
 * call returns, and all that it allocated, is freed when the host has read it
 * (`release`); nothing is freed before.
 */
import { OBJECT, TOTAL_OVERHEAD } from "rt/common";
import { Runtime } from "shared/runtime";

import { begin, reset } from "./arena";
import { Fact } from "./context";

/** Set by `realloc` for a request of no bytes; never read. */
const NOTHING: usize = 16;

/** The alignment that the host asks for when it hands over text. */
const TEXT_ALIGNMENT: usize = 2;

/** The replacement character, U+FFFD, as text. */
const REPLACEMENT: u16 = 0xfffd;

/** The component's `cabi_realloc`. With it a call begins, unless the host has nothing to hand over. */
export function realloc(old: usize, oldSize: usize, alignment: usize, size: usize): usize {
  if (ASC_RUNTIME != Runtime.Stub) {
    ERROR('the SDK brings its own memory: extend tb-converter/asconfig.json without an option "runtime" of your own');
  }
  begin();
  if (size == 0) return NOTHING;
  if (old && oldSize) return __renew(old, size);
  return __new(size, alignment == TEXT_ALIGNMENT ? idof<String>() : idof<ArrayBuffer>());
}

/** The component's post-return functions: the host has read the result. */
export function release(area: usize): void {
  reset();
}

/** Bytes for records, which live until the call's end. */
export function allocate(size: usize): usize {
  return size == 0 ? NOTHING : __new(size, idof<ArrayBuffer>());
}

/** The bytes that the host wrote to `address`, without a copy. */
export function liftBytes(address: usize, length: i32): Uint8Array {
  if (length == 0) return new Uint8Array(0);
  return Uint8Array.wrap(changetype<ArrayBuffer>(address), 0, length);
}

/** The text that the host wrote to `address`. */
export function liftText(address: usize, units: i32): string {
  if (units == 0) return "";
  const size = <u32>units << 1;
  // A host may have asked for more room than the text needs.
  if (changetype<OBJECT>(address - TOTAL_OVERHEAD).rtSize == size) return changetype<string>(address);
  return String.UTF16.decodeUnsafe(address, size);
}

/** An `option<string>`. */
export function liftOption(area: usize): string | null {
  if (load<u8>(area) == 0) return null;
  return liftText(load<usize>(area, 4), load<i32>(area, 8));
}

/** A `list<tuple<string, string>>`. */
export function liftEntries(area: usize): Fact[] {
  const count = load<i32>(area, 4);
  const facts = new Array<Fact>(count);
  for (let i = 0, entry = load<usize>(area); i < count; i++, entry += 16) {
    const key = liftText(load<usize>(entry), load<i32>(entry, 4));
    facts[i] = new Fact(key, liftText(load<usize>(entry, 8), load<i32>(entry, 12)));
  }
  return facts;
}

/** Writes a `string` to `at`. */
export function lowerText(at: usize, text: string): void {
  const sent = wellFormed(text);
  store<usize>(at, changetype<usize>(sent));
  store<i32>(at, sent.length, 4);
}

/** Writes an `option<string>` to `at`. */
export function lowerOption(at: usize, text: string | null): void {
  if (text === null) {
    store<u8>(at, 0);
  } else {
    store<u8>(at, 1);
    lowerText(at + 4, text);
  }
}

/** Writes a list's address and length to `at`. */
export function lowerList(at: usize, address: usize, count: i32): void {
  store<usize>(at, address);
  store<i32>(at, count, 4);
}

/**
 * The text with U+FFFD for each half of a surrogate pair that stands alone.
 * Such text is no Unicode, and the host would stop the call; it comes from
 * cutting a string between the halves.
 */
export function wellFormed(text: string): string {
  const length = text.length;
  let i = 0;
  // Four units at a time, as long as none can be such a half.
  while (i + 4 <= length && (load<u64>(changetype<usize>(text) + (<usize>i << 1)) & 0x8000800080008000) == 0) i += 4;
  for (; i < length; i++) {
    const unit = load<u16>(changetype<usize>(text) + (<usize>i << 1));
    if ((unit & 0xf800) == 0xd800) {
      if (!isPair(text, i)) return mended(text, i);
      i++;
    }
  }
  return text;
}

function isPair(text: string, at: i32): bool {
  if (at + 1 >= text.length) return false;
  const first = text.charCodeAt(at);
  const second = text.charCodeAt(at + 1);
  return (first & 0xfc00) == 0xd800 && (second & 0xfc00) == 0xdc00;
}

function mended(text: string, from: i32): string {
  const length = text.length;
  const copy = String.UTF16.decodeUnsafe(changetype<usize>(text), <usize>length << 1);
  for (let i = from; i < length; i++) {
    if ((text.charCodeAt(i) & 0xf800) != 0xd800) continue;
    if (isPair(text, i)) i++;
    else store<u16>(changetype<usize>(copy) + (<usize>i << 1), REPLACEMENT);
  }
  return copy;
}
