import { createMPT, verifyMerkleProof } from '@ethereumjs/mpt';
import { keccak_256 } from '@noble/hashes/sha3.js';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bigintToWord, bytesToHex, hexToBytes, ZERO_WORD } from '../../../runtime/bytes.ts';
import type { AccountDiff, Address, Word } from '../../../runtime/ports/index.ts';
import { EMPTY_CODE_HASH, encodeAccount, encodeSlotValue } from '../../../runtime/state/account.ts';
import { openState, type State, type StoreEntry, viewOf } from '../../../runtime/state/state.ts';
import { EMPTY_ROOT } from '../../../runtime/state/trie.ts';

const test = suite('state/state');
const keccak256 = (data: Uint8Array) => keccak_256(data);
const code = Uint8Array.of(0x60, 0);
const codeHash = bytesToHex(keccak256(code));

function addressOf(n: number): Address {
  return `0x${n.toString(16).padStart(40, '0')}`;
}

interface World {
  state: State;
  readonly kept: Map<string, Uint8Array>;
}

function world(): World {
  const kept = new Map<string, Uint8Array>();
  return { kept, state: openState(EMPTY_ROOT, kept, keccak256) };
}

function write(kept: Map<string, Uint8Array>, entries: readonly StoreEntry[]): void {
  for (const [key, value] of entries) if (value) kept.set(key, value);
}

function apply(world: World, ...diff: AccountDiff[]): void {
  const { state, entries } = world.state.apply(diff);
  write(world.kept, entries);
  world.state = state;
}

function change(n: number, rest: Partial<AccountDiff> & { balance?: bigint } = {}): AccountDiff {
  const { balance = 1n, ...more } = rest;
  return {
    address: addressOf(n),
    account: { nonce: 1n, balance, codeHash: EMPTY_CODE_HASH },
    cleared: false,
    slots: [],
    ...more,
  };
}

const one = bigintToWord(1n);
const two = bigintToWord(2n);

test('accounts, slots and code are read back, also after reopening by the root', () => {
  const some = world();
  apply(some, change(1, { balance: 7n }), {
    ...change(2),
    account: { nonce: 3n, balance: 0n, codeHash },
    code,
    slots: [[one, two]],
  });
  for (const state of [some.state, openState(some.state.root, some.kept, keccak256)]) {
    assert.equal(state.account(addressOf(1)), { nonce: 1n, balance: 7n, codeHash: EMPTY_CODE_HASH, storageRoot: EMPTY_ROOT });
    assert.is(state.account(addressOf(3)), undefined);
    assert.is(state.slot(addressOf(2), one), two);
    assert.is(state.slot(addressOf(2), two), ZERO_WORD);
    assert.is(state.slot(addressOf(3), one), ZERO_WORD);
    assert.equal(state.code(codeHash), code);
    assert.is(state.code(EMPTY_CODE_HASH).length, 0);
  }
  const view = viewOf(some.state, () => ZERO_WORD);
  assert.equal(view.account(addressOf(1)), { nonce: 1n, balance: 7n, codeHash: EMPTY_CODE_HASH, hasStorage: false });
  assert.is(view.account(addressOf(2))?.hasStorage, true);
  assert.is(view.account(addressOf(9)), undefined);
});

test('an account that goes takes its storage with it', () => {
  const some = world();
  apply(some, change(1, { slots: [[one, two]] }));
  const before = some.state;
  apply(some, { ...change(1), account: null });
  assert.is(some.state.root, EMPTY_ROOT);
  apply(some, change(1));
  assert.is(some.state.slot(addressOf(1), one), ZERO_WORD);
  assert.is(before.slot(addressOf(1), one), two, 'the state before is as it was');
});

test('a cleared account keeps only the slots that come with it', () => {
  const some = world();
  apply(some, change(1, { slots: [[one, two]] }));
  apply(some, change(1, { cleared: true, slots: [[two, one]] }));
  assert.is(some.state.slot(addressOf(1), one), ZERO_WORD);
  assert.is(some.state.slot(addressOf(1), two), one);
  apply(some, change(1, { cleared: true }));
  assert.is(some.state.account(addressOf(1))?.storageRoot, EMPTY_ROOT);
});

test('code that is not in the store is named', () => {
  assert.throws(() => world().state.code(codeHash), new RegExp(`code ${codeHash} is not in the store`));
});

