/**
 * The converter's memory: objects lie in a row, and a call's end frees all that
 * the call made at once. Nearly all of it is of no use any more then; a
 * collector, which looks for what is, takes longer than the call itself.
 *
 * `asconfig.json` puts these functions in the place of the compiler's own. What
 * was made when the module started is older than every call and stays. Should
 * something older come to hold an object of a call (a global variable, or what
 * one refers to), then all that the call made stays: a converter that keeps
 * something fills its memory, but never finds there what is another's.
 */
import { AL_MASK, OBJECT, OBJECT_MAXSIZE, TOTAL_OVERHEAD } from "rt/common";

/** The memory grows up to here at most, so that no sum of addresses overflows. */
const MAX_MEMORY: usize = 1 << 31;

/** The next object, behind room for its header. */
// @ts-ignore: decorator
@lazy let next: usize = following(__heap_base, 0);
/** Where the module's memory ends. */
// @ts-ignore: decorator
@lazy let end: usize = <usize>memory.size() << 16;
/** The first object of the call at hand; 0 as long as there was no call. */
let first: usize = 0;
/** Whether something older than the call at hand holds an object of it. */
let kept: bool = false;

/** Begins a call, unless it has begun. */
export function begin(): void {
  if (first == 0) first = next;
}

/** Ends a call: what it made is gone, unless something older holds a part of it. */
export function reset(): void {
  __visit_globals(0);
  if (kept) first = next;
  else next = first;
  kept = false;
}

/** The compiler's `__new`: makes an object. Its bytes are whatever was there before. */
export function create(size: usize, id: u32): usize {
  const object = next;
  const behind = following(object, size);
  if (behind > end || size > OBJECT_MAXSIZE) grow(size);
  next = behind;
  const header = changetype<OBJECT>(object - TOTAL_OVERHEAD);
  header.rtId = id;
  header.rtSize = <u32>size;
  return object;
}

/** The compiler's `__renew` and `__realloc`: changes an object's size, for which it may have to move. */
export function resize(object: usize, size: usize): usize {
  const header = changetype<OBJECT>(object - TOTAL_OVERHEAD);
  const before = <usize>header.rtSize;
  // Behind the last one is room, but not behind the last one that is older than the call.
  if (object >= first && following(object, before) == next) {
    next = object;
  } else if (size <= before) {
    header.rtSize = <u32>size;
    return object;
  }
  const moved = create(size, header.rtId);
  if (moved != object) memory.copy(moved, object, before);
  return moved;
}

/** The compiler's `__alloc`: bytes that are no object of the language. */
export function allocate(size: usize): usize {
  return create(size, idof<ArrayBuffer>());
}

/** The compiler's `__free`. */
export function free(address: usize): void {}

/** The compiler's `__link`: `parent` comes to hold `child`. */
export function link(parent: usize, child: usize, expectMultiple: bool): void {
  if (parent < first && child >= first) kept = true;
}

/** The compiler's `__visit`: a global variable holds `object`, or null. */
export function visit(object: usize, cookie: u32): void {
  if (object >= first) kept = true;
}

/** The place of the next object, behind one with this place and size. */
function following(object: usize, size: usize): usize {
  return (object + size + TOTAL_OVERHEAD + AL_MASK) & ~AL_MASK;
}

/** Makes room for an object. The host ends a call that wants more memory than it may have. */
function grow(size: usize): void {
  if (size > OBJECT_MAXSIZE || end > MAX_MEMORY) throw new Error("out of memory");
  const missing = following(next, size) - end;
  if (memory.grow(<i32>((missing + 0xffff) >> 16)) < 0) throw new Error("out of memory");
  end = <usize>memory.size() << 16;
}
