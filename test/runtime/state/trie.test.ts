import { readFileSync } from 'node:fs';
import { createMPT, verifyMerkleProof } from '@ethereumjs/mpt';
import { keccak_256 } from '@noble/hashes/sha3.js';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex, hexToBytes, utf8Encode } from '../../../runtime/bytes.ts';
import type { Word } from '../../../runtime/ports/index.ts';
import { EMPTY_ROOT, openTrie, type Trie, type TrieNodes, verifyProof } from '../../../runtime/state/trie.ts';
import { sharedPath } from '../../support/need.ts';

const test = suite('state/trie');
const official = sharedPath('fixtures/extra/ethereum-tests/TrieTests');
const keccak256 = (data: Uint8Array) => keccak_256(data);

interface Memory extends TrieNodes {
  readonly kept: Map<Word, Uint8Array>;
}

function memory(): Memory {
  const kept = new Map<Word, Uint8Array>();
  return { kept, keccak256, load: (hash) => kept.get(hash) };
}

function commit(trie: Trie, nodes: Memory): Word {
  return trie.commit((hash, node) => nodes.kept.set(hash, node));
}

type Pairs = readonly (readonly [key: string, value: string | null])[];
type Vectors = Record<string, { readonly in: Pairs | Record<string, string | null>; readonly root: string }>;

function bytesOf(text: string): Uint8Array {
  return text.startsWith('0x') ? hexToBytes(text) : utf8Encode(text);
}

const files: [file: string, secure: boolean][] = [
  ['trietest.json', false],
  ['trieanyorder.json', false],
  ['trietest_secureTrie.json', true],
  ['trieanyorder_secureTrie.json', true],
  ['hex_encoded_securetrie_test.json', true],
];

for (const [file, secure] of files) {
  test(`official vectors: ${file}`, () => {
    if (!official) return;
    const vectors = JSON.parse(readFileSync(`${official}/${file}`, 'utf8')) as Vectors;
    for (const [name, vector] of Object.entries(vectors)) {
      const pairs: Pairs = Array.isArray(vector.in) ? vector.in : Object.entries(vector.in);
      let trie = openTrie(EMPTY_ROOT, memory());
      for (const [key, value] of pairs) {
        const path = secure ? keccak256(bytesOf(key)) : bytesOf(key);
        trie = trie.with(path, value === null ? undefined : bytesOf(value));
      }
      assert.is(
        trie.commit(() => {}),
        vector.root,
        name,
      );
    }
  });
}

/** Few distinct keys of few distinct nibbles, so that paths meet, split and join again. */
const key = fc
  .array(fc.constantFrom(0x00, 0x01, 0x10, 0x11, 0xf0), { minLength: 3, maxLength: 3 })
  .map((bytes) => Uint8Array.from(bytes));
const value = fc.option(fc.uint8Array({ minLength: 1, maxLength: 40 }), { nil: undefined, freq: 3 });
const then = fc.constantFrom('go on', 'commit', 'reopen');
const steps = fc.array(fc.tuple(key, value, then), { maxLength: 60 });

test('agrees with a Map and with @ethereumjs/mpt, across commits and reopening', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const nodes = memory();
      const map = new Map<string, Uint8Array>();
      const oracle = await createMPT();
      let trie = openTrie(EMPTY_ROOT, nodes);
      for (const [path, some, next] of script) {
        trie = trie.with(path, some);
        if (some) await oracle.put(path, some);
        else await oracle.del(path);
        if (some) map.set(bytesToHex(path), some);
        else map.delete(bytesToHex(path));
        if (next === 'go on') continue;
        const root = commit(trie, nodes);
        if (next === 'reopen') trie = openTrie(root, nodes);
      }
      for (const [path] of script) assert.equal(trie.get(path), map.get(bytesToHex(path)));
      assert.is(commit(trie, nodes), bytesToHex(oracle.root()));
    }),
    { numRuns: 150 },
  );
});

