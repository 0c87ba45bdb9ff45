#!/usr/bin/env node
// Runs the built command; a fresh checkout is built first, and one whose sources have changed since says so.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bundle = join(root, 'build', 'cli.js');

function build() {
  console.error('classpad: this checkout is not built yet; building it once, which takes about half a minute');
  try {
    const tsx = createRequire(import.meta.url).resolve('tsx/cli');
    return spawnSync(process.execPath, [tsx, 'build.ts'], { cwd: root, stdio: ['ignore', 2, 2] }).status === 0;
  } catch {
    console.error(`classpad: the packages it is built with are not installed; run: npm ci (in ${root})`);
    return false;
  }
}

/** A package has no sources that could have changed. */
async function tellStale() {
  const table = join(root, 'build', 'freshness.js');
  if (!existsSync(join(root, 'build.ts')) || !existsSync(table)) return;
  const { stale } = await import(table);
  const names = stale(root);
  if (names.length > 0)
    console.error(
      `classpad: the sources have changed since this was built (${names.join(', ')}); to use them: npm run build (in ${root})`,
    );
}

if (existsSync(bundle)) await tellStale();
if (existsSync(bundle) || build()) await import(bundle);
else process.exitCode = 1;
