/** The namespaces of functions, and times. */
import { bits, bytes, checksum, CivilTime, encoding, fail, number, quote, Value } from "tb-converter";

export function ofBits(name: string, words: string[]): Value {
  if (name == "bit") return Value.boolean(bits.bit(number.parseHex(words[0]), integer(words, 1)));
  if (name == "bits") return unsigned(bits.bits(number.parseHex(words[0]), integer(words, 1), integer(words, 2)));
  if (name == "bitsOf") {
    return unsigned(bits.bitsOf(encoding.hexToBytes(words[0]), integer(words, 1), integer(words, 2)));
  }
  if (name == "signExtend") return Value.long(bits.signExtend(number.parseHex(words[0]), integer(words, 1)));
  if (name == "bcdDigits") return Value.text(bits.bcdDigits(encoding.hexToBytes(words[0])));
  if (name == "bcdNumber") return unsigned(bits.bcdNumber(encoding.hexToBytes(words[0])));
  return unknown("function", name);
}

export function ofChecksum(name: string, counted: Uint8Array): Value {
  if (name == "crc16Arc") return Value.from(checksum.crc16Arc(counted));
  if (name == "crc16Modbus") return Value.from(checksum.crc16Modbus(counted));
  if (name == "crc16X25") return Value.from(checksum.crc16X25(counted));
  if (name == "crc16Kermit") return Value.from(checksum.crc16Kermit(counted));
  if (name == "crc32") return Value.from(checksum.crc32(counted));
  if (name == "xor") return Value.from(checksum.xor(counted));
  if (name == "sum") return Value.from(checksum.sum(counted));
  return unknown("function", name);
}

export function ofEncoding(name: string, rest: string): Value {
  // Of the bytes of a text, for which there are all.
  if (name == "bytesToHex") return Value.text(encoding.bytesToHex(bytes(rest)));
  if (name == "bytesToBase64") return Value.text(encoding.bytesToBase64(encoding.hexToBytes(rest)));
  if (name == "hexToBytes") return Value.text(encoding.bytesToHex(encoding.hexToBytes(rest)));
  if (name == "base64ToBytes") return Value.text(encoding.bytesToHex(encoding.base64ToBytes(rest)));
  return unknown("function", name);
}

export function ofNumber(name: string, rest: string, words: string[]): Value {
  if (name == "parse") {
    const parsed = number.parse(rest);
    return parsed ? parsed : Value.text("none");
  }
  if (name == "parseDouble") return Value.double(number.parseDouble(rest));
  if (name == "parseLong") return Value.long(number.parseLong(rest));
  if (name == "parseHex") return unsigned(number.parseHex(rest));
  if (name == "scale") {
    const raw = number.parseDouble(words[0]);
    return Value.double(number.scale(raw, number.parseDouble(words[1]), integer(words, 2)));
  }
  if (name == "round") return Value.double(number.round(number.parseDouble(words[0]), integer(words, 1)));
  return unknown("function", name);
}

export function ofTime(name: string, rest: string, words: string[]): Value {
  if (name == "fromBytes") return Value.text(CivilTime.fromBytes(encoding.hexToBytes(rest)).toString());
  if (name == "fromBcd") return Value.text(CivilTime.fromBcd(encoding.hexToBytes(rest)).toString());
  if (name == "fromDigits") return Value.text(CivilTime.fromDigits(rest).toString());
  if (name == "fromUnixSeconds") return Value.text(CivilTime.fromUnixSeconds(number.parseLong(rest)).toString());
  if (name == "fromUnixMillis") return Value.text(CivilTime.fromUnixMillis(number.parseLong(rest)).toString());
  const time = new CivilTime(
    integer(words, 0),
    integer(words, 1),
    integer(words, 2),
    integer(words, 3),
    integer(words, 4),
    integer(words, 5),
  );
  if (name == "new") return Value.text(time.toString());
  if (name == "unixSeconds") return Value.long(time.unixSeconds());
  if (name == "unixMillis") return Value.long(time.unixMillis());
  if (name == "year") return Value.from(time.year);
  if (name == "month") return Value.from(time.month);
  if (name == "day") return Value.from(time.day);
  if (name == "hour") return Value.from(time.hour);
  if (name == "minute") return Value.from(time.minute);
  if (name == "second") return Value.from(time.second);
  return unknown("function", name);
}

/** A `u64` may be too large for a long. */
export function unsigned(value: u64): Value {
  return Value.text(value.toString());
}

export function integer(words: string[], index: i32): i32 {
  return <i32>number.parseLong(index < words.length ? words[index] : "");
}

export function unknown(what: string, name: string): Value {
  fail<bool>("no such " + what + ": " + quote(name));
  return Value.text("");
}
