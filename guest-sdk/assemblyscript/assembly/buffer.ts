/**
 * Text that is put together piece by piece: `+=` would leave each of its
 * intermediate results in the memory until the call ends.
 */
export class TextBuffer {
  private room: string;
  private length: i32 = 0;

  /** A buffer that grows when it gets more than `units` UTF-16 units. */
  constructor(units: i32) {
    this.room = changetype<string>(__new(<usize>max(units, 8) << 1, idof<string>()));
  }

  /** Appends one UTF-16 unit. */
  push(unit: i32): void {
    const at = this.length++;
    if (at == this.room.length) this.resize(at << 1);
    store<u16>(changetype<usize>(this.room) + (<usize>at << 1), unit);
  }

  /** Appends text, or a part of it. */
  append(text: string, start: i32 = 0, end: i32 = text.length): void {
    const at = this.length;
    this.length += end - start;
    if (this.length > this.room.length) this.resize(this.length << 1);
    const source = changetype<usize>(text) + (<usize>start << 1);
    memory.copy(changetype<usize>(this.room) + (<usize>at << 1), source, <usize>(end - start) << 1);
  }

  /** The text, with which the buffer ends. */
  take(): string {
    this.resize(this.length);
    return this.room;
  }

  private resize(units: i32): void {
    this.room = changetype<string>(__renew(changetype<usize>(this.room), <usize>units << 1));
  }
}
