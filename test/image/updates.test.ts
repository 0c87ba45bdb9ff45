/**
 * One board with little memory and what it is asked in its life: who may log in, hands on its keys, updates of every kind that it refuses
 * and takes, hangs and panics; and a second board beside it. It takes half an hour and a built image:
 *   npm run image -- --board qemu-x86_64 --quick && npm run image:updates
 * CLASSPAD_ROWS='panic|watchdog' plays those rows alone, after the first start.
 */
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test as row } from 'uvu';
import * as assert from 'uvu/assert';
import { version } from '../../cli/root.ts';
import { keyId } from '../../firmware-bridge/update/bundle.ts';
import { type Keys, makeKeys } from '../../image/keys.ts';
import {
  areImagesThere,
  type Board,
  type BoardFleet,
  board,
  boardFleet,
  developmentKeys,
  IMAGES,
  otherImage,
  patientHello,
  repack,
  smallSystem,
} from '../support/boards.ts';
import { MEMORY_COMMAND, readMemory, tellMemory } from '../support/memory.ts';
import { need } from '../support/need.ts';
import { freePorts } from '../support/node-process.ts';
import { differenceOf } from '../support/pictures.ts';

/** The kernel for x86 needs 67 MB in one piece within the quarter that GRUB takes; arm64 starts with 256. */
const MEMORY_MIB = Number(process.env['CLASSPAD_MEMORY'] ?? 288);
/** The newest firmware that is tried here. */
const [FIRST, SECOND, THIRD] = ['0.1.1', '0.1.2', '0.2.1'];
/** Brings firmware of its own, older than the third. */
const NEW_SYSTEM = '0.2.0';
let fleet: BoardFleet;
let pad: Board;
let sshPort = 0;
let loginKey = '';
let ours: Keys;
let foreign: Keys;

const file = (name: string) => join(fleet.folder, name);
const propose = (path: string, ...more: string[]) =>
  fleet.decide('firmware', 'propose', path, '--to', `http://127.0.0.1:${fleet.host.ports.peers}`, '--window', '45m', ...more);

/** Runs a command on the board, by SSH. */
async function on(command: string, key = loginKey): Promise<string> {
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'BatchMode=yes', 'ConnectTimeout=60'];
  const args = [...options.flatMap((option) => ['-o', option]), '-q', '-i', key, '-p', `${sshPort}`, 'root@127.0.0.1', command];
  return (await promisify(execFile)('ssh', args, { timeout: 300_000 })).stdout;
}

function makeLoginKey(name: string): string {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(name)]);
  return file(name);
}

async function serves(from: number, what = 'it serves'): Promise<void> {
  await fleet.until(what, pad.has(/serving: firmware .* are good/, from));
}

const rows = new RegExp(process.env['CLASSPAD_ROWS'] ?? '');
/** The system in the other slot, once it has been put there. */
let system = version;

function test(name: string, play: () => Promise<void>): void {
  if (rows.test(name)) row(name, play);
}

row(`with ${MEMORY_MIB} MB of memory it boots, serves and runs a container`, async () => {
  fleet = await boardFleet(`serial-updates-${board}.log`);
  ours = await developmentKeys();
  const paths = { key: file('foreign.key.pem'), certificate: file('foreign.cert.pem') };
  await makeKeys(fleet.folder, paths, '/CN=somebody else');
  foreign = { ...ours, ...paths };
  [sshPort = 0] = await freePorts(1);
  loginKey = makeLoginKey('login');
  pad = await fleet.enrol('pad-7', { memoryMib: MEMORY_MIB, sshKey: `${loginKey}.pub`, forward: { [sshPort]: 22 } });
  console.log(`${board} under ${pad.machine.accelerator}`);
  await serves(0);
  const rpc = ['--rpc', `http://127.0.0.1:${pad.ports.rpc}`, '--window', '45m'];
  const { code, printed } = await fleet.decide('deploy', patientHello(fleet.folder), ...rpc);
  assert.is(code, 0, printed);
  assert.match(await fleet.until('the app answers through the proxy', pad.page), /hello/i);
});

