/**
 * A converter of both directions that calls each function of the SDK for
 * AssemblyScript, as `../../rust` does for Rust.
 *
 * A frame is an operation, a space and its arguments; the golden cases beside
 * both say what comes of it. The operation `try` runs the lines that follow it
 * one by one and keeps what each gives, or its error, as an attribute.
 */
import {
  ByteReader,
  bytes,
  ByteWriter,
  Context,
  encoding,
  Entity,
  fail,
  failed,
  log,
  Message,
  OLDEST,
  quote,
  RpcCall,
  text,
  Value,
} from "tb-converter";
import { KeyValue } from "tb-converter/assembly/entity";
import { takeFailure } from "tb-converter/assembly/error";
import { ValueKind } from "tb-converter/assembly/value";

import { asked, askedOnTheWay } from "./connection";
import { ofReader, ofWriter } from "./fields";
import { ofBits, ofChecksum, ofEncoding, ofNumber, ofTime, unknown } from "./functions";
import { jsonProbe } from "./json";
import { keep } from "./keep";
import { ofMessage, ofRpcCall, sampled, shown as shownCall } from "./rpc";

/** Where keys are cut that the host would refuse; those are of ASCII. */
const MAX_KEY: i32 = 254;

export { cut, onConnect, onIdle } from "./connection";

export function decode(frame: Uint8Array, context: Context): Entity[] {
  const line = text(frame);
  const operation = firstWord(line);
  const rest = line.substring(operation.length + 1);
  const entity = Entity.device("probe", operation);

  if (operation == "nothing") return [];
  if (operation == "everything") return everything();
  if (operation == "many") return many();
  if (operation == "metadata") return [facts(entity, context)];
  if (operation == "log") return [logged(entity)];
  if (operation == "sample") return [sampled(entity)];
  if (operation == "connection") return [asked(entity, rest, context)];
  if (operation == "try") return [storable(tried(entity, rest))];
  if (operation == "json") return [storable(jsonProbe(entity, rest))];
  if (operation == "keep") return [keep(entity, rest)];
  if (operation == "throw") throw new Error("thrown: 水");
  if (operation == "index") return [entity.attribute("value", frame[frame.length])];
  if (operation == "halves") return [halves(entity, rest, context)];
  if (operation == "loop") return [loop(entity, rest)];
  return [storable(entity.attribute("value", called(operation, rest)))];
}

export function encode(message: Message, context: Context): Uint8Array[] {
  if (message.msgType == "FAIL") return fail<Uint8Array[]>("cannot encode " + message.body);
  if (message.msgType == "NONE") return [];
  const call = message.rpcCall();
  if (call) return calledBy(call, context);
  const name = context.metadata("deviceName");
  const site = context.integrationMetadata("site");
  const limit = context.metadata("ss_limit");
  const place = (name ? name : "nobody") + " at " + (site ? site : "nowhere");
  return [
    bytes(message.msgType + " " + message.body),
    bytes(limit ? place + ", limit " + limit : place),
    new ByteWriter().u8(0).i16Be(-128).finish(),
    new Uint8Array(0),
  ];
}

/** What a call of ThingsBoard's sends to the device. */
function calledBy(call: RpcCall, context: Context): Uint8Array[] {
  if (call.method == "connection") {
    const params = call.params;
    const lines = params ? params.string() : null;
    return askedOnTheWay(lines ? lines : "", context);
  }
  return [bytes(call.method == "arguments" ? call.arguments(" ") : shownCall(call))];
}

/** What stands before the first space or line feed. */
function firstWord(line: string): string {
  for (let i = 0; i < line.length; i++) {
    if (line.charCodeAt(i) == 0x20 || line.charCodeAt(i) == 0x0a) return line.substring(0, i);
  }
  return line;
}

function tried(entity: Entity, lines: string): Entity {
  const all = lines.split("\n");
  for (let i = 0; i < all.length; i++) {
    // What stands in for a result after a failure.
    const after = all[i].startsWith("after ");
    const line = after ? all[i].substring(6) : all[i];
    const operation = firstWord(line);
    const value = called(operation, line.substring(operation.length + 1));
    const failure = takeFailure();
    entity.attribute(all[i], failure === null || after ? value : Value.text("error: " + failure));
  }
  return entity;
}

