/** The package as others install it: what it holds, and that what README.md shows of it runs as printed, typed, in Node and in a browser's bundle. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from './support/need.ts';

const STORES_7 = /^Stop 43111n 0x0{63}7\n$/;
/** What bundlers of web pages are told. */
const FOR_BROWSERS = { bundle: true, platform: 'browser', format: 'iife', minify: true, write: false } as const;

const s = suite<{ app: string; files: readonly string[] }>('package');

s.before((context) => {
  const folder = mkdtempSync(join(tmpdir(), 'classpad-package-'));
  const packed = run(root, 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', folder);
  const [{ filename, files }] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }];
  context.files = files.map(({ path }) => path);
  context.app = join(folder, 'app');
  const place = join(context.app, 'node_modules', 'classpad');
  mkdirSync(place, { recursive: true });
  run(folder, 'tar', '-xzf', filename, '-C', place, '--strip-components=1');
  writeFileSync(join(context.app, 'package.json'), '{ "type": "module" }');
});

function run(cwd: string, program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The first program in TypeScript that README.md prints. */
function printed(): string {
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  return text.match(/```ts\n([\s\S]*?)```/)![1]!;
}

s('every file that it names is in it, and no source, test or key', ({ app, files }) => {
  const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const named = [exports, bin].flatMap((each) => JSON.stringify(each).match(/\.?[\w./-]+\.\w+/g) ?? []);
  for (const path of named.filter((each) => each.includes('/')))
    if (!path.startsWith('./package')) assert.ok(existsSync(join(app, 'node_modules/classpad', path)), path);
  const strangers = files.filter((path) => /^test\/|(?<!\.d)\.ts$|\.key$|build\/(emulator|image|qemu)/.test(path));
  assert.equal(strangers, []);
});

s('the program that README.md prints runs in Node', ({ app }) => {
  writeFileSync(join(app, 'a.mjs'), printed().replaceAll(' as const', ''));
  assert.match(run(app, process.execPath, 'a.mjs'), STORES_7);
});

s('it is typed for projects of every strictness, with no types of Node', ({ app }) => {
  writeFileSync(join(app, 'a.ts'), `${printed()}\nimport 'classpad/light';\nimport 'classpad/nearest';\n`);
  const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--module', 'nodenext', '--target', 'es2022'];
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  assert.is(run(app, process.execPath, tsc, ...options, '--lib', 'es2023,dom', '--types', '', 'a.ts'), '');
  writeFileSync(join(app, 'wrong.ts'), "import { createVm } from 'classpad/vm';\ncreateVm({ fork: 'Frontier' });\n");
  assert.throws(() => run(app, process.execPath, tsc, ...options, '--types', '', 'wrong.ts'));
});

s('a bundle for browsers needs no settings, and runs with nothing of Node', async ({ app }) => {
  const { outputFiles } = await build({ ...FOR_BROWSERS, entryPoints: [join(app, 'a.ts')] });
  const text = outputFiles[0]!.text;
  console.log(`| in a page | classpad/vm ${weight(text)} | @ethereumjs/evm ${weight(await peersBundle())} |`);
  writeFileSync(join(app, 'page.cjs'), `globalThis.process = undefined; globalThis.Buffer = undefined; ${text}`);
  assert.match(run(app, process.execPath, 'page.cjs'), STORES_7);
});

/** The same for those who take @ethereumjs/evm instead. */
async function peersBundle(): Promise<string> {
  const contents =
    "import { createEVM } from '@ethereumjs/evm'; createEVM().then((evm) => evm.runCode({ code: new Uint8Array(1) }))";
  const { outputFiles } = await build({ ...FOR_BROWSERS, stdin: { contents, resolveDir: root } });
  return outputFiles[0]!.text;
}

function weight(text: string): string {
  return `${Math.round(text.length / 1024)} KiB, gzipped ${Math.round(gzipSync(text).length / 1024)} KiB`;
}

s('its command runs beside no sources', ({ app }) => {
  const command = join(app, 'node_modules/classpad/cli/classpad.mjs');
  assert.match(run(app, process.execPath, command, 'evm', 'run', '6003600401'), /^0x\nStop, 9 gas used\n$/);
  assert.match(run(app, process.execPath, command, 'check', 'node_modules/classpad/examples/hello/compose.yaml'), /is good/);
});

s.run();
