import { liftEntries, liftOption, wellFormed } from "./abi";
import * as host from "./imports";

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
 * What a converter may know beside the frame or the message. Reading a fact
 * costs a host call; what is not read costs nothing.
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
}
