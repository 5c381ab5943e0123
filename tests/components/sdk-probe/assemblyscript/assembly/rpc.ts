/** What `Message` and `RpcCall` make of a call, and what `Sample` adds to an entity. */
import { Entity, Message, RpcCall, Sample, Value } from "tb-converter";

import { unknown } from "./functions";

const RPC_CALL = "RPC_CALL_FROM_SERVER_TO_DEVICE";

/** `rpcCall TYPE BODY`. */
export function ofMessage(name: string, words: string[]): Value {
  if (name != "rpcCall") return unknown("function", name);
  const call = new Message(words.slice(1).join(" "), words[0]).rpcCall();
  return Value.text(call ? shown(call) : "no call");
}

/** `arguments SEPARATOR BODY`. */
export function ofRpcCall(name: string, words: string[]): Value {
  if (name != "arguments") return unknown("function", name);
  const call = new Message(words.slice(1).join(" "), RPC_CALL).rpcCall();
  return Value.text(call ? call.arguments(words[0]) : "no call");
}

/** The method and the params as they are written. */
export function shown(call: RpcCall): string {
  const params = call.params;
  return call.method + ": " + (params ? params.text : "none");
}

/** Samples beside others of the same time; single values go into the last of theirs. */
export function sampled(entity: Entity): Entity {
  const sample = Sample.at(1700000000000).value("speed", 1).value("on", true).value("speed", 57);
  sample.put("course", 1);
  sample.put("name", "水");
  sample.put("course", 120.5);
  return entity
    .telemetryAt(1700000000000, "first", 1)
    .sample(sample)
    .sample(Sample.at(1700000000000).value("speed", 58))
    .telemetryAt(1700000000000, "last", 2)
    .sample(Sample.at(0).value("json", Value.json("[1]")))
    .telemetry("own", 3)
    .sample(Sample.received().value("speed", 59))
    .telemetry("received", 4)
    .sample(Sample.at(-1));
}
