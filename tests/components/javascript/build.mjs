// Makes a component of converter.js: node build.mjs WIT_FOLDER OUT.wasm
import { rename, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { chdir } from 'node:process';
import { componentize } from '@bytecodealliance/componentize-js';

if (process.argv.length !== 4) {
  console.error('usage: node build.mjs WIT_FOLDER OUT.wasm');
  process.exit(2);
}
const [witPath, out] = process.argv.slice(2).map((path) => resolve(path));
// The tool reads the source relative to where it runs; some places confuse it.
chdir(import.meta.dirname);

const { component } = await componentize({
  sourcePath: 'converter.js',
  witPath,
  worldName: 'uplink-converter',
  // These two import wasi:http, which the host does not have. Without `random`
  // and `clocks` Math.random() and Date.now() would repeat the build's.
  disableFeatures: ['http', 'fetch-event'],
});

// Whoever watches OUT's folder sees a whole file or none.
await writeFile(`${out}.new`, component);
await rename(`${out}.new`, out);
console.log(`built ${out} (${component.length} bytes)`);
