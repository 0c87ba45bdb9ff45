import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../../emulator/random.ts';
import { memoryStore } from '../../../emulator/store.ts';
import { bigintToWord } from '../../../runtime/bytes.ts';
import type { AccountDiff, Address, Store, Word } from '../../../runtime/ports/index.ts';
import { EMPTY_CODE_HASH } from '../../../runtime/state/account.ts';
import { KEPT_STATES, Pruner } from '../../../runtime/state/pruner.ts';
import { NODE_PREFIX, openState, type State } from '../../../runtime/state/state.ts';
import { EMPTY_ROOT } from '../../../runtime/state/trie.ts';
import { walkState } from '../../../runtime/state/walk.ts';
import { vm } from '../ledger/world.ts';

const keccak256 = (data: Uint8Array) => vm.keccak256(data);

const test = suite('state/pruner');
const BLOCKS = 1200;
const quiet = { write: () => {} };

/** Few accounts and slots, few values: what was is often again, here and elsewhere. */
function someChanges(random: () => number): AccountDiff[] {
  const pick = (most: number) => Math.floor(random() * most);
  const addresses = new Set(Array.from({ length: 1 + pick(3) }, () => pick(12)));
  return [...addresses].map((n): AccountDiff => {
    const address: Address = `0x${n.toString(16).padStart(40, '0')}`;
    if (pick(10) === 0) return { address, account: null, cleared: true, slots: [] };
    const slots = new Map(Array.from({ length: pick(6) }, () => [bigintToWord(BigInt(pick(40))), bigintToWord(BigInt(pick(3)))]));
    const account = { nonce: BigInt(pick(4)), balance: 10n ** 18n, codeHash: EMPTY_CODE_HASH };
    return { address, account, cleared: pick(20) === 0, slots: [...slots] };
  });
}

function nodesIn(store: Store): number {
  return store.keys(NODE_PREFIX, 1_000_000).length;
}

/** Blocks of changes; answers the roots, and how many nodes there were at most. */
function live(store: Store, seed: string, options: { readonly isArchive?: boolean; readonly restartEvery?: number } = {}) {
  const random = seededRandom(seed).next;
  const roots: Word[] = [EMPTY_ROOT];
  const newPruner = () => {
    const kept = () => roots.slice(-KEPT_STATES - 1);
    return options.isArchive ? undefined : new Pruner({ store, keccak256, log: quiet, roots: kept, minWritten: 300 });
  };
  let pruner = newPruner();
  let state: State = openState(EMPTY_ROOT, store, keccak256);
  let most = 0;
  for (let block = 1; block <= BLOCKS; block++) {
    const applied = state.apply(someChanges(random));
    store.write([...(pruner?.step(applied.entries) ?? []), ...applied.entries]);
    roots.push(applied.state.root);
    state = block % 50 === 0 ? openState(applied.state.root, store, keccak256) : applied.state;
    if (options.restartEvery && block % options.restartEvery === 0) pruner = newPruner();
    if (block % 20 === 0) most = Math.max(most, nodesIn(store));
  }
  return { roots, most };
}

for (const seed of ['one', 'two']) {
  for (const [name, options] of [
    ['', {}],
    [', with restarts', { restartEvery: 37 }],
  ] as const) {
    test(`every kept state is whole, and the store does not grow: ${seed}${name}`, () => {
      const [store, whole] = [memoryStore(), memoryStore()];
      const { roots, most } = live(store, seed, options);
      const archive = live(whole, seed, { isArchive: true });
      assert.equal(roots, archive.roots);
      for (const root of roots.slice(-KEPT_STATES - 1)) {
        const pieces = (from: Store) => [...walkState(root, from)].length;
        assert.is(pieces(store), pieces(whole));
      }
      assert.ok(most < nodesIn(whole) / 2, `${most} at most, ${nodesIn(whole)} with all states`);
    });
  }
}

test('a store that cannot be read is not swept, and blocks go on', () => {
  const store = memoryStore();
  const told: string[] = [];
  const broken = { get: () => Uint8Array.of(0xff), keys: store.keys };
  const root = bigintToWord(1n);
  const log = { write: (_level: unknown, text: string) => void told.push(text) };
  const pruner = new Pruner({ store: broken, keccak256, log, roots: () => [root], minWritten: 1 });
  const gone = pruner.step([[NODE_PREFIX + root, Uint8Array.of(1)]]);
  assert.equal(
    gone.map(([key]) => key),
    ['pruning'],
  );
});

test.run();
