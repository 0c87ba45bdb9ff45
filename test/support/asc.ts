import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './need.ts';

/** AssemblyScript functions, callable on their own. */
export interface Unit {
  /** Linear memory as it is now. */
  readonly memory: Uint8Array;
  readonly call: Readonly<Record<string, (...args: (number | bigint)[]) => number>>;
}

type Functions = Record<string, (...args: unknown[]) => unknown>;
/** The part of the WebAssembly interface used here; the project compiles without the browser's types. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: Record<string, Functions>): Promise<{ instance: { exports: Functions } }>;
};

const UNITS = join(root, 'build/units');
const OPTIONS = ['--runtime', 'stub', '-O3', '--noAssert', '--disable', 'simd', '--initialMemory', '4', '--config', 'none'];

/**
 * Compiles modules of the VM (such as `vm/u256`) with the VM's own options and answers all that they export.
 * The wasm is kept in build/units under the hash of every source it was made from.
 */
export async function assemble(modules: readonly string[], host: Functions = {}): Promise<Unit> {
  const path = join(UNITS, `${hashOf(modules)}.wasm`);
  if (!existsSync(path)) compile(modules, path);
  const { instance } = await WebAssembly.instantiate(readFileSync(path), { host });
  const memory = instance.exports['memory'] as unknown as { readonly buffer: ArrayBuffer };
  return {
    call: instance.exports as Unit['call'],
    get memory() {
      return new Uint8Array(memory.buffer);
    },
  };
}

function compile(modules: readonly string[], path: string): void {
  mkdirSync(UNITS, { recursive: true });
  const entry = join(UNITS, `entry-${process.pid}.ts`);
  writeFileSync(entry, modules.map((module) => `export * from '../../${module}';\n`).join(''));
  const part = join(UNITS, `${process.pid}.part.wasm`);
  const compiler = join(root, 'node_modules/assemblyscript/bin/asc.js');
  execFileSync(process.execPath, [compiler, entry, '--outFile', part, ...OPTIONS], { cwd: root, stdio: 'pipe' });
  renameSync(part, path);
}

/** Hash over the modules and all that they import. */
function hashOf(modules: readonly string[]): string {
  const hash = createHash('sha256').update(modules.join());
  const files = new Set<string>();
  for (const module of modules) closure(join(root, `${module}.ts`), files);
  for (const file of files) hash.update(file).update(readFileSync(file));
  return hash.digest('hex').slice(0, 24);
}

function closure(file: string, seen: Set<string>): void {
  if (seen.has(file)) return;
  seen.add(file);
  for (const match of readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)'/g)) {
    const base = join(dirname(file), match[1]!);
    closure(existsSync(`${base}.ts`) ? `${base}.ts` : join(base, 'index.ts'), seen);
  }
}
