import { Value } from "./value";

/** What kind of ThingsBoard entity is meant, numbered as in the contract. */
export enum EntityKind {
  Device,
  Asset,
}

/** One key and its value. A key has 1 to 255 characters. */
export class KeyValue {
  constructor(
    /** The key. */
    readonly key: string,
    /** Its value. */
    public value: Value,
  ) {}
}

/**
 * Telemetry values that share one time.
 *
 * ```ts
 * const sample = Sample.at(1700000000000).value("speed", 57);
 * if (hasCourse) sample.put("course", 120);
 * return [Entity.device("SN-002", "default").sample(sample)];
 * ```
 */
export class Sample {
  /** One entry for each key. */
  readonly values: KeyValue[] = [];

  constructor(
    /** Whether the values have a time of their own. */
    readonly hasTs: bool,
    /** Unix time in milliseconds, if they have. */
    readonly ts: i64,
  ) {}

  /** A sample without values yet, with its time in Unix **milliseconds**. */
  static at(tsMs: i64): Sample {
    return new Sample(true, tsMs);
  }

  /** The same with the time at which the host received the frame. */
  static received(): Sample {
    return new Sample(false, 0);
  }

  /**
   * Adds a value, and returns the sample. A key given again replaces its value.
   * For the types of `value` see `Value.from`.
   */
  value<T>(key: string, value: T): this {
    put(this.values, key, Value.from<T>(value));
    return this;
  }

  /** As `value`, for a line of its own. */
  put<T>(key: string, value: T): void {
    put(this.values, key, Value.from<T>(value));
  }
}

/**
 * Data of one device or asset, built field by field. Each method returns the
 * entity, so that calls can be chained.
 */
export class Entity {
  /** ThingsBoard's label; null: none. */
  labelText: string | null = null;
  /** ThingsBoard's `customerName`; null: none. */
  customerName: string | null = null;
  /** ThingsBoard's `groupName`; null: none. */
  groupName: string | null = null;
  /** Time series, one sample for each time. */
  readonly samples: Sample[] = [];
  /** Client-scope attributes. */
  readonly attributes: KeyValue[] = [];

  private constructor(
    /** Device or asset. */
    readonly kind: EntityKind,
    /** ThingsBoard's `deviceName` or `assetName`. */
    readonly name: string,
    /** ThingsBoard's `deviceType` or `assetType`. */
    readonly profile: string,
  ) {}

  /**
   * Data of a device. `name` is ThingsBoard's `deviceName`, 1 to 255
   * characters; the host refuses others. `profile` is its `deviceType`; empty
   * means the default profile.
   */
  static device(name: string, profile: string): Entity {
    return new Entity(EntityKind.Device, name, profile);
  }

  /** Data of an asset: its `assetName`, and its `assetType` or "". */
  static asset(name: string, profile: string): Entity {
    return new Entity(EntityKind.Asset, name, profile);
  }

  /** Sets the label, used when the entity is created. */
  label(label: string): this {
    this.labelText = label;
    return this;
  }

  /** Sets ThingsBoard's `customerName`, the owner given on creation. */
  customer(customer: string): this {
    this.customerName = customer;
    return this;
  }

  /** Sets ThingsBoard's `groupName`, the entity group given on creation. */
  group(group: string): this {
    this.groupName = group;
    return this;
  }

  /**
   * Adds a telemetry value with the time at which the host received the frame.
   *
   * A key given again at the same time replaces its value. A key has 1 to
   * 255 characters, and a number is neither NaN nor infinite: the host refuses
   * others. For the types of `value` see `Value.from`.
   */
  telemetry<T>(key: string, value: T): this {
    put(this.sampleOf(false, 0).values, key, Value.from<T>(value));
    return this;
  }

  /**
   * Adds a telemetry value with a time, in Unix **milliseconds**. Values with
   * the same time share a sample, so that ThingsBoard receives them together.
   */
  telemetryAt<T>(tsMs: i64, key: string, value: T): this {
    put(this.sampleOf(true, tsMs).values, key, Value.from<T>(value));
    return this;
  }

  /**
   * Adds a sample as it is, beside others of the same time: for a device that
   * sends whole records. The entity keeps the sample itself: what is put into it
   * later is sent too.
   */
  sample(sample: Sample): this {
    this.samples.push(sample);
    return this;
  }

  /** Adds a client-scope attribute. A key given again replaces its value. */
  attribute<T>(key: string, value: T): this {
    put(this.attributes, key, Value.from<T>(value));
    return this;
  }

  private sampleOf(hasTs: bool, ts: i64): Sample {
    const samples = this.samples;
    // From the back, as values of one time usually follow each other.
    for (let i = samples.length - 1; i >= 0; i--) {
      const sample = unchecked(samples[i]);
      if (sample.hasTs == hasTs && sample.ts == ts) return sample;
    }
    const sample = new Sample(hasTs, ts);
    samples.push(sample);
    return sample;
  }
}

/**
 * Sets a key's value in a list that holds each key once. Frames carry tens of
 * values, where a scan is cheaper (and smaller) than a map.
 */
function put(values: KeyValue[], key: string, value: Value): void {
  for (let i = 0, count = values.length; i < count; i++) {
    const entry = unchecked(values[i]);
    if (entry.key == key) {
      entry.value = value;
      return;
    }
  }
  values.push(new KeyValue(key, value));
}
