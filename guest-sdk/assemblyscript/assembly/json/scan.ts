/**
 * The grammar of JSON (RFC 8259).
 *
 * The same scanner checks a text and walks through one that was checked. At a
 * fault it fails and goes to the end of the text, where everything stops.
 */
import { TextBuffer } from "../buffer";
import { fail } from "../error";
import { hexValue } from "../hex";
import { quote } from "../text";

/** Deeper nesting than this is no data of a device, and each level takes stack. */
const MAX_DEPTH: i32 = 128;

export const QUOTE: i32 = 0x22;
export const MINUS: i32 = 0x2d;
export const OPENING_BRACKET: i32 = 0x5b;
export const BACKSLASH: i32 = 0x5c;
export const OPENING_BRACE: i32 = 0x7b;
const PLUS: i32 = 0x2b;
const COMMA: i32 = 0x2c;
const POINT: i32 = 0x2e;
const DIGIT_0: i32 = 0x30;
const COLON: i32 = 0x3a;
const CLOSING_BRACKET: i32 = 0x5d;
const LETTER_E: i32 = 0x65;
const LETTER_U: i32 = 0x75;
const CLOSING_BRACE: i32 = 0x7d;

/** Walks over JSON text from front to back. */
export class Scanner {
  /** Whether the text is not JSON. */
  faulty: bool = false;
  private depth: i32 = 0;
  /** Whether an entry or element was read: the next one follows a comma. */
  private started: bool = false;
  /** The key that was read last, without its quotes. */
  private keyStart: i32 = 0;
  private keyEnd: i32 = 0;

  /** A scanner at the start of a text, or behind the opening bracket of a checked object or array. */
  constructor(
    private readonly text: string,
    /** The next unit to read. */
    public position: i32,
  ) {}

  /** Reads one value with the white space before it; says where it starts. */
  value(): i32 {
    this.space();
    const start = this.position;
    const unit = this.peek();
    if (unit == QUOTE) this.string();
    else if (unit == OPENING_BRACE) this.nested(CLOSING_BRACE);
    else if (unit == OPENING_BRACKET) this.nested(CLOSING_BRACKET);
    else if (unit == MINUS || isDigit(unit)) this.number();
    else if (!this.word("true") && !this.word("false") && !this.word("null")) this.wanted("a value");
    this.started = true;
    return start;
  }

  /** Checks that only white space follows. */
  end(): void {
    this.space();
    if (this.position < this.text.length) this.wanted("the end");
  }

  /** Moves over the key of an object's next entry, to its value; false behind the object. */
  nextEntry(): bool {
    if (!this.advance(CLOSING_BRACE)) return false;
    this.key();
    return true;
  }

  /** Moves to an array's next element; false behind the array. */
  nextElement(): bool {
    return this.advance(CLOSING_BRACKET);
  }

  /** The entry's key, escapes replaced. */
  entryKey(): string {
    return unescape(this.text, this.keyStart, this.keyEnd);
  }

  /** Whether the entry has this key. */
  isEntryOf(key: string): bool {
    const length = this.keyEnd - this.keyStart;
    if (backslash(this.text, this.keyStart, this.keyEnd) < this.keyEnd) {
      // An escape is longer than what it stands for.
      return length > key.length && this.entryKey() == key;
    }
    if (length != key.length) return false;
    const start = changetype<usize>(this.text) + (<usize>this.keyStart << 1);
    return memory.compare(start, changetype<usize>(key), <usize>length << 1) == 0;
  }

  /** Reads an object or array from its opening bracket to `close`. */
  private nested(close: i32): void {
    if (this.depth == MAX_DEPTH) {
      return this.fault("at offset " + this.offset().toString() + " it is nested deeper than " + MAX_DEPTH.toString());
    }
    this.depth++;
    this.position++;
    this.started = false;
    while (this.advance(close)) {
      if (close == CLOSING_BRACE) this.key();
      this.value();
    }
    this.depth--;
  }

  /** Moves to the next entry or element; false behind the closing bracket. */
  private advance(close: i32): bool {
    this.space();
    if (this.pass(close)) return false;
    if (this.started) {
      if (!this.pass(COMMA)) this.wanted(close == CLOSING_BRACE ? "a comma or }" : "a comma or ]");
      this.space();
    }
    return !this.faulty;
  }

  /** Reads a key, in its quotes, and the colon. */
  private key(): void {
    if (this.peek() != QUOTE) return this.wanted("a key in quotes");
    this.keyStart = this.position + 1;
    this.string();
    this.keyEnd = this.position - 1;
    this.space();
    if (!this.pass(COLON)) this.wanted("a colon");
  }

