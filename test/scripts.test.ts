/** The scripts of package.json that take words: each tells which, and refuses others in a sentence. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from './support/need.ts';

const s = suite('scripts');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a script as `npm run` does, but for the build before it. */
function run(name: string, words: readonly string[]): Promise<Said> {
  const [, file = ''] = /tsx (\S+\.ts)$/.exec(scripts[name]!) ?? [];
  return new Promise((resolve) => {
    const args = ['--import', 'tsx', file, ...words];
    execFile(process.execPath, args, { cwd: root }, (error, out, err) => resolve({ code: Number(error?.code ?? 0), out, err }));
  });
}

/** Each script, and one of the names that it takes first. */
const rows: readonly (readonly [name: string, words: readonly string[]])[] = [
  ['bench', ['vm']],
  ['compare', ['rpc']],
  ['conformance', []],
  ['fuzz', []],
  ['image', []],
  ['image:cuts', []],
  ['simulate', []],
  ['size', []],
  ['soak', ['crashes']],
];

const document = readFileSync(join(root, 'README.md'), 'utf8');

for (const [name, words] of rows) {
  const line = ['npm run', name, '--', ...words].join(' ');

  s(`${line}: its help, and what README.md promises`, async () => {
    const { code, out, err } = await run(name, [...words, '--help']);
    assert.is(code, 0, err);
    assert.match(out, `npm run ${name}`);
    const calls = [...document.matchAll(/npm run ([\w:]+) -- ([^\n`#]*)/g)].filter(
      ([, script, given]) => script === name && words.every((word) => given!.split(' ').includes(word)),
    );
    for (const [, , given] of calls) for (const [option] of given!.matchAll(/--[\w-]+/g)) assert.match(out, option);
  });
}

// One of those that are alone under their name, one of several.
for (const name of ['size', 'soak', 'image', 'simulate']) {
  s(`npm run ${name}: an unknown word is refused in a sentence`, async () => {
    const { code, err } = await run(name, ['--nonsense']);
    assert.is(code, 2);
    assert.match(err, /^[a-z]+: .*--nonsense.*\n$/);
  });
}

s('npm run conformance: a file that is not JSON is refused in a sentence', async () => {
  const { code, err } = await run('conformance', ['LICENSE', '--jobs', '1']);
  assert.is(code, 2);
  assert.match(err, /^conformance: LICENSE is not JSON: [^\n]*\n$/);
});

s.run();
