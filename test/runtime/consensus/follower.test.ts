import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex, hexToBytes } from '../../../runtime/bytes.ts';
import type { Genesis } from '../../../runtime/config.ts';
import type { Application, Candidate, WireBlock } from '../../../runtime/consensus/consensus.ts';
import { borneTogether, createFollower, decidersAfter, foundersOf } from '../../../runtime/consensus/follower.ts';
import { sealOf, VALIDATOR_SET, Validators } from '../../../runtime/consensus/validators.ts';
import { type Header, hashHeader, withExtraData } from '../../../runtime/ledger/header.ts';
import type { Address, Hex, Log, SignedHeight, Word } from '../../../runtime/ports/index.ts';
import { vm } from '../ledger/world.ts';

const test = suite('consensus/follower');

const keccak256 = (data: Uint8Array) => vm.keccak256(data);
const fleet: Address = `0x${'fe'.repeat(20)}`;
const row = (n: number, power = 10) => ({
  device: `0x${String(n).padStart(40, '0')}` as Address,
  publicKey: `0x${String(n).padStart(64, 'c')}` as Word,
  power,
});
const genesis = { chainId: 7, validators: [row(1), row(2), row(3)] } as unknown as Genesis;
/** By which the fleet gives the fourth a vote. */
const promotion: Log = {
  address: fleet,
  topics: [VALIDATOR_SET, `0x${row(4).device.slice(2).padStart(64, '0')}`, row(4).publicKey],
  data: hexToBytes(`0x${'00'.repeat(31)}0a`),
};
const founders = new Validators(genesis.validators!);
const four = founders.after([promotion], fleet);

const bare = (number: number, parentHash: Word) =>
  ({
    parentHash,
    coinbase: fleet,
    stateRoot: `0x${'11'.repeat(32)}`,
    transactionsRoot: `0x${'11'.repeat(32)}`,
    receiptsRoot: `0x${'11'.repeat(32)}`,
    logsBloom: new Uint8Array(256),
    number,
    gasLimit: 1n,
    gasUsed: 0n,
    timestamp: 1,
    extraData: new Uint8Array(0),
    mixHash: parentHash,
    baseFee: 0n,
  }) satisfies Header;
const hashOf = (header: Header) => hashHeader(header, keccak256);
const first = bare(0, `0x${'00'.repeat(32)}`);

/** Blocks 1, 2, …, decided at heights 10, 20, …; the second makes the fourth a validator. */
const blocks: WireBlock[] = [];
for (let number = 1; number <= 4; number++) {
  const parent = blocks.at(-1)?.header ?? first;
  const after = number < 2 ? founders : four;
  const header = withExtraData(bare(number, hashOf(parent)), sealOf(10 * number, after, keccak256));
  blocks.push({ header, transactions: [] });
}
const [one, two, three, last] = blocks as [WireBlock, WireBlock, WireBlock, WireBlock];

/** Votes that hold, as the port would say. */
const votes = ({ header }: WireBlock, deciders: Validators, change: Partial<SignedHeight> = {}): SignedHeight => ({
  height: 10 * header.number + 1,
  appHash: hexToBytes(hashOf(header)),
  validators: deciders.list.map(({ publicKey, power }) => ({ publicKey: hexToBytes(publicKey as Hex), power })),
  ...change,
});