  private string(): void {
    this.position++;
    for (;;) {
      const unit = this.peek();
      if (unit < 0x20) return this.wanted("a closing quote");
      if (unit == BACKSLASH) {
        const length = escapeLength(this.text, this.position);
        if (length == 0) return this.wanted("a valid escape");
        this.position += length;
      } else {
        this.position++;
        if (unit == QUOTE) return;
      }
    }
  }

  private number(): void {
    this.pass(MINUS);
    if (!this.pass(DIGIT_0)) this.digits();
    if (this.pass(POINT)) this.digits();
    if ((this.peek() | 0x20) == LETTER_E) {
      this.position++;
      if (!this.pass(PLUS)) this.pass(MINUS);
      this.digits();
    }
  }

  private digits(): void {
    const start = this.position;
    while (isDigit(this.peek())) this.position++;
    if (this.position == start) this.wanted("a digit");
  }

  /** Passes over a word if it stands here. */
  private word(word: string): bool {
    const found = this.text.startsWith(word, this.position);
    if (found) this.position += word.length;
    return found;
  }

  private space(): void {
    while (isSpace(this.peek())) this.position++;
  }

  /** Passes over the next unit if it is this one. */
  private pass(unit: i32): bool {
    const found = this.peek() == unit;
    if (found) this.position++;
    return found;
  }

  /** The next unit; -1 at the end. */
  private peek(): i32 {
    return this.text.charCodeAt(this.position);
  }

  private wanted(what: string): void {
    if (this.faulty) return;
    const at = this.position;
    let found = ", where the text ends";
    if (at < this.text.length) found = ", found " + quote(String.fromCodePoint(this.text.codePointAt(at)), "'");
    this.fault(what + " wanted at offset " + this.offset().toString() + found);
  }

  private fault(message: string): void {
    fail<bool>("not JSON: " + message);
    this.faulty = true;
    this.position = this.text.length;
  }

  /** The position in bytes of UTF-8. */
  private offset(): i32 {
    return String.UTF8.byteLength(this.text.substring(0, this.position));
  }
}

/** Whether white space between tokens may hold this unit. */
// @ts-ignore: decorator
@inline
export function isSpace(unit: i32): bool {
  return unit == 0x20 || unit == 0x09 || unit == 0x0a || unit == 0x0d;
}

// @ts-ignore: decorator
@inline
export function isDigit(unit: i32): bool {
  return <u32>(unit - DIGIT_0) < 10;
}

/** What stands between the quotes of a checked string, with its escapes replaced. */
export function unescape(text: string, start: i32, end: i32): string {
  let escape = backslash(text, start, end);
  if (escape == end) return text.substring(start, end);
  const plain = new TextBuffer(end - start);
  let at = start;
  while (escape < end) {
    plain.append(text, at, escape);
    plain.push(escapedUnit(text, escape));
    // A pair of surrogates is two escapes, and two units.
    at = escape + (text.charCodeAt(escape + 1) == LETTER_U ? 6 : 2);
    escape = backslash(text, at, end);
  }
  plain.append(text, at, end);
  return plain.take();
}

/** Where the first backslash stands; `end` if there is none. */
function backslash(text: string, start: i32, end: i32): i32 {
  let at = start;
  while (at < end && text.charCodeAt(at) != BACKSLASH) at++;
  return at;
}

/** How many units the escape at `at` has, up to its character's end; 0: it is none. */
function escapeLength(text: string, at: i32): i32 {
  const unit = escapedUnit(text, at);
  if (unit < 0) return 0;
  if (text.charCodeAt(at + 1) != LETTER_U) return 2;
  if ((unit & 0xf800) != 0xd800) return 6;
  // Characters beyond 16 bits are two escapes, a high and a low surrogate.
  const isPair = unit < 0xdc00 && text.charCodeAt(at + 6) == BACKSLASH && text.charCodeAt(at + 7) == LETTER_U;
  return isPair && (codeUnit(text, at + 8) & ~0x3ff) == 0xdc00 ? 12 : 0;
}

/** What the escape at `at` stands for; -1: it is none. */
function escapedUnit(text: string, at: i32): i32 {
  const letter = text.charCodeAt(at + 1);
  switch (letter) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // slash
      return letter;
    case 0x62: // b
      return 0x08;
    case 0x66: // f
      return 0x0c;
    case 0x6e: // n
      return 0x0a;
    case 0x72: // r
      return 0x0d;
    case 0x74: // t
      return 0x09;
    case LETTER_U:
      return codeUnit(text, at + 2);
    default:
      return -1;
  }
}

/** The value of four hexadecimal digits; -1: there are none. */
function codeUnit(text: string, at: i32): i32 {
  let unit = 0;
  for (let i = at; i < at + 4; i++) {
    const digit = hexValue(text.charCodeAt(i));
    if (digit < 0) return -1;
    unit = (unit << 4) | digit;
  }
  return unit;
}
