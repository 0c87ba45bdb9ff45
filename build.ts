/**
 * Builds what the sources do not hold: the VM's wasm, the contracts' artifacts, the bundles.
 * `npm run build -- NAME…` builds the named steps only; `--force` also those that are up to date. Progress goes to stderr, so that what
 * runs after it may print JSON.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { type BuildOptions, build } from 'esbuild';
import { compileContracts } from './contracts/compile.ts';
import { type Built, isFresh } from './freshness.ts';

interface Step extends Built {
  readonly run: () => Promise<unknown>;
  /** No other step needs it, and it is a process of its own: the others go on meanwhile. */
  readonly apart?: boolean;
}

const nodeBundle: BuildOptions = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  logLevel: 'warning',
  external: ['lmdb', 'esbuild', 'quickjs-emscripten', '@jitl/*'],
  // Bundled CommonJS packages still ask for require.
  banner: { js: "import{createRequire as __r}from'node:module';const require=__r(import.meta.url);" },
};

const QUICKJS = 'node_modules/@jitl/quickjs-wasmfile-release-sync/dist/emscripten-module.wasm';

const steps: readonly Step[] = [
  {
    name: 'quickjs',
    inputs: [QUICKJS, 'emulator/quickjs/optimize.mjs'],
    outputs: ['build/quickjs.wasm'],
    run: () => promisify(execFile)(process.execPath, ['emulator/quickjs/optimize.mjs', QUICKJS, 'build/quickjs.wasm']),
    apart: true,
  },
  {
    name: 'vm',
    inputs: [...assembled(), 'asconfig.json'],
    outputs: ['build/vm.wasm'],
    run: assembleVm,
  },
  {
    name: 'contracts',
    inputs: ['contracts', 'node_modules/@openzeppelin/contracts/package.json'],
    outputs: ['build/contracts/Fleet.json'],
    run: () => compileContracts('contracts', 'build/contracts'),
  },
  {
    name: 'clients',
    inputs: ['test/clients/contracts', 'node_modules/@openzeppelin/contracts/package.json'],
    outputs: ['build/clients/Probe.json'],
    run: () => compileContracts('test/clients/contracts', 'build/clients'),
  },
  {
    name: 'firmware',
    inputs: ['runtime', 'build/contracts/Fleet.json'],
    outputs: ['build/firmware.js'],
    run: () =>
      build({
        entryPoints: ['runtime/index.ts'],
        outfile: 'build/firmware.js',
        bundle: true,
        platform: 'neutral',
        format: 'iife',
        globalName: 'classpad',
        target: 'es2022',
        mainFields: ['module', 'main'],
        minify: true,
        logLevel: 'warning',
      }),
  },
  {
    name: 'inside',
    inputs: ['emulator/quickjs', 'runtime/ports'],
    outputs: ['build/inside.js'],
    run: () =>
      build({
        entryPoints: ['emulator/quickjs/inside.ts'],
        outfile: 'build/inside.js',
        bundle: true,
        platform: 'neutral',
        format: 'iife',
        target: 'es2022',
        logLevel: 'warning',
      }),
  },
  {
    name: 'thread',
    inputs: ['emulator/process', 'emulator/quickjs', 'emulator/store.ts', 'emulator/identity.ts', 'runtime', 'vm/embed'],
    outputs: ['build/device-thread.js'],
    run: () => build({ ...nodeBundle, entryPoints: ['emulator/process/thread.ts'], outfile: 'build/device-thread.js' }),
  },
  {
    name: 'page',
    inputs: ['emulator/web'],
    outputs: ['build/web/page.js'],
    run: () =>
      build({
        entryPoints: ['page.tsx', 'style.css', 'index.html'].map((name) => join('emulator/web', name)),
        outdir: 'build/web',
        loader: { '.html': 'copy', '.woff2': 'file' },
        bundle: true,
        format: 'esm',
        target: 'es2022',
        jsx: 'automatic',
        jsxImportSource: 'preact',
        minify: true,
        sourcemap: true,
        logLevel: 'warning',
      }),
  },
  {
    name: 'light',
    inputs: ['runtime'],
    outputs: ['build/light.js'],
    run: () =>
      build({
        entryPoints: ['runtime/light/index.ts'],
        outfile: 'build/light.js',
        bundle: true,
        platform: 'neutral',
        format: 'esm',
        target: 'es2022',
        mainFields: ['module', 'main'],
        minify: true,
        sourcemap: true,
        logLevel: 'warning',
      }),
  },
  {
    name: 'nearest',
    inputs: ['firmware-bridge/browser'],
    outputs: ['build/nearest.js'],
    run: () =>
      build({
        entryPoints: ['firmware-bridge/browser/nearest.ts'],
        outfile: 'build/nearest.js',
        bundle: true,
        format: 'esm',
        target: 'es2022',
        minify: true,
        logLevel: 'warning',
      }),
  },
  {
    name: 'cli',
    inputs: ['cli', 'firmware-bridge', 'emulator', 'runtime', 'vm/embed'],
    outputs: ['build/cli.js'],
    run: bundleCli,
  },
  {
    name: 'embed',
    inputs: ['vm/embed', 'runtime/ports', 'build/vm.wasm'],
    outputs: ['build/vm.js'],
    run: () =>
      build({
        ...nodeBundle,
        banner: {},
        platform: 'neutral',
        loader: { '.wasm': 'binary' },
        entryPoints: ['vm/embed/bundle.ts'],
        outfile: 'build/vm.js',
      }),
  },
  {
    name: 'types',
    inputs: ['vm/embed', 'runtime', 'firmware-bridge/browser', 'tsconfig.types.json'],
    outputs: ['build/types/vm/embed/bundle.d.ts'],
    run: () => runNode('typescript/bin/tsc', '-p', 'tsconfig.types.json'),
  },
  {
    name: 'freshness',
    inputs: ['build.ts', 'freshness.ts'],
    outputs: ['build/freshness.js'],
    run: bundleFreshness,
  },
];

