/**
 * Write converters for `tb-tcp` in AssemblyScript.
 *
 * A converter translates between the bytes of one kind of device and
 * ThingsBoard's terms. Its entry file exports `decode`, `encode` or both:
 *
 * ```ts
 * import { Context, Entity, fail, parseDouble, text } from "tb-converter";
 *
 * // Decodes frames such as `SN-002;25.7`.
 * export function decode(frame: Uint8Array, context: Context): Entity[] {
 *   const fields = text(frame).split(";");
 *   if (fields.length != 2) return fail("a semicolon is missing");
 *   const entity = Entity.device(fields[0], "thermometer");
 *   entity.telemetry("temperature", parseDouble(fields[1]));
 *   const site = context.metadata("site");
 *   if (site) entity.attribute("site", site);
 *   return [entity];
 * }
 * ```
 *
 * - `Entity`, `Sample`, `KeyValue`, `Value`: what a frame says.
 * - `Message`: what ThingsBoard says.
 * - `Context`: metadata of the integration, the connection or the message.
 * - `fail`: the frame cannot be translated, and why.
 * - `log`: lines for the host's log.
 *
 * - `ByteReader`, `bits`, `bcd`, `scale`, `hex`, `base64`, `crc…`,
 *   `unixMillis`: what binary protocols are made of.
 *
 * What a converter may do and what the host does with it is written in the
 * contract, `wit/converter.wit`.
 */
export { base64 } from "./assembly/base64";
export { bcd, bits, scale } from "./assembly/bits";
export { Context, Fact } from "./assembly/context";
export { crc16Arc, crc16Kermit, crc16Modbus, crc16X25, crc32 } from "./assembly/crc";
export { Entity, EntityKind, KeyValue, Sample } from "./assembly/entity";
export { fail, failed } from "./assembly/error";
export { hex } from "./assembly/hex";
export { log } from "./assembly/log";
export { Message } from "./assembly/message";
export { parseDouble, parseLong, parseNumber } from "./assembly/number";
export { ByteReader } from "./assembly/reader";
export { bytes, quote, text } from "./assembly/text";
export { fromUnixSeconds, unixMillis } from "./assembly/time";
export { Value, ValueKind } from "./assembly/value";
