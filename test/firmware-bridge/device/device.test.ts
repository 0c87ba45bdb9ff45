import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { headlessDisplay, WIDTH } from '../../../firmware-bridge/device/display.ts';
import { openIdentity } from '../../../firmware-bridge/device/identity.ts';
import { batteryPercent, memory } from '../../../firmware-bridge/device/power.ts';

const device = suite('firmware-bridge/device');
const folder = mkdtempSync(join(tmpdir(), 'classpad-device-'));
device.after(() => rmSync(folder, { recursive: true, force: true }));

device('the key is made once, for this user only, and stays', () => {
  const path = join(folder, 'made.key');
  const first = openIdentity(path);
  const second = openIdentity(path);
  assert.equal([first.isNew, second.isNew, second.address], [true, false, first.address]);
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.match(readFileSync(path, 'utf8'), /^0x[0-9a-f]{64}\n$/);
});

device('the address is that of the key, and signatures recover to it', () => {
  const path = join(folder, 'known.key');
  // The first account of the test phrase "test test … junk".
  writeFileSync(path, '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80\n', { mode: 0o600 });
  const identity = openIdentity(path);
  assert.is(identity.address, '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266');
  const hash = keccak_256(Buffer.from('a block'));
  const { yParity, r, s } = identity.sign(hash);
  assert.equal(identity.sign(hash), { yParity, r, s });
  assert.ok(s <= secp256k1.Point.Fn.ORDER / 2n, 'low s');
  const point = new secp256k1.Signature(r, s, yParity).recoverPublicKey(hash).toBytes(false).subarray(1);
  assert.is(`0x${Buffer.from(keccak_256(point).subarray(12)).toString('hex')}`, identity.address);
});

const KEYS: readonly [what: string, content: string, mode: number, sentence: RegExp][] = [
  ['no key', 'hello', 0o600, /holds no key; it must be one line/],
  ['zero', `0x${'0'.repeat(64)}`, 0o600, /holds no key/],
  ['more than the order', `0x${'f'.repeat(64)}`, 0o600, /holds no key/],
  ['readable by others', `0x${'1'.repeat(64)}`, 0o644, /may be read by others; run: chmod 600/],
];
for (const [what, content, mode, sentence] of KEYS) {
  device(`a key file: ${what}`, () => {
    const path = join(folder, `${what}.key`);
    writeFileSync(path, content);
    chmodSync(path, mode);
    assert.throws(() => openIdentity(path), sentence);
    assert.is(readFileSync(path, 'utf8'), content, 'never overwritten');
  });
}

device('a key file that is a folder, or in a folder that is not there', () => {
  mkdirSync(join(folder, 'folder.key'));
  assert.throws(() => openIdentity(join(folder, 'folder.key')), /cannot be read \(EISDIR\)/);
  assert.throws(() => openIdentity(join(folder, 'nowhere/device.key')), /cannot be written \(ENOENT\)/);
});

const SUPPLIES: readonly [what: string, files: Record<string, Record<string, string>>, percent: number | undefined][] = [
  ['nothing', {}, undefined],
  ['mains', { AC: { type: 'Mains', online: '1' } }, undefined],
  ['a battery', { AC: { type: 'Mains' }, BAT0: { type: 'Battery', capacity: '83\n' } }, 83],
  ["a mouse's battery", { hid: { type: 'Battery', scope: 'Device', capacity: '10' } }, undefined],
  ['a battery that does not know', { BAT0: { type: 'Battery' } }, undefined],
];
for (const [what, supplies, percent] of SUPPLIES) {
  device(`battery: ${what}`, () => {
    const root = join(folder, 'power', what);
    for (const [name, files] of Object.entries(supplies)) {
      mkdirSync(join(root, name), { recursive: true });
      for (const [file, content] of Object.entries(files)) writeFileSync(join(root, name, file), content);
    }
    assert.is(batteryPercent(root), percent);
  });
}

device('memory: what is not available is in use', () => {
  const path = join(folder, 'meminfo');
  writeFileSync(path, 'MemTotal:        1000 kB\nMemFree:          100 kB\nMemAvailable:     400 kB\n');
  assert.equal(memory(path), { usedBytes: 600 * 1024, totalBytes: 1000 * 1024 });
  assert.is(memory(join(folder, 'nothing')), undefined);
});

device('display: a rectangle lands where it belongs, and what is outside is cut off', () => {
  const display = headlessDisplay();
  display.draw({ x: -1, y: 2, width: 3, height: 1, pixels: Uint16Array.of(1, 2, 3) });
  assert.equal([...display.pixels.subarray(2 * WIDTH, 2 * WIDTH + 3)], [2, 3, 0]);
  display.draw({ x: 319, y: 527, width: 2, height: 2, pixels: Uint16Array.of(7, 8, 9, 10) });
  assert.is(display.pixels.at(-1), 7);
  assert.is(display.pixels[0], 0);
});

device.run();
