import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FrameError, FrameReader, frameOf, MAX_FRAME_BYTES } from '../../../firmware-bridge/cometbft/frames.ts';

const test = suite('cometbft/frames');

test('messages come out as they went in, however the stream is cut', () => {
  const cases = fc.record({
    messages: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
    cut: fc.integer({ min: 1, max: 40 }),
  });
  fc.assert(
    fc.property(cases, ({ messages, cut }) => {
      const stream = Buffer.concat(messages.map(frameOf));
      const reader = new FrameReader();
      const seen: Buffer[] = [];
      for (let at = 0; at < stream.length; at += cut) seen.push(...reader.push(stream.subarray(at, at + cut)));
      assert.equal(
        seen.map((each) => each.toString('hex')),
        messages.map((each) => Buffer.from(each).toString('hex')),
      );
    }),
  );
});

const rows: readonly (readonly [name: string, bytes: number[]])[] = [
  ['a length over the limit', [0x81, 0x80, 0xc0, 0x08]],
  ['a length without end', [0xff, 0xff, 0xff, 0xff, 0xff]],
  ['a length padded with zeros', [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
];

for (const [name, bytes] of rows) {
  test(`${name} is refused before anything is kept`, () => {
    assert.throws(
      () => [...new FrameReader().push(Buffer.from(bytes))],
      (error: Error) => error instanceof FrameError,
    );
  });
}

test('the largest message passes', () => {
  const [message] = new FrameReader().push(frameOf(new Uint8Array(MAX_FRAME_BYTES)));
  assert.is(message?.length, MAX_FRAME_BYTES);
});

test.run();
