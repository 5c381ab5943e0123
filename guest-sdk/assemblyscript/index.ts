/**
 * Write converters for `tb-tcp` in AssemblyScript.
 *
 * A converter translates between the bytes of one kind of device and
 * ThingsBoard's terms. Its entry file exports `decode`, `encode` or both. Beside
 * `decode` it may export `onConnect`, `onIdle` and `onClose`, which follow a
 * connection, and `cut`, which finds frames in its bytes:
 *
 * ```ts
 * import { Context, Entity, fail, number, text } from "tb-converter";
 *
 * // Decodes frames such as `SN-002;25.7`.
 * export function decode(frame: Uint8Array, context: Context): Entity[] {
 *   const fields = text(frame).split(";");
 *   if (fields.length != 2) return fail("a semicolon is missing");
 *   const entity = Entity.device(fields[0], "thermometer");
 *   entity.telemetry("temperature", number.parseDouble(fields[1]));
 *   const site = context.metadata("site");
 *   if (site) entity.attribute("site", site);
 *   return [entity];
 * }
 * ```
 *
 * What a converter may do and what the host does with it is written in the
 * contract, `wit/converter.wit`.
 *
 * - `Entity`, `Sample`, `KeyValue`, `Value`: what a frame says.
 * - `Message`: what ThingsBoard says; `RpcCall`: a call of its, taken apart.
 * - `Context`: metadata of the integration, the connection or the message, and
 *   what a call can do on its connection; `OLDEST`: a call whose id nobody knows.
 * - `Step`: what `cut` says.
 * - `fail`: the frame cannot be translated, and why.
 * - `log`: lines for the host's log.
 * - `text`, `ByteReader`, `bits`, `checksum`, `encoding`, `Json`, `number`,
 *   `CivilTime`: what decoders need.
 * - `bytes`, `ByteWriter`: what encoders need.
 *
 * Names and texts are those of the SDK for Rust: its snake_case is camelCase
 * here, a module's functions are in a namespace, and its types are imported by
 * their own names. Where Rust returns an error, these fail.
 */
export { OLDEST } from "./assembly/answer";
export { bits } from "./assembly/bits";
export { checksum } from "./assembly/checksum";
export { Context, Fact } from "./assembly/context";
export { encoding } from "./assembly/encoding";
export { Entity, EntityKind, KeyValue, Sample } from "./assembly/entity";
export { fail, failed } from "./assembly/error";
export { Json, json, JsonEntry } from "./assembly/json";
export { log } from "./assembly/log";
export { Message } from "./assembly/message";
export { number } from "./assembly/number";
export { ByteReader } from "./assembly/reader";
export { RpcCall } from "./assembly/rpc";
export { Step } from "./assembly/step";
export { bytes, quote, text } from "./assembly/text";
export { CivilTime } from "./assembly/time";
export { Value, ValueKind } from "./assembly/value";
export { ByteWriter } from "./assembly/writer";
