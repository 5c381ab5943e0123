/**
 * A converter of both directions that shows what the SDK for AssemblyScript
 * does: a frame names what is to happen, the golden cases beside it say what
 * has to come of it.
 */
import {
  Context,
  Entity,
  Message,
  Value,
  base64,
  bcd,
  bits,
  ByteReader,
  bytes,
  crc16Arc,
  crc16Kermit,
  crc16Modbus,
  crc16X25,
  crc32,
  fail,
  hex,
  log,
  parseDouble,
  parseLong,
  parseNumber,
  scale,
  text,
  unixMillis,
} from "tb-converter";

export function decode(frame: Uint8Array, context: Context): Entity[] {
  const line = text(frame);
  const comma = line.indexOf(",");
  const what = comma < 0 ? line : line.substring(0, comma);
  const rest = comma < 0 ? "" : line.substring(comma + 1);
  const entity = Entity.device("probe", what);

  if (what == "nothing") return [];
  if (what == "everything") return everything();
  if (what == "echo") return [entity.attribute("text", rest)];
  if (what == "cut") return [cut(entity, rest)];
  if (what == "metadata") return [facts(entity, context)];
  if (what == "log") {
    log.trace("one 😀");
    log.debug("two");
    log.info("three");
    log.warn("four");
    log.error("five");
    return [entity];
  }
  if (what == "throw") throw new Error("thrown: 水");
  if (what == "failures") {
    fail("the first");
    return fail("the second");
  }
  if (what == "numbers") return [numbers(entity, rest)];
  if (what == "double") return [entity.telemetry("double", parseDouble(rest))];
  if (what == "long") return [entity.telemetry("long", parseLong(rest))];
  if (what == "reader") return [reader(entity, hex.decode(rest))];
  if (what == "loop") {
    const bytes = new ByteReader(hex.decode(rest));
    while (bytes.remaining > 0) bytes.u16be();
    return [entity];
  }
  if (what == "base64") return [entity.attribute("hex", hex.encode(base64.decode(rest)))];
  if (what == "helpers") return [helpers(entity)];
  if (what == "bcd") return [entity.attribute("bcd", <i64>bcd(hex.decode(rest)))];
  if (what == "time") {
    const part = rest.split("-");
    return [entity.attribute("ms", unixMillis(<i32>parseLong(part[0]), <i32>parseLong(part[1]), <i32>parseLong(part[2])))];
  }
  if (what == "many") {
    const entities: Entity[] = [];
    for (let i = 0; i < 1000; i++) entities.push(Entity.device("d" + i.toString(), "").telemetry("i", i));
    return entities.slice(0, 3);
  }
  return fail("unknown: " + what);
}

export function encode(message: Message, context: Context): Uint8Array[] {
  if (message.msgType == "FAIL") return fail<Uint8Array[]>("cannot encode " + message.body);
  if (message.msgType == "NONE") return [];
  const name = context.metadata("deviceName");
  const site = context.integrationMetadata("site");
  return [
    bytes(message.msgType + " " + message.body),
    bytes((name ? name : "nobody") + " at " + (site ? site : "nowhere")),
    hex.decode("00 ff 80"),
    new Uint8Array(0),
  ];
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

/** Halves of surrogate pairs, as cutting text between them leaves behind. */
function cut(entity: Entity, pair: string): Entity {
  log.info(pair.charAt(0));
  return entity
    .attribute("lead", pair.charAt(0))
    .attribute("trail" + pair.charAt(1), pair.charAt(1) + pair)
    .attribute("middle", "a" + pair.charAt(0) + "b" + pair);
}

function facts(entity: Entity, context: Context): Entity {
  const site = context.metadata("site");
  const none = context.metadata("none");
  const empty = context.metadata("");
  const own = context.integrationMetadata("site");
  if (site) entity.attribute("site", site);
  entity.attribute("none", none === null).attribute("noKey", empty === null);
  if (own) entity.attribute("own", own);
  const entries = context.metadataEntries();
  for (let i = 0; i < entries.length; i++) entity.attribute("entry " + entries[i].key, entries[i].value);
  return entity;
}

/** Which number each of the texts is. */
function numbers(entity: Entity, line: string): Entity {
  const texts = line.split(",");
  for (let i = 0; i < texts.length; i++) {
    const number = parseNumber(texts[i]);
    entity.attribute("of " + texts[i], number ? number : Value.text("none"));
  }
  return entity;
}

/** All kinds of fields, each from the frame's start. */
function reader(entity: Entity, frame: Uint8Array): Entity {
  const all = new ByteReader(frame);
  entity.attribute("u8", new ByteReader(frame).u8());
  entity.attribute("i8", new ByteReader(frame).i8());
  entity.attribute("u16le", new ByteReader(frame).u16le());
  entity.attribute("u16be", new ByteReader(frame).u16be());
  entity.attribute("i16le", new ByteReader(frame).i16le());
  entity.attribute("i16be", new ByteReader(frame).i16be());
  entity.attribute("u32le", new ByteReader(frame).u32le());
  entity.attribute("u32be", new ByteReader(frame).u32be());
  entity.attribute("i32le", new ByteReader(frame).i32le());
  entity.attribute("i32be", new ByteReader(frame).i32be());
  entity.attribute("u64le", <i64>new ByteReader(frame).u64le());
  entity.attribute("i64be", new ByteReader(frame).i64be());
  entity.attribute("f32le", new ByteReader(frame).f32le());
  entity.attribute("f32be", new ByteReader(frame).f32be());
  entity.attribute("f64le", new ByteReader(frame).f64le());
  entity.attribute("f64be", new ByteReader(frame).f64be());
  all.skip(6);
  entity.attribute("bytes", hex.encode(all.bytes(2)));
  entity.attribute("text", all.text(3));
  entity.attribute("offset", all.offset).attribute("remaining", all.remaining);
  return entity;
}

function helpers(entity: Entity): Entity {
  const check = bytes("123456789");
  return entity
    .attribute("arc", crc16Arc(check))
    .attribute("modbus", crc16Modbus(check))
    .attribute("x25", crc16X25(check))
    .attribute("kermit", crc16Kermit(check))
    .attribute("crc32", crc32(check))
    .attribute("base64", base64.encode(check) + " " + base64.encode(bytes("ab")) + " " + base64.encode(bytes("a")))
    .attribute("bits", <i64>bits(0b1011_0100, 2, 4))
    .attribute("allBits", <i64>bits(u64.MAX_VALUE, 0, 64))
    .attribute("scaled", scale(257, 0.1, -5))
    .attribute("epoch", unixMillis(1970, 1, 1))
    .attribute("leap", unixMillis(2024, 2, 29, 23, 59, 59))
    .attribute("march", unixMillis(2000, 3, 1));
}
