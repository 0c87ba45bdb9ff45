import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { framebuffer, SCREEN_HEIGHT, SCREEN_WIDTH } from '../../emulator/screen.ts';
import type { Rectangle } from '../../runtime/ports/index.ts';

const test = suite('emulator/screen');
const filled = (x: number, y: number, width: number, height: number): Rectangle => ({
  x,
  y,
  width,
  height,
  pixels: new Uint16Array(width * height).map((_, index) => index + 1),
});

test('a rectangle lands where it says, row by row', () => {
  const screen = framebuffer(() => {});
  screen.draw(filled(318, 526, 2, 2));
  const at = (x: number, y: number) => screen.pixels[y * SCREEN_WIDTH + x];
  assert.equal([at(318, 526), at(319, 526), at(318, 527), at(319, 527)], [1, 2, 3, 4]);
  assert.is(screen.pixels.filter((pixel) => pixel !== 0).length, 4);
});

test('each change is told, and clearing is one', () => {
  const told: Rectangle[] = [];
  const screen = framebuffer((rectangle) => told.push(rectangle));
  screen.draw(filled(0, 0, 3, 1));
  screen.clear();
  assert.equal(
    told.map(({ width, height }) => [width, height]),
    [
      [3, 1],
      [SCREEN_WIDTH, SCREEN_HEIGHT],
    ],
  );
  assert.ok(screen.pixels.every((pixel) => pixel === 0));
});

const refused: [name: string, rectangle: Rectangle][] = [
  ['over the right edge', filled(319, 0, 2, 1)],
  ['over the lower edge', filled(0, 528, 1, 1)],
  ['before the left edge', filled(-1, 0, 2, 1)],
  ['between two pixels', filled(0.5, 0, 1, 1)],
  ['with too few values', { ...filled(0, 0, 2, 2), pixels: new Uint16Array(3) }],
];

for (const [name, rectangle] of refused) {
  test(`refuses a rectangle ${name}`, () => {
    assert.throws(() => framebuffer(() => {}).draw(rectangle), /does not lie on the 320 × 528 screen/);
  });
}

test.run();