test('who has the key that was put on its card gets in, and nobody else', async () => {
  const memory = readMemory(await fleet.until('SSH answers', () => on(MEMORY_COMMAND)));
  assert.ok(memory.usedMib > 0 && memory.usedMib < memory.totalMib && memory.processes.some(({ name }) => name === 'dockerd'));
  fleet.times.push(tellMemory(memory));
  console.log(tellMemory(memory));
  const other = makeLoginKey('other');
  const refusal = await on('true', other).then(
    () => 'let in',
    (error: { code: number }) => `${error.code}`,
  );
  assert.is(refusal, '255');
  assert.match(await on('grep "^root:" /etc/shadow'), /^root:[*!]/);
});

test('the root is read-only below, the journal is bounded', async () => {
  assert.match(await on('grep " / " /proc/mounts; cat /proc/cmdline'), /overlay.*lowerdir=\/lower/s);
  await on('head -c 30M /dev/urandom | base64 -w 40000 | systemd-cat -t flood; journalctl --sync --rotate >/dev/null 2>&1; true');
  const kilobytes = Number((await on('du -sk /data/journal')).split('\t')[0]);
  assert.ok(kilobytes > 8_000 && kilobytes <= 25_000, `${kilobytes} KB`);
});

test('keys and touches change its picture', async () => {
  const shot = async (name: string) => {
    await pad.machine.screenshot(file(name));
    return readFileSync(file(name));
  };
  const home = await shot('home.ppm');
  const change = async (what: string, act: () => Promise<void>, from: Buffer) => {
    await act();
    return fleet.until(what, async () => {
      const picture = await shot('now.ppm');
      return differenceOf(from, picture) > 0.02 ? picture : undefined;
    });
  };
  const menu = await change('a key opens another page', () => pad.machine.press('f1'), home);
  copyFileSync(file('now.ppm'), join(IMAGES, `screen-menu-${board}.ppm`));
  const entry = await change('a touch goes on', () => pad.machine.touch(0.5, 0.3), menu);
  await change('and the key for back leads back', () => pad.machine.press('esc'), entry);
});

const refusals: [name: string, make: () => Promise<string>, reason: RegExp][] = [
  ['older firmware', () => repack(file('old.firmware'), '0.0.9'), /0\.0\.9 is older than/],
  ['firmware signed by a stranger', () => repack(file('alien.firmware'), '0.1.1', {}, foreign), /key this device does not trust/],
  ['firmware that was changed', () => harmed('changed.firmware', (bytes) => flipped(bytes, 0.7)), /not what was signed/],
  ['a half-written firmware', () => harmed('half.firmware', (bytes) => bytes.subarray(0, bytes.length / 2)), /not whole/],
  ['an older system', () => smallSystem(fleet.folder, 'old', { version: '0.0.9' }), /0\.0\.9 is older than/],
  ['a system that was changed', () => harmedSystem('changed', (bytes) => flipped(bytes, 0.5)), /refused/],
  ['a half-written system', () => harmedSystem('half', (bytes) => bytes.subarray(0, bytes.length / 2)), /refused/],
  [
    'a system for another board',
    () => smallSystem(fleet.folder, 'elsewhere', { version: NEW_SYSTEM, compatible: 'other-board' }),
    /refused.*compatible/i,
  ],
  [
    'a system signed by a stranger, as the ledger says',
    () => smallSystem(fleet.folder, 'alien', { version: NEW_SYSTEM, keys: foreign }),
    /key that this device does not trust/,
  ],
  [
    'a system signed by a stranger, where the ledger names our key',
    () =>
      smallSystem(fleet.folder, 'liar', {
        version: NEW_SYSTEM,
        keys: foreign,
        signer: keyId(readFileSync(ours.certificate, 'utf8')),
      }),
    /refused.*(signature|certificate)/i,
  ],
];

for (const [name, make, reason] of refusals) {
  test(`refused: ${name}`, async () => {
    const { code, printed } = await propose(await make());
    assert.is(code, 1, printed);
    assert.match(printed, reason);
    const line = `        ${name}: ${printed.split('\n').at(-1)?.trim()}`;
    fleet.times.push(line);
    console.log(line);
    assert.is(await pad.version(), version);
  });
}

async function harmed(name: string, harm: (bytes: Buffer) => Buffer): Promise<string> {
  const path = await repack(file(name), FIRST);
  writeFileSync(path, harm(readFileSync(path)));
  return path;
}

function harmedSystem(name: string, harm: (bytes: Buffer) => Buffer): Promise<string> {
  return smallSystem(fleet.folder, name, { version: NEW_SYSTEM, harm });
}

function flipped(bytes: Buffer, at: number): Buffer {
  bytes[Math.floor(bytes.length * at)]! ^= 1;
  return bytes;
}

