import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Pool, type PoolRules } from '../../../runtime/ledger/pool.ts';
import type { Transaction } from '../../../runtime/ledger/transaction.ts';
import type { Address, Hex } from '../../../runtime/ports/index.ts';

const test = suite('ledger/pool');

const a: Address = `0x${'0a'.repeat(20)}`;
const b: Address = `0x${'0b'.repeat(20)}`;
const c: Address = `0x${'0c'.repeat(20)}`;

interface Accounts {
  [address: Address]: { nonce: bigint; balance: bigint };
}

function poolOf(accounts: Accounts = {}, rules: Partial<PoolRules> = {}): Pool {
  const rich = { nonce: 0n, balance: 10n ** 18n };
  return new Pool({
    chainId: 1n,
    gasLimit: 16_000_000n,
    baseFee: 10n,
    account: (address) => accounts[address] ?? rich,
    ...rules,
  });
}

let serial = 0;

/** As before EIP-155: it names no ledger. */
function unprotected(sender: Address): Transaction {
  const { chainId, ...rest } = transaction(sender, 5, 1n, { type: 0 });
  return rest;
}

function transaction(sender: Address, nonce: number, tip = 1n, rest: Partial<Transaction> = {}): Transaction {
  const hash: Hex = `0x${(++serial).toString(16).padStart(64, '0')}`;
  return {
    type: 2,
    sender,
    nonce: BigInt(nonce),
    gasLimit: 21_000n,
    maxFeePerGas: 10n + tip,
    maxPriorityFeePerGas: tip,
    to: c,
    value: 0n,
    data: new Uint8Array(0),
    raw: new Uint8Array(110),
    hash,
    chainId: 1n,
    v: 0n,
    yParity: 0,
    r: 1n,
    s: 1n,
    ...rest,
  };
}

const refusals: [name: string, transaction: Transaction, message: RegExp][] = [
  ['used nonce', transaction(a, 4), /^nonce too low: next nonce 5, tx nonce 4$/],
  ['nonce too far', transaction(a, 5 + 256), /^nonce too high: next nonce 5, tx nonce 261$/],
  ['another chain', transaction(a, 5, 1n, { chainId: 2n }), /^invalid chain id for signer: have 2 want 1$/],
  ['no chain', unprotected(a), /^only replay-protected \(EIP-155\) transactions allowed over RPC$/],
  ['a blob', transaction(a, 5, 1n, { type: 3 }), /^transaction type not supported/],
  [
    'too poor',
    transaction(a, 5, 1n, { value: 10n ** 9n }),
    /^insufficient funds for gas \* price \+ value: address 0x0a.* have 1000000 want 1000231000$/,
  ],
  ['too little gas', transaction(a, 5, 1n, { gasLimit: 20_999n }), /^intrinsic gas too low: gas 20999, minimum needed 21000$/],
  [
    'too little gas for the floor',
    transaction(a, 5, 1n, { data: new Uint8Array(100).fill(1), gasLimit: 23_000n }),
    /minimum needed 25000 \(EIP-7623\)$/,
  ],
  [
    'more than a block',
    transaction(a, 5, 1n, { gasLimit: 16_000_001n }),
    /^exceeds block gas limit: have 16000001 want at most 16000000$/,
  ],
  [
    'more than a transaction',
    transaction(a, 5, 1n, { gasLimit: 2n ** 24n + 1n }),
    /^transaction gas limit too high \(cap: 16777216, tx: 16777217\)/,
  ],
  [
    'below the base fee',
    transaction(a, 5, 0n, { maxFeePerGas: 9n }),
    /^max fee per gas less than block base fee: maxFeePerGas: 9, baseFee: 10$/,
  ],
  ['tip above fee', transaction(a, 5, 12n, { maxFeePerGas: 11n }), /^max priority fee per gas higher than max fee per gas/],
  [
    'too much init code',
    transaction(a, 5, 1n, { to: undefined as never, data: new Uint8Array(49_153), gasLimit: 10_000_000n }),
    /^max initcode size exceeded/,
  ],
  [
    'no authorizations',
    transaction(a, 5, 1n, { type: 4, authorizations: [] }),
    /^EIP-7702 transaction with empty authorization list$/,
  ],
];

