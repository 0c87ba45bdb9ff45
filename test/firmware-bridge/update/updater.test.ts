import { createPrivateKey } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { keyId, packFirmware, sha256 } from '../../../firmware-bridge/update/bundle.ts';
import { openOs } from '../../../firmware-bridge/update/os.ts';
import { servePayload } from '../../../firmware-bridge/update/payload-server.ts';
import { openPayloads, type Payloads } from '../../../firmware-bridge/update/payloads.ts';
import { openSlots } from '../../../firmware-bridge/update/slots.ts';
import { createUpdater } from '../../../firmware-bridge/update/updater.ts';
import { makeKeys } from '../../../image/keys.ts';
import type { Update } from '../../../runtime/ports/index.ts';

const root = mkdtempSync(join(tmpdir(), 'classpad-updater-'));
const servers: Server[] = [];
test.after(() => {
  for (const server of servers) server.close().closeAllConnections();
  rmSync(root, { recursive: true, force: true });
});

const pair = async (name: string) => {
  const paths = { key: join(root, `${name}.key`), certificate: join(root, `${name}.pem`) };
  await makeKeys(root, paths, `/CN=${name}`);
  return { key: createPrivateKey(readFileSync(paths.key)), certificate: readFileSync(paths.certificate, 'utf8') };
};
const [builder, stranger] = [await pair('builder'), await pair('stranger')];
const pack = (version: string, by = builder) =>
  packFirmware(version, new Map([['host.cjs', Buffer.alloc(50_000, version)]]), by.key, by.certificate);
const good = pack('0.2.0');
const updateTo = (bytes: Uint8Array, change: Partial<Update> = {}): Update => ({
  kind: 'firmware',
  app: 'firmware',
  revision: 1,
  version: '0.2.0',
  sha256: sha256(bytes),
  bytes: bytes.length,
  signer: keyId(builder.certificate),
  ...change,
});

/** A sister node that has these bundles, and takes what `wanted` names. */
async function sister(bundles: readonly Uint8Array[], wanted: readonly Uint8Array[] = []) {
  const folder = mkdtempSync(join(root, 'sister-'));
  const payloads = openPayloads(folder);
  for (const bytes of bundles) writeFileSync(join(folder, sha256(bytes)), bytes);
  const ranges: (string | undefined)[] = [];
  const url = await serving(payloads, wanted, ranges);
  return { url, folder, ranges, payloads };
}

