import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bigintToBytes, bytesToBigint, concat, EMPTY } from '../../../runtime/bytes.ts';
import { SEAL_BYTES, sealHeader, verifyHeaderSeal } from '../../../runtime/consensus/seal.ts';
import type { Header } from '../../../runtime/ledger/header.ts';
import type { Word } from '../../../runtime/ports/index.ts';
import { cryptography, deviceOf } from '../ledger/support.ts';

const test = suite('consensus/seal');
const device = deviceOf(new Uint8Array(32).fill(5));
const other = deviceOf(new Uint8Array(32).fill(6));
const word: Word = `0x${'01'.repeat(32)}`;

const unsealed: Header = {
  parentHash: word,
  coinbase: device.address,
  stateRoot: word,
  transactionsRoot: word,
  receiptsRoot: word,
  logsBloom: new Uint8Array(256),
  number: 7,
  gasLimit: 30_000_000n,
  gasUsed: 21_000n,
  timestamp: 1_700_000_000,
  extraData: EMPTY,
  mixHash: word,
  baseFee: 0n,
};

const sealed = (header = unsealed, by = device): Header => ({
  ...header,
  extraData: sealHeader(header, by, cryptography.keccak256),
});
const holds = (header: Header) => verifyHeaderSeal(header, device.address, cryptography);

test('the seal is a signature of 65 bytes over the header without it', () => {
  assert.is(sealed().extraData.length, SEAL_BYTES);
  assert.is(holds(sealed()), true);
  assert.is(holds(sealed({ ...unsealed, extraData: Uint8Array.of(1) })), true, 'what stood there before does not matter');
  assert.is(verifyHeaderSeal(sealed(), `0x${device.address.slice(2).toUpperCase()}`, cryptography), true);
});

test('a changed header, another key and a bent seal do not hold', () => {
  const seal = sealed().extraData;
  const bend = (at: number, to: number) => ({ ...unsealed, extraData: seal.map((byte, i) => (i === at ? to : byte)) });
  const rows: [name: string, header: Header][] = [
    ['later', { ...sealed(), timestamp: 1_700_000_001 }],
    ['other state', { ...sealed(), stateRoot: `0x${'02'.repeat(32)}` }],
    ['other key', sealed(unsealed, other)],
    ['none', unsealed],
    ['cut', { ...unsealed, extraData: seal.subarray(1) }],
    ['parity', bend(64, seal[64]! ^ 1)],
    ['parity out of range', bend(64, 27)],
    ['r', bend(3, seal[3]! ^ 1)],
    ['s', bend(40, seal[40]! ^ 1)],
    ['zeros', { ...unsealed, extraData: new Uint8Array(65) }],
  ];
  for (const [name, header] of rows) assert.is(holds(header), false, name);
});

test('there is one seal: the same signature in its other form does not hold', () => {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const seal = sealed().extraData;
  const s = bytesToBigint(seal.subarray(32, 64));
  const twin = concat(seal.subarray(0, 32), bigintToBytes(order - s, 32), Uint8Array.of(seal[64]! ^ 1));
  assert.is(holds({ ...unsealed, extraData: twin }), false);
});

test.run();
