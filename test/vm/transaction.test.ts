import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../runtime/bytes.ts';
import type { Address, Executed, ForkName, Message, Refused } from '../../runtime/ports/index.ts';
import {
  type Account,
  assembleCode,
  BLOCK,
  COINBASE,
  diffOf,
  MESSAGE,
  SENDER,
  TARGET,
  viewOf,
  vmOf,
  wordOf,
} from '../support/evm.ts';

const transaction = suite('transaction');

const ETHER = 10n ** 18n;
const RICH: Account = { nonce: 0n, balance: ETHER };

function execute(fork: ForkName, message: Partial<Message>, accounts: Record<Address, Account> = {}): Executed | Refused {
  return vmOf(fork).execute(BLOCK, { ...MESSAGE, ...message }, viewOf({ [SENDER]: RICH, ...accounts }));
}

const without = (key: keyof Message): Partial<Message> => ({ [key]: undefined });
const creation = without('to');
const fees = { type: 2, maxFeePerGas: 10n, maxPriorityFeePerGas: 1n } as const;
const blob = { ...fees, type: 3, maxFeePerBlobGas: 10n } as const;
const versioned = wordOf((1n << 248n) + 5n);

const refusals: readonly (readonly [
  name: string,
  fork: ForkName,
  reason: string,
  message: Partial<Message>,
  accounts?: Record<Address, Account>,
])[] = [
  ['fee market before London', 'Berlin', 'TypeNotSupported', fees],
  ['blobs before Cancun', 'Shanghai', 'TypeNotSupported', { ...blob, blobHashes: [versioned] }],
  ['set code before Prague', 'Cancun', 'TypeNotSupported', { ...fees, type: 4 }],
  ['more gas than the block has', 'Osaka', 'GasLimitAboveBlock', { gasLimit: BLOCK.gasLimit + 1n }],
  ['more gas than 2^64', 'Osaka', 'GasLimitAboveBlock', { gasLimit: 1n << 64n }],
  ['more gas than a transaction may have', 'Osaka', 'GasLimitAboveCap', { gasLimit: 16_777_217n }],
  ['an old nonce', 'Osaka', 'NonceTooLow', {}, { [SENDER]: { nonce: 1n, balance: ETHER } }],
  ['a nonce to come', 'Osaka', 'NonceTooHigh', { nonce: 1n }],
  ['the last nonce', 'Osaka', 'NonceAtMaximum', { nonce: (1n << 64n) - 1n }],
  ['a contract as sender', 'Osaka', 'SenderHasCode', {}, { [SENDER]: { balance: ETHER, code: Uint8Array.of(0) } }],
  ['a fee below the base fee', 'Osaka', 'MaxFeeBelowBaseFee', { maxFeePerGas: 6n }],
  ['a tip above the fee', 'Osaka', 'PriorityFeeAboveMaxFee', { ...fees, maxPriorityFeePerGas: 11n }],
  ['too little for the fee', 'Osaka', 'InsufficientFunds', {}, { [SENDER]: { balance: 9_999_999n } }],
  ['too little for fee and value', 'Osaka', 'InsufficientFunds', { value: ETHER }],
  ['a fee beyond 256 bits', 'Osaka', 'InsufficientFunds', { maxFeePerGas: (1n << 256n) - 1n }],
  ['a value beyond 256 bits', 'Osaka', 'InsufficientFunds', { value: 1n << 256n }],
  ['less gas than a transaction costs', 'Osaka', 'IntrinsicGas', { gasLimit: 20_999n }],
  ['less gas than its data costs', 'Osaka', 'FloorGas', { gasLimit: 21_039n, data: Uint8Array.of(1) }],
  ['the same before there was a floor', 'Cancun', 'IntrinsicGas', { gasLimit: 21_015n, data: Uint8Array.of(1) }],
  [
    'init code beyond its limit',
    'Shanghai',
    'InitCodeTooLarge',
    { ...creation, gasLimit: 5_000_000n, data: new Uint8Array(49153) },
  ],
  ['no blobs', 'Osaka', 'NoBlobs', { ...blob, blobHashes: [] }],
  ['seven blobs', 'Osaka', 'TooManyBlobs', { ...blob, blobHashes: Array(7).fill(versioned) }],
  ['ten blobs', 'Prague', 'TooManyBlobs', { ...blob, blobHashes: Array(10).fill(versioned) }],
  ['a blob of another version', 'Osaka', 'BlobVersion', { ...blob, blobHashes: [wordOf(5n)] }],
  ['a creation with blobs', 'Osaka', 'BlobCreation', { ...creation, ...blob, blobHashes: [versioned] }],
  ['too little for the blob fee', 'Osaka', 'BlobFeeBelowBaseFee', { ...blob, maxFeePerBlobGas: 0n, blobHashes: [versioned] }],
  ['no authorizations', 'Osaka', 'NoAuthorizations', { ...fees, type: 4, authorizations: [] }],
  ['a creation with authorizations', 'Osaka', 'AuthorizationCreation', { ...creation, ...fees, type: 4, authorizations: [] }],
];

