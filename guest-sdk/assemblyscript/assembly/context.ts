import { liftBytes, liftEntries, liftOption, wellFormed } from "./abi";
import { answerWithError, answerWithValue, requestIdOf } from "./answer";
import * as host from "./imports";
import { Value } from "./value";

/** A key of the metadata and what it says. */
export class Fact {
  constructor(
    /** The key. */
    readonly key: string,
    /** Its value. */
    readonly value: string,
  ) {}
}

/** Where the host writes what it answers: an option of text at most. */
const AREA = memory.data(12, 4);

/**
 * What a converter may know beside the frame or the message, and what it can do
 * on the connection. Reading a fact costs a host call; what is not read costs
 * nothing.
 *
 * What a call asks for on its connection happens if the call succeeds, and not
 * at all if it fails.
 */
export class Context {
  /**
   * *Uplink*: the integration's metadata of that key, `integrationName`, or a
   * fact about the connection: `remoteAddress`, `remotePort`, `localPort`.
   * *Downlink*: the message's metadata of that key, such as `deviceName`,
   * `deviceType` or `scope`; and attributes of the device, client ones as
   * `cs_KEY`, server ones as `ss_KEY`, shared ones as `shared_KEY`, for which the
   * host asks ThingsBoard when one is read. null: there is none.
   */
  metadata(key: string): string | null {
    const sent = wellFormed(key);
    host.metadata(changetype<usize>(sent), sent.length, AREA);
    return liftOption(AREA);
  }

  /** All that `metadata` knows, ordered by key. */
  metadataEntries(): Fact[] {
    host.metadataEntries(AREA);
    return liftEntries(AREA);
  }

  /**
   * *Downlink*: the integration's metadata of that key, or `integrationName`.
   * *Uplink*: the same as `metadata` without the facts about the connection.
   */
  integrationMetadata(key: string): string | null {
    const sent = wellFormed(key);
    host.integrationMetadata(changetype<usize>(sent), sent.length, AREA);
    return liftOption(AREA);
  }

  /**
   * The session value of the connection: what the last call on it that
   * succeeded has set, or what this one has. Empty for a connection that is new.
   *
   * This is where the identity from a login packet belongs: a converter has no
   * memory of its own. It is gone with the connection.
   */
  session(): Uint8Array {
    host.session(AREA);
    return liftBytes(load<usize>(AREA), load<i32>(AREA, 4));
  }

  /**
   * Replaces the session value. More bytes than the setting `maxSessionBytes`
   * (4096 by default) fail the call.
   */
  setSession(value: Uint8Array): void {
    host.setSession(value.dataStart, value.length);
  }

  /**
   * Sends bytes to the device, as they are: nothing is appended. What several
   * calls of this function or of one connection say goes out in their order.
   *
   * *Uplink*: the setting `replyWhen` decides when, by default when what the
   * frame says is stored on the host's disk. *Downlink*: before the frames that
   * the converter returns.
   */
  reply(bytes: Uint8Array): void {
    host.reply(bytes.dataStart, bytes.length);
  }

  /**
   * Closes the connection when everything that was replied has been sent. Frames
   * behind the one at hand are dropped.
   */
  close(): void {
    host.close();
  }

  /**
   * *Downlink*: which call this is, for a device that sends a number back with
   * its answer: `answerRpc` takes it. `OLDEST` if the message is no call.
   */
  requestId(): i64 {
    return requestIdOf(this.metadata("requestId"));
  }

  /**
   * *Downlink*: the device will answer the two-way call at hand, and an uplink
   * will hand the answer over by `answerRpc`. Without this ThingsBoard is told
   * `{}` once the bytes are sent.
   */
  expectAnswer(): void {
    host.expectAnswer();
  }

  /**
   * Answers a two-way call of ThingsBoard's that waits for the answer of the
   * device `deviceName`: the one with `requestId`, which the downlink converter
   * found with `requestId()`, or with `OLDEST` the one that has waited
   * for longest. An answer that comes too late, or for which nobody asked, is
   * reported in the log. Fails if the id does not fit 32 bits. For the types of
   * `response` see `Value.from`.
   */
  answerRpc<T>(deviceName: string, requestId: i64, response: T): void {
    answerWithValue(deviceName, requestId, Value.from<T>(response));
  }

  /** As `answerRpc`, for a device that could not do what was asked. */
  failRpc(deviceName: string, requestId: i64, error: string): void {
    answerWithError(deviceName, requestId, error);
  }
}
