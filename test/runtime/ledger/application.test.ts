import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { memoryStore } from '../../../emulator/store.ts';
import { EMPTY, hexToBytes } from '../../../runtime/bytes.ts';
import type { WireBlock } from '../../../runtime/consensus/consensus.ts';
import { LedgerApplication } from '../../../runtime/ledger/application.ts';
import { Chain } from '../../../runtime/ledger/chain.ts';
import { buildGenesis } from '../../../runtime/ledger/genesis.ts';
import type { Header } from '../../../runtime/ledger/header.ts';
import { Intake } from '../../../runtime/ledger/intake.ts';
import type { Address, Vm, Word } from '../../../runtime/ports/index.ts';
import { alice, bob, vm as classVm, genesis } from './world.ts';

const test = suite('ledger/application');

const vm: Vm = {
  fork: classVm.fork,
  execute: classVm.execute.bind(classVm),
  keccak256: classVm.keccak256.bind(classVm),
  sha256: classVm.sha256.bind(classVm),
  recover: classVm.recover.bind(classVm),
};
const chainId = BigInt(genesis.chainId);
const word: Word = `0x${'01'.repeat(32)}`;
const inputs = { timestamp: genesis.timestamp + 5, coinbase: genesis.sequencer };

function open() {
  const store = memoryStore();
  const log = { write: () => {} };
  const { header, entries } = buildGenesis(genesis, store, vm.keccak256);
  const chain = new Chain(store, vm.keccak256, header, entries);
  const account = (address: Address): ReturnType<ReturnType<LedgerApplication['state']>['account']> =>
    application.state().account(address);
  const rules = { chainId, gasLimit: header.gasLimit, baseFee: header.baseFee, account };
  const intake = new Intake(rules, vm, store, log);
  const appended: number[] = [];
  const application: LedgerApplication = new LedgerApplication({
    isArchive: false,
    vm,
    store,
    log,
    chain,
    intake,
    chainId,
    rules,
    appended: (block) => appended.push(block.header.number),
  });
  return { application, intake, appended, store };
}

async function transfer(nonce: number, chain = genesis.chainId): Promise<Uint8Array> {
  const fees = { maxFeePerGas: 2_000_000_000n, maxPriorityFeePerGas: 1n, type: 'eip1559' } as const;
  return hexToBytes(await alice.signTransaction({ to: bob.address, value: 1n, nonce, gas: 21_000n, chainId: chain, ...fees }));
}

/** A block with two transfers, as its proposer hands it out. */
async function proposed(): Promise<WireBlock> {
  const { application, intake } = open();
  for (const nonce of [0, 1]) intake.take(await transfer(nonce), 'our client');
  const { header, transactions } = application.propose(inputs);
  return { header, transactions: transactions.map(({ raw }) => raw) };
}

test('what one proposes, another verifies; both append the same', async () => {
  const block = await proposed();
  const [one, two] = [open(), open()];
  for (const { application, appended } of [one, two]) {
    const candidate = application.verify(block);
    assert.is(application.head().header.number, 0, 'verifying appends nothing');
    application.finalize(candidate, Uint8Array.of(7));
    assert.equal(appended, [1]);
    assert.equal(application.head().header, { ...block.header, extraData: Uint8Array.of(7) });
    assert.is(application.state().root, block.header.stateRoot);
  }
  assert.is(one.application.head().hash, two.application.head().hash);
  assert.equal(one.application.blockAt(1), { header: one.application.head().header, transactions: block.transactions });
  assert.is(one.application.blockAt(2), undefined);
});

test('a proposal is thrown away without a trace', async () => {
  const { application, intake, store } = open();
  intake.take(await transfer(0), 'our client');
  const { sizeBytes } = store;
  const first = application.propose(inputs);
  assert.equal(application.propose(inputs).header, first.header);
  assert.is(store.sizeBytes, sizeBytes);
  assert.is(application.state().account(bob.address.toLowerCase() as Address)?.nonce, 0n);
});

const changed: [name: keyof Header, value: Header[keyof Header], message: RegExp][] = [
  ['number', 2, /block 2 is refused: the head is 0/],
  ['parentHash', word, /block 1 is refused: its parent is not 0x/],
  ['timestamp', genesis.timestamp - 1, /it is earlier than its parent/],
  ['stateRoot', word, /its stateRoot is 0x0101.*, executing it gives 0x/],
  ['transactionsRoot', word, /its transactionsRoot is 0x01/],
  ['receiptsRoot', word, /its receiptsRoot is 0x01/],
  ['logsBloom', new Uint8Array(256).fill(1), /its logsBloom is 0x0101/],
  ['gasLimit', 1n, /its gasLimit is 1, executing it gives 30000000/],
  ['gasUsed', 1n, /its gasUsed is 1, executing it gives 42000/],
  ['mixHash', word, /its mixHash is 0x01/],
  ['baseFee', 5n, /its baseFee is 5, executing it gives 1000000000/],
  ['coinbase', `0x${'33'.repeat(20)}`, /its stateRoot/],
];

for (const [name, value, message] of changed) {
  test(`a block with another ${name} is refused`, async () => {
    const { header, transactions } = await proposed();
    const { application } = open();
    assert.throws(() => application.verify({ header: { ...header, [name]: value }, transactions }), message);
  });
}

test('a block with other transactions is refused', async () => {
  const { header, transactions } = await proposed();
  const [first, second] = transactions as [Uint8Array, Uint8Array];
  const rows: [name: string, transactions: Uint8Array[], message: RegExp][] = [
    ['one missing', [first], /its stateRoot is/],
    ['out of order', [second, first], /transaction 0x.* is invalid: NonceTooHigh/],
    ['twice', [first, second, second], /is invalid: NonceTooLow/],
    ['another chain', [await transfer(0, 7), second], /is invalid: WrongChainId/],
    ['garbage', [first, Uint8Array.of(0xc0)], /transaction 1: this is not a signed transaction/],
    ['nothing', [first, EMPTY], /transaction 1: .* it has no bytes/],
  ];
  for (const [name, some, message] of rows) {
    assert.throws(
      () => open().application.verify({ header, transactions: some }),
      (error: Error) => error.name === 'BlockRefused' && message.test(error.message),
      name,
    );
  }
});

test('a transaction that can never run leaves the pool when a block is proposed', async () => {
  const { application, intake } = open();
  const all = 1000n * 10n ** 18n - 21_000n * 2_000_000_000n;
  const fees = { maxFeePerGas: 2_000_000_000n, maxPriorityFeePerGas: 1n, type: 'eip1559' } as const;
  for (const nonce of [0, 1]) {
    const signed = alice.signTransaction({ to: bob.address, value: all, nonce, gas: 21_000n, chainId: genesis.chainId, ...fees });
    intake.take(hexToBytes(await signed), 'our client');
  }
  assert.is(application.propose(inputs).transactions.length, 1);
  assert.is(intake.pool.size, 1);
  assert.is(application.hasWork(), true);
});

test.run();