for (const [name, refused, message] of refusals) {
  test(`refuses ${name}`, () => {
    const pool = poolOf({ [a]: { nonce: 5n, balance: 1_000_000n } });
    assert.throws(
      () => pool.add(refused),
      (error: Error) => error.name === 'TransactionRefused' && message.test(error.message),
    );
    assert.is(pool.size, 0);
  });
}

test('takes what names no ledger where that is wanted', () => {
  const pool = poolOf({ [a]: { nonce: 5n, balance: 1_000_000n } }, { takesUnprotected: true });
  pool.add(unprotected(a));
  assert.is(pool.size, 1);
});

test('gaps wait until they are filled', () => {
  const pool = poolOf();
  const [zero, one, two] = [transaction(a, 0), transaction(a, 1), transaction(a, 2)];
  pool.add(two);
  assert.is(pool.hasExecutable(), false);
  assert.is(pool.nextNonce(a), 0n);
  pool.add(zero);
  assert.equal(pool.executable(), [zero]);
  assert.is(pool.nextNonce(a), 1n);
  pool.add(one);
  assert.equal(pool.executable(), [zero, one, two]);
  assert.is(pool.nextNonce(a), 3n);
});

test('best first: by tip, then by arrival, and never out of nonce order', () => {
  const pool = poolOf();
  const cheapFirst = transaction(a, 0, 1n);
  const dearSecond = transaction(a, 1, 9n);
  const middle = transaction(b, 0, 5n);
  const late = transaction(c, 0, 1n);
  for (const each of [dearSecond, cheapFirst, middle, late]) pool.add(each);
  assert.equal(
    pool.executable().map(({ hash }) => hash),
    [middle, cheapFirst, dearSecond, late].map(({ hash }) => hash),
  );
});

test('the tip is what the fee leaves of it', () => {
  const pool = poolOf();
  const capped = transaction(a, 0, 100n, { maxFeePerGas: 112n, maxPriorityFeePerGas: 111n });
  const plain = transaction(b, 0, 103n);
  pool.add(capped);
  pool.add(plain);
  assert.equal(pool.executable(), [plain, capped]);
});

const replacements: [name: string, fee: bigint, tip: bigint, error?: RegExp][] = [
  ['both fees 10 % higher', 110n, 11n],
  ['only one fee higher', 110n, 10n, /replacement transaction underpriced/],
  ['9 % higher', 109n, 11n, /replacement transaction underpriced/],
  ['the same price', 100n, 10n, /replacement transaction underpriced/],
];

for (const [name, maxFeePerGas, maxPriorityFeePerGas, error] of replacements) {
  test(`replacement with ${name}`, () => {
    const pool = poolOf();
    const first = transaction(a, 0, 0n, { maxFeePerGas: 100n, maxPriorityFeePerGas: 10n });
    const second = transaction(a, 0, 0n, { maxFeePerGas, maxPriorityFeePerGas });
    assert.equal(pool.add(first), []);
    if (error) assert.throws(() => pool.add(second), error);
    else assert.equal(pool.add(second), [first]);
    assert.equal(pool.executable(), [error ? first : second]);
    assert.is(pool.size, 1);
  });
}

test('on a ledger without fees nothing is replaced', () => {
  const pool = poolOf({}, { baseFee: 0n });
  pool.add(transaction(a, 0, 0n, { maxFeePerGas: 0n }));
  assert.throws(() => pool.add(transaction(a, 0, 0n, { maxFeePerGas: 0n })), /replacement transaction underpriced/);
});

test('what is there is known', () => {
  const pool = poolOf();
  const one = transaction(a, 0);
  pool.add(one);
  assert.throws(() => pool.add(one), /^already known$|already known/);
  assert.is(pool.get(one.hash), one);
});

