import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bigintToWord, bytesToHex, utf8Decode } from '../../../runtime/bytes.ts';
import type { Genesis } from '../../../runtime/config.ts';
import { buildGenesis } from '../../../runtime/ledger/genesis.ts';
import { hashHeader } from '../../../runtime/ledger/header.ts';
import type { Address } from '../../../runtime/ports/index.ts';
import { openState } from '../../../runtime/state/state.ts';
import { cryptography } from './support.ts';

const test = suite('ledger/genesis');
const { keccak256 } = cryptography;

const a: Address = `0x${'0a'.repeat(20)}`;
const b: Address = `0x${'0b'.repeat(20)}`;
const one = bigintToWord(1n);

const genesis: Genesis = { chainId: 7, timestamp: 1, gasLimit: 30_000_000, baseFee: 0, sequencer: a, alloc: {} };

function build(rest: Partial<Genesis> = {}) {
  const store = new Map<string, Uint8Array>();
  const { header, entries } = buildGenesis({ ...genesis, ...rest }, store, keccak256);
  for (const [key, value] of entries) if (value) store.set(key, value);
  return { header, state: openState(header.stateRoot, store, keccak256), hash: hashHeader(header, keccak256) };
}

const row = (n: number, change: object = {}) => ({
  device: `0x${n.toString(16).padStart(40, '0')}` as Address,
  publicKey: bigintToWord(BigInt(n)),
  power: 1,
  ...change,
});

test('accounts begin as the genesis says', () => {
  const { state } = build({
    alloc: { [a]: { balance: '0x10', nonce: 2 }, [b]: { balance: '12', code: '0x6001', storage: { [one]: one } } },
  });
  assert.is(state.account(a)?.balance, 16n);
  assert.is(state.account(a)?.nonce, 2n);
  assert.is(state.account(b)?.balance, 12n);
  assert.is(bytesToHex(state.code(state.account(b)!.codeHash)), '0x6001');
  assert.is(state.slot(b, one), one);
});

test('upper case is the same ledger; anything else is another', () => {
  const { hash, header } = build();
  assert.is(utf8Decode(header.extraData), 'classpad 7');
  assert.is(build({ sequencer: `0x${'0A'.repeat(20)}` }).hash, hash);
  const others: Partial<Genesis>[] = [
    { chainId: 8 },
    { timestamp: 2 },
    { gasLimit: 40_000_000 },
    { baseFee: 1 },
    { sequencer: b },
    { fleet: a },
    { validators: [row(1)] },
    { validators: [row(1)], fleet: a },
    { validators: [row(1)], fleet: b },
    { alloc: { [a]: { balance: '1' } } },
  ];
  const hashes = [hash, ...others.map((other) => build(other).hash)];
  assert.is(new Set(hashes).size, hashes.length);
  assert.is(build({ fleet: a.toUpperCase().replace('X', 'x') as Address }).hash, build({ fleet: a }).hash);
});

test('a ledger that names its fleet is followed with that one alone', () => {
  const open = (named: Address | undefined, followed: Address) =>
    buildGenesis({ ...genesis, ...(named && { fleet: named }) }, new Map(), keccak256, followed);
  open(undefined, b);
  open(a, a.toUpperCase().replace('X', 'x') as Address);
  assert.throws(() => open(a, b), `genesis: this ledger is that of the fleet ${a}, and this device is to follow ${b}`);
});

const refused: [rest: Partial<Genesis>, message: RegExp][] = [
  [{ chainId: 0 }, /^genesis: chainId is 0; it should be a whole number from 1 on$/],
  [{ chainId: 1.5 }, /chainId is 1.5/],
  [{ gasLimit: 20_000 }, /gasLimit is 20000; it should be a whole number from 21000 on/],
  [{ baseFee: -1 }, /baseFee is -1/],
  [{ fleet: '0x12' }, /fleet is "0x12"; it should be an address/],
  [{ sequencer: '0x12' }, /sequencer is "0x12"; it should be an address/],
  [{ alloc: { '0x12': {} } }, /alloc: "0x12" is not an address/],
  [{ alloc: { [a]: { balance: 'much' } } }, /the balance "much" is neither/],
  [{ alloc: { [a]: { balance: `0x1${'0'.repeat(64)}` } } }, /neither a decimal nor/],
  [{ alloc: { [a]: { balance: '9'.repeat(78) } } }, /more than 2\^256 - 1/],
  [{ alloc: { [a]: { storage: { '0x1': one } } } }, /slots and values have 32 bytes/],
];

const crowd = Array.from({ length: 65 }, (_, n) => row(n + 1));

refused.push(
  [{ trailingBlocks: 101 }, /trailingBlocks is 101; it should be a whole number up to 100/],
  [{ trailingBlocks: 0.5 }, /trailingBlocks is 0.5/],
  [{ validators: crowd }, /more than 64 validators/],
  [{ validators: [row(1, { power: 0 })] }, /a power from 1 to 1000000/],
  [{ validators: [row(10), row(11, { device: row(10).device.toUpperCase().replace('X', 'x') })] }, /stands there twice/],
  [{ validators: [row(10), row(11, { publicKey: row(10).publicKey })] }, /stands there twice/],
);

for (const [rest, message] of refused) {
  test(`refuses ${JSON.stringify(rest).slice(0, 100)}`, () => {
    assert.throws(
      () => build(rest),
      (error: Error) => error.name === 'GenesisError' && message.test(error.message),
    );
  });
}

test.run();
