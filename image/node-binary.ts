import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './shell.ts';

/**
 * A package of the npm registry as a file in the cache, fetched by the ordinary client and held against its integrity.
 * @param wanted `sha512-…`, as in a lock file.
 */
export async function npmPackage(cache: string, name: string, wanted: string): Promise<string> {
  mkdirSync(cache, { recursive: true });
  const path = join(cache, `${name.replace(/^@/, '').replace('/', '-').replace('@', '-')}.tgz`);
  if (existsSync(path) && integrityOf(path) === wanted) return path;
  rmSync(path, { force: true });
  await run('npm', ['pack', '--silent', '--pack-destination', cache, name]);
  const found = existsSync(path) ? integrityOf(path) : 'nothing';
  if (found === wanted) return path;
  rmSync(path, { force: true });
  throw new Error(`${name}: the registry gave ${found}, and ${wanted} is wanted`);
}

function integrityOf(path: string): string {
  return `sha512-${createHash('sha512').update(readFileSync(path)).digest('base64')}`;
}
