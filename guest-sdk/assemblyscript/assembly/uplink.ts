/** What the export `decode` takes and returns. */
import { allocate, liftBytes, lowerList, lowerOption, lowerText } from "./abi";
import { begin } from "./arena";
import { Entity, KeyValue, Sample } from "./entity";
import { takeFailure } from "./error";
import { Value, ValueKind } from "./value";

/** Sizes of the contract's records in bytes. */
const ENTITY: usize = 72;
const SAMPLE: usize = 24;
const KEY_VALUE: usize = 24;

/** A `result` of a list or a text: its tag, an address, a count. */
const RESULT = memory.data(12, 4);

/** The frame that the host handed over. */
export function frame(address: usize, length: i32): Uint8Array {
  begin();
  return liftBytes(address, length);
}

/** Writes the `result<list<entity>, string>` of a call. */
export function result(entities: Entity[]): usize {
  const failure = takeFailure();
  if (failure !== null) {
    store<u8>(RESULT, 1);
    lowerText(RESULT + 4, failure);
    return RESULT;
  }
  const count = entities.length;
  const list = allocate(<usize>count * ENTITY);
  for (let i = 0; i < count; i++) lowerEntity(list + <usize>i * ENTITY, entities[i]);
  store<u8>(RESULT, 0);
  lowerList(RESULT + 4, list, count);
  return RESULT;
}

function lowerEntity(at: usize, entity: Entity): void {
  store<u8>(at, <u8>entity.kind);
  lowerText(at + 4, entity.name);
  lowerText(at + 12, entity.profile);
  lowerOption(at + 20, entity.labelText);
  lowerOption(at + 32, entity.customerName);
  lowerOption(at + 44, entity.groupName);
  lowerSamples(at + 56, entity.samples);
  lowerValues(at + 64, entity.attributes);
}

function lowerSamples(at: usize, samples: Sample[]): void {
  const count = samples.length;
  const list = allocate(<usize>count * SAMPLE);
  for (let i = 0; i < count; i++) {
    const sample = samples[i];
    const record = list + <usize>i * SAMPLE;
    store<u8>(record, <u8>sample.hasTs);
    store<i64>(record, sample.ts, 8);
    lowerValues(record + 16, sample.values);
  }
  lowerList(at, list, count);
}

function lowerValues(at: usize, values: KeyValue[]): void {
  const count = values.length;
  const list = allocate(<usize>count * KEY_VALUE);
  for (let i = 0; i < count; i++) {
    const entry = values[i];
    const record = list + <usize>i * KEY_VALUE;
    lowerText(record, entry.key);
    lowerValue(record + 8, entry.value);
  }
  lowerList(at, list, count);
}

function lowerValue(at: usize, value: Value): void {
  store<u8>(at, <u8>value.kind);
  switch (value.kind) {
    case ValueKind.Boolean: {
      store<u8>(at, <u8>value.integer, 8);
      break;
    }
    case ValueKind.Long: {
      store<i64>(at, value.integer, 8);
      break;
    }
    case ValueKind.Double: {
      store<f64>(at, value.number, 8);
      break;
    }
    default:
      lowerText(at + 8, value.text);
  }
}
