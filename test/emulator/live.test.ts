import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeRectangle } from '../../emulator/live.ts';

const test = suite('emulator/live');

test('a rectangle becomes what the protocol says, little-endian', () => {
  const message = encodeRectangle(3, { x: 1, y: 0x0203, width: 2, height: 1, pixels: Uint16Array.of(0xf800, 0x07e0) });
  assert.equal([...message], [3, 0, 1, 0, 3, 2, 2, 0, 1, 0, 0x00, 0xf8, 0xe0, 0x07]);
});

test('pixels may be a part of a larger picture', () => {
  const pixels = Uint16Array.of(9, 7, 9).subarray(1, 2);
  assert.equal([...encodeRectangle(0, { x: 0, y: 0, width: 1, height: 1, pixels }).subarray(10)], [7, 0]);
});

test.run();