for (const [name, fork, reason, message, accounts] of refusals) {
  transaction(`refused: ${name}`, () => {
    assert.equal(execute(fork, message, accounts), { kind: 'refused', reason });
  });
}

function executed(fork: ForkName, message: Partial<Message>, accounts: Record<Address, Account> = {}): Executed {
  const outcome = execute(fork, message, accounts);
  if (outcome.kind === 'refused') throw new Error(outcome.reason);
  return outcome;
}

transaction('a transfer moves the value, pays the tip and burns the rest', () => {
  const outcome = executed('Osaka', { value: 5n });
  assert.is(outcome.gasUsed, 21_000n);
  assert.is(diffOf(outcome, SENDER)!.account!.balance, ETHER - 5n - 210_000n);
  assert.is(diffOf(outcome, SENDER)!.account!.nonce, 1n);
  assert.is(diffOf(outcome, TARGET)!.account!.balance, 5n);
  assert.is(diffOf(outcome, COINBASE)!.account!.balance, 3n * 21_000n);
});

transaction('before London the coinbase gets the whole fee', () => {
  const outcome = executed('Berlin', {});
  assert.is(diffOf(outcome, COINBASE)!.account!.balance, 210_000n);
});

const clears = assembleCode('PUSH1 0 PUSH1 1 SSTORE');
for (const [fork, refund, used] of [
  ['Berlin', 13_003n, 13_003n],
  ['London', 4_800n, 21_206n],
] as const) {
  transaction(`clearing a slot refunds at most its share, ${fork}`, () => {
    const outcome = executed(fork, {}, { [TARGET]: { code: clears, storage: { 1: 1n } } });
    assert.equal([outcome.gasRefunded, outcome.gasUsed], [refund, used]);
    assert.equal(diffOf(outcome, TARGET)!.slots, [[wordOf(1n), wordOf(0n)]]);
  });
}

transaction('data costs its floor where the code does little', () => {
  assert.is(executed('Prague', { data: new Uint8Array(100).fill(1) }).gasUsed, 21_000n + 4_000n);
  assert.is(executed('Cancun', { data: new Uint8Array(100).fill(1) }).gasUsed, 21_000n + 1_600n);
});

transaction('what the floor leaves of a refund is what was granted', () => {
  const account = { [TARGET]: { code: clears, storage: { 1: 1n } } };
  const spent = 26_006n;
  for (const [bytes, used] of [
    [0, 21_206n],
    [100, 25_000n],
    [1000, 61_000n],
  ] as const) {
    const { gasUsed, gasRefunded } = executed('Prague', { data: new Uint8Array(bytes).fill(1) }, account);
    const most = spent + 16n * BigInt(bytes);
    assert.equal([gasUsed, gasUsed + gasRefunded], [used, most > used ? most : used], `${bytes} bytes`);
  }
});

