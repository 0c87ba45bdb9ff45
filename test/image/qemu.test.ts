/**
 * The image of a board in QEMU, from its first start to two updates that fail. It takes minutes and a built image:
 *   npm run image -- --board qemu-x86_64 --quick && npm run image:test
 * CLASSPAD_BOARD names another board (qemu-arm64).
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { version } from '../../cli/root.ts';
import { makeBundle } from '../../image/bundle.ts';
import { run as runProgram } from '../../image/shell.ts';
import { makeExt4 } from '../../image/slot.ts';
import {
  areImagesThere,
  type Board,
  type BoardFleet,
  board,
  boardFleet,
  developmentKeys,
  IMAGES,
  image,
  patientHello,
  patientWindow,
  repack,
} from '../support/boards.ts';
import { faultsOf, hasDiskTools } from '../support/disks.ts';
import { hasSsh, type Login, loginTo } from '../support/login.ts';
import { MEMORY_COMMAND, readMemory, tellMemory } from '../support/memory.ts';
import { need, root } from '../support/need.ts';
import { coloursOf } from '../support/pictures.ts';

let fleet: BoardFleet;
let pad: Board;
let login: Login | undefined;
/** More than a device lets pass, less than its image is old. */
const CLOCK_BEHIND_SECONDS = 60;
const to = () => ['--to', `http://127.0.0.1:${fleet.host.ports.peers}`];
const own = new RegExp(`serving: firmware ${version.replaceAll('.', '\\.')}`);

test('it boots, enrols by its token, and joins the ledger', async () => {
  fleet = await boardFleet(`serial-${board}.log`);
  login = need('what a board says by SSH', hasSsh(), 'apt-get install openssh-client') ? await loginTo(fleet.folder) : undefined;
  pad = await fleet.enrol('pad-7', {
    clockBehindSeconds: CLOCK_BEHIND_SECONDS,
    ...(login && { sshKey: login.publicKey, forward: { [login.port]: 22 } }),
  });
  console.log(`${board} under ${pad.machine.accelerator}`);
  await fleet.until('the kernel of slot A starts', pad.has('classpad: slot A'));
  await fleet.until('the firmware starts', pad.has(/launcher: firmware/));
  await fleet.until('its JSON-RPC answers', () => pad.ask('eth_blockNumber').then((number) => (number ? true : undefined)));
  await fleet.until('the ledger counts it among its own', async () =>
    (await fleet.classpad('status', '--json')).printed.includes('pad-7') ? true : undefined,
  );
  await fleet.until('it serves: system and firmware are good', pad.has(/serving: firmware .* are good/));
  const start = await fleet.until('its start is on the ledger', async () => {
    const { printed } = await fleet.classpad('logs', '--kind', 'start');
    return printed.includes('pad-7') ? printed : undefined;
  });
  assert.match(start, new RegExp(`${board}.*${version}`));
});

test('its hardware clock is slow: that is on the ledger, too', async () => {
  // What it reads first may be older blocks, by which its clock is less slow than it is; the block of its own note is young.
  await fleet.until('how slow its clock is, is on the ledger', async () => {
    const { printed } = await fleet.classpad('logs', '--kind', 'clock', '--json');
    const entries = JSON.parse(printed) as { fields: { behindSeconds: number } }[];
    const told = entries.map(({ fields }) => fields.behindSeconds);
    assert.ok(
      told.every((seconds) => seconds < CLOCK_BEHIND_SECONDS + 20),
      `behind by ${told} s`,
    );
    return told.some((seconds) => seconds > CLOCK_BEHIND_SECONDS - 20) ? true : undefined;
  });
});

test('it runs a release, and its proxy answers', async () => {
  const { code, printed } = await fleet.decide(
    'deploy',
    patientHello(fleet.folder),
    // The board's engine knows what the example's tag means.
    ...['--rpc', `http://127.0.0.1:${pad.ports.rpc}`, '--window', patientWindow],
  );
  assert.is(code, 0, printed);
  assert.match(await fleet.until('the app answers through the proxy', pad.page), /hello|Hello/i);
});

test('at rest it needs no more memory than a small board has', async () => {
  if (login === undefined) return;
  const memory = readMemory(await fleet.until('it lets in who has the key', () => login!.run(MEMORY_COMMAND)));
  fleet.times.push(tellMemory(memory));
  console.log(tellMemory(memory));
  assert.ok(memory.processes.some(({ name }) => name === 'dockerd'));
  assert.ok(memory.usedMib > 0 && memory.usedMib < 256, `${memory.usedMib} MiB`);
});