/** A follower of a ledger whose blocks execute to what their headers say. */
function follower(entries: Map<string, Uint8Array | undefined> = new Map()) {
  let head = first as Header;
  const application = {
    head: () => ({ header: head, hash: hashOf(head) }),
    verify: ({ header }: WireBlock) =>
      ({
        header: withExtraData(header, new Uint8Array(0)),
        receipts: header.number === 2 ? [{ logs: [promotion] }] : [],
      }) as unknown as Candidate,
    finalize({ header }: Candidate, seal: Uint8Array, kept: readonly (readonly [string, Uint8Array | undefined])[] = []) {
      head = withExtraData(header, seal);
      for (const [key, value] of kept) entries.set(key, value);
    },
  } as unknown as Application;
  const check = (told: unknown) => {
    if (told === 'false') throw new Error('they are false');
    return told as SignedHeight;
  };
  const store = { get: (key: string) => entries.get(key), keys: () => [], write() {} };
  const made = createFollower(application, { vm: { ...vm, keccak256 }, store, votes: { check }, genesis, fleet });
  const take = (some: readonly WireBlock[], told: unknown) => {
    made.vouch!(some, told);
    for (const block of some) made.import(block);
    return head.number;
  };
  return { ...made, take, head: () => head.number, entries };
}

test('blocks are taken with the votes for the last of them, up to a change of those who decide, and go on by the votes of the new ones', () => {
  const some = follower();
  assert.is(some.take([one, two], votes(two, founders)), 2);
  assert.is(some.take([three, last], votes(last, four)), 4);
});

test('who decides is kept', () => {
  const some = follower();
  some.take([one, two], votes(two, founders));
  const kept = Validators.decode(some.entries.get('follower/validators')!);
  assert.equal(kept.list, four.list);
});

const rows: readonly (readonly [name: string, some: readonly WireBlock[], told: unknown, sentence: RegExp])[] = [
  ['votes that do not hold', [one], 'false', /block 1 is refused: the votes with it do not hold: they are false/],
  [
    'votes for another height',
    [one],
    votes(one, founders, { height: 12 }),
    /block 1 is refused: .* for height 12, not for the one after/,
  ],
  [
    'votes for another block',
    [one],
    votes(two, founders, { height: 11 }),
    /block 1 is refused: the votes with it are for another block/,
  ],
  ['votes of others', [one], votes(one, four), /block 1 is refused: the votes with it are of others than those who decide/],
  [
    'votes of those whose power is another',
    [one],
    votes(one, new Validators([row(1, 11), row(2), row(3)])),
    /block 1 is refused: .* of others than those who decide/,
  ],
  // They could name themselves in the block before.
  [
    'votes of those whom a block before makes validators',
    [one, two, three],
    votes(three, four),
    /of others than those who decide/,
  ],
  ['a block left out', [one, three], votes(three, founders), /block 3 is refused: its parent is not/],
  [
    'a block that names other validators than its log',
    [{ ...one, header: withExtraData(one.header, sealOf(10, four, keccak256)) }],
    votes({ ...one, header: withExtraData(one.header, sealOf(10, four, keccak256)) }, founders),
    /block 1 is refused: it names other validators than follow from the Fleet's log/,
  ],
];

for (const [name, some, told, sentence] of rows)
  test(`refused: ${name}`, () => {
    const one = follower();
    assert.throws(() => one.take(some, told), sentence);
    assert.is(one.head(), 0);
  });

test('refused: a block for which no votes came, also one behind those that bear votes', () => {
  const some = follower();
  assert.throws(() => some.import(one), /block 1 is refused: .* none came with it/);
  some.take([one], votes(one, founders));
  assert.throws(() => some.import(two), /block 2 is refused: .* none came with it/);
});

test('blocks that are here already need no votes', () => {
  const some = follower();
  some.take([one, two], votes(two, founders));
  some.vouch!([one, two], 'false');
  assert.is(some.head(), 2);
});

test('as many blocks are carried together as one set of votes bears', () => {
  const names = (some: readonly WireBlock[]) => some.map(({ header }) => header.number);
  const before = foundersOf(genesis, keccak256);
  assert.equal(names(borneTogether(blocks, before)), [1, 2]);
  assert.equal(names(borneTogether([two, three], before)), [2], 'the first changes who decides');
  assert.equal(names(borneTogether([three, last], decidersAfter(two))), [3, 4]);
  assert.equal(names(borneTogether([], before)), []);
  assert.is(before, bytesToHex(one.header.extraData.subarray(8)));
});

test.run();
