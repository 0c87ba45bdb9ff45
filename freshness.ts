/** Whether what was built is as new as what it was built from. Shared by the build and by the command, which says so where it is not. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** One step of the build, as far as its files go. */
export interface Built {
  readonly name: string;
  /** Files and folders. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Whether no input is newer than the oldest output. */
export function isFresh({ inputs, outputs }: Built, root = '.'): boolean {
  const made = outputs.map((path) => join(root, path));
  if (!made.every((path) => existsSync(path))) return false;
  const builtMs = Math.min(...made.map((path) => statSync(path).mtimeMs));
  return inputs
    .map((path) => join(root, path))
    .filter((path) => existsSync(path))
    .every((path) => isOlder(path, builtMs));
}

function isOlder(path: string, builtMs: number): boolean {
  const stat = statSync(path);
  return stat.isDirectory() ? readdirSync(path).every((name) => isOlder(join(path, name), builtMs)) : stat.mtimeMs <= builtMs;
}

/** The names of the steps that have to run again. */
export function staleOf(steps: readonly Built[], root: string): string[] {
  return steps.filter((step) => !isFresh(step, root)).map(({ name }) => name);
}
