/**
 * The image of a board in QEMU, from its first start to two updates that fail. It takes minutes and a built image:
 *   npm run image -- --board qemu-x86_64 --quick && npm run image:test
 * CLASSPAD_BOARD names another board (qemu-arm64).
 */
import { createPrivateKey } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createWalletClient, http, stringToHex } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { commands } from '../../cli/commands/index.ts';
import { enrolmentFiles } from '../../cli/flash/enrolment.ts';
import { fleetAbi } from '../../cli/fleet/abi.ts';
import { runBoard } from '../../cli/qemu/board.ts';
import { version } from '../../cli/root.ts';
import { run } from '../../cli/run.ts';
import { openFirmware, packFirmware } from '../../firmware-bridge/update/bundle.ts';
import { makeBundle } from '../../image/bundle.ts';
import { signingKeys } from '../../image/keys.ts';
import type { Machine } from '../../image/qemu/machine.ts';
import { run as runProgram } from '../../image/shell.ts';
import { makeExt4 } from '../../image/slot.ts';
import { need, root } from '../support/need.ts';
import { FLEET, freePorts, isBuilt, type NodeProcess, nodeProcess, OPERATOR, OPERATOR_KEY } from '../support/node-process.ts';

const board = process.env['CLASSPAD_BOARD'] ?? 'qemu-x86_64';
const IMAGES = join(root, 'build/images');
const image = join(IMAGES, `classpad-${board}-${version}.img`);
const bundle = join(IMAGES, `classpad-${version}.firmware`);
const MINUTE_MS = 60_000;
/** Software emulation on a busy machine. */
const PATIENCE_MS = Number(process.env['CLASSPAD_PATIENCE_MINUTES'] ?? 10) * MINUTE_MS;

const folder = mkdtempSync(join(tmpdir(), 'classpad-qemu-'));
const serialLog = join(IMAGES, `serial-${board}.log`);
const keyFile = join(folder, 'operator.key');
const times: string[] = [];
const startedAt = performance.now();
let host: NodeProcess;
let machine: Machine;
let ports: { rpc: number; proxy: number; peers: number };

/** The command line, in this process. Answers its exit code and what it printed. */
async function classpad(...args: string[]): Promise<{ code: number; printed: string }> {
  const lines: string[] = [];
  const io = {
    out: (line: string) => lines.push(line),
    err: (line: string) => lines.push(line),
    env: { CLASSPAD_RPC: `http://127.0.0.1:${host.ports.rpc}`, CLASSPAD_FLEET: FLEET },
  };
  const code = await run(
    commands,
    args,
    { ...io, out: (line) => void lines.push(line), err: (line) => void lines.push(line) },
    version,
  );
  return { code, printed: lines.join('\n') };
}

