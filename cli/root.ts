import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder, from the sources as from the bundle. */
export const root = upTo('package.json', dirname(fileURLToPath(import.meta.url)));

export const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };

function upTo(name: string, folder: string): string {
  const parent = dirname(folder);
  return existsSync(join(folder, name)) || parent === folder ? folder : upTo(name, parent);
}