test('agrees with @ethereumjs/mpt where branches are full', async () => {
  const nodes = memory();
  const oracle = await createMPT();
  let trie = openTrie(EMPTY_ROOT, nodes);
  for (let i = 0; i < 900; i++) {
    const path = keccak256(Uint8Array.of(i % 300));
    // In the last round every other one goes.
    const some = i >= 600 && i % 2 === 0 ? undefined : new Uint8Array(1 + (i % 40)).fill(1 + (i % 200));
    trie = trie.with(path, some);
    if (some) await oracle.put(path, some);
    else await oracle.del(path);
    if (i % 7 === 0) assert.is(commit(trie, nodes), bytesToHex(oracle.root()));
    if (i % 91 === 0) trie = openTrie(commit(trie, nodes), nodes);
  }
  assert.is(commit(trie, nodes), bytesToHex(oracle.root()));
});

test('proofs show presence and absence, to us and to @ethereumjs/mpt', async () => {
  await fc.assert(
    fc.asyncProperty(steps, key, async (script, absent) => {
      const nodes = memory();
      let trie = openTrie(EMPTY_ROOT, nodes);
      for (const [path, some] of script) trie = trie.with(path, some);
      const root = commit(trie, nodes);
      for (const path of [absent, ...script.map(([some]) => some)]) {
        const proof = openTrie(root, nodes).prove(path);
        assert.equal(proof, trie.prove(path));
        assert.equal(verifyProof(root, path, proof, keccak256), trie.get(path));
        if (root === EMPTY_ROOT) continue;
        const shown = await verifyMerkleProof(path, proof, { root: hexToBytes(root) });
        assert.equal(shown ?? undefined, trie.get(path));
      }
    }),
    { numRuns: 40 },
  );
});

test('a tampered or shortened proof is refused', () => {
  const nodes = memory();
  let trie = openTrie(EMPTY_ROOT, nodes);
  for (let i = 0; i < 100; i++) trie = trie.with(keccak256(Uint8Array.of(i)), new Uint8Array(40).fill(i + 1));
  const root = commit(trie, nodes);
  const path = keccak256(Uint8Array.of(7));
  const proof = trie.prove(path);
  assert.throws(() => verifyProof(root, path, proof.slice(0, -1), keccak256), /is not in the store/);
  const last = proof.at(-1)!.slice();
  last[last.length - 1] = last.at(-1)! ^ 1;
  assert.throws(() => verifyProof(root, path, [...proof.slice(0, -1), last], keccak256), /is not in the store/);
});

test('only what changed is hashed again', () => {
  const nodes = memory();
  let trie = openTrie(EMPTY_ROOT, nodes);
  const keys = Array.from({ length: 1000 }, (_, i) => keccak256(Uint8Array.of(i >> 8, i & 255)));
  for (const path of keys) trie = trie.with(path, path);
  const root = commit(trie, nodes);

  const reopened = openTrie(root, nodes);
  assert.is(commit(reopened, memory()), root);
  let hashed = 0;
  reopened.with(keys[5]!, Uint8Array.of(1)).commit(() => hashed++);
  assert.is(hashed > 1 && hashed <= 5, true, `${hashed} nodes on one path`);

  const same = reopened.with(keys[5]!, keys[5]!).with(Uint8Array.of(1, 2, 3), undefined);
  same.commit(() => assert.unreachable('nothing changed'));
});

test('a change leaves the trie it came from as it was', () => {
  const nodes = memory();
  const path = Uint8Array.of(1, 2);
  const before = openTrie(EMPTY_ROOT, nodes).with(path, Uint8Array.of(1));
  const after = before.with(path, undefined);
  assert.equal(before.get(path), Uint8Array.of(1));
  assert.is(after.get(path), undefined);
  assert.is(commit(after, nodes), EMPTY_ROOT);
});

test('a missing node is named', () => {
  const root: Word = `0x${'ab'.repeat(32)}`;
  assert.throws(() => openTrie(root, memory()).get(Uint8Array.of(1)), new RegExp(`trie node ${root} is not in the store`));
});

test.run();
