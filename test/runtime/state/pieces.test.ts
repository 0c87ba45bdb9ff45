import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { memoryStore } from '../../../emulator/store.ts';
import { bigintToWord } from '../../../runtime/bytes.ts';
import type { Word } from '../../../runtime/ports/index.ts';
import { Pieces } from '../../../runtime/state/pieces.ts';
import { NODE_PREFIX, openState } from '../../../runtime/state/state.ts';
import { EMPTY_ROOT } from '../../../runtime/state/trie.ts';
import { nobleVm } from '../../support/fake-ledger.ts';

const test = suite('state/pieces');
const { keccak256 } = nobleVm;
const TURNS_PER_ROUND = 100;

/** A state of so many accounts in a store that counts what is read of it. */
function world(accounts: number) {
  const store = memoryStore();
  const diff = Array.from({ length: accounts }, (_, index) => ({
    address: `0x${bigintToWord(BigInt(index + 1)).slice(26)}` as const,
    account: {
      nonce: 0n,
      balance: 1n,
      codeHash: `0x${'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'}` as Word,
    },
    cleared: false,
    slots: [],
  }));
  const { state, entries } = openState(EMPTY_ROOT, store, keccak256).apply(diff);
  store.write(entries);
  let reads = 0;
  const counted = {
    ...store,
    get: (key: string) => {
      reads += 1;
      return store.get(key);
    },
  };
  const pieces = new Pieces(counted, keccak256);
  const turn = (): number => {
    const before = reads;
    pieces.scrub(state.root);
    return reads - before;
  };
  return { store, pieces, turn, count: entries.length, keys: entries.map(([key]) => key) };
}

test('the first round is quick, the next ones take their time and leave nothing out', () => {
  const { turn, count } = world(400);
  assert.ok(count > 200, `${count} pieces`);
  for (let left = count; left > 0; left -= 64) assert.is(turn(), Math.min(64, left));
  const perTurn = Math.ceil(count / TURNS_PER_ROUND);
  let seen = 0;
  while (seen < count) {
    const now = turn();
    assert.ok(now <= perTurn);
    seen += now;
  }
  assert.is(seen, count);
});

test('of a small state a little is looked at in each turn', () => {
  const { turn, count } = world(3);
  assert.is(turn(), count);
  assert.is(turn(), 1);
});

for (const [name, damage] of [
  ['changed', (value: Uint8Array) => value.map((byte, at) => (at === 3 ? byte ^ 1 : byte))],
  ['lost', () => undefined],
] as const) {
  test(`a piece that is ${name} is found within a round, and the round after it is quick`, () => {
    const { store, pieces, turn, count, keys } = world(400);
    for (let left = count; left > 0; left -= 64) turn();
    const key = keys[keys.length >> 1]!;
    store.put([[key, damage(store.get(key)!)]]);
    for (let turns = 0; turns <= TURNS_PER_ROUND && pieces.lacking(1).length === 0; turns += 1) turn();
    assert.equal(pieces.lacking(2), [key.slice(NODE_PREFIX.length) as Word]);
    assert.ok(turn() > Math.ceil(count / TURNS_PER_ROUND));
  });
}

test.run();
