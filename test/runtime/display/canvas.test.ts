import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Canvas } from '../../../runtime/display/canvas.ts';
import { FACE_8, FACE_16, glyphOf } from '../../../runtime/display/face.ts';
import { markRuns } from '../../../runtime/display/shapes.ts';

const canvases = suite('canvas');

const INK = 0xffff;
const WIDTH = 40;
const HEIGHT = 30;

type Drawing = (canvas: Canvas, x: number, y: number) => void;
const drawings: [name: string, draw: Drawing][] = [
  ['fill', (canvas, x, y) => canvas.fill(x, y, 20, 20, INK)],
  ['frame', (canvas, x, y) => canvas.frame(x, y, 20, 20, INK, 2)],
  ['text', (canvas, x, y) => canvas.text('Mj', x, y, { colour: INK })],
  ['text at 2', (canvas, x, y) => canvas.text('g', x, y, { colour: INK, scale: 2 })],
  ['text to', (canvas, x, y) => canvas.textTo('ab', x + 16, y, { colour: INK })],
  ['icon', (canvas, x, y) => canvas.icon('device', x, y, INK)],
  ['mark', (canvas, x, y) => canvas.mark('failed', x, y, 20, INK)],
  ['hatch', (canvas, x, y) => canvas.hatch(x, y, 20, 20, INK)],
  ['stripes', (canvas, x, y) => canvas.stripes(x, y, 20, 20, INK)],
  ['progress', (canvas, x, y) => canvas.progress(x, y, 20, 0.5, INK)],
];

function allOf(canvas: Canvas): Uint16Array {
  return canvas.pixelsOf({ x: 0, y: 0, width: canvas.width, height: canvas.height });
}

/** What a drawing sets, as offsets from its corner, on a canvas that is large enough for all of it. */
function whole(draw: Drawing): Map<string, number> {
  const canvas = new Canvas(100, 100);
  draw(canvas, 40, 40);
  const set = new Map<string, number>();
  allOf(canvas).forEach((pixel, at) => {
    if (pixel !== 0) set.set(`${(at % 100) - 40},${Math.floor(at / 100) - 40}`, pixel);
  });
  return set;
}

const places: [x: number, y: number][] = [
  [5, 5],
  [-7, 3],
  [3, -7],
  [WIDTH - 6, 2],
  [2, HEIGHT - 6],
  [-50, 0],
  [0, HEIGHT + 5],
];
for (const [name, draw] of drawings) {
  for (const [x, y] of places) {
    canvases(`${name} at ${x},${y} sets what is inside, and nothing else`, () => {
      const canvas = new Canvas(WIDTH, HEIGHT);
      draw(canvas, x, y);
      const expected = new Uint16Array(WIDTH * HEIGHT);
      for (const [offset, pixel] of whole(draw)) {
        const [dx, dy] = offset.split(',').map(Number) as [number, number];
        const [column, row] = [x + dx, y + dy];
        if (column >= 0 && row >= 0 && column < WIDTH && row < HEIGHT) expected[row * WIDTH + column] = pixel;
      }
      assert.equal([...allOf(canvas)], [...expected]);
    });
  }
}

canvases('every printable character has a glyph of its own in both faces', () => {
  for (const face of [FACE_16, FACE_8]) {
    const pictures = new Map<string, string>();
    for (let code = 32; code < 127; code++) {
      const character = String.fromCharCode(code);
      if (character === '`') continue; // drawn as an apostrophe
      const glyph = glyphOf(face, character);
      let picture = '';
      for (let y = 0; y < face.height; y++) for (let x = 0; x < face.width; x++) picture += glyph(x, y) ? '#' : '.';
      assert.not.ok(pictures.has(picture), `${character} looks like ${pictures.get(picture)} in ${face.width}x${face.height}`);
      pictures.set(picture, character);
    }
  }
});

canvases('8x16 has no stem of one pixel in letters and figures', () => {
  for (const character of 'ABCDEFGHIJKLNOPQRSTUVXYZabcdefghijklnopqrstuvxyz0123456789') {
    const glyph = glyphOf(FACE_16, character);
    for (let y = 0; y < 16; y++) {
      for (let x = 0; x < 8; x++) {
        assert.ok(!glyph(x, y) || glyph(x - 1, y) || glyph(x + 1, y), `${character} at ${x},${y}`);
      }
    }
  }
});

canvases('marks of the four states differ, at every size', () => {
  for (const size of [16, 32, 64]) {
    const runs = (['healthy', 'changing', 'failed', 'offline'] as const).map((name) => markRuns(name, size).join());
    assert.is(new Set(runs).size, 4);
  }
});

canvases('any area of a canvas is that part of the whole', () => {
  const canvas = new Canvas(WIDTH, HEIGHT);
  for (const [index, [, draw]] of drawings.entries()) draw(canvas, index * 3 - 2, index * 2 - 3);
  const whole = allOf(canvas);
  const area = fc
    .tuple(fc.nat(WIDTH - 1), fc.nat(HEIGHT - 1), fc.nat(WIDTH - 1), fc.nat(HEIGHT - 1))
    .map(([x, y, width, height]) => ({ x, y, width: Math.min(WIDTH - x, width + 1), height: Math.min(HEIGHT - y, height + 1) }));
  fc.assert(
    fc.property(area, ({ x, y, width, height }) => {
      const part = Array.from(
        { length: width * height },
        (_, at) => whole[(y + Math.floor(at / width)) * WIDTH + x + (at % width)],
      );
      assert.equal([...canvas.pixelsOf({ x, y, width, height })], part);
    }),
  );
});

canvases.run();
