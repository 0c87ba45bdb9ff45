import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bigintToBytes, bytesToHex, EMPTY, hexToBytes, utf8Encode } from '../../../runtime/bytes.ts';
import { asAddress, asBigint, asBytes, asList, decodeRlp, encodeRlp, type RlpItem } from '../../../runtime/rlp/index.ts';
import { sharedPath } from '../../support/need.ts';

const test = suite('rlp');
const official = sharedPath('fixtures/extra/ethereum-tests/RLPTests');

type Json = string | number | readonly Json[];
type Vectors = Record<string, { readonly in: Json; readonly out: string }>;

function read(name: string): [string, { readonly in: Json; readonly out: string }][] {
  if (!official) return [];
  return Object.entries(JSON.parse(readFileSync(`${official}/${name}`, 'utf8')) as Vectors);
}

function itemOf(json: Json): RlpItem {
  if (typeof json === 'number') return bigintToBytes(BigInt(json));
  if (typeof json === 'string') return json.startsWith('#') ? bigintToBytes(BigInt(json.slice(1))) : utf8Encode(json);
  return json.map(itemOf);
}

function withHex(hex: string): string {
  return hex.startsWith('0x') ? hex : `0x${hex}`;
}

test('official vectors encode and decode', () => {
  const rows = read('rlptest.json');
  assert.is(rows.length > 20 || !official, true);
  for (const [name, row] of rows) {
    assert.is(bytesToHex(encodeRlp(itemOf(row.in))), withHex(row.out), name);
    assert.equal(decodeRlp(hexToBytes(withHex(row.out))), itemOf(row.in), name);
  }
});

test('official invalid vectors are refused', () => {
  const rows = read('invalidRLPTest.json');
  assert.is(rows.length > 20 || !official, true);
  for (const [name, row] of rows) {
    assert.throws(
      () => decodeRlp(hexToBytes(withHex(row.out))),
      (error: Error) => error.name === 'RlpError',
      name,
    );
  }
});

test('what was encoded decodes to itself', () => {
  const { item } = fc.letrec<{ item: RlpItem }>((tie) => ({
    item: fc.oneof({ maxDepth: 4 }, fc.uint8Array({ maxLength: 80 }), fc.array(tie('item'), { maxLength: 8 })),
  }));
  fc.assert(fc.property(item, (some) => assert.equal(decodeRlp(encodeRlp(some)), some)));
  const long = new Uint8Array(70_000).fill(7);
  assert.equal(decodeRlp(encodeRlp([long, [long]])), [long, [long]]);
});

test('whatever decodes encodes to the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (some) => {
      let item: RlpItem;
      try {
        item = decodeRlp(some);
      } catch (error) {
        return assert.is((error as Error).name, 'RlpError');
      }
      assert.equal(encodeRlp(item), some);
    }),
    { numRuns: 3000 },
  );
});

test('nesting is bounded', () => {
  const nested = (depth: number): RlpItem => (depth === 0 ? [] : [nested(depth - 1)]);
  assert.equal(decodeRlp(encodeRlp(nested(15))), nested(15));
  assert.throws(() => decodeRlp(encodeRlp(nested(16))), /nested more than 16 deep/);
});

test('the number of items is bounded where it is asked for', () => {
  const list = encodeRlp(Array.from({ length: 10 }, () => EMPTY));
  assert.is((decodeRlp(list, 11) as RlpItem[]).length, 10);
  assert.throws(() => decodeRlp(list, 10), /too many items/);
});

test('typed readings name what is wrong', () => {
  assert.is(asBigint(Uint8Array.of(1, 0), 'the nonce'), 256n);
  assert.is(asBigint(EMPTY, 'the nonce'), 0n);
  assert.throws(() => asBigint(Uint8Array.of(0, 1), 'the nonce'), /the nonce has leading zeros/);
  assert.throws(() => asBigint(new Uint8Array(9).fill(1), 'the nonce', 8), /at most 8/);
  assert.throws(() => asAddress(EMPTY, 'the sender'), /the sender has 0 bytes; it should have 20/);
  assert.throws(() => asBytes([], 'the data'), /the data should be bytes/);
  assert.throws(() => asList(EMPTY, 'the list'), /the list should be a list/);
  assert.throws(() => asList([EMPTY], 'the pair', 2), /the pair has 1 items; it should have 2/);
});

test.run();