test('after a block used nonces are gone', () => {
  const accounts: Accounts = { [a]: { nonce: 0n, balance: 10n ** 18n } };
  const pool = poolOf(accounts);
  const [zero, one, two] = [transaction(a, 0), transaction(a, 1), transaction(a, 2)];
  for (const each of [zero, one, two]) pool.add(each);
  accounts[a] = { nonce: 2n, balance: 10n ** 18n };
  assert.equal(pool.settle([a, a, b]), [zero, one]);
  assert.equal(pool.executable(), [two]);
  assert.is(pool.has(zero.hash), false);
});

test('after a block what its senders cannot pay any more is gone, too', () => {
  const accounts: Accounts = { [a]: { nonce: 0n, balance: 10n ** 18n } };
  const pool = poolOf(accounts);
  const [zero, one, two] = [transaction(a, 0), transaction(a, 1, 1n, { value: 10n ** 17n }), transaction(a, 2)];
  for (const each of [zero, one, two]) pool.add(each);
  accounts[a] = { nonce: 1n, balance: 10n ** 17n };
  assert.equal(pool.settle([b]), []);
  assert.equal(pool.settle([a]), [zero, one]);
  assert.is(pool.has(two.hash), true);
});

test('limits: for one sender, and for all', () => {
  const pool = poolOf();
  for (let nonce = 0; nonce < 256; nonce++) pool.add(transaction(a, nonce));
  assert.throws(() => pool.add(transaction(a, 256)), /nonce too high/);
  const large = { raw: new Uint8Array(128 * 1024), gasLimit: 16_000_000n };
  assert.throws(() => {
    for (let nonce = 0; nonce < 70; nonce++) pool.add(transaction(b, nonce, 1n, large));
  }, /txpool is full/);
});

/** Some sender, by number. */
const sender = (n: number): Address => `0x${(n + 4096).toString(16).padStart(40, '0')}`;

/** A pool as full as it may be: 16 senders with 256 transactions each. */
function full(tip: bigint, firstNonce = 0) {
  const pool = poolOf();
  const count = firstNonce > 0 ? 255 : 256;
  const rows = Array.from({ length: 17 }, (_, n) =>
    Array.from({ length: count }, (_, nonce) => transaction(sender(n), nonce + firstNonce, tip)),
  ).flat();
  for (const row of rows.slice(0, 4096)) pool.add(row);
  assert.is(pool.size, 4096);
  return pool;
}

const fullRows: [name: string, pool: () => Pool, newcomer: () => Transaction, gone?: (gone: Transaction) => boolean][] = [
  [
    'who pays more takes the place of the last of who pays less',
    () => full(1n),
    () => transaction(a, 0, 2n),
    ({ nonce }) => nonce === 255n,
  ],
  ['who pays the same does not', () => full(1n), () => transaction(a, 0, 1n)],
  ['who pays more but cannot run does not', () => full(1n), () => transaction(a, 3, 9n)],
  [
    'who can run takes the place of who waits behind a gap, whatever that pays',
    () => full(9n, 1),
    () => transaction(a, 0, 0n),
    ({ nonce }) => nonce === 16n,
  ],
  ['behind a gap it goes by price again', () => full(9n, 1), () => transaction(a, 1, 9n)],
];

for (const [name, make, newcomer, isGone] of fullRows) {
  test(`a full pool: ${name}`, () => {
    const pool = make();
    const one = newcomer();
    if (!isGone) return assert.throws(() => pool.add(one), /^txpool is full: 4096 transactions wait|txpool is full/);
    const gone = pool.add(one);
    assert.equal([gone.length, isGone(gone[0]!), pool.has(gone[0]!.hash), pool.has(one.hash)], [1, true, false, true]);
    assert.is(pool.size, 4096);
  });
}

test('a full pool: a large one takes the place of several', () => {
  const pool = poolOf();
  const bulky = { raw: new Uint8Array(64 * 1024) };
  for (let n = 0; n < 128; n++) pool.add(transaction(sender(n), 0, 1n, bulky));
  const gone = pool.add(transaction(a, 0, 2n, { raw: new Uint8Array(128 * 1024) }));
  assert.is(gone.length, 2);
  assert.is(pool.size, 127);
});

test.run();