/** The entity as the host takes it: long keys are cut, and `\0` stands for NUL. */
function storable(entity: Entity): Entity {
  const pairs = entity.attributes;
  for (let i = 0; i < pairs.length; i++) {
    const value = pairs[i].value;
    const key = shown(pairs[i].key);
    const kept = value.kind == ValueKind.Text ? Value.text(shown(value.text)) : value;
    pairs[i] = new KeyValue(key.length > MAX_KEY ? key.substring(0, MAX_KEY) + "…" : key, kept);
  }
  return entity;
}

function shown(text: string): string {
  return text.replaceAll("\0", "\\0");
}

/** What one operation gives. */
function called(operation: string, rest: string): Value {
  const words = rest.split(" ");
  const dot = operation.indexOf(".");
  const module = dot < 0 ? operation : operation.substring(0, dot);
  const name = operation.substring(module.length + 1);

  if (module == "bits") return ofBits(name, words);
  if (module == "checksum") return ofChecksum(name, encoding.hexToBytes(rest));
  if (module == "encoding") return ofEncoding(name, rest);
  if (module == "number") return ofNumber(name, rest, words);
  if (module == "CivilTime") return ofTime(name, rest, words);
  if (module == "Message") return ofMessage(name, words);
  if (module == "RpcCall") return ofRpcCall(name, words);
  if (operation == "ByteReader") return ofReader(words);
  if (operation == "ByteWriter") return ofWriter(words);
  if (operation == "text") return Value.text(text(encoding.hexToBytes(rest)));
  if (operation == "echo") return Value.text(rest);
  if (operation == "quote") return Value.text(quote(rest));
  if (operation == "fail") {
    const before = failed();
    fail<bool>(rest);
    // Of several errors the first counts.
    if (!before && failed()) fail<bool>("the second");
    return Value.text("");
  }
  return unknown("operation", operation);
}

function everything(): Entity[] {
  const asset = Entity.asset("Halle 水 😀", "")
    .label("a label")
    .customer("a customer")
    .group("a group")
    .telemetry("boolean", true)
    .telemetryAt(1700000000000, "byte", <u8>255)
    .telemetry("long", i64.MIN_VALUE)
    .telemetryAt(1700000000000, "float", <f32>0.5)
    .telemetryAt(-1, "double", 25.7)
    .attribute("text", "7")
    .attribute("json", Value.json('{"a":[1]}'))
    .attribute("twice", 1)
    .attribute("no", false)
    .attribute("twice", "new")
    .attribute("empty", "");
  return [asset, Entity.device("SN-002", "default")];
}

function many(): Entity[] {
  const entities: Entity[] = [];
  for (let i = 0; i < 1000; i++) entities.push(Entity.device("d" + i.toString(), "").telemetry("i", i));
  return entities.slice(0, 3);
}

function facts(entity: Entity, context: Context): Entity {
  const site = context.metadata("site");
  const own = context.integrationMetadata("site");
  if (site) entity.attribute("site", site);
  if (own) entity.attribute("own", own);
  entity
    .attribute("none", context.metadata("none") === null)
    .attribute("noKey", context.metadata("") === null)
    .attribute("ownPort", context.integrationMetadata("remotePort") === null);
  const entries = context.metadataEntries();
  for (let i = 0; i < entries.length; i++) entity.attribute("entry " + entries[i].key, entries[i].value);
  return entity;
}

function logged(entity: Entity): Entity {
  log.trace("one 😀");
  log.debug("two");
  log.info("three");
  log.warn("four");
  log.error("five");
  return entity;
}

/** Halves of surrogate pairs, as cutting text between them leaves behind. */
function halves(entity: Entity, pair: string, context: Context): Entity {
  log.info(pair.charAt(0));
  context.answerRpc(pair.charAt(0), OLDEST, pair.charAt(1));
  context.failRpc(pair, 7, pair.charAt(1));
  return entity
    .attribute("lead", pair.charAt(0))
    .attribute("trail" + pair.charAt(1), pair.charAt(1) + pair)
    .attribute("middle", "a" + pair.charAt(0) + "b" + pair)
    .attribute("written", encoding.bytesToHex(new ByteWriter().text(pair.charAt(0)).finish()))
    .attribute("quoted", quote(pair.charAt(1)));
}

/** Ends although a read fails. */
function loop(entity: Entity, hex: string): Entity {
  const reader = new ByteReader(encoding.hexToBytes(hex));
  while (!reader.isEmpty) reader.u16Be();
  return entity;
}
