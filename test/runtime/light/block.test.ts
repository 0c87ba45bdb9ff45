import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex, hexToBytes } from '../../../runtime/bytes.ts';
import { merkleRoot } from '../../../runtime/light/merkle.ts';
import { delimited, number, sfixed64, text, varint } from '../../../runtime/light/wire.ts';

const test = suite('light/block');

const sha = (...parts: Uint8Array[]) => new Uint8Array(createHash('sha256').update(Buffer.concat(parts)).digest());
const leaf = (data: Uint8Array) => sha(Uint8Array.of(0), data);
const inner = (left: Uint8Array, right: Uint8Array) => sha(Uint8Array.of(1), left, right);
const item = (n: number) => Uint8Array.of(n);

test('Merkle trees as RFC 6962 has them', () => {
  assert.is(bytesToHex(merkleRoot([])), `0x${createHash('sha256').digest('hex')}`);
  assert.equal(merkleRoot([item(1)]), leaf(item(1)));
  assert.equal(merkleRoot([1, 2, 3].map(item)), inner(inner(leaf(item(1)), leaf(item(2))), leaf(item(3))));
  const left = inner(inner(leaf(item(1)), leaf(item(2))), inner(leaf(item(3)), leaf(item(4))));
  assert.equal(merkleRoot([1, 2, 3, 4, 5].map(item)), inner(left, leaf(item(5))));
});

const rows: readonly (readonly [name: string, bytes: Uint8Array, hex: string])[] = [
  ['a small number', varint(1), '01'],
  ['two bytes', varint(300), 'ac02'],
  ['a negative number', varint(-1n), 'ffffffffffffffffff01'],
  ['a field', number(1, 150), '089601'],
  ['zero is left out', number(1, 0), ''],
  ['a text', text(2, 'testing'), '120774657374696e67'],
  ['fixed, little-endian', sfixed64(2, 5), '110500000000000000'],
  ['behind its length', delimited(hexToBytes('0x0102')), '020102'],
];

for (const [name, bytes, hex] of rows) test(`protobuf: ${name}`, () => assert.is(bytesToHex(bytes), `0x${hex}`));

test.run();
