/**
 * `classpad emulate --qemu` as a user has it in his terminals: two boards and the virtual devices of an emulator on one ledger, and
 * Ctrl-C. It takes minutes and a built image:
 *   npm run image -- --board qemu-x86_64 --quick && npm run image:emulate
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { commands } from '../../../cli/commands/index.ts';
import { version } from '../../../cli/root.ts';
import { run } from '../../../cli/run.ts';
import { areImagesThere, board, patientHello, patientWindow } from '../../support/boards.ts';
import { faultsOf, hasDiskTools } from '../../support/disks.ts';
import { need, root } from '../../support/need.ts';
import { CLI, freePorts } from '../../support/node-process.ts';
import { until as foundAt } from '../../support/wait.ts';
import { type Emulator, keysOf, startEmulator } from '../emulator.ts';

const PATIENCE_MS = Number(process.env['CLASSPAD_PATIENCE_MINUTES'] ?? 10) * 60_000;
const MEMORY_MIB = 512;
const folder = mkdtempSync(join(tmpdir(), 'classpad-qemu-'));
const startedAt = performance.now();
let emulator: Emulator;
const terminals: Terminal[] = [];

/** A command in a terminal of its own: what it prints, and Ctrl-C, which a terminal sends to all that it runs. */
interface Terminal {
  readonly name: string;
  readonly ports: { readonly proxy: number; readonly rpc: number };
  out(): string;
  err(): string;
  ctrlC(): void;
  readonly ended: Promise<number | null>;
}

