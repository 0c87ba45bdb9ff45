import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Wire } from '../../../vm/embed/wire.ts';

const s = suite('vm/embed: wire');
const hexOf = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`;

/** Few bytes that differ, so that texts of the same place in the table follow one another. */
const byte = fc.constantFrom(0, 1, 0xff);
const word = fc.uint8Array({ minLength: 32, maxLength: 32 }).chain((bytes) =>
  fc.tuple(fc.nat(31), byte).map(([at, value]) => {
    const near = new Uint8Array(32).fill(7);
    near[at] = value;
    return bytes[0]! < 128 ? bytes : near;
  }),
);

s('addresses and hashes are what stands in memory now, whatever stood there or was read before', () => {
  const memory = { buffer: new ArrayBuffer(4096) };
  const wire = new Wire(memory);
  fc.assert(
    fc.property(fc.array(fc.tuple(word, fc.nat(3)), { minLength: 1, maxLength: 50 }), (writes) => {
      for (const [bytes, offset] of writes) {
        const at = 1000 + offset;
        new Uint8Array(memory.buffer).set(bytes, at);
        assert.is(wire.address(at), hexOf(bytes.subarray(0, 20)));
        assert.is(wire.hash(at), hexOf(bytes));
        assert.is(wire.hash(at), wire.hex(at, 32));
      }
    }),
    { numRuns: 300 },
  );
});

s('words: what is written is read, and leaves nothing of what stood there', () => {
  const wire = new Wire({ buffer: new ArrayBuffer(4096) });
  fc.assert(
    fc.property(fc.bigInt(0n, (1n << 256n) - 1n), fc.constantFrom(8n, 64n, 70n, 256n), (value, bits) => {
      const small = BigInt.asUintN(Number(bits), value);
      for (const each of [value, 0n, value, small]) {
        wire.setWord(64, each);
        assert.is(wire.word(64), each);
      }
      wire.setWord(64, (1n << 256n) - 1n);
      wire.setHexWord(64, `0x${small.toString(16).padStart(64, '0').slice(24)}`);
      assert.is(wire.word(64), BigInt.asUintN(160, small));
    }),
  );
});

s.run();
