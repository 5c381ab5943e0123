// The step of the compiler that makes a converter's functions the exports of a
// component: AssemblyScript can neither export names such as
// `tb:converter/uplink@0.1.0#decode`, nor records. For each interface of which the
// entry file exports a function it adds a source that wraps the author's functions,
// and when the module is made it gives the wrappers the contract's names, drops the
// author's own exports, and notes what the file was made with.

import { readFileSync } from "node:fs";

const UPLINK = "tb:converter/uplink@0.1.0";
const DOWNLINK = "tb:converter/downlink@0.1.0";
const LIFECYCLE = "tb:converter/lifecycle@0.1.0";
const FRAMING = "tb:converter/framing@0.1.0";

const DECODE = "decode(frame: Uint8Array, context: Context): Entity[]";
const ENCODE = "encode(message: Message, context: Context): Uint8Array[]";

// `functions` are the author's, with the names that the contract has for them.
// `source` gets the file of each that there is. A call that the compiler refuses
// is shown with what stands behind it: how the function has to look.
const INTERFACES = [
  {
    name: UPLINK,
    functions: { decode: "decode" },
    source: ({ decode }) => `
import { Context } from "tb-converter";
import { release } from "tb-converter/assembly/abi";
import { frame, result } from "tb-converter/assembly/uplink";
import { decode } from "${decode}";
export function tb_decode(address: usize, length: i32): usize {
  return result(decode(frame(address, length), new Context())); // ${DECODE}
}
export function tb_decode_post(area: usize): void { release(area); }
`,
  },
  {
    name: DOWNLINK,
    functions: { encode: "encode" },
    source: ({ encode }) => `
import { Context } from "tb-converter";
import { release } from "tb-converter/assembly/abi";
import { message, result } from "tb-converter/assembly/downlink";
import { encode } from "${encode}";
export function tb_encode(body: usize, bodyUnits: i32, msgType: usize, msgTypeUnits: i32): usize {
  const received = message(body, bodyUnits, msgType, msgTypeUnits);
  return result(encode(received, new Context())); // ${ENCODE}
}
export function tb_encode_post(area: usize): void { release(area); }
`,
  },
  {
    name: LIFECYCLE,
    functions: { onConnect: "on-connect", onIdle: "on-idle", onClose: "on-close" },
    source: (files) => `
import { release } from "tb-converter/assembly/abi";
import { called, result } from "tb-converter/assembly/lifecycle";
${["onConnect", "onIdle", "onClose"].map((name) => followed(name, files[name])).join("")}`,
  },
  {
    name: FRAMING,
    functions: { cut: "cut" },
    source: ({ cut }) => `
import { release } from "tb-converter/assembly/abi";
import { received, result } from "tb-converter/assembly/framing";
import { cut } from "${cut}";
export function tb_cut(address: usize, length: i32): usize {
  return result(cut(received(address, length))); // cut(bytes: Uint8Array): Step
}
export function tb_cut_post(area: usize): void { release(area); }
`,
  },
];

// A component has all functions of an interface or none: one that the author does without says nothing.
function followed(name, file) {
  return `
${file ? `import { ${name} } from "${file}";` : ""}
export function tb_${name}(): usize {
  const context = called();
  return result(${file ? `${name}(context)` : "[]"}); // ${name}(context: Context): Entity[]
}
export function tb_${name}_post(area: usize): void { release(area); }
`;
}

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
    const files = new Map();
    for (const source of entries) {
      for (const name of INTERFACES.flatMap(({ functions }) => Object.keys(functions))) {
        if (exportsName(source, name)) files.set(name, `./${source.normalizedPath.replace(/\.ts$/, "")}`);
      }
    }
    check(files, entries.map((source) => source.normalizedPath).join(", "));
    this.names = { ...SHARED.exports };
    parser.parseFile(SHARED.source, "tb-converter-exports.ts", true);
    for (const { name, functions, source } of INTERFACES) {
      if (!Object.keys(functions).some((own) => files.has(own))) continue;
      parser.parseFile(source(Object.fromEntries(files)), `tb-converter-${Object.keys(functions)[0]}.ts`, true);
      for (const [own, external] of Object.entries(functions)) {
        this.names[`tb_${own}`] = `${name}#${external}`;
        this.names[`tb_${own}_post`] = `cabi_post_${name}#${external}`;
      }
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

// Whether the author's functions make a converter.
function check(files, entries) {
  if (files.size === 0) {
    throw fault(`${entries}: a converter exports a function ${DECODE}, a function ${ENCODE}, or both`);
  }
  const more = [...files.keys()].filter((name) => name !== "decode" && name !== "encode");
  if (more.length > 0 && !files.has("decode")) {
    throw fault(
      `${entries}: ${more.join(", ")} without decode: only what decodes frames can follow connections or cut frames; ` +
        `export a function ${DECODE} too`,
    );
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
