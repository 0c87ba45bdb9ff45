import { keccak_256 } from '@noble/hashes/sha3.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Deciders } from '../../../cli/audit/deciders.ts';
import type { Checked } from '../../../cli/audit/verify.ts';
import { bigintToBytes, bytesToHex, hexToBytes } from '../../../runtime/bytes.ts';
import { sealOf, VALIDATOR_SET, Validators } from '../../../runtime/consensus/validators.ts';
import { genesisMark } from '../../../runtime/ledger/genesis.ts';
import type { LightBlock } from '../../../runtime/light/index.ts';
import type { Address, Hex, Log, Word } from '../../../runtime/ports/index.ts';
import { chainOf, type Person, person, signed } from '../../runtime/light/chain.ts';

const test = suite('audit/deciders');

const keccak256 = (data: Uint8Array) => keccak_256(data);
const CHAIN_ID = 7;
const fleet: Address = `0x${'fe'.repeat(20)}`;
const device = (n: number): Address => `0x${String(n).padStart(40, '0')}`;
const people = [1, 2, 3, 4].map((n) => person(n));
const fifth = person(5, 100n);
const rowOf = ({ validator }: Person, n: number) => ({
  device: device(n),
  publicKey: bytesToHex(validator.publicKey),
  power: Number(validator.power),
});
const founders = { validators: people.map(rowOf), trailingBlocks: 5 };

/** The log by which the fleet gives the fifth its vote. */
const promotion: Log = {
  address: fleet,
  topics: [VALIDATOR_SET, `0x${device(5).slice(2).padStart(64, '0')}`, bytesToHex(fifth.validator.publicKey) as Word],
  data: bigintToBytes(fifth.validator.power, 32),
};

function checked(number: number, extraData: Uint8Array, logs: readonly Log[] = []): Checked {
  const hash: Hex = `0x${String(number).padStart(64, 'b')}`;
  const receipts = [{ logs }] as unknown as Checked['receipts'];
  return { number, hash, timestamp: 1, height: number * 10, extraData, transactions: [], receipts };
}

const first = new Validators(founders.validators);
const second = first.after([promotion], fleet);
const genesis = checked(0, genesisMark({ chainId: CHAIN_ID, ...founders }, keccak256));
/** A first block that names the fleet, too. */
const bound = (named: Address) => checked(0, genesisMark({ chainId: CHAIN_ID, fleet: named, ...founders }, keccak256));
const blocks = [
  genesis,
  checked(1, sealOf(10, first, keccak256)),
  checked(2, sealOf(20, second, keccak256), [promotion]),
  checked(3, sealOf(30, second, keccak256)),
] as const;

const [template] = chainOf([people, people]) as [LightBlock];
function votes(last: Checked, voters: readonly Person[], signs?: (index: number) => boolean, change: object = {}): LightBlock {
  const [shown] = chainOf([voters, voters]) as [LightBlock];
  const height = last.height! + 1;
  return signed({ ...shown.header, height, appHash: hexToBytes(last.hash), ...change }, voters, signs);
}

function follow(trail: readonly Checked[], given: object = founders): Deciders {
  const deciders = new Deciders(given as typeof founders, CHAIN_ID, fleet);
  for (const block of trail) deciders.follow(block);
  return deciders;
}

const all = [...people, fifth];
const rows: readonly (readonly [name: string, trail: readonly Checked[], block: LightBlock, wrong?: RegExp])[] = [
  ['the first decide on the first block', blocks.slice(0, 2), votes(blocks[1], people)],
  ['three of four are enough', blocks.slice(0, 2), votes(blocks[1], people, (index) => index > 0)],
  ['two are not', blocks.slice(0, 2), votes(blocks[1], people, (index) => index > 1), /signed by 20 of 40/],
  ['those before a change decide on it', blocks.slice(0, 3), votes(blocks[2], people)],
  ['those after it do not', blocks.slice(0, 3), votes(blocks[2], all), /other validators than the trail names/],
  ['those after it decide on the next', blocks, votes(blocks[3], all)],
  ['those before it do not', blocks, votes(blocks[3], people), /other validators than the trail names/],
  ['another weight', blocks.slice(0, 2), votes(blocks[1], [person(1, 11n), ...people.slice(1)]), /other validators/],
  ['one of them, four times over', blocks.slice(0, 2), votes(blocks[1], Array(4).fill(people[0])), /named twice/],
  ['strangers', blocks.slice(0, 2), votes(blocks[1], [person(9)]), /other validators/],
  ['another block', blocks.slice(0, 2), votes(blocks[1], people, undefined, { appHash: new Uint8Array(32) }), /agreed on 0x0000/],
  ['another height', blocks.slice(0, 2), votes(blocks[1], people, undefined, { height: 12 }), /should be those of height 11/],
  ['another ledger', blocks.slice(0, 2), votes(blocks[1], people, undefined, { chainId: 'classpad-8' }), /is of classpad-8/],
];

for (const [name, trail, block, wrong] of rows) {
  test(`votes: ${name}`, () => {
    const act = () => follow(trail).verify(trail.at(-1)!, block);
    if (wrong) assert.throws(act, wrong);
    else assert.is(act(), block);
  });
}

const trails: readonly (readonly [name: string, trail: readonly Checked[], given: object, wrong: RegExp])[] = [
  ['others at first', [genesis], { ...founders, validators: founders.validators.slice(1) }, /block 0: it names other validators/],
  ['another fleet', [bound(device(9))], founders, /block 0: it names other validators, or another fleet/],
  ['another number of trailing blocks', [genesis], { ...founders, trailingBlocks: 4 }, /block 0: it names other validators/],
  ['nobody at first', [genesis], { ...founders, validators: [] }, /who decided at first is not told/],
  ['nonsense at first', [genesis], { ...founders, validators: [{ device: 7 }] }, /who decided at first is not told/],
  ['no text', [genesis], { validators: 'all', trailingBlocks: {} }, /who decided at first is not told/],
  ['a change without a log', [genesis, checked(1, sealOf(10, second, keccak256))], founders, /block 1: it names other/],
  [
    'a log without a change',
    [genesis, checked(1, sealOf(10, first, keccak256), [promotion])],
    founders,
    /block 1: it names other/,
  ],
  ['no name', [genesis, checked(1, new Uint8Array(8))], founders, /block 1: it names other/],
];

for (const [name, trail, given, wrong] of trails)
  test(`a trail: ${name}`, () => assert.throws(() => follow(trail, given), wrong));

test('what CometBFT tells is read, and nonsense is refused', () => {
  const deciders = follow(blocks.slice(0, 2));
  for (const nonsense of [undefined, 7, {}, { signed_header: {}, validators: [] }])
    assert.throws(() => deciders.verifyVotes(blocks[1], nonsense), /^WrongEntry|block 1: the votes for it/);
  assert.ok(template.validators.length === 4);
});

test('a first block that names the fleet of the trail', () => {
  follow([bound(fleet)]);
});

test.run();
