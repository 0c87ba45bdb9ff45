import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Abi, Hex } from 'viem';
import { Failure } from '../command.ts';
import { root } from '../root.ts';

/** A compiled contract of the build. Throws {@link Failure}. */
export function readArtifact(name: string): { readonly abi: Abi; readonly bytecode: Hex } {
  const path = join(root, 'build', 'contracts', `${name}.json`);
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { abi: Abi; bytecode: Hex };
  } catch {
    throw new Failure(`${path} is missing or damaged; npm run build makes it`);
  }
}