const slots = fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.bigInt({ min: 0n, max: 3n })), { maxLength: 5 });
const scripts = fc.array(
  fc.record({ account: fc.integer({ min: 0, max: 4 }), gone: fc.boolean(), cleared: fc.boolean(), slots, reopen: fc.boolean() }),
  { maxLength: 25 },
);

test('the root is that of @ethereumjs/mpt over the same accounts', async () => {
  await fc.assert(
    fc.asyncProperty(scripts, async (script) => {
      const some = world();
      const model = new Map<number, Map<number, bigint>>();
      for (const step of script) {
        const pairs = new Map(step.slots);
        const diff = [...pairs].map(([slot, value]): [Word, Word] => [bigintToWord(BigInt(slot)), bigintToWord(value)]);
        apply(
          some,
          step.gone ? { ...change(step.account), account: null } : change(step.account, { cleared: step.cleared, slots: diff }),
        );
        const storage = step.cleared ? new Map<number, bigint>() : (model.get(step.account) ?? new Map<number, bigint>());
        for (const [slot, value] of pairs) storage.set(slot, value);
        if (step.gone) model.delete(step.account);
        else model.set(step.account, storage);
        if (step.reopen) some.state = openState(some.state.root, some.kept, keccak256);
      }
      assert.is(some.state.root, await rootOf(model));
    }),
    { numRuns: 60 },
  );
});

async function rootOf(model: ReadonlyMap<number, ReadonlyMap<number, bigint>>): Promise<Word> {
  const accounts = await createMPT();
  for (const [n, storage] of model) {
    const trie = await createMPT();
    for (const [slot, value] of storage) {
      const encoded = encodeSlotValue(bigintToWord(value));
      if (encoded) await trie.put(keccak256(hexToBytes(bigintToWord(BigInt(slot)))), encoded);
    }
    const account = { nonce: 1n, balance: 1n, codeHash: EMPTY_CODE_HASH, storageRoot: bytesToHex(trie.root()) };
    await accounts.put(keccak256(hexToBytes(addressOf(n))), encodeAccount(account));
  }
  return bytesToHex(accounts.root());
}

test('proofs satisfy @ethereumjs/mpt', async () => {
  const some = world();
  for (let n = 1; n <= 40; n++) {
    apply(some, change(n, { slots: Array.from({ length: n }, (_, i): [Word, Word] => [bigintToWord(BigInt(i)), one]) }));
  }
  const reopened = openState(some.state.root, some.kept, keccak256);
  for (const n of [1, 20, 40, 41]) {
    const proof = reopened.prove(addressOf(n), [ZERO_WORD, bigintToWord(19n), bigintToWord(999n)]);
    const shown = await verifyMerkleProof(keccak256(hexToBytes(addressOf(n))), [...proof.nodes], {
      root: hexToBytes(reopened.root),
    });
    assert.equal(shown, n === 41 ? null : encodeAccount(proof.account));
    for (const { slot, value, nodes } of proof.slots) {
      if (proof.account.storageRoot === EMPTY_ROOT) continue;
      const root = hexToBytes(proof.account.storageRoot);
      assert.equal(await verifyMerkleProof(keccak256(hexToBytes(slot)), [...nodes], { root }), encodeSlotValue(value) ?? null);
    }
  }
});

test('many accounts: memory is let go and the state stays right', () => {
  const some = world();
  for (let block = 0; block < 40; block++) {
    apply(some, ...Array.from({ length: 200 }, (_, i) => change(block * 200 + i, { slots: [[one, two]] })));
    const before = some.state;
    some.state = some.state.trimmed();
    assert.is(some.state.root, before.root);
    if (block === 0) assert.is(some.state, before, 'little is kept');
    if (block === 39) assert.is.not(some.state, before, 'much is not');
  }
  assert.is(some.state.account(addressOf(0))?.balance, 1n);
  assert.is(some.state.slot(addressOf(7999), one), two);
  assert.is(openState(some.state.root, some.kept, keccak256).slot(addressOf(4000), one), two);
});

test('as many accounts as a full pool has senders are looked up once', () => {
  let hashed = 0;
  const counting = (data: Uint8Array) => {
    hashed++;
    return keccak_256(data);
  };
  const state = openState(EMPTY_ROOT, new Map<string, Uint8Array>(), counting);
  const addresses = Array.from({ length: 5000 }, (_, n) => addressOf(n + 1));
  for (const address of addresses) state.account(address);
  hashed = 0;
  for (const address of addresses) assert.is(state.account(address), undefined);
  assert.is(hashed, 0);
});

test.run();
