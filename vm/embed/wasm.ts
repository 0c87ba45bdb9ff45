/** Finding, compiling and instantiating `vm.wasm`. */

/** What the project uses of the WebAssembly interface; it compiles without the browser's types. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}
export type WasmModule = object;
export type WasmImports = Readonly<Record<string, (...args: never[]) => number | undefined>>;
interface WasmApi {
  readonly Module: new (bytes: ArrayBufferView | ArrayBuffer) => WasmModule;
  readonly Instance: new (module: WasmModule, imports: Readonly<Record<string, WasmImports>>) => { readonly exports: object };
}
declare const WebAssembly: WasmApi;

/** The functions of vm/index.ts. Addresses and lengths are numbers, gas is bigint. */
export interface VmExports {
  readonly memory: WasmMemory;
  setFork(fork: number): void;
  setTracing(on: number): void;
  setMemoryLimit(bytes: number): void;
  begin(bytes: number): number;
  transact(): number;
  contextAddress(): number;
  resultAddress(): number;
  refundSoFar(): bigint;
  alloc(bytes: number): number;
  mark(): number;
  release(mark: number): void;
  keccak256(out: number, data: number, length: number): void;
  sha256(out: number, data: number, length: number): void;
  recoverAddress(out: number, hash: number, yParity: bigint, r: number, s: number): number;
}

let bundled: Uint8Array | undefined;
let fallback: WasmModule | undefined;

/** What `createVm` uses where it is given no wasm. A bundle that holds the wasm says so once. */
export function setDefaultWasm(bytes: Uint8Array): void {
  bundled = bytes;
  fallback = undefined;
}

/** The module in the given form, or the bundled one, or `build/vm.wasm` where there is a file system. */
export function moduleOf(wasm: Uint8Array | ArrayBuffer | WasmModule | undefined): WasmModule {
  if (wasm instanceof ArrayBuffer || ArrayBuffer.isView(wasm)) return new WebAssembly.Module(wasm);
  if (wasm) return wasm;
  fallback ??= new WebAssembly.Module(bundled ?? readWasm());
  return fallback;
}

export function instantiate(module: WasmModule, host: WasmImports): VmExports {
  return new WebAssembly.Instance(module, { host }).exports as VmExports;
}

/** The names of an enum that the wasm exports as globals (`Status.OutOfGas` …), by number. */
export function namesOf(exports: object, name: string): ReadonlyMap<number, string> {
  const prefix = `${name}.`;
  const globals = Object.entries(exports).filter(([key]) => key.startsWith(prefix));
  return new Map(globals.map(([key, global]) => [(global as { value: number }).value, key.slice(prefix.length)]));
}

/** The bytes of `vm.wasm`, looked for beside this module, above it and in the project's build folder. Needs Node, Deno or Bun. */
export function readWasm(): Uint8Array {
  const fs = fileSystem();
  const places = ['./vm.wasm', '../vm.wasm', '../../build/vm.wasm'].map((place) => new URL(place, import.meta.url));
  const found = fs && places.find((place) => fs.existsSync(place));
  if (!fs || !found) throw missingWasm(fs ? places.map((place) => place.pathname).join(' or ') : 'without a file system');
  return fs.readFileSync(found);
}

interface FileSystem {
  existsSync(place: URL): boolean;
  readFileSync(place: URL): Uint8Array;
}

/** Node's file system without importing it: this module runs in browsers too. */
function fileSystem(): FileSystem | undefined {
  const host = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
  return host?.getBuiltinModule?.('node:fs') as FileSystem | undefined;
}

function missingWasm(where: string): Error {
  return new Error(`vm.wasm was not found (${where}): run "npm run build -- vm", or pass its bytes as createVm({ wasm })`);
}
