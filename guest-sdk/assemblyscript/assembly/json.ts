import { TextBuffer } from "./buffer";
import { fail } from "./error";
import {
  BACKSLASH,
  isDigit,
  isSpace,
  MINUS,
  OPENING_BRACE,
  OPENING_BRACKET,
  QUOTE,
  Scanner,
  unescape,
} from "./json/scan";
import { number } from "./number";
import { Value, ValueKind } from "./value";

/** A key of an object and its value. */
export class JsonEntry {
  constructor(
    /** The key, escapes replaced. */
    readonly key: string,
    /** Its value. */
    readonly value: Json,
  ) {}
}

/**
 * A piece of JSON: a whole text, or a value in it.
 *
 * Nothing is copied or converted until it is asked for: a piece is a part of a
 * text that was checked once. That keeps numbers, and nested objects that are
 * stored as they are, as the device wrote them.
 *
 * Looking something up reads the text again from the start of the object or
 * array, which is cheap for the tens of values that a frame has. Who wants all
 * of them takes `entries` or `elements`.
 *
 * ```ts
 * const json = Json.parse('{ "sn": "SN-002", "t": 25.7, "fan": {"on": true} }');
 * const sn = json.get("sn");
 * const name = sn ? sn.string() : null;
 * if (!name) return fail("sn is not text");
 * const entity = Entity.device(name, "thermometer");
 * const entries = json.entries();
 * for (let i = 0; i < entries.length; i++) {
 *   const value = entries[i].value.value();
 *   if (value && entries[i].key != "sn") entity.telemetry(entries[i].key, value);
 * }
 * ```
 */
export class Json {
  private constructor(
    /** What this is a piece of: one value from `start` to `end`, without white space around it. */
    private readonly whole: string,
    private readonly start: i32,
    private readonly end: i32,
  ) {}

  /**
   * Checks a text that is one JSON value, with white space around it or not.
   *
   * Fails if it is not, and says at which offset, in bytes of UTF-8 from 0, and
   * what was wanted there; also if arrays and objects are nested deeper than
   * 128, and if a `\u` escape is half of a character. Then it returns `null`.
   */
  static parse(text: string): Json {
    const scanner = new Scanner(text, 0);
    const json = Json.next(text, scanner);
    scanner.end();
    return scanner.faulty ? new Json("null", 0, 4) : json;
  }

  /** The text of this value, as it was written. */
  get text(): string {
    return this.whole.substring(this.start, this.end);
  }

  /** The value of a key, if this is an object that has it. The last one, if it has several. */
  get(key: string): Json | null {
    let found: Json | null = null;
    if (!this.isObject) return found;
    const scanner = new Scanner(this.whole, this.start + 1);
    while (scanner.nextEntry()) {
      const isWanted = scanner.isEntryOf(key);
      const value = Json.next(this.whole, scanner);
      if (isWanted) found = value;
    }
    return found;
  }

  /** The keys and values of an object, in the order of the text; none of what is no object. */
  entries(): JsonEntry[] {
    const entries: JsonEntry[] = [];
    if (!this.isObject) return entries;
    const scanner = new Scanner(this.whole, this.start + 1);
    while (scanner.nextEntry()) {
      const key = scanner.entryKey();
      entries.push(new JsonEntry(key, Json.next(this.whole, scanner)));
    }
    return entries;
  }

  /** The elements of an array; none of what is no array. */
  elements(): Json[] {
    const elements: Json[] = [];
    if (!this.isArray) return elements;
    const scanner = new Scanner(this.whole, this.start + 1);
    while (scanner.nextElement()) elements.push(Json.next(this.whole, scanner));
    return elements;
  }

  /** The text of a string, escapes replaced; null for what is no string. */
  string(): string | null {
    return this.first == QUOTE ? unescape(this.whole, this.start + 1, this.end - 1) : null;
  }

  /** A number without fraction and exponent, if it fits; fails on all else. */
  long(): i64 {
    const number = this.number();
    if (number && number.kind == ValueKind.Long) return number.integer;
    return fail<i64>(this.insteadOf("a long"));
  }

  /** Any number as a double; fails on what is no number, or too great. */
  double(): f64 {
    const number = this.number();
    if (!number) return fail<f64>(this.insteadOf("a double"));
    if (number.kind == ValueKind.Double) return number.number;
    // A long has no zero below zero.
    return copysign(<f64>number.integer, this.first == MINUS ? -1 : 1);
  }

  /** `true` or `false`; fails on all else. */
  boolean(): bool {
    return this.isBoolean ? this.first == LETTER_T : fail<bool>(this.insteadOf("a boolean"));
  }

  /** Whether `long` finds one. */
  get isLong(): bool {
    const number = this.number();
    return number !== null && number.kind == ValueKind.Long;
  }

  /** Whether `double` finds one. */
  get isDouble(): bool {
    return this.number() !== null;
  }

  /** Whether this is `true` or `false`. */
  get isBoolean(): bool {
    return this.first == LETTER_T || this.first == LETTER_F;
  }

  /** Whether this is `null`. */
  get isNull(): bool {
    return this.first == LETTER_N;
  }

  /** Whether this is an object. */
  get isObject(): bool {
    return this.first == OPENING_BRACE;
  }

  /** Whether this is an array. */
  get isArray(): bool {
    return this.first == OPENING_BRACKET;
  }

  /**
   * The value with ThingsBoard's type: objects and arrays as they are written.
   * null for `null`, and for a number too great for a double.
   */
  value(): Value | null {
    if (this.isNull) return null;
    if (this.isBoolean) return Value.boolean(this.boolean());
    if (this.isObject || this.isArray) return Value.json(this.text);
    const text = this.string();
    return text !== null ? Value.text(text) : this.number();
  }

  /** The text without the white space between its tokens, which makes it one line. */
  compact(): string {
    return withoutSpace(this.whole, this.start, this.end);
  }

  /** The value that the scanner comes to. */
  private static next(whole: string, scanner: Scanner): Json {
    const start = scanner.value();
    return new Json(whole, start, scanner.position);
  }

  /** The first unit, by which each kind of value is known. */
  private get first(): i32 {
    return this.whole.charCodeAt(this.start);
  }

  /** A number with its type; null for what is none, or too great. */
  private number(): Value | null {
    return this.first == MINUS || isDigit(this.first) ? number.parse(this.text) : null;
  }

  private insteadOf(wanted: string): string {
    return wanted + " wanted, found " + (this.isObject ? "an object" : this.isArray ? "an array" : this.text);
  }
}

/** What works on JSON text that nobody checked. */
export namespace json {
  /**
   * JSON text without the white space between its tokens. Numbers and escapes
   * stay as they are written; the text is not checked.
   */
  export function compact(text: string): string {
    return withoutSpace(text, 0, text.length);
  }
}

const LETTER_F: i32 = 0x66;
const LETTER_N: i32 = 0x6e;
const LETTER_T: i32 = 0x74;

function withoutSpace(text: string, start: i32, end: i32): string {
  const line = new TextBuffer(end - start);
  let inString = false;
  let escaped = false;
  for (let i = start; i < end; i++) {
    const unit = text.charCodeAt(i);
    if (inString) {
      inString = escaped || unit != QUOTE;
      escaped = !escaped && unit == BACKSLASH;
    } else if (isSpace(unit)) {
      continue;
    } else {
      inString = unit == QUOTE;
    }
    line.push(unit);
  }
  return line.take();
}
