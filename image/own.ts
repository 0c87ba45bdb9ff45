import { createPrivateKey } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { openFirmware, packFirmware } from '../firmware-bridge/update/bundle.ts';
import type { Keys } from './keys.ts';
import { npmPackage } from './node-binary.ts';
import { run } from './shell.ts';

/** CommonJS, so that what the image holds (lmdb) is found by NODE_PATH from wherever the firmware lies. */
const bundle: BuildOptions = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  minify: true,
  logLevel: 'warning',
  external: ['lmdb', 'bufferutil', 'utf-8-validate'],
  define: { 'import.meta.url': '__url' },
  banner: { js: "const __url=require('node:url').pathToFileURL(__filename).href;" },
};

/** Builds and signs the firmware's bundle. Answers its bytes. */
export async function buildFirmware(root: string, version: string, keys: Keys): Promise<Buffer> {
  const host = await build({ ...bundle, entryPoints: [join(root, 'firmware-bridge/appliance/host.ts')], write: false });
  const built = (name: string) => {
    const path = join(root, 'build', name);
    if (!existsSync(path)) throw new Error(`${path} is missing; run: npm run build`);
    return readFileSync(path);
  };
  const files = new Map<string, Uint8Array>([
    ['host.cjs', host.outputFiles![0]!.contents],
    ['firmware.js', built('firmware.js')],
    ['vm.wasm', built('vm.wasm')],
  ]);
  return packFirmware(version, files, createPrivateKey(readFileSync(keys.key)), readFileSync(keys.certificate, 'utf8'));
}

export interface OwnOptions {
  /** The project's folder. */
  readonly root: string;
  readonly folder: string;
  readonly cache: string;
  /** The package with lmdb's binary for the board. */
  readonly lmdb: string;
  readonly firmware: Buffer;
  readonly keyring: string;
}

/** What becomes `/usr/lib/classpad`: the launcher, the firmware that an image comes with, lmdb. */
export async function buildOwn({ root, folder, cache, lmdb, firmware, keyring }: OwnOptions): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'firmware'), { recursive: true });
  const entry = join(root, 'firmware-bridge/appliance/launcher.ts');
  await build({ ...bundle, entryPoints: [entry], outfile: join(folder, 'launcher.cjs') });
  const { header, files } = openFirmware(firmware, keyring);
  for (const [name, content] of files) writeFileSync(join(folder, 'firmware', name), content);
  writeFileSync(join(folder, 'firmware/header.json'), JSON.stringify(header));
  await addLmdb(root, folder, cache, lmdb);
}

/** Parts of packages that Node never loads. */
const UNLOADED = /(^|\/)(dependencies|src|test|tests|docs|bin|assets)(\/|$)|\.(d\.[cm]?ts|map|md|gyp|cc|h|min\.js)$/;

/** A package and all it needs, by the names in their own `package.json`. */
function closure(root: string, name: string, seen = new Set<string>()): Set<string> {
  const path = join(root, 'node_modules', name, 'package.json');
  if (seen.has(name) || !existsSync(path)) return seen;
  seen.add(name);
  const { dependencies = {} } = JSON.parse(readFileSync(path, 'utf8')) as { dependencies?: Readonly<Record<string, string>> };
  for (const needed of Object.keys(dependencies)) closure(root, needed, seen);
  return seen;
}

async function addLmdb(root: string, folder: string, cache: string, binary: string): Promise<void> {
  const modules = join(folder, 'node_modules');
  for (const name of closure(root, 'lmdb')) {
    const from = join(root, 'node_modules', name);
    const filter = (path: string) => !UNLOADED.test(path.slice(from.length + 1));
    cpSync(from, join(modules, name), { recursive: true, filter });
  }
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly version: string; readonly integrity: string }>>;
  };
  const locked = lock.packages[`node_modules/${binary}`];
  if (locked === undefined) throw new Error(`${binary} is not in package-lock.json`);
  const tgz = await npmPackage(cache, `${binary}@${locked.version}`, locked.integrity);
  const into = join(modules, binary);
  mkdirSync(into, { recursive: true });
  await run('tar', ['-xzf', tgz, '-C', into, '--strip-components=1', '--no-same-owner']);
  for (const musl of ['node.napi.musl.node', 'node.abi115.glibc.node', 'node.abi127.glibc.node', 'README.md'])
    rmSync(join(into, musl), { force: true });
}
