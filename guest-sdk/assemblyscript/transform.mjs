// The step of the compiler that makes a converter's functions the exports of a
// component: AssemblyScript can neither export names such as
// `tb:converter/uplink@0.1.0#decode`, nor records. For each direction that the
// entry file exports it adds a source that wraps the author's function, and when
// the module is made it gives the wrappers the contract's names, drops the
// author's own exports, and notes what the file was made with.

import { readFileSync } from "node:fs";

const UPLINK = "tb:converter/uplink@0.1.0#decode";
const DOWNLINK = "tb:converter/downlink@0.1.0#encode";

const DIRECTIONS = [
  {
    name: "decode",
    exports: { tb_decode: UPLINK, tb_decode_post: `cabi_post_${UPLINK}` },
    source: (entry) => `
import { Context } from "tb-converter";
import { release } from "tb-converter/assembly/abi";
import { frame, result } from "tb-converter/assembly/uplink";
import { decode } from "${entry}";
export function tb_decode(address: usize, length: i32): usize {
  return result(decode(frame(address, length), new Context())); // decode(frame: Uint8Array, context: Context): Entity[]
}
export function tb_decode_post(area: usize): void { release(area); }
`,
  },
  {
    name: "encode",
    exports: { tb_encode: DOWNLINK, tb_encode_post: `cabi_post_${DOWNLINK}` },
    source: (entry) => `
import { Context } from "tb-converter";
import { release } from "tb-converter/assembly/abi";
import { message, result } from "tb-converter/assembly/downlink";
import { encode } from "${entry}";
export function tb_encode(body: usize, bodyUnits: i32, msgType: usize, msgTypeUnits: i32): usize {
  const received = message(body, bodyUnits, msgType, msgTypeUnits);
  return result(encode(received, new Context())); // encode(message: Message, context: Context): Uint8Array[]
}
export function tb_encode_post(area: usize): void { release(area); }
`,
  },
];

const SHARED = {
  exports: { tb_realloc: "cabi_realloc" },
  source: `
import "tb-converter/assembly/abort";
import { realloc } from "tb-converter/assembly/abi";
export function tb_realloc(old: usize, oldSize: usize, alignment: usize, size: usize): usize {
  return realloc(old, oldSize, alignment, size);
}
`,
};

// As in the compiler: the kind of a source that was named as an entry.
const USER_ENTRY = 1;
// As in the compiler: the flag of what is declared with `export`.
const EXPORT = 2;

const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));

export default class Converter {
  afterParse(parser) {
    const entries = parser.sources.filter(
      (source) => source.sourceKind === USER_ENTRY && !source.normalizedPath.startsWith("~lib/"),
    );
    const exported = entries.flatMap((source) =>
      DIRECTIONS.filter(({ name }) => exportsName(source, name)).map((direction) => ({ source, direction })),
    );
    if (exported.length === 0) {
      const files = entries.map((source) => source.normalizedPath).join(", ");
      throw fault(
        `${files}: a converter exports a function decode(frame: Uint8Array, context: Context): Entity[], ` +
          "a function encode(message: Message, context: Context): Uint8Array[], or both",
      );
    }
    this.names = { ...SHARED.exports };
    parser.parseFile(SHARED.source, "tb-converter-exports.ts", true);
    for (const { source, direction } of exported) {
      const entry = `./${source.normalizedPath.replace(/\.ts$/, "")}`;
      parser.parseFile(direction.source(entry), `tb-converter-${direction.name}.ts`, true);
      Object.assign(this.names, direction.exports);
    }
  }

  afterCompile(module) {
    const functions = new Map();
    for (let i = module.getNumExports() - 1; i >= 0; i--) {
      const { kind, name, value } = this.binaryen.getExportInfo(module.getExportByIndex(i));
      if (kind === this.binaryen.ExternalMemory) continue;
      functions.set(name, value);
    }
    for (const name of functions.keys()) module.removeExport(name);
    for (const [name, external] of Object.entries(this.names)) {
      module.addFunctionExport(functions.get(name), external);
    }
    module.addCustomSection("tb-converter-sdk", new TextEncoder().encode(`assemblyscript ${version}`));
  }
}

// An error of the author, which the compiler prints: where it was found in this file tells them nothing.
function fault(message) {
  const error = new Error(message);
  error.stack = message;
  return error;
}

// Whether a source exports `name`, as a declaration or in a list of exports.
function exportsName(source, name) {
  return source.statements.some((statement) => {
    if (statement.members && !statement.name) {
      return statement.members.some((member) => member.exportedName?.text === name);
    }
    return statement.name?.text === name && statement.signature && (statement.flags & EXPORT) !== 0;
  });
}
