/** The entry of `classpad/vm`: as vm/embed/index.ts, with the wasm inside. */
import wasm from '../../build/vm.wasm';
import { setDefaultWasm } from './wasm.ts';

export * from './index.ts';

setDefaultWasm(wasm);