transaction('the blob base fee is the block’s own where it has one', () => {
  const state = viewOf({ [SENDER]: RICH, [TARGET]: { code: assembleCode('BLOBBASEFEE PUSH0 MSTORE PUSH1 32 PUSH0 RETURN') } });
  const vm = vmOf('Osaka');
  const seen = (blobBaseFee?: bigint) => {
    const block = { ...BLOCK, ...(blobBaseFee !== undefined && { blobBaseFee }) };
    const outcome = vm.execute(block, MESSAGE, state);
    return outcome.kind === 'executed' ? BigInt(bytesToHex(outcome.output)) : outcome.reason;
  };
  const usual = seen();
  assert.equal([seen(7n), seen(), seen(0n)], [7n, usual, 0n]);
});

transaction('a creation deploys what its init code returns', () => {
  const outcome = executed('Osaka', { ...creation, data: assembleCode('PUSH1 0xfe PUSH0 MSTORE8 PUSH1 1 PUSH0 RETURN') });
  const row = diffOf(outcome, outcome.created!)!;
  assert.equal([outcome.status, row.account!.nonce, row.code], ['Return', 1n, Uint8Array.of(0xfe)]);
});

for (const [name, account] of [
  ['a nonce', { nonce: 1n }],
  ['code', { code: Uint8Array.of(0) }],
  ['storage', { storage: { 1: 1n } }],
] as const) {
  transaction(`a creation collides with an account that has ${name}`, () => {
    const { created } = executed('Osaka', { ...creation });
    const outcome = executed('Osaka', { ...creation }, { [created!]: account });
    assert.equal([outcome.status, outcome.gasUsed], ['CreateCollision', MESSAGE.gasLimit]);
  });
}

transaction('a failed transaction pays, counts its nonce and changes nothing else', () => {
  const outcome = executed(
    'Osaka',
    { value: 5n },
    { [TARGET]: { code: assembleCode('PUSH0 PUSH0 SSTORE PUSH1 1 PUSH0 SSTORE INVALID') } },
  );
  assert.equal([outcome.status, outcome.succeeded, outcome.gasUsed], ['InvalidOpcode', false, MESSAGE.gasLimit]);
  assert.is(diffOf(outcome, SENDER)!.account!.balance, ETHER - 10n * MESSAGE.gasLimit);
  assert.is(diffOf(outcome, TARGET), undefined);
});

transaction('an empty account that is touched goes (EIP-161)', () => {
  const outcome = executed('Osaka', {}, { [TARGET]: {} });
  assert.is(diffOf(outcome, TARGET)!.account, null);
});

transaction('self-destruction: before and since Cancun', () => {
  const accounts = { [TARGET]: { balance: 9n, nonce: 1n, code: assembleCode(`PUSH20 ${BigInt(COINBASE)} SELFDESTRUCT`) } };
  assert.is(diffOf(executed('Shanghai', {}, accounts), TARGET)!.account, null);
  const kept = diffOf(executed('Cancun', {}, accounts), TARGET)!.account!;
  assert.equal([kept.balance, kept.nonce], [0n, 1n]);
});

transaction('a simulated call takes no fee and asks for no nonce', () => {
  const outcome = vmOf('Osaka').execute(BLOCK, { ...MESSAGE, nonce: 77n, maxFeePerGas: 0n, gasLimit: 30_000_000n }, viewOf({}), {
    simulate: true,
  });
  if (outcome.kind === 'refused') throw new Error(outcome.reason);
  assert.equal([outcome.status, outcome.gasUsed, diffOf(outcome, COINBASE)], ['Stop', 21_000n, undefined]);
});

transaction('an authorization sets code, even if the call then fails (EIP-7702)', () => {
  const authorization = { chainId: 1n, address: TARGET, nonce: 0n, yParity: 0n, r: 1n, s: 1n };
  const code = assembleCode('INVALID');
  const outcome = executed('Prague', { ...fees, type: 4, authorizations: [authorization] }, { [TARGET]: { nonce: 1n, code } });
  assert.is(outcome.status, 'InvalidOpcode');
  const delegated = outcome.diff.filter((row) => row.code?.length === 23);
  assert.equal(
    delegated.map((row) => [row.account!.nonce, Buffer.from(row.code!).toString('hex')]),
    [[1n, `ef0100${TARGET.slice(2)}`]],
  );
});

transaction.run();
