// V8, by way of Node: answers the requests that `src/main.rs` describes. A script runs in a context of its
// own, and its result stays an object of V8's.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createContext, runInContext } from "node:vm";

const FORMATS = ["csv", "json", "binary", "teltonika"];
const utf8 = new TextDecoder("utf-8", { fatal: true });

let decode;
let frame;
let last;

function call() {
  return frame.text ? decode(utf8.decode(frame.bytes)) : decode(frame.bytes);
}

function load(format, kind, hex) {
  if (!FORMATS.includes(format)) return "none";
  const script = readFileSync(new URL(`scripts/${format}.js`, import.meta.url), "utf8");
  // Names of a function's own are found many times faster than those of such a context.
  const names = "Array, BigInt, DataView, JSON, Math, Number, Object, String, Uint16Array";
  const source = `((${names}) => { ${script}\nreturn decode; })(${names})`;
  decode = runInContext(source, createContext({}), { filename: `${format}.js` });
  frame = { text: kind === "text", bytes: new Uint8Array(Buffer.from(hex, "hex")) };
  return "ok";
}

function turn(calls) {
  const start = process.cpuUsage();
  for (let i = 0; i < calls; i++) last = call();
  const used = process.cpuUsage(start);
  return String((used.user + used.system) * 1000);
}

function answer([request, ...words]) {
  switch (request) {
    case "name":
      return `V8 ${process.versions.v8} (Node ${process.versions.node})`;
    case "load":
      return load(...words);
    case "check":
      return JSON.stringify(call());
    case "turn":
      return turn(Number(words[0]));
    default:
      throw new Error(`${request} is no request`);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let text;
  try {
    text = answer(line.split(" "));
  } catch (error) {
    text = `error: ${String(error).replaceAll("\n", " ")}`;
  }
  process.stdout.write(`${text}\n`);
}
