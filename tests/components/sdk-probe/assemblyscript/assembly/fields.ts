/** The reader and the writer, step by step. */
import { ByteReader, ByteWriter, encoding, number, Value } from "tb-converter";

import { integer, unknown, unsigned } from "./functions";

/** Reads a frame step by step, and gives what the last of them read. */
export function ofReader(words: string[]): Value {
  const reader = new ByteReader(encoding.hexToBytes(words[0]));
  let value = Value.text("");
  for (let i = 1; i < words.length; i++) value = step(reader, words[i]);
  return value;
}

function step(reader: ByteReader, step: string): Value {
  const parts = step.split(":");
  const name = parts[0];
  if (name == "position") return Value.from(reader.position);
  if (name == "remaining") return Value.from(reader.remaining);
  if (name == "isEmpty") return Value.from(reader.isEmpty);
  if (name == "peek") return Value.from(reader.peek());
  if (name == "rest") return Value.text(encoding.bytesToHex(reader.rest()));
  if (name == "bytes") return Value.text(encoding.bytesToHex(reader.bytes(integer(parts, 1))));
  if (name == "text") return Value.text(reader.text(integer(parts, 1)));
  if (name == "skip") {
    reader.skip(integer(parts, 1));
    return Value.from(reader.position);
  }
  if (name == "end") {
    reader.end();
    return Value.from(reader.position);
  }
  if (name == "u8") return Value.from(reader.u8());
  if (name == "i8") return Value.from(reader.i8());
  if (name == "u16Le") return Value.from(reader.u16Le());
  if (name == "u16Be") return Value.from(reader.u16Be());
  if (name == "i16Le") return Value.from(reader.i16Le());
  if (name == "i16Be") return Value.from(reader.i16Be());
  if (name == "u24Le") return Value.from(reader.u24Le());
  if (name == "u24Be") return Value.from(reader.u24Be());
  if (name == "u32Le") return Value.from(reader.u32Le());
  if (name == "u32Be") return Value.from(reader.u32Be());
  if (name == "i32Le") return Value.from(reader.i32Le());
  if (name == "i32Be") return Value.from(reader.i32Be());
  if (name == "u64Le") return unsigned(reader.u64Le());
  if (name == "u64Be") return unsigned(reader.u64Be());
  if (name == "i64Le") return Value.from(reader.i64Le());
  if (name == "i64Be") return Value.from(reader.i64Be());
  if (name == "f32Le") return Value.from(reader.f32Le());
  if (name == "f32Be") return Value.from(reader.f32Be());
  if (name == "f64Le") return Value.from(reader.f64Le());
  if (name == "f64Be") return Value.from(reader.f64Be());
  return unknown("step", name);
}

/** Writes a frame step by step, and gives it as hexadecimal text, or what the last step asked for. */
export function ofWriter(words: string[]): Value {
  let writer = new ByteWriter();
  for (let i = 0; i < words.length; i++) {
    if (words[i] == "") continue;
    if (words[i] == "length") return Value.from(writer.length);
    if (words[i] == "isEmpty") return Value.from(writer.isEmpty);
    const colon = words[i].indexOf(":");
    writer = written(writer, words[i].substring(0, colon), words[i].substring(colon + 1));
  }
  return Value.text(encoding.bytesToHex(writer.finish()));
}

function written(writer: ByteWriter, name: string, argument: string): ByteWriter {
  if (name == "bytes") return writer.bytes(encoding.hexToBytes(argument));
  if (name == "text") return writer.text(argument);
  if (name == "f32Le") return writer.f32Le(<f32>number.parseDouble(argument));
  if (name == "f32Be") return writer.f32Be(<f32>number.parseDouble(argument));
  if (name == "f64Le") return writer.f64Le(number.parseDouble(argument));
  if (name == "f64Be") return writer.f64Be(number.parseDouble(argument));
  if (name == "u64Le") return writer.u64Le(number.parseHex(argument));
  if (name == "u64Be") return writer.u64Be(number.parseHex(argument));
  const value = number.parseLong(argument);
  if (name == "u8") return writer.u8(<u8>value);
  if (name == "i8") return writer.i8(<i8>value);
  if (name == "u16Le") return writer.u16Le(<u16>value);
  if (name == "u16Be") return writer.u16Be(<u16>value);
  if (name == "i16Le") return writer.i16Le(<i16>value);
  if (name == "i16Be") return writer.i16Be(<i16>value);
  if (name == "u24Le") return writer.u24Le(<u32>value);
  if (name == "u24Be") return writer.u24Be(<u32>value);
  if (name == "u32Le") return writer.u32Le(<u32>value);
  if (name == "u32Be") return writer.u32Be(<u32>value);
  if (name == "i32Le") return writer.i32Le(<i32>value);
  if (name == "i32Be") return writer.i32Be(<i32>value);
  if (name == "i64Le") return writer.i64Le(value);
  if (name == "i64Be") return writer.i64Be(value);
  unknown("step", name);
  return writer;
}