/** In pieces, so that each command loads what it needs. Those of earlier builds go. */
async function bundleCli(): Promise<void> {
  const entry = { entryPoints: { cli: 'cli/main.ts' }, outdir: 'build', splitting: true, chunkNames: 'cli/[name]-[hash]' };
  const { metafile } = await build({ ...nodeBundle, ...entry, metafile: true });
  for (const name of readdirSync('build/cli')) {
    const piece = `build/cli/${name}`;
    if (!Object.hasOwn(metafile.outputs, piece)) rmSync(piece);
  }
}

/** By which the command says that it was built from older sources. */
function bundleFreshness(): Promise<unknown> {
  const table: Built[] = steps.map(({ name, inputs, outputs }) => ({ name, inputs, outputs }));
  const contents = `import { staleOf } from './freshness.ts'; export const stale = (root) => staleOf(${JSON.stringify(table)}, root);`;
  const stdin = { contents, resolveDir: '.', loader: 'ts' } as const;
  return build({ stdin, outfile: 'build/freshness.js', bundle: true, platform: 'node', format: 'esm', target: 'node20' });
}

/** What the wasm is made of: all of vm/ but its door and its words. */
function assembled(): string[] {
  return readdirSync('vm')
    .filter((name) => name !== 'embed' && name !== 'README.md')
    .map((name) => join('vm', name));
}

function assembleVm(): Promise<unknown> {
  return runNode(
    'assemblyscript/bin/asc.js',
    ...['--config', 'asconfig.json', '--target', 'release', '--transform', './vm/inline.mjs'],
  );
}

/** A program of a package, by this Node. */
function runNode(program: string, ...args: readonly string[]): Promise<unknown> {
  return promisify(execFile)(process.execPath, [join('node_modules', program), ...args]);
}

async function main(args: readonly string[]): Promise<void> {
  const force = args.includes('--force');
  const names = args.filter((arg) => !arg.startsWith('--'));
  const unknown = names.find((name) => !steps.some((step) => step.name === name));
  if (unknown) throw new Error(`no build step "${unknown}"; there are ${steps.map((step) => step.name).join(', ')}`);
  mkdirSync('build', { recursive: true });
  const apart: Promise<void>[] = [];
  for (const step of steps) {
    if (names.length > 0 && !names.includes(step.name)) continue;
    if (!force && isFresh(step)) continue;
    if (step.apart) {
      const done = timed(step).then((took) => console.error(`build ${step.name.padEnd(10)}${took}, beside the others`));
      // Whether it went well is asked at the end.
      done.catch(() => {});
      apart.push(done);
      continue;
    }
    process.stderr.write(`build ${step.name.padEnd(10)}`);
    console.error(await timed(step));
  }
  await Promise.all(apart);
}

async function timed({ run }: Step): Promise<string> {
  const startedAt = performance.now();
  await run();
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(`\nbuild failed: ${error.message}`);
  process.exit(1);
});