function open(name: string, ports: Terminal['ports'], ...args: string[]): Terminal {
  const memory = args.includes('--memory') ? [] : ['--memory', `${MEMORY_MIB}`];
  const own = ['--name', name, '--port', `${ports.proxy}`, '--rpc-port', `${ports.rpc}`, ...memory];
  const words = [CLI, 'emulate', '--qemu', board, ...own, ...args];
  const child: ChildProcess = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  process.once('exit', () => child.kill('SIGINT'));
  let [out, err] = ['', ''];
  child.stdout!.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr!.on('data', (chunk) => {
    err += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { name, ports, out: () => out, err: () => err, ctrlC: () => void process.kill(-child.pid!, 'SIGINT'), ended };
}

async function classpad(...args: string[]): Promise<{ code: number; text: string }> {
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  const env = { CLASSPAD_RPC: emulator.rpc, CLASSPAD_KEY: keysOf('ops-1', 'ops-2') };
  const code = await run(commands, args, { out: say, err: say, env }, version);
  return { code, text: lines.join('\n') };
}

async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const more = () => terminals.map(({ name, out, err }) => `\n${name}:\n${err()}\n${out().slice(-1500)}`).join('');
  const found = await foundAt(what, look, { withinMs: PATIENCE_MS, everyMs: 500, more });
  console.log(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(5)} s  ${what}`);
  return found;
}

async function ask(url: string, method: string, ...params: unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', body, headers, signal: AbortSignal.timeout(20_000) });
  return ((await response.json()) as { result: unknown }).result;
}

const rpcOf = ({ ports }: Terminal) => `http://127.0.0.1:${ports.rpc}`;
const pageOf = async ({ ports }: Terminal, path = '/') => {
  const response = await fetch(`http://127.0.0.1:${ports.proxy}${path}`, { signal: AbortSignal.timeout(20_000) });
  return response.ok ? response.text() : undefined;
};
const folderOf = (name: string) => join(root, 'build/qemu', name);
const qemuOf = (name: string) => Number(readFileSync(join(folderOf(name), 'qemu.pid'), 'utf8'));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function invite(name: string): Promise<string> {
  const token = join(folder, `${name}.token`);
  const { code, text } = await classpad('invite', name, '--label', `board=${board}`, '--label', `unit=${name}`, '--out', token);
  assert.is(code, 0, text);
  return token;
}

test('two boards boot at once, each on ports of its own, with its console in its terminal', async () => {
  emulator = await startEmulator(2, '--peers', '127.0.0.1:0');
  const peer = emulator.peers.replace('127.0.0.1', '10.0.2.2');
  for (const name of ['test-qemu-1', 'test-qemu-2']) {
    const [rpc = 0] = await freePorts(1);
    const [proxy = 0] = await freePorts(1);
    const from = join(root, 'build/emulator/node.json');
    const sister = ['--from', from, '--peer', peer, '--token', await invite(name)];
    terminals.push(open(name, { rpc, proxy }, '--fresh', ...sister));
  }
  for (const each of terminals) {
    await until(`${each.name}: the kernel's word on the console`, () => each.out().includes('classpad: slot A'));
    assert.match(
      each.err(),
      new RegExp(`${each.name}: ${board} in QEMU \\((kvm|tcg)\\).*:${each.ports.proxy}.*:${each.ports.rpc}`),
    );
  }
});

test('both follow the ledger that the virtual devices share, and belong to its fleet', async () => {
  for (const each of terminals) {
    await until(`${each.name}: its block is the emulator's`, async () => {
      const mine = (await ask(rpcOf(each), 'eth_getBlockByNumber', 'latest', false)) as { number: string; hash: string };
      const theirs = (await ask(emulator.rpc, 'eth_getBlockByNumber', mine.number, false)) as { hash: string };
      return mine.number !== '0x0' && mine.hash === theirs.hash;
    });
  }
  await until('the ledger counts two virtual devices and two boards', async () => {
    const { devices } = JSON.parse((await classpad('status', '--json')).text) as { devices: { name: string }[] };
    return devices.length === 4 && terminals.every(({ name }) => devices.some((device) => device.name === name));
  });
});

test('each runs a release in a real container, which is fetched through its forwarded port', async () => {
  // The emulator's story has released an app to all devices, whose image no board has: this one takes the root from it.
  const compose = patientHello(folder);
  appendFileSync(compose, '    labels:\n      classpad.route.path: /\n');
  for (const each of terminals) {
    await until(`${each.name}: it serves`, () => /serving: firmware .* are good/.test(each.out()));
    // What the example's tag means is each engine's own.
    const words = ['--app', each.name, '--label', `unit=${each.name}`, '--rpc', rpcOf(each), '--window', patientWindow];
    const { code, text } = await classpad('deploy', compose, ...words);
    assert.is(code, 0, text);
    assert.match(text, new RegExp(`${each.name} r1 is active: 1 device found it healthy`));
    assert.match(await until(`${each.name}: the app answers`, () => pageOf(each)), /hello/i);
    assert.match((await pageOf(each, '/.well-known/classpad'))!, new RegExp(each.name));
  }
});

test('the port for peers leads into the board', async () => {
  const { ports } = terminals[0]!;
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(ports.proxy + 1, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: pad\r\n\r\n'));
    socket.once('data', (bytes) => {
      socket.destroy();
      resolve(bytes.toString('latin1').split('\r\n')[0]!);
    });
    socket.once('error', reject);
    socket.setTimeout(20_000, () => socket.destroy(new Error('nothing comes')));
  });
  assert.match(answer, /^HTTP\/1\.1 \d{3}/);
});

test('what cannot be started is a sentence, and what runs goes on', async () => {
  const { name, ports } = terminals[0]!;
  const rows: [who: string, told: RegExp][] = [
    [name, new RegExp(`${name} is switched on already \\(process ${qemuOf(name)}\\).*--name`)],
    [
      'test-qemu-3',
      new RegExp(`port (${ports.proxy}|${ports.rpc}|${ports.proxy + 1}) of this machine is taken.*--port and --rpc-port`),
    ],
  ];
  for (const [who, told] of rows) {
    const second = open(who, ports);
    assert.is(await second.ended, 1);
    assert.match(second.err(), told);
    assert.not.match(second.err(), /\n {4}at /);
  }
  const poor = open('test-qemu-3', ports, '--memory', '200');
  assert.is(await poor.ended, 2);
  assert.match(poor.err(), new RegExp(`${board} starts with \\d+ MB of memory or more`));
  assert.match((await pageOf(terminals[0]!))!, /hello/i);
});

test('Ctrl-C presses the power buttons: no QEMU is left, the disks are sound', async () => {
  const machines = terminals.map(({ name }) => qemuOf(name));
  assert.ok(machines.every(isAlive));
  for (const each of terminals) each.ctrlC();
  for (const each of terminals) {
    assert.is(await each.ended, 0, each.err());
    assert.match(each.err(), /shutting down.*\n.*switched off after/s);
    console.log(`         ${each.err().trim().split('\n').at(-1)}`);
    assert.equal(faultsOf(join(folderOf(each.name), 'disk.img')), [], each.name);
  }
  await until('no QEMU is left', () => !machines.some(isAlive));
});

test('without --fresh a board goes on where it ended, and a second Ctrl-C pulls its plug at once', async () => {
  const { name, ports } = terminals[0]!;
  const again = open(name, ports);
  terminals.push(again);
  await until(`${name}: what it ran serves again`, async () => /hello/i.test((await pageOf(again)) ?? ''));
  const machine = qemuOf(name);
  again.ctrlC();
  await until(`${name}: it is told to end`, () => again.err().includes('shutting down'));
  again.ctrlC();
  assert.is(await again.ended, 130);
  await until('nor is this one', () => !isAlive(machine));
});

test.after(async () => {
  emulator?.stop();
  for (const each of terminals) {
    try {
      each.ctrlC();
      each.ctrlC();
    } catch {
      // It has ended.
    }
  }
  await Promise.all(terminals.map(({ ended }) => ended));
  for (const name of ['test-qemu-1', 'test-qemu-2', 'test-qemu-3']) rmSync(folderOf(name), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
});

const isAsked = process.env['CLASSPAD_QEMU'] === '1';
if (!isAsked) console.log('skipped: boards in QEMU beside virtual devices: it takes minutes; npm run image:emulate runs it');
const what = 'boards in QEMU beside virtual devices';
const isThere = isAsked && need(what, areImagesThere(), `npm run build, and npm run image -- --board ${board} --quick`);
if (isThere && need(what, hasDiskTools(), 'apt-get install e2fsprogs')) test.run();
else console.log('  Total:     0\n  Passed:    0');
