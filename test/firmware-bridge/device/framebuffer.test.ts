import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HEIGHT, WIDTH } from '../../../firmware-bridge/device/display.ts';
import { openFramebuffer, placementOn, readGeometry, toXrgb } from '../../../firmware-bridge/device/framebuffer.ts';

const made: string[] = [];
test.after(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A framebuffer as sysfs describes it, with a file for its memory. */
function panel(width: number, height: number, bits: number, stride = (width * bits) / 8) {
  const folder = mkdtempSync(join(tmpdir(), 'classpad-fb-'));
  made.push(folder);
  const device = join(folder, 'fb0');
  writeFileSync(device, Buffer.alloc(stride * height, 0xee));
  const values = { virtual_size: `${width},${height}`, bits_per_pixel: bits, stride };
  for (const [name, value] of Object.entries(values)) writeFileSync(join(folder, name), `${value}\n`);
  const pixel = (x: number, y: number) => {
    const bytes = readFileSync(device);
    return bits === 16 ? bytes.readUInt16LE(y * stride + x * 2) : bytes.readUInt32LE(y * stride + x * 4);
  };
  return { folder, device, pixel, open: () => openFramebuffer(device, folder)! };
}

const placements: [width: number, height: number, zoom: number, skip: number, left: number, top: number][] = [
  [320, 528, 1, 1, 0, 0],
  [640, 1056, 2, 1, 0, 0],
  [800, 600, 1, 1, 240, 36],
  [1920, 1080, 2, 1, 640, 12],
  [240, 320, 1, 2, 40, 28],
  [160, 264, 1, 2, 0, 0],
];
for (const [width, height, zoom, skip, left, top] of placements) {
  test(`on ${width}×${height}`, () => assert.equal(placementOn({ width, height }), { zoom, skip, left, top }));
}

const colours: [rgb565: number, xrgb: number][] = [
  [0x0000, 0x000000],
  [0xffff, 0xffffff],
  [0xf800, 0xff0000],
  [0x07e0, 0x00ff00],
  [0x001f, 0x0000ff],
  [0x8410, 0x848284],
];
for (const [from, to] of colours) test(`colour ${from.toString(16)}`, () => assert.is(toXrgb(from), to));

const square = { x: 10, y: 20, width: 2, height: 1, pixels: Uint16Array.of(0xf800, 0x001f) };

test('16 bits: as it is, in place, the rest black', () => {
  const { open, pixel } = panel(320, 528, 16);
  open().draw(square);
  assert.equal([pixel(9, 20), pixel(10, 20), pixel(11, 20), pixel(12, 20)], [0, 0xf800, 0x001f, 0]);
});

test('32 bits, in the middle of a larger panel with longer rows', () => {
  const { open, pixel } = panel(800, 600, 32, 4096);
  open().draw(square);
  assert.equal([pixel(250, 56), pixel(251, 56), pixel(252, 56), pixel(250, 57)], [0xff0000, 0x0000ff, 0, 0]);
});

test('twice as large', () => {
  const { open, pixel } = panel(640, 1056, 32);
  open().draw(square);
  for (const y of [40, 41])
    assert.equal(
      [20, 21, 22, 23, 24].map((x) => pixel(x, y)),
      [0xff0000, 0xff0000, 0xff, 0xff, 0],
    );
});

test('half as large: every second pixel', () => {
  const { open, pixel } = panel(160, 264, 16);
  open().draw({ x: 0, y: 0, width: 4, height: 2, pixels: Uint16Array.of(1, 2, 3, 4, 5, 6, 7, 8) });
  assert.equal([pixel(0, 0), pixel(1, 0), pixel(2, 0), pixel(0, 1)], [1, 3, 0, 0]);
});

test('what lies outside is cut off', () => {
  const { open, pixel } = panel(320, 528, 16);
  const display = open();
  display.draw({ x: -1, y: -1, width: 2, height: 2, pixels: Uint16Array.of(1, 2, 3, 4) });
  display.draw({ x: WIDTH - 1, y: HEIGHT - 1, width: 2, height: 2, pixels: Uint16Array.of(5, 6, 7, 8) });
  assert.equal([pixel(0, 0), pixel(1, 0), pixel(WIDTH - 1, HEIGHT - 1)], [4, 0, 5]);
});

test('no framebuffer, or one of another kind, is none', () => {
  assert.is(readGeometry('/nowhere'), undefined);
  assert.is(openFramebuffer('/nowhere', '/nowhere'), undefined);
  assert.is(readGeometry(panel(320, 528, 8).folder), undefined);
});

test.run();
