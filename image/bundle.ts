import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Keys } from './keys.ts';
import { run } from './shell.ts';

/** A signed RAUC bundle of a slot's file system, for one board. */
export async function makeBundle(
  path: string,
  { board, version, slot, keys, work }: { board: string; version: string; slot: string; keys: Keys; work: string },
): Promise<void> {
  const content = join(work, 'bundle');
  rmSync(content, { recursive: true, force: true });
  mkdirSync(content, { recursive: true });
  copyFileSync(slot, join(content, 'system.img'));
  const manifest = [
    ...['[update]', `compatible=classpad-${board}`, `version=${version}`, ''],
    ...['[bundle]', 'format=verity', ''],
    ...['[image.system]', 'filename=system.img', ''],
  ];
  writeFileSync(join(content, 'manifest.raucm'), manifest.join('\n'));
  rmSync(path, { force: true });
  await run('rauc', [
    'bundle',
    `--cert=${keys.certificate}`,
    `--key=${keys.key}`,
    '--mksquashfs-args=-comp zstd -Xcompression-level 1',
    content,
    path,
  ]);
}
