import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { insist, openStore } from '../../../firmware-bridge/system/store.ts';
import { root } from '../../support/need.ts';

const store = suite('firmware-bridge/system: store');
const folders: string[] = [];
const text = (value: Uint8Array | undefined) => value && Buffer.from(value).toString();
const bytes = (value: string) => new TextEncoder().encode(value);

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'classpad-store-'));
  folders.push(path);
  return path;
}

store.after(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

store('a transaction that lmdb has given up is tried again, a few times; other errors are told at once', () => {
  const rows: readonly (readonly [code: number, failures: number, attempts: number, isDone: boolean])[] = [
    [-30_782, 0, 1, true],
    [-30_782, 3, 4, true],
    [-30_782, 9, 4, false],
    [28, 1, 1, false],
  ];
  for (const [code, failures, attempts, isDone] of rows) {
    let tried = 0;
    const commit = () => {
      if (tried++ < failures) throw Object.assign(new Error('it cannot be written'), { code });
    };
    if (isDone) insist(commit);
    else assert.throws(() => insist(commit), /it cannot be written/);
    assert.is(tried, attempts, `${code}, ${failures} times`);
  }
});

store('what was written is there after it was opened anew', async () => {
  const path = folder();
  const first = openStore(path);
  first.write([
    ['a', bytes('1')],
    ['empty', new Uint8Array(0)],
  ]);
  await first.close();
  const second = openStore(path);
  assert.equal([text(second.get('a')), second.get('empty')?.length, second.get('b')], ['1', 0, undefined]);
  await second.close();
});

store('what is written soon is written together, before what comes later, and is told when it is on the disk', async () => {
  const path = folder();
  const opened = openStore(path);
  const told: string[] = [];
  const soon = [
    opened.writeSoon!([['a', bytes('1')]]).then(() => told.push('a')),
    opened.writeSoon!([['b', bytes('2')]]).then(() => told.push('b')),
  ];
  assert.is(opened.get('a'), undefined);
  opened.write([['a', undefined]]);
  assert.equal([text(opened.get('a')), text(opened.get('b'))], [undefined, '2']);
  await Promise.all(soon);
  assert.equal(told, ['a', 'b']);
  await opened.writeSoon!([['c', bytes('3')]]);
  const last = opened.writeSoon!([['d', bytes('4')]]);
  await opened.close();
  await last;
  const again = openStore(path);
  assert.equal([text(again.get('c')), text(again.get('d'))], ['3', '4']);
  await again.close();
});

store('what cannot be written soon is told to everyone who waited, and to whoever wrote with it', async () => {
  const opened = openStore(folder());
  const soon = opened.writeSoon!([['a', bytes('1')]]).catch((error: Error) => error.message);
  const tooMuch = [['b', { buffer: new ArrayBuffer(0), byteOffset: 5, byteLength: 9 } as unknown as Uint8Array]] as const;
  assert.throws(() => opened.write(tooMuch));
  assert.match(String(await soon), /./);
  assert.equal(opened.keys('', 10), []);
  await opened.close();
});

store('a write that fails changes nothing', async () => {
  const opened = openStore(folder());
  assert.throws(
    () =>
      opened.write([
        ['a', bytes('1')],
        ['', bytes('2')],
      ]),
    /a key of 0 bytes/,
  );
  assert.throws(
    () =>
      opened.write([
        ['a', bytes('1')],
        ['x'.repeat(600), bytes('2')],
      ]),
    /a key of 600 bytes/,
  );
  assert.equal(opened.keys('', 10), []);
  await opened.close();
});

store('behaves like a map, listing included', async () => {
  const opened = openStore(folder());
  const key = fc.stringMatching(/^[a-c/]{1,5}$/);
  const writes = fc.array(
    fc.array(fc.tuple(key, fc.option(fc.uint8Array({ maxLength: 8 }), { nil: undefined })), { maxLength: 6 }),
  );
  fc.assert(
    fc.property(writes, key, fc.nat(5), (rounds, prefix, limit) => {
      opened.write(opened.keys('', 10_000).map((name) => [name, undefined]));
      const model = new Map<string, Uint8Array>();
      for (const entries of rounds) {
        opened.write(entries);
        for (const [name, value] of entries) {
          if (value) model.set(name, value);
          else model.delete(name);
        }
      }
      const names = [...model.keys()].sort();
      assert.equal(opened.keys('', 10_000), names);
      assert.equal(opened.keys(prefix, limit), names.filter((name) => name.startsWith(prefix)).slice(0, limit));
      for (const name of names) assert.equal([...(opened.get(name) ?? [])], [...(model.get(name) ?? [])]);
    }),
    { numRuns: 40 },
  );
  await opened.close();
});

/** Writes a number under two keys at once, says it, and so on, until it is killed. */
const WRITER = `
  const { openStore } = await import('${join(root, 'firmware-bridge/system/store.ts')}');
  const store = openStore(process.argv[1]);
  const value = (key) => Number(Buffer.from(store.get(key) ?? '0').toString());
  for (let number = value('left') + 1; ; number++) {
    const bytes = Buffer.from(String(number));
    store.write([['left', bytes], ['filler/' + number, new Uint8Array(3000)], ['right', bytes]]);
    require('node:fs').writeSync(1, number + '\\n');
  }
`;

store('killed at random moments, it has all that was acknowledged and no half of a write', async () => {
  const path = folder();
  for (let round = 0; round < 5; round++) {
    const acknowledged = await writeUntilKilled(path, 20 + Math.random() * 150);
    const opened = openStore(path);
    const [left, right] = [Number(text(opened.get('left'))), Number(text(opened.get('right')))];
    assert.is(left, right, 'both keys of a write');
    assert.ok(
      acknowledged > 0 && left >= acknowledged && left <= acknowledged + 1,
      `acknowledged ${acknowledged}, stored ${left}`,
    );
    await opened.close();
  }
});

/** Answers the last number the writer said before it was killed, so many ms after its first. */
function writeUntilKilled(path: string, afterMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const args = [
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      `import{createRequire}from'node:module';const require=createRequire('/');${WRITER}`,
      path,
    ];
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    let complaint = '';
    child.stderr.on('data', (chunk) => {
      complaint += chunk;
    });
    child.stdout.on('data', (chunk) => {
      if (said === '') setTimeout(() => child.kill('SIGKILL'), afterMs);
      said += chunk;
    });
    child.on('close', () => (said === '' ? reject(new Error(complaint)) : resolve(Number(said.trim().split('\n').at(-1)))));
  });
}

store.run();
