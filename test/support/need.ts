import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * Asks for something real that may be absent. Where it is, the line `skipped: WHAT: WHY` is printed for the summary;
 * with `CLASSPAD_REAL=1` (as CI sets it) absence is an error instead, so that nothing real is left out there in silence.
 */
export function need(what: string, present: boolean, why: string): boolean {
  if (present) return true;
  if (process.env['CLASSPAD_REAL'] === '1') throw new Error(`${what}: ${why}`);
  console.log(`skipped: ${what}: ${why}`);
  return false;
}

/** The path of official fixtures kept beside the project, or `undefined` with a printed skip. */
export function sharedPath(path: string): string | undefined {
  const found = join(root, '..', 'shared', path);
  return need(`official fixtures ${path}`, existsSync(found), 'they are not beside this checkout') ? found : undefined;
}