test("its screen shows the firmware's picture", async () => {
  const ppm = join(fleet.folder, 'screen.ppm');
  const colours = await fleet.until('the screen has four colours or more', async () => {
    await pad.machine.screenshot(ppm);
    const { size } = coloursOf(readFileSync(ppm));
    return size >= 4 ? size : undefined;
  });
  copyFileSync(ppm, join(IMAGES, `screen-${board}.ppm`));
  assert.ok(colours >= 4, `the picture has ${colours} colours`);
});

test('firmware that does not start is rolled back by itself', async () => {
  const broken = { 'host.cjs': 'throw new Error("this release is broken on purpose");' };
  const bad = await repack(join(fleet.folder, 'bad.firmware'), '9.0.0', broken);
  const from = pad.machine.serial().length;
  const { code, printed } = await fleet.decide('firmware', 'propose', bad, ...to(), '--window', patientWindow);
  assert.is(code, 1, printed);
  assert.match(printed, /rolled back.*(did not serve|9\.0\.0)/s);
  fleet.times.push(`        ${printed.split('\n').at(-1)}`);
  await fleet.until('what ran before serves again', pad.has(own, from));
  assert.is(await pad.version(), version);
  assert.match(await fleet.until('and the app still answers', pad.page), /hello/i);
});

test('a system that does not start is rolled back by itself', async () => {
  const path = await badSystem();
  const from = pad.machine.serial().length;
  const { code, printed } = await fleet.decide('firmware', 'propose', path, ...to(), '--window', patientWindow);
  assert.is(code, 1, printed);
  assert.match(printed, /did not come up/);
  fleet.times.push(`        ${printed.split('\n').at(-1)}`);
  const said = pad.machine.serial().slice(from);
  assert.ok(said.includes('classpad: slot B') && said.lastIndexOf('classpad: slot A') > said.indexOf('classpad: slot B'));
  await fleet.until('slot A serves again', pad.has(own, from));
  assert.match(await fleet.until('and so does the app', pad.page), /hello/i);
});

test('its power button shuts it down, and its disk is sound', async () => {
  const isClean = await pad.machine.shutDown();
  fleet.times.push(`        ${isClean ? 'it shut down by itself' : 'it was switched off'}`);
  assert.ok(isClean, pad.machine.serial().slice(-1500));
  if (need('what is on its disk', hasDiskTools(), 'apt-get install e2fsprogs'))
    assert.equal(faultsOf(join(fleet.folder, pad.name, 'disk.img')), []);
});

/** A bundle whose kernel starts and whose root cannot be mounted. */
async function badSystem(): Promise<string> {
  const keys = await developmentKeys();
  const content = join(fleet.folder, 'bad-slot');
  mkdirSync(content);
  for (const name of ['vmlinuz', 'initrd']) copyFileSync(join(root, 'build/image', board, 'slot', name), join(content, name));
  writeFileSync(join(content, 'root.squashfs'), Buffer.alloc(100_000, 0x5a));
  const slot = join(fleet.folder, 'bad.ext4');
  await makeExt4({ path: slot, bytes: 64 * 1024 * 1024, label: 'slot', seed: 'bad', epoch: 1_767_225_600, content });
  const path = join(fleet.folder, 'bad.raucb');
  await makeBundle(path, { board, version: '9.0.0', slot, keys, work: fleet.folder });
  const about = JSON.parse(readFileSync(image.replace(/\.img$/, '.json'), 'utf8')) as object;
  const hash = (await runProgram('sha256sum', [path])).split(' ')[0];
  writeFileSync(path.replace(/\.raucb$/, '.json'), JSON.stringify({ ...about, version: '9.0.0', bundleSha256: hash }));
  return path;
}

test.after(async () => {
  if (fleet?.times.length > 0) writeFileSync(join(IMAGES, `times-${board}.txt`), `${fleet.times.join('\n')}\n`);
  await fleet?.end();
});

const isAsked = process.env['CLASSPAD_QEMU'] === '1';
if (!isAsked) console.log('skipped: the image in QEMU: it takes minutes; npm run image:test runs it');
if (!isAsked || !need('the image in QEMU', areImagesThere(), `npm run build, and npm run image -- --board ${board} --quick`)) {
  console.log('  Total:     0\n  Passed:    0');
} else test.run();
