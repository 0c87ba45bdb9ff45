import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeRectangle, rgbaOf } from '../../../emulator/web/rectangle.ts';

const rectangles = suite('rectangle');

/** A message with the header's fields, then the pixels. */
function message(device: number, fields: readonly number[], pixels: readonly number[]): ArrayBuffer {
  const buffer = new ArrayBuffer(2 + (fields.length + pixels.length) * 2);
  const view = new DataView(buffer);
  view.setUint8(0, device);
  for (const [index, value] of [...fields, ...pixels].entries()) view.setUint16(2 + index * 2, value, true);
  return buffer;
}

rectangles('a message of two pixels', () => {
  const rectangle = decodeRectangle(message(3, [5, 6, 2, 1], [0xf800, 0x001f]))!;
  assert.equal(
    { ...rectangle, pixels: [...rectangle.pixels] },
    { device: 3, x: 5, y: 6, width: 2, height: 1, pixels: [0xf800, 0x001f] },
  );
});

rectangles('the whole screen', () => {
  const rectangle = decodeRectangle(message(0, [0, 0, 320, 528], Array(320 * 528).fill(7)));
  assert.is(rectangle?.pixels.length, 320 * 528);
});

const refused: [what: string, buffer: ArrayBuffer][] = [
  ['nothing', new ArrayBuffer(0)],
  ['half a header', message(0, [1, 2], [])],
  ['a pixel too few', message(0, [0, 0, 2, 2], [1, 2, 3])],
  ['a pixel too many', message(0, [0, 0, 1, 1], [1, 2])],
  ['too far right', message(0, [319, 0, 2, 1], [1, 2])],
  ['too far down', message(0, [0, 528, 1, 1], [1])],
  ['an odd length', new ArrayBuffer(11)],
];
for (const [what, buffer] of refused) rectangles(`refused: ${what}`, () => assert.is(decodeRectangle(buffer), undefined));

const colours: [pixel: number, rgba: number][] = [
  [0x0000, 0xff000000],
  [0xffff, 0xffffffff],
  [0xf800, 0xff0000ff],
  [0x07e0, 0xff00ff00],
  [0x001f, 0xffff0000],
];
for (const [pixel, rgba] of colours) rectangles(`colour ${pixel.toString(16)}`, () => assert.is(rgbaOf(pixel), rgba));

rectangles.run();