async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const endMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await Promise.resolve(look()).catch(() => undefined);
    if (found !== undefined && found !== false) {
      const line = `${((performance.now() - startedAt) / 1000).toFixed(0).padStart(5)} s  ${what}`;
      times.push(line);
      console.log(line);
      return found;
    }
    if (Date.now() > endMs)
      throw new Error(`not within ${PATIENCE_MS / MINUTE_MS} minutes: ${what}\n${machine?.serial().slice(-3000)}`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** One call of the guest's own JSON-RPC. */
async function guest(method: string, ...params: unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const response = await fetch(`http://127.0.0.1:${ports.rpc}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal: AbortSignal.timeout(20_000),
  });
  return ((await response.json()) as { result: unknown }).result;
}

/** What the app answers through the board's proxy; nothing while it does not. */
const page = async () => {
  const response = await fetch(`http://127.0.0.1:${ports.proxy}/`, { signal: AbortSignal.timeout(20_000) });
  return response.ok ? response.text() : undefined;
};
const serialHas =
  (text: string | RegExp, from = 0) =>
  () =>
    machine.serial().slice(from).search(text) >= 0 ? true : undefined;

test('it boots, enrols by its token, and joins the ledger', async () => {
  writeFileSync(serialLog, '');
  host = await nodeProcess('unix:///nowhere.sock');
  await host.start();
  writeFileSync(keyFile, `${OPERATOR_KEY}\n`, { mode: 0o600 });
  assert.is((await classpad('init', '--operator', OPERATOR, '--key', keyFile)).code, 0);
  const token = generatePrivateKey();
  await invite(privateKeyToAccount(token).address);
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 });
  const [rpc = 0, proxy = 0, peers = 0] = await freePorts(3);
  ports = { rpc, proxy, peers };
  const sequencer = /is (0x[0-9a-f]{40})/.exec(host.said())?.[1];
  const options: Readonly<Record<string, string | readonly string[]>> = {
    name: 'pad-7',
    from: join(host.folder, 'node.yaml'),
    sequencer: sequencer!,
    peer: [`ws://10.0.2.2:${host.ports.peers}`],
    token: tokenFile,
  };
  const input = {
    operands: [],
    has: () => false,
    text: (name: string) => [options[name] ?? []].flat()[0],
    list: (name: string) => [options[name] ?? []].flat(),
  };
  machine = await runBoard({
    root,
    board,
    version,
    folder: join(folder, 'board'),
    isFresh: true,
    enrolment: enrolmentFiles(input, { rpc: '0.0.0.0:8545' }),
    memoryMib: Number(process.env['CLASSPAD_MEMORY'] ?? 512),
    ports,
    accelerator: (process.env['CLASSPAD_ACCEL'] as 'auto' | undefined) ?? 'auto',
    onSerial: (text) => appendFileSync(serialLog, text, 'latin1'),
    onRemark: console.log,
  });
  console.log(`${board} under ${machine.accelerator}`);
  await until('the kernel of slot A starts', serialHas('classpad: slot A'));
  await until('the firmware starts', serialHas(/launcher: firmware/));
  await until('its JSON-RPC answers', () => guest('eth_blockNumber').then((number) => (number === undefined ? undefined : true)));
  await until('the ledger counts it among its own', async () => ((await devices()).includes('pad-7') ? true : undefined));
  await until('it serves: system and firmware are good', serialHas(/serving: firmware .* are good/));
});

test('it runs a release, and its proxy answers', async () => {
  const { code, printed } = await classpad(
    'deploy',
    join(root, 'examples/hello/compose.yaml'),
    // The board's engine knows what the example's tag means.
    '--rpc',
    `http://127.0.0.1:${ports.rpc}`,
    '--key',
    keyFile,
    '--window',
    '30m',
  );
  assert.is(code, 0, printed);
  assert.match(await until('the app answers through the proxy', page), /hello|Hello/i);
});

test("its screen shows the firmware's picture", async () => {
  const ppm = join(folder, 'screen.ppm');
  await new Promise((resolve) => setTimeout(resolve, 25_000));
  await machine.screenshot(ppm);
  const colours = coloursOf(readFileSync(ppm));
  copyFileSync(ppm, join(IMAGES, `screen-${board}.ppm`));
  assert.ok(colours.size >= 4, `the picture has ${colours.size} colours`);
  times.push(`        the screen has ${colours.size} colours`);
});

test('firmware that does not start is rolled back by itself', async () => {
  const bad = join(folder, 'bad.firmware');
  const keys = await signingKeys(join(root, 'build/keys'), undefined, undefined);
  const { files } = openFirmware(readFileSync(bundle), keys.keyring);
  const broken = new Map([...files, ['host.cjs', Buffer.from('throw new Error("this release is broken on purpose");')]]);
  writeFileSync(
    bad,
    packFirmware('9.0.0', broken, createPrivateKey(readFileSync(keys.key)), readFileSync(keys.certificate, 'utf8')),
  );
  const from = machine.serial().length;
  const { code, printed } = await classpad(
    'firmware',
    'propose',
    bad,
    '--to',
    `http://127.0.0.1:${host.ports.peers}`,
    '--key',
    keyFile,
    '--window',
    '30m',
  );
  assert.is(code, 1, printed);
  assert.match(printed, /rolled back.*(did not serve|9\.0\.0)/s);
  times.push(`        ${printed.split('\n').at(-1)}`);
  await until('what ran before serves again', serialHas(new RegExp(`serving: firmware ${version.replaceAll('.', '\\.')}`), from));
  assert.match(String(await guest('web3_clientVersion')), new RegExp(version.replaceAll('.', '\\.')));
  assert.match(await until('and the app still answers', page), /hello/i);
});

