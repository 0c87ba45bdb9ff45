import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as bytes from '../../runtime/bytes.ts';

const test = suite('bytes');

test('hexadecimal: there and back, in either case', () => {
  assert.equal(bytes.bytesToHex(Uint8Array.of(0, 0x0f, 0xff)), '0x000fff');
  assert.equal(bytes.hexToBytes('0x000FfF'), Uint8Array.of(0, 0x0f, 0xff));
  fc.assert(fc.property(fc.uint8Array(), (some) => assert.equal(bytes.hexToBytes(bytes.bytesToHex(some)), some)));
});

test('long hexadecimal is what it is byte by byte', () => {
  for (const length of [1023, 1024, 1025, 2048, 5000]) {
    const some = Uint8Array.from({ length }, (_, i) => (i * 7) % 256);
    assert.is(bytes.bytesToHex(some), `0x${Buffer.from(some).toString('hex')}`);
  }
});

test('what is not hexadecimal is refused with a sentence', () => {
  for (const text of ['', '0', 'ff', '0x0', '0xg0', '0x0é', '0x0 ', '1x00']) {
    assert.throws(
      () => bytes.hexToBytes(text),
      (error: Error) => error.name === 'BytesError' && error.message.includes(' is not '),
    );
    assert.is(bytes.isHex(text), false);
  }
  assert.is(bytes.isHex('0xAb'), true);
  assert.is(bytes.isHex('0xab', 1), true);
  assert.is(bytes.isHex('0xab', 2), false);
});

test('numbers: short, padded, and as quantities', () => {
  const rows: [value: bigint, short: string, quantity: string][] = [
    [0n, '0x', '0x0'],
    [1n, '0x01', '0x1'],
    [0x1ffn, '0x01ff', '0x1ff'],
    [2n ** 256n - 1n, `0x${'ff'.repeat(32)}`, `0x${'f'.repeat(64)}`],
  ];
  for (const [value, short, quantity] of rows) {
    assert.equal(bytes.bytesToHex(bytes.bigintToBytes(value)), short);
    assert.is(bytes.bytesToBigint(bytes.hexToBytes(short)), value);
    assert.is(bytes.encodeQuantity(value), quantity);
    assert.is(bytes.decodeQuantity(quantity), value);
    assert.is(BigInt(bytes.bigintToWord(value)), value);
    assert.is(bytes.bigintToBytes(value, 32).length, 32);
  }
  assert.throws(() => bytes.bigintToBytes(256n, 1), /does not fit in 1 bytes/);
  assert.throws(() => bytes.bigintToBytes(-1n), /negative/);
  assert.throws(() => bytes.bigintToWord(2n ** 256n), /does not fit/);
});

test('quantities are strict', () => {
  for (const text of ['0x', '0x00', '0x01', '1', '', '0xg', `0x1${'0'.repeat(64)}`, '-0x1']) {
    assert.throws(() => bytes.decodeQuantity(text), /is not a quantity/);
  }
  assert.throws(() => bytes.decodeQuantity('0x1ffffffffffffffff', 8), /at most 8 bytes/);
});

test('concat and equality', () => {
  assert.equal(bytes.concat(Uint8Array.of(1), bytes.EMPTY, Uint8Array.of(2, 3)), Uint8Array.of(1, 2, 3));
  assert.is(bytes.equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2)), true);
  assert.is(bytes.equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3)), false);
  assert.is(bytes.equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1)), false);
});

test('text is encoded and decoded as the WHATWG has it', () => {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const encoder = new TextEncoder();
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(bytes.utf8Encode(text), encoder.encode(text))));
  fc.assert(
    fc.property(fc.uint8Array(), (some) => assert.is(bytes.utf8Decode(some), decoder.decode(some))),
    { numRuns: 2000 },
  );
  for (const some of ['f0908d', 'eda080', 'e08080', 'f4908080', 'c3', 'c328', 'f09f9880', 'efbbbf41']) {
    const raw = bytes.hexToBytes(`0x${some}`);
    assert.is(bytes.utf8Decode(raw), decoder.decode(raw));
  }
  assert.is(bytes.utf8Decode(bytes.utf8Encode('ä'.repeat(5000))), 'ä'.repeat(5000));
  assert.equal(bytes.utf8Encode('\ud800x'), encoder.encode('\ud800x'));
});

test.run();
