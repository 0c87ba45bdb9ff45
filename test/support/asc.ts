import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './need.ts';

export interface Unit {
  readonly memory: Uint8Array;
  readonly exports: WebAssembly.Exports;
}

/**
 * Compiles an AssemblyScript entry (a path below the project's root) with the VM's own options and instantiates it.
 * The wasm is kept in build/units under the hash of every source it was made from.
 */
export async function assemble(entry: string, imports: WebAssembly.Imports = {}): Promise<Unit> {
  const path = join(root, 'build/units', `${hashOf(join(root, entry))}.wasm`);
  if (!existsSync(path)) await compile(entry, path);
  const { instance } = await WebAssembly.instantiate(readFileSync(path), imports);
  const exports = instance.exports;
  return {
    exports,
    get memory() {
      return new Uint8Array((exports['memory'] as WebAssembly.Memory).buffer);
    },
  };
}

async function compile(entry: string, path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}.part`;
  // @ts-expect-error: asc's own types expect its portable globals
  const asc = (await import('assemblyscript/asc')).default;
  const options = ['--runtime', 'stub', '-O3', '--noAssert', '--disable', 'simd', '--initialMemory', '4', '--baseDir', root];
  const { error, stderr } = await asc.main([entry, '--config', 'none', '--outFile', part, ...options]);
  if (error) throw new Error(`asc could not compile ${entry}: ${error.message}\n${stderr.toString()}`);
  renameSync(part, path);
}

/** Hash over the entry and all that it imports. */
function hashOf(entry: string): string {
  const hash = createHash('sha256');
  for (const file of closure(entry)) hash.update(file).update(readFileSync(file));
  return hash.digest('hex').slice(0, 24);
}

function closure(entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  for (const match of readFileSync(entry, 'utf8').matchAll(/from '(\.[^']+)'/g)) {
    const base = join(dirname(entry), match[1]!);
    closure(existsSync(`${base}.ts`) ? `${base}.ts` : join(base, 'index.ts'), seen);
  }
  return seen;
}