/** The door of a node for bundles. */
async function serving(payloads: Payloads, wanted: readonly Uint8Array[], ranges: (string | undefined)[] = []): Promise<string> {
  const named = new Map(wanted.map((bytes) => [sha256(bytes), { sha256: sha256(bytes), bytes: bytes.length }]));
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    if (!servePayload(request, response, payloads, (hash) => named.get(hash))) response.writeHead(426).end();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Execution {
  readonly program: string;
  readonly args: readonly string[];
}

interface DeviceOptions {
  readonly peers: string[];
  readonly sticks: string[];
  readonly rauc: () => void;
  readonly cmdline: string;
  readonly patienceMs: number;
  /** What RAUC says of a bundle. */
  readonly info: string;
  /** The slot that the boot loader has first. */
  readonly primary: string;
  /** Bundles that the ledger names. */
  readonly named: string[];
}

/** A device with slots: everything real but RAUC, the restart and the reboot. */
async function device(
  {
    peers = [],
    sticks = [],
    rauc = () => {},
    cmdline = 'classpad.slot=A',
    patienceMs = 60_000,
    info = '{"compatible":"classpad-qemu-x86_64","version":"0.5.0"}',
    primary = 'A',
    named = [],
  }: Partial<DeviceOptions> = {},
  folder = mkdtempSync(join(root, 'device-')),
  payloads = openPayloads(join(folder, 'payloads')),
) {
  const system = join(folder, 'system');
  mkdirSync(join(system, 'firmware'), { recursive: true });
  writeFileSync(join(system, 'os.json'), JSON.stringify({ board: 'qemu-x86_64', version: '0.1.0' }));
  const executed: Execution[] = [];
  const execute = async (program: string, args: readonly string[]) => {
    executed.push({ program: program.split('/').at(-1)!, args: args.map((arg) => arg.split('/').at(-1)!) });
    if (args[0] === 'info') return info;
    if (args[0] === 'get-primary') return `${primary}\n`;
    if (program === 'rauc') rauc();
    return '';
  };
  const slots = openSlots(join(folder, 'firmware'), join(system, 'firmware'));
  const os = await openOs({ system, folder, cmdline, execute });
  const said: string[] = [];
  let restarts = 0;
  const log = { write: (_level: string, message: string) => void said.push(message) };
  const restart = () => void restarts++;
  const updater = createUpdater({
    slots,
    os,
    payloads,
    keyring: builder.certificate,
    isNamed: (sha256) => named.includes(sha256),
    peers,
    sticks: () => sticks,
    log,
    restart,
    version: '0.1.0',
    patienceMs,
  });
  return { folder, updater, slots, os, payloads, said, executed, restarts: () => restarts };
}

async function settled(what: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400 && !what(); tries++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(what());
}

test('firmware is fetched from a sister, installed, and started', async () => {
  const { url } = await sister([good]);
  const { updater, slots, restarts } = await device({ peers: [url] });
  updater.apply(updateTo(good));
  await settled(() => restarts() === 1);
  assert.equal([slots.state().current, slots.choose().version], ['a', '0.2.0']);
});

test('from a stick, without any sister', async () => {
  const stick = mkdtempSync(join(root, 'stick-'));
  mkdirSync(join(stick, 'classpad'));
  writeFileSync(join(stick, 'classpad', 'new.firmware'), good);
  writeFileSync(join(stick, 'other.firmware'), Buffer.alloc(good.length));
  const { updater, restarts } = await device({ sticks: [stick] });
  updater.apply(updateTo(good));
  await settled(() => restarts() === 1);
});

test('bundles that the ledger names no more make room', async () => {
  const { url } = await sister([good]);
  const [old, begun, next] = ['aa', 'bb', 'cc'].map((digit) => digit.repeat(32)) as [string, string, string];
  const one = await device({ peers: [url], named: [next] });
  for (const name of [old, `${begun}.part`, next]) writeFileSync(join(one.folder, 'payloads', name), 'x');
  one.updater.apply(updateTo(good));
  await settled(() => one.restarts() === 1);
  assert.equal(readdirSync(join(one.folder, 'payloads')).sort(), [next, sha256(good)].sort());
});

test('what has come already is not fetched again', async () => {
  const { url, ranges } = await sister([good]);
  const one = await device({ peers: [url] });
  writeFileSync(join(one.folder, 'payloads', `${sha256(good)}.part`), good.subarray(0, 100));
  one.updater.apply(updateTo(good));
  await settled(() => one.restarts() === 1);
  assert.equal(ranges, ['bytes=100-']);
});

test('a download that had ended when the power went is used', async () => {
  const one = await device();
  writeFileSync(join(one.folder, 'payloads', `${sha256(good)}.part`), good);
  one.updater.apply(updateTo(good));
  await settled(() => one.restarts() === 1);
});

const foreign = pack('0.2.0', stranger);
const tampered = Buffer.concat([good.subarray(0, -1), Buffer.of(good.at(-1)! ^ 1)]);
const refusals: [name: string, bytes: Buffer, change: Partial<Update>, reason: RegExp][] = [
  ['a tampered payload, whatever the ledger says', tampered, {}, /not what was signed/],
  ['a foreign key, whatever the ledger says', foreign, { signer: keyId(stranger.certificate) }, /does not trust/],
  ['a key that the ledger does not name', good, { signer: 'ab'.repeat(32) }, /another key signed it/],
  ['another version than the ledger names', good, { version: '0.3.0' }, /calls itself 0\.2\.0/],
  ['half a bundle', good.subarray(0, good.length - 10), {}, /not whole/],
  ['no bundle', Buffer.from('something else entirely\n'.repeat(9)), {}, /no firmware bundle/],
];
for (const [name, bytes, change, reason] of refusals) {
  test(`refused: ${name}`, async () => {
    const { url } = await sister([bytes]);
    const { updater, slots, restarts } = await device({ peers: [url] });
    updater.apply(updateTo(bytes, change));
    await settled(() => updater.failure(sha256(bytes)) !== undefined);
    assert.match(updater.failure(sha256(bytes))!, reason);
    assert.equal(
      [slots.state().current, restarts(), updater.doing(), updater.running('firmware').version],
      ['factory', 0, undefined, '0.1.0'],
    );
  });
}

test('a sister that gives something else is no refusal of the release: another may have it', async () => {
  const liar = await sister([]);
  writeFileSync(join(liar.folder, sha256(good)), Buffer.alloc(good.length));
  const honest = await sister([good]);
  const { updater, restarts } = await device({ peers: [liar.url, honest.url] });
  updater.apply(updateTo(good));
  await settled(() => restarts() === 1);
});

/** A sister that begins a bundle wrongly, and ends there or never. */
async function beginner(bytes: number, ends: boolean): Promise<string> {
  const server = createServer((request, response) => {
    if (request.headers.range) return void response.writeHead(416).end();
    response.writeHead(200, { 'content-length': bytes });
    response.write(Buffer.alloc(bytes >> 1), () => ends && response.destroy());
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a sister that begins wrongly and breaks off keeps nobody from taking all of it from another', async () => {
  const honest = await sister([good]);
  const { updater, restarts } = await device({ peers: [await beginner(good.length, true), honest.url] });
  updater.apply(updateTo(good));
  await settled(() => restarts() === 1);
  assert.equal(honest.ranges, [`bytes=${good.length >> 1}-`, undefined]);
});

test('a sister that gives next to nothing is left for another', async () => {
  const honest = await sister([good]);
  const { updater, restarts } = await device({ peers: [await beginner(good.length, false), honest.url], patienceMs: 200 });
  updater.apply(updateTo(good));
  await settled(() => restarts() === 1);
});

test('nobody has it: it is said, and nothing failed', async () => {
  const { url } = await sister([]);
  const { updater, said } = await device({ peers: [url, 'ws://127.0.0.1:1'] });
  updater.apply(updateTo(good));
  await settled(() => said.some((line) => /cannot be fetched yet: no source has it/.test(line)));
  assert.is(updater.failure(sha256(good)), undefined);
});

const os = (bytes: Uint8Array): Update => updateTo(bytes, { kind: 'os', app: 'os', version: '0.5.0' });

test('a system is written by RAUC, booted, and good once it serves', async () => {
  const { url } = await sister([good]);
  const one = await device({ peers: [url] });
  one.updater.apply(os(good));
  await settled(() => one.executed.some(({ program }) => program === 'systemctl'));
  assert.equal(
    one.executed.map(({ program, args }) => [program, args[0]]),
    [
      ['rauc', 'info'],
      ['bootloader', 'get-primary'],
      ['rauc', 'install'],
      ['systemctl', 'reboot'],
    ],
  );
  // The next start is the new slot, whose own file says its version.
  writeFileSync(join(one.folder, 'system', 'os.json'), JSON.stringify({ board: 'qemu-x86_64', version: '0.5.0' }));
  const again = await openOs({
    system: join(one.folder, 'system'),
    folder: one.folder,
    cmdline: 'classpad.slot=B',
    execute: async () => '',
  });
  assert.equal(again.running(), { version: '0.5.0', sha256: sha256(good), revision: 1, isGood: false });
  await again.confirm();
  assert.ok(again.running().isGood);
});

test('a system that did not come up is said by the one that runs again', async () => {
  const { url } = await sister([good]);
  const one = await device({ peers: [url] });
  one.updater.apply(os(good));
  await settled(() => one.executed.some(({ program }) => program === 'systemctl'));
  const { updater } = await device({}, one.folder);
  assert.match(updater.failure(sha256(good))!, /system 0\.5\.0 in slot B did not come up; 0\.1\.0 in slot A runs again/);
  assert.is(updater.running('os').version, '0.1.0');
});

const MISNAMED: [name: string, info: string, reason: RegExp][] = [
  ['another version', '{"version":"0.1.0"}', /is refused: it calls itself 0\.1\.0, and the ledger 0\.5\.0/],
  ['no version', '{}', /is refused: it calls itself nothing/],
  ['nothing', '', /is refused: it calls itself nothing/],
];
for (const [name, info, reason] of MISNAMED) {
  test(`a system of which RAUC says ${name} is never written`, async () => {
    const { url } = await sister([good]);
    const one = await device({ peers: [url], info });
    one.updater.apply(os(good));
    await settled(() => one.updater.failure(sha256(good)) !== undefined);
    assert.match(one.updater.failure(sha256(good))!, reason);
    assert.not(one.executed.some(({ args }) => args[0] === 'install' || args[0] === 'reboot'));
  });
}

test('a system that calls itself otherwise once it runs is not written again and again', async () => {
  const { url } = await sister([good]);
  const one = await device({ peers: [url] });
  one.updater.apply(os(good));
  await settled(() => one.executed.some(({ program }) => program === 'systemctl'));
  const { updater } = await device({ cmdline: 'classpad.slot=B' }, one.folder);
  assert.match(updater.failure(sha256(good))!, /system 0\.5\.0 calls itself 0\.1\.0 once it runs/);
});

/** The power goes while RAUC writes, or before it could be noted that it has ended: what was on the disk is what is found. */
async function cutDevice(primary: string, cmdline: string, version = '0.1.0') {
  const { url } = await sister([good]);
  const folder = mkdtempSync(join(root, 'device-'));
  const state = join(folder, 'os-state.json');
  let onDisk = '';
  const look = () => {
    onDisk = readFileSync(state, 'utf8');
  };
  const one = await device({ peers: [url], rauc: look }, folder);
  one.updater.apply(os(good));
  await settled(() => one.executed.some(({ program }) => program === 'systemctl'));
  writeFileSync(state, onDisk);
  const execute = async () => `${primary}\n`;
  writeFileSync(join(folder, 'system/os.json'), JSON.stringify({ board: 'qemu-x86_64', version }));
  return openOs({ system: join(folder, 'system'), folder, cmdline, execute });
}

test('the power goes while a system is written: it has not failed, and is written anew', async () => {
  const again = await cutDevice('A', 'classpad.slot=A');
  assert.equal([again.failure(sha256(good)), again.running().version], [undefined, '0.1.0']);
});

test('the power goes once a system is written, and it does not come up: that is known', async () => {
  const again = await cutDevice('B', 'classpad.slot=A');
  assert.match(again.failure(sha256(good))!, /system 0\.5\.0 in slot B did not come up/);
});

test('the power goes once a system is written, and it comes up: it knows by which release', async () => {
  const again = await cutDevice('B', 'classpad.slot=B', '0.5.0');
  assert.equal(again.running(), { version: '0.5.0', sha256: sha256(good), revision: 1, isGood: false });
});

test('a slot that failed before does not look written: what runs is first to boot again', async () => {
  const { url } = await sister([good]);
  const one = await device({ peers: [url], primary: 'B' });
  await one.os.confirm();
  one.updater.apply(os(good));
  await settled(() => one.executed.some(({ program }) => program === 'systemctl'));
  assert.equal(
    one.executed.map(({ args }) => args.slice(0, 2).join(' ')),
    [
      'set-state A',
      'info --output-format=json',
      'get-primary',
      'set-primary A',
      'set-state A',
      `install ${sha256(good)}.raucb`,
      'reboot',
    ],
  );
});

test('a system that serves while another is written settles nothing', async () => {
  const { url } = await sister([good]);
  const one = await device({ peers: [url] });
  one.updater.apply(os(good));
  await settled(() => one.executed.some(({ program }) => program === 'systemctl'));
  await one.os.confirm();
  const { updater } = await device({}, one.folder);
  assert.match(updater.failure(sha256(good))!, /did not come up/);
});

test('a system that cannot go back says so, and may try again', async () => {
  const refuse = async () => {
    throw new Error('grub-editenv: no space left');
  };
  const one = await device();
  one.os.goBack = refuse;
  one.updater.goBack('os', 'revision 1 was rolled back');
  await settled(() => one.said.some((line) => /going back from os 0\.1\.0 failed: grub-editenv/.test(line)));
  assert.is(one.updater.doing(), undefined);
});

const FULL = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
const full = () => {
  throw FULL;
};

test('a disk that is full is no fault of the release', async () => {
  const { url } = await sister([good]);
  const one = await device({ peers: [url] });
  one.slots.install = full;
  one.updater.apply(updateTo(good));
  await settled(() => one.said.some((line) => /0\.2\.0 cannot be installed yet: ENOSPC/.test(line)));
  assert.equal([one.updater.failure(sha256(good)), one.updater.doing()], [undefined, undefined]);
});

test('nor does the node end when not even a refusal can be written down', async () => {
  const { url } = await sister([foreign]);
  const one = await device({ peers: [url] });
  one.slots.fail = full;
  one.updater.apply(updateTo(foreign));
  await settled(() => one.said.some((line) => /0\.2\.0 cannot be refused yet: ENOSPC/.test(line)));
  assert.is(one.updater.doing(), undefined);
});

test('firmware that is larger than any is not even fetched', async () => {
  const { updater, said } = await device();
  const update = updateTo(good, { bytes: 1024 ** 3 });
  updater.apply(update);
  await settled(() => updater.failure(update.sha256) !== undefined);
  assert.match(updater.failure(update.sha256)!, /it has 1073741824 bytes; a bundle has at most 16777216/);
  assert.not(said.some((line) => /fetched/.test(line)));
});

test("RAUC's refusal is the device's", async () => {
  const { url } = await sister([good]);
  const refuse = () => {
    throw new Error("Compatible mismatch: Expected 'classpad-qemu-x86_64' but bundle manifest has 'classpad-other'");
  };
  const one = await device({ peers: [url], rauc: refuse });
  one.updater.apply(os(good));
  await settled(() => one.updater.failure(sha256(good)) !== undefined);
  assert.match(one.updater.failure(sha256(good))!, /Compatible mismatch/);
  assert.not(one.executed.some(({ program }) => program === 'systemctl'));
});

test('RAUC that was hindered has refused nothing: it is tried again', async () => {
  const { url } = await sister([good]);
  const hinder = () => {
    throw Object.assign(new Error('Error creating proxy: Timeout was reached'), { syscall: 'rauc' });
  };
  const one = await device({ peers: [url], rauc: hinder });
  one.updater.apply(os(good));
  await settled(() => one.said.some((line) => /os 0\.5\.0 cannot be installed yet: Error creating proxy/.test(line)));
  assert.equal([one.updater.failure(sha256(good)), one.updater.doing()], [undefined, undefined]);
});

test('a system of a key that this device does not trust does not get as far as RAUC', async () => {
  const { url } = await sister([good]);
  const one = await device({ peers: [url] });
  one.updater.apply({ ...os(good), signer: keyId(stranger.certificate) });
  await settled(() => one.updater.failure(sha256(good)) !== undefined);
  assert.equal(one.executed, []);
});

const brought: [name: string, body: Buffer, status: number][] = [
  ['what the ledger names', good, 201],
  ['what it does not name', foreign, 403],
];
for (const [name, body, status] of brought) {
  test(`brought to a node: ${name}`, async () => {
    const one = await sister([], [good]);
    const answer = await fetch(`${one.url.replace('ws', 'http')}/payload/${sha256(body)}`, { method: 'PUT', body });
    assert.is(answer.status, status);
    assert.is(readdirSync(one.folder).length, status === 201 ? 1 : 0);
  });
}

for (const [name, body] of [
  ['too long', Buffer.concat([good, Buffer.alloc(10)])],
  ['too short', good.subarray(0, 50)],
  ['changed', tampered],
] as const) {
  test(`brought under a name that the ledger names, but ${name}`, async () => {
    const one = await sister([], [good]);
    const answer = await fetch(`${one.url.replace('ws', 'http')}/payload/${sha256(good)}`, { method: 'PUT', body });
    assert.is(answer.status, 422);
    assert.is(one.payloads.find(sha256(good)), undefined);
  });
}

/** Brings bytes to a node and does not come to an end. */
function bringSlowly(url: string, name: string, bytes: Uint8Array) {
  const sending = request(`${url.replace('ws', 'http')}/payload/${name}`, { method: 'PUT' });
  sending.on('error', () => {});
  sending.write(bytes);
  return sending;
}

test('whoever brings a bundle and never ends keeps the device neither from fetching it nor from anything else', async () => {
  const one = await device();
  const honest = await sister([good]);
  const open = await serving(one.payloads, [good]);
  for (const bytes of [Buffer.alloc(good.length), good.subarray(0, 9)]) bringSlowly(open, sha256(good), bytes);
  await settled(() => readdirSync(join(one.folder, 'payloads')).length === 1);
  const two = await device({ peers: [honest.url] }, one.folder, one.payloads);
  two.updater.apply(updateTo(good));
  await settled(() => two.restarts() === 1);
});

test('what is brought and breaks off leaves nothing', async () => {
  const one = await sister([], [good]);
  const sending = bringSlowly(one.url, sha256(good), good.subarray(0, 9));
  await settled(() => readdirSync(one.folder).length === 1);
  sending.destroy();
  await settled(() => readdirSync(one.folder).length === 0);
});

test('more than a few at once are asked to wait', async () => {
  const one = await sister([], [good]);
  const all = Array.from({ length: 4 }, () => bringSlowly(one.url, sha256(good), good.subarray(0, 9)));
  await settled(() => readdirSync(one.folder).length === 4);
  const answer = await fetch(`${one.url.replace('ws', 'http')}/payload/${sha256(good)}`, { method: 'PUT', body: good });
  assert.equal([answer.status, /busy/.test(await answer.text())], [422, true]);
  for (const sending of all) sending.destroy();
});

test.run();
