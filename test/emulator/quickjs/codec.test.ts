import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEPTH_LIMIT, pack, unpack } from '../../../emulator/quickjs/codec.ts';

const test = suite('emulator/quickjs/codec');

const nested = (levels: number): unknown => (levels === 0 ? 'deep' : [nested(levels - 1)]);

const kept: [name: string, value: unknown][] = [
  ['null', null],
  ['undefined', undefined],
  ['a string of every kind', 'a"\\\n\u0000é\u{1f680}'],
  ['numbers', [0, -1, 1.5, 2 ** 53]],
  ['bigints', [0n, -1n, 2n ** 256n - 1n]],
  ['booleans', [true, false]],
  ['no bytes', new Uint8Array(0)],
  ['bytes', new Uint8Array([1, 2, 255])],
  ['pixels', new Uint16Array([0xf800, 1])],
  ['bytes of odd length before pixels', [new Uint8Array([1]), new Uint16Array([2, 3])]],
  ['a view into a larger buffer', new Uint8Array([9, 1, 2, 9]).subarray(1, 3)],
  ['a record', { a: 1, b: { c: [new Uint8Array([7]), 3n] } }],
  ['the deepest nesting', nested(DEPTH_LIMIT)],
];

for (const [name, value] of kept) {
  test(`keeps ${name}`, () => {
    assert.equal(unpack(pack(value)), value);
  });
}

test('leaves out absent fields', () => {
  assert.equal(unpack(pack({ a: undefined, b: 1 })), { b: 1 });
});

const refused: [name: string, value: unknown, sentence: RegExp][] = [
  ['a function', [() => 1], /^a function cannot cross/],
  ['a symbol', Symbol('x'), /^a symbol cannot cross/],
  ['NaN', { a: Number.NaN }, /^the number NaN cannot cross/],
  ['infinity', Number.POSITIVE_INFINITY, /^the number Infinity cannot cross/],
  ['the mark of its own', { $: 'b' }, /^an object with the key "\$" cannot cross/],
  ['nesting without end', nested(DEPTH_LIMIT + 1), /deeper than 32 levels/],
];

for (const [name, value, sentence] of refused) {
  test(`refuses ${name}`, () => {
    assert.throws(() => pack(value), sentence);
  });
}

const forged: [name: string, text: string, sentence: RegExp][] = [
  ['a payload that is not there', '{"$":"b","length":4}', /payload of wrong length/],
  ['a negative payload', '{"$":"b","length":-1}', /payload of wrong length/],
  ['an unknown mark', '{"$":"z"}', /unknown mark "z"/],
];

for (const [name, text, sentence] of forged) {
  test(`does not read ${name}`, () => {
    assert.throws(() => unpack({ text, bytes: new Uint8Array(3) }), sentence);
  });
}

test('keeps every value made of what may cross', () => {
  const leaf = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.bigInt(),
    fc.integer(),
    fc.uint8Array(),
    fc.uint16Array(),
    fc.constant(null),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(
        fc.string().filter((key) => key !== '$'),
        tie('tree'),
        { maxKeys: 4, noNullPrototype: true },
      ),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      assert.equal(unpack(pack(value)), value);
    }),
  );
});

test.run();
