import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../firmware-bridge/system/clock.ts';
import { parseEndpoint } from '../../../firmware-bridge/system/listen.ts';
import { lockFolder } from '../../../firmware-bridge/system/lock.ts';
import { lineLogger } from '../../../firmware-bridge/system/log.ts';

const machine = suite('firmware-bridge/system: clock, log, lock, endpoints');
const folder = mkdtempSync(join(tmpdir(), 'classpad-machine-'));
machine.after(() => rmSync(folder, { recursive: true, force: true }));

const ENDPOINTS: readonly [text: string, host: string | undefined, port?: number][] = [
  ['127.0.0.1:8545', '127.0.0.1', 8545],
  [':80', '0.0.0.0', 80],
  ['[::1]:0', '::1', 0],
  ['pad-1.local:65535', 'pad-1.local', 65_535],
  ['pad-1.local', undefined],
  ['host:65536', undefined],
  ['http://host:1', undefined],
  ['', undefined],
];
for (const [text, host, port] of ENDPOINTS) {
  machine(`endpoint "${text}"`, () => assert.equal(parseEndpoint(text), host === undefined ? undefined : { host, port }));
}

machine('log: one line a sentence, from its level on, and nobody else begins a line', () => {
  const lines: string[] = [];
  const log = lineLogger('info', (line) => lines.push(line));
  log.write('debug', 'unheard');
  log.write('warn', 'first\nsecond\u001b[31m');
  log.write('error', 'x'.repeat(5000));
  assert.is(lines.length, 2);
  assert.match(lines[0] ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z warn {2}first second \[31m$/);
  assert.is(lines[1]?.length, 24 + 7 + 2000);
});

for (const [said, isRight] of [
  ['yes', true],
  ['no', existsSync('/run/systemd/timesync/synchronized')],
] as const)
  machine(`clock: where the system says "${said}", it is asked once for a while`, () => {
    const [before, tools] = [process.env['PATH'], join(folder, said)];
    mkdirSync(tools);
    writeFileSync(join(tools, 'timedatectl'), `#!/bin/sh\necho ${said}\n`, { mode: 0o755 });
    const clock = systemClock();
    process.env['PATH'] = `${tools}:${before}`;
    try {
      assert.is(clock.isSynchronised!(), isRight);
      rmSync(tools, { recursive: true });
      assert.is(clock.isSynchronised!(), isRight);
    } finally {
      process.env['PATH'] = before;
    }
  });

machine('clock: calls back once, unless cancelled', async () => {
  const clock = systemClock();
  const called: string[] = [];
  clock.after(1, () => called.push('once'));
  clock.after(1, () => called.push('never'))();
  const cancelFar = clock.after(2 ** 40, () => called.push('too early'));
  await new Promise((resolve) => setTimeout(resolve, 30));
  cancelFar();
  assert.equal(called, ['once']);
  assert.ok(clock.nowMs() > 1_600_000_000_000);
});

machine('lock: one at a time, and a dead holder does not count', () => {
  const path = join(folder, 'locked');
  mkdirSync(path);
  const release = lockFolder(path);
  assert.throws(() => lockFolder(path), new RegExp(`${path} is in use by process ${process.pid}; stop it`));
  release();
  lockFolder(path)();
  for (const left of ['999999999 1\n', `${process.pid} 1\n`, 'garbage', '']) {
    writeFileSync(join(path, 'lock'), left);
    lockFolder(path)();
  }
});

machine.run();