test('a system that does not start is rolled back by itself', async () => {
  const path = await badSystem();
  const from = machine.serial().length;
  const { code, printed } = await classpad(
    'firmware',
    'propose',
    path,
    '--to',
    `http://127.0.0.1:${host.ports.peers}`,
    '--key',
    keyFile,
    '--window',
    '45m',
  );
  assert.is(code, 1, printed);
  assert.match(printed, /did not come up/);
  times.push(`        ${printed.split('\n').at(-1)}`);
  const said = machine.serial().slice(from);
  assert.ok(said.includes('classpad: slot B') && said.lastIndexOf('classpad: slot A') > said.indexOf('classpad: slot B'));
  await until('slot A serves again', serialHas(/serving: firmware/, from));
  assert.match(await until('and so does the app', page), /hello/i);
});

/** A bundle whose kernel starts and whose root cannot be mounted. */
async function badSystem(): Promise<string> {
  const keys = await signingKeys(join(root, 'build/keys'), undefined, undefined);
  const content = join(folder, 'bad-slot');
  mkdirSync(content);
  for (const name of ['vmlinuz', 'initrd']) copyFileSync(join(root, 'build/image', board, 'slot', name), join(content, name));
  writeFileSync(join(content, 'root.squashfs'), Buffer.alloc(100_000, 0x5a));
  const slot = join(folder, 'bad.ext4');
  await makeExt4({ path: slot, bytes: 64 * 1024 * 1024, label: 'slot', seed: 'bad', epoch: 1_767_225_600, content });
  const path = join(folder, 'bad.raucb');
  await makeBundle(path, { board, version: '9.0.0', slot, keys, work: folder });
  const about = JSON.parse(readFileSync(image.replace(/\.img$/, '.json'), 'utf8')) as object;
  const hash = (await runProgram('sha256sum', [path])).split(' ')[0];
  writeFileSync(path.replace(/\.raucb$/, '.json'), JSON.stringify({ ...about, version: '9.0.0', bundleSha256: hash }));
  return path;
}

async function invite(token: `0x${string}`): Promise<void> {
  const url = `http://127.0.0.1:${host.ports.rpc}`;
  const chain = {
    id: 4401,
    name: 'test',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  };
  const wallet = createWalletClient({ account: privateKeyToAccount(OPERATOR_KEY), chain, transport: http(url) });
  const labels = [stringToHex(`board=${board}`.slice(0, 32), { size: 32 })];
  const expiresAt = BigInt(Math.floor(Date.now() / 1000) + 86_400);
  await wallet.writeContract({
    address: FLEET,
    abi: fleetAbi,
    functionName: 'invite',
    args: [token, 'pad-7', labels, expiresAt],
  });
}

async function devices(): Promise<string> {
  return (await classpad('status', '--json')).printed;
}

function coloursOf(ppm: Buffer): Set<number> {
  const start = ppm.indexOf('\n255\n') + 5;
  const colours = new Set<number>();
  for (let at = start; at + 2 < ppm.length; at += 3) colours.add(ppm.readUIntBE(at, 3));
  return colours;
}

test.after(async () => {
  await machine?.shutDown().catch(() => {});
  await host?.stop().catch(() => {});
  host?.remove();
  if (times.length > 0) writeFileSync(join(IMAGES, `times-${board}.txt`), `${times.join('\n')}\n`);
  rmSync(folder, { recursive: true, force: true });
});

const isAsked = process.env['CLASSPAD_QEMU'] === '1';
const isReady = existsSync(image) && existsSync(bundle) && isBuilt && readdirSync(IMAGES).length > 0;
if (!isAsked) console.log('skipped: the image in QEMU: it takes minutes; npm run image:test runs it');
if (!isAsked || !need('the image in QEMU', isReady, `npm run build, and npm run image -- --board ${board} --quick`)) {
  console.log('  Total:     0\n  Passed:    0');
} else test.run();
