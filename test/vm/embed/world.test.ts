import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bigintToWord } from '../../../runtime/bytes.ts';
import type { AccountDiff, Address, Word } from '../../../runtime/ports/index.ts';
import { openState, viewOf } from '../../../runtime/state/state.ts';
import { EMPTY_ROOT } from '../../../runtime/state/trie.ts';
import { blockContext, createVm, memoryState, message } from '../../../vm/embed/index.ts';
import { assembleCode } from '../../support/evm.ts';

const world = suite('vm/embed/world');
const vm = createVm({ fork: 'Osaka' });

const addressOf = (number: number): Address => `0x${number.toString(16).padStart(40, '0')}`;
const ALICE = addressOf(0xa1);
const CONTRACT = addressOf(0xc0);
const SLOT = bigintToWord(0n);

world('a contract lives in it: created, called twice, and its slot counts', () => {
  const state = memoryState(vm);
  // Its code adds one to slot 0 and returns it.
  const code = assembleCode('PUSH1 1 PUSH0 SLOAD ADD DUP1 PUSH0 SSTORE PUSH0 MSTORE PUSH1 32 PUSH0 RETURN');
  const run = (named: { to?: Address; data?: Uint8Array; nonce: bigint }) => {
    const outcome = vm.execute(blockContext(), message({ sender: ALICE, ...named }), state);
    if (outcome.kind === 'refused') throw new Error(outcome.reason);
    state.apply(outcome.diff);
    return outcome;
  };
  const start = assembleCode(`PUSH1 ${code.length} DUP1 PUSH1 9 PUSH0 CODECOPY PUSH0 RETURN`);
  const { created } = run({ data: Uint8Array.from([...start, ...code]), nonce: 0n });
  assert.equal(state.code(state.account(created!)!.codeHash), code);
  for (const count of [1, 2]) {
    const { status, output } = run({ to: created!, nonce: BigInt(count) });
    assert.is(status, 'Return');
    assert.is(output.at(-1), count);
  }
  assert.is(state.slot(created!, SLOT), bigintToWord(2n));
  assert.is(state.account(created!)!.hasStorage, true);
});

world('what is not said is free and counts nonces', () => {
  const state = memoryState(vm);
  state.set(ALICE, { nonce: 7n });
  const again = vm.execute(blockContext(), message({ sender: ALICE, to: CONTRACT }), state);
  assert.equal(again, { kind: 'refused', reason: 'NonceTooLow' });
  const paid = message({ sender: ALICE, to: CONTRACT, nonce: 7n, maxFeePerGas: 5n });
  assert.is(paid.maxPriorityFeePerGas, 5n);
  assert.equal(vm.execute(blockContext({ baseFee: 5n }), paid, state), { kind: 'refused', reason: 'InsufficientFunds' });
});

const words = fc.integer({ min: 0, max: 3 }).map((number): Word => bigintToWord(BigInt(number)));
const codes = fc.constantFrom(new Uint8Array(), assembleCode('STOP'), assembleCode('PUSH1 1 SLOAD'));
const changes: fc.Arbitrary<AccountDiff> = fc
  .record({
    number: fc.integer({ min: 1, max: 3 }),
    isGone: fc.boolean(),
    nonce: fc.bigInt({ min: 0n, max: 3n }),
    balance: fc.bigInt({ min: 1n, max: 3n }),
    code: codes,
    cleared: fc.boolean(),
    slots: fc.uniqueArray(fc.tuple(words, words), { selector: ([slot]) => slot, maxLength: 3 }),
  })
  .map(({ number, isGone, nonce, balance, code, cleared, slots }) => {
    const codeHash: Word = `0x${Buffer.from(vm.keccak256(code)).toString('hex')}`;
    const address = addressOf(number);
    return isGone
      ? { address, account: null, cleared: true, slots: [] }
      : { address, account: { nonce, balance, codeHash }, code, cleared, slots };
  });

world('after any changes it answers as the state of the ledger does', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uniqueArray(changes, { selector: ({ address }) => address, maxLength: 3 }), { maxLength: 5 }),
      (diffs) => {
        const entries = new Map<string, Uint8Array>();
        let trie = openState(EMPTY_ROOT, { get: (key) => entries.get(key) }, (data) => vm.keccak256(data));
        const state = memoryState(vm);
        for (const diff of diffs) {
          state.apply(diff);
          const next = trie.apply(diff);
          for (const [key, value] of next.entries) if (value) entries.set(key, value);
          trie = next.state;
        }
        const ledger = viewOf(trie, () => SLOT);
        for (const address of [1, 2, 3].map(addressOf)) {
          assert.equal(state.account(address), ledger.account(address));
          for (const slot of [0n, 1n, 2n, 3n].map(bigintToWord)) assert.is(state.slot(address, slot), ledger.slot(address, slot));
        }
      },
    ),
    { seed: 1, numRuns: 200 },
  );
});

world.run();