test('firmware is updated, twice, and operators go back by their votes', async () => {
  for (const [index, next] of [FIRST, SECOND].entries()) {
    const from = pad.machine.serial().length;
    const { code, printed } = await propose(await repack(file(`${next}.firmware`), next));
    assert.is(code, 0, printed);
    await fleet.until(`firmware ${next} is active`, async () => ((await pad.version()) === next ? true : undefined));
    await serves(from);
    if (index === 0) assert.match(await fleet.until('the app still answers', pad.page), /hello/i);
  }
  const older = await propose(await repack(file('older.firmware'), version));
  assert.match(older.printed, /older than 0\.1\.2, which is active; go back with: classpad rollback firmware/);
  const { code, printed } = await fleet.decide('rollback', 'firmware', '--window', '45m');
  assert.is(code, 0, printed);
  await fleet.until(`rolled back to ${FIRST}`, async () => ((await pad.version()) === FIRST ? true : undefined));
  const { printed: logs } = await fleet.classpad('logs', '--kind', 'firmware');
  assert.match(logs, /is being fetched and installed/);
  fleet.times.push(logs);
});

test('a whole system is updated', async () => {
  const path = otherImage(NEW_SYSTEM);
  const from = pad.machine.serial().length;
  const { code, printed } = await propose(`${path}.raucb`);
  console.log(printed);
  assert.is(code, 0, printed);
  await fleet.until('slot B starts', pad.has('classpad: slot B', from));
  await serves(from, `system ${NEW_SYSTEM} serves from slot B`);
  system = NEW_SYSTEM;
  assert.match(await on('cat /usr/lib/classpad/os.json'), /"version":"0\.2\.0"/);
  assert.match(await fleet.until('and the app answers', pad.page), /hello/i);
});

test('a panic reboots it', async () => {
  const from = pad.machine.serial().length;
  // Nobody says any more that the connection has ended.
  void on('echo c > /proc/sysrq-trigger').catch(() => '');
  await fleet.until('it starts again after a panic', pad.has(/classpad: slot/, from));
  await serves(from);
});

test('a hang is ended by the watchdog', async () => {
  const from = pad.machine.serial().length;
  assert.match(await on('cat /sys/class/watchdog/watchdog0/identity /sys/class/watchdog/watchdog0/state'), /\nactive/);
  void on('echo 1 > /sys/fs/cgroup/init.scope/cgroup.freeze').catch(() => '');
  await fleet.until('the watchdog resets it', pad.has(/classpad: slot/, from));
  await serves(from);
});

test('of two boards one tries new firmware first; without a key on its card nobody gets in', async () => {
  const [port = 0] = await freePorts(1);
  const second = await fleet.enrol('pad-8', { memoryMib: MEMORY_MIB, forward: { [port]: 22 } });
  await fleet.until('a second board serves', second.has(/serving: firmware .* are good/));
  const follows = new RegExp(`serving: firmware \\S+ and system ${system.replaceAll('.', '\\.')} are good`);
  await fleet.until(`and follows to system ${system}`, second.has(follows));
  const { code, printed } = await propose(await repack(file(`${THIRD}.firmware`), THIRD), '--canary', '1');
  assert.is(code, 0, printed);
  assert.match(printed, /1 device found it healthy/);
  for (const each of [pad, second])
    await fleet.until(`${each.name} runs ${THIRD}`, async () => ((await each.version()) === THIRD ? true : undefined));
  const { printed: logs } = await fleet.classpad('logs', '--kind', 'firmware');
  fleet.times.push(logs.split('\n').slice(-6).join('\n'));
  sshPort = port;
  assert.is(
    await on('true').then(
      () => 'let in',
      () => 'refused',
    ),
    'refused',
  );
});

row.after(async () => {
  if (fleet) writeFileSync(join(IMAGES, `times-updates-${board}.txt`), `${fleet.times.join('\n')}\n`);
  await fleet?.end();
});

const isAsked = process.env['CLASSPAD_QEMU'] === '1';
if (!isAsked) console.log("skipped: a board's life in QEMU: it takes half an hour; npm run image:updates runs it");
if (
  !isAsked ||
  !need("a board's life in QEMU", areImagesThere(), `npm run build, and npm run image -- --board ${board} --quick`)
) {
  console.log('  Total:     0\n  Passed:    0');
} else row.run();
