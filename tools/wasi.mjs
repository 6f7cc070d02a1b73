// Runs a wasm program of wasm32-wasip1 under Node's V8, the engine that Envoy has too:
//   cargo build --release --target wasm32-wasip1 -p penstock-cluster-picker --example pick_timing
//   node --no-warnings tools/wasi.mjs target/wasm32-wasip1/release/examples/pick_timing.wasm
import { readFile } from 'node:fs/promises';
import { WASI } from 'node:wasi';

const wasi = new WASI({ version: 'preview1', args: process.argv.slice(2) });
const module = await WebAssembly.compile(await readFile(process.argv[2]));
const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
wasi.start(instance);
