import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { Board } from '../../emulator/board.ts';
import { cable, type Link } from '../../emulator/network.ts';
import type { World } from '../../emulator/world.ts';
import { Label, type Route } from '../../runtime/ports/index.ts';
import { encodeRlp } from '../../runtime/rlp/index.ts';
import { ownHands, Violation, watchWorld } from './checkers.ts';
import type { Said } from './ledger-model.ts';

const test = suite('the checkers of simulated worlds');

interface Picture {
  readonly name?: string;
  readonly head?: { readonly number: number; readonly hash: string };
  readonly state?: string;
  readonly routes?: readonly (readonly [app: string, revision: number])[];
  readonly found?: readonly (readonly [revision: number, state: string])[];
  readonly waiting?: number;
  readonly storedBytes?: number;
  readonly faults?: number;
  readonly foreignIsGone?: boolean;
  readonly receipts?: readonly string[];
  /** It was taken out of the fleet. */
  readonly left?: boolean;
  /** What the ledger said after r2 had become active; of the first. */
  readonly said?: readonly Said[];
  readonly heldBytes?: number;
  readonly spoiled?: readonly string[];
  /** Blocks in its store, by hash. */
  readonly has?: readonly string[];
  /** Blocks that its disk has lost, with their numbers. */
  readonly lost?: readonly (readonly [hash: string, number: number])[];
  readonly isDown?: boolean;
  /** What is wrong with its cable to the first. */
  readonly cable?: Partial<Link>;
}

function board(picture: Picture): Board {
  const {
    name = 'pad-01',
    head = { number: 7, hash: '0x07' },
    state = 'healthy',
    routes = [],
    found = [[2, 'running']],
  } = picture;
  const containers = found.map(([revision, is]) => ({
    labels: { [Label.app]: 'hello', [Label.revision]: String(revision) },
    state: is,
    health: 'healthy',
  }));
  return {
    identity: { name, address: `0x${name}` },
    status: () => ({ head, state }),
    routes: routes.map(([app, revision]) => ({ app, revision }) as Route),
    waiting: picture.waiting ?? 0,
    running: !picture.isDown,
    store: {
      sizeBytes: picture.storedBytes ?? 0,
      spoiled: new Set(picture.spoiled),
      lost: new Map(picture.lost?.map(([hash, number]) => [`number/${hash}`, encodeRlp([Uint8Array.of(number)])])),
      get: (key: string) => (picture.has?.some((hash) => key === `number/${hash}`) ? Uint8Array.of(1) : undefined),
    },
    faults: picture.faults ?? 0,
    fault: undefined,
    memoryHeldBytes: () => picture.heldBytes ?? 0,
    engine: { virtual: { plant: () => 'foreign', peek: () => (picture.foreignIsGone ? undefined : {}), look: () => containers } },
    rpc: async (request: string) => {
      const [hash] = (JSON.parse(request) as { params: [string] }).params;
      return JSON.stringify({ result: picture.receipts?.includes(hash) ? {} : null });
    },
  } as unknown as Board;
}

const release = { app: 'hello', revision: 2 } as const;

function watch(...pictures: Picture[]) {
  const boards = pictures.map((picture, index) => board({ name: `pad-0${index + 1}`, ...picture }));
  const network = {
    usual: () => cable,
    link: (from: string, to: string) => ({ ...cable, ...pictures[Number([from, to].sort()[1]!.slice(-1)) - 1]!.cable }),
  };
  const world = { boards, sequencer: boards[0], network, config: { fleet: '0x' }, advance: async () => {} } as unknown as World;
  const members = boards.filter((_, index) => !pictures[index]!.left).map(({ identity }) => identity);
  return watchWorld(world, () => boards, {
    said: async () => [
      ...members.map(({ name, address }) => ({ name: 'DeviceEnrolled', device: address, deviceName: name })),
      { ...release, name: 'Approved', by: '0xa' as const, approvals: 1 },
      { ...release, name: 'RollingOut' },
      ...members.map(({ address }) => ({ ...release, name: 'Attested', device: address, healthy: true })),
      { ...release, name: 'Promoted', votes: members.length, quorum: Math.floor(members.length / 2) + 1 },
      ...(pictures[0]!.said ?? []),
    ],
    operators: ['0xa'],
    threshold: 1,
    terms: async () => ({ healthWindow: 60, expiresAt: 0, canary: 0, inPercent: false, labels: [] }),
    services: async () => 1,
    allows: () => true,
  });
}

const looks: [name: string, pictures: Picture[], rule: string | undefined][] = [
  ['nothing wrong', [{}, {}], undefined],
  ['one is behind', [{}, { head: { number: 6, hash: '0x06' } }], undefined],
  ['two blocks of one number', [{}, { head: { number: 7, hash: '0x17' } }], 'one ledger'],
  ['two revisions served', [{ routes: [['hello', 1], ['hello', 2]] }], 'one revision'], // biome-ignore format: a row
  ['two apps served', [{ routes: [['hello', 1], ['other', 2]] }], undefined], // biome-ignore format: a row
  ['timers pile up', [{ waiting: 1001 }], 'bounded'],
  ['memory grows', [{ heldBytes: 49 * 1024 * 1024 }], 'bounded'],
  ['the store grows', [{ storedBytes: 65 * 1024 * 1024 }], 'bounded'],
  ['firmware was stopped', [{}, { faults: 1 }], 'no fault'],
  ["somebody else's container is gone", [{ foreignIsGone: true }], 'foreign containers'],
];

for (const [name, pictures, rule] of looks) {
  test(`at any time: ${name}`, () => {
    const { look } = watch(...pictures);
    if (rule === undefined) look();
    else assert.throws(look, (error: unknown) => error instanceof Violation && error.rule === rule);
  });
}

const other = { number: 7, hash: '0x17' };
/** The sequencer has 0x17; its disk has lost 0x07. */
const loser: Picture = { head: other, has: ['0x17'], lost: [['0x07', 7]] };
const holder: Picture = { has: ['0x07'] };
const cutOff: Picture = { ...holder, cable: { cut: true } };
const partings: [name: string, pictures: Picture[], isExcused: boolean][] = [
  ['who had the lost block was cut off', [loser, cutOff], true],
  ['who had it was down', [loser, { ...holder, isDown: true }, cutOff], true],
  ['who had it could hardly be heard', [loser, { ...holder, cable: { lossRate: 0.7 } }], true],
  ['nobody had it, and it was seen', [loser, { head: other }], true],
  ['who had it was in reach', [loser, holder], false],
  ['one of those who had it was in reach', [loser, cutOff, holder], false],
  ['who had it got some messages twice', [loser, { ...holder, cable: { repeatRate: 0.5 } }], false],
  ['no disk has lost any', [{ ...loser, lost: [] }, cutOff], false],
  ['its disk has lost another block', [{ ...loser, lost: [['0x27', 7]] }, cutOff], false],
  ['it has lost a later one', [{ ...loser, lost: [['0x07', 8]] }, cutOff], false],
  ['it has rotted', [{ ...loser, lost: [], spoiled: ['number/0x07'] }, cutOff], false],
  ['the disk of another has lost it', [{ head: other }, { ...cutOff, lost: [['0x07', 7]] }], false],
  ['a third block of the number', [loser, cutOff, { head: { number: 7, hash: '0x37' } }], false],
];

for (const [name, pictures, isExcused] of partings) {
  test(`the ledger parts: ${name}`, () => {
    const { look } = watch(...pictures);
    if (isExcused) look();
    else assert.throws(look, (error: unknown) => error instanceof Violation && error.rule === 'one ledger');
  });
}

const settles: [name: string, pictures: Picture[], rule: string | undefined][] = [
  ['all is well', [{ receipts: ['0x1', '0x2'] }, {}], undefined],
  ['a block is missing', [{ receipts: ['0x1', '0x2'] }, { head: { number: 6, hash: '0x06' } }], 'settles'],
  ['an old revision runs', [{ receipts: ['0x1', '0x2'] }, { found: [[1, 'running']] }], 'settles'],
  ['it does not run', [{ receipts: ['0x1', '0x2'] }, { found: [[2, 'exited']] }], 'settles'],
  ['it is not healthy', [{ receipts: ['0x1', '0x2'], state: 'failed' }], 'settles'],
  // As right after it was acknowledged: it is lost if no block ever holds it, not yet.
  ['one that left runs nothing', [{ receipts: ['0x1', '0x2'] }, { left: true, found: [] }], undefined],
  ['one that left runs on', [{ receipts: ['0x1', '0x2'] }, { left: true }], 'settles'],
  ['a service is missing', [{ receipts: ['0x1', '0x2'] }, { found: [] }], 'settles'],
  ['one is there twice', [{ receipts: ['0x1', '0x2'], found: [[2, 'running'], [2, 'running']] }, {}], 'settles'], // biome-ignore format: a row
  ['a release still rolls out', [{ receipts: ['0x1', '0x2'], said: [{ ...release, revision: 3, name: 'Approved', by: '0xa', approvals: 1 }, { ...release, revision: 3, name: 'RollingOut' }] }, {}], 'settles'], // biome-ignore format: a row
  ['one that was invited has not come', [{ receipts: ['0x1', '0x2'], said: [{ name: 'Invited', deviceName: 'pad-02', expiresAt: 9 }] }, { left: true, found: [] }], 'settles'], // biome-ignore format: a row
  ['its invitation is over', [{ receipts: ['0x1', '0x2'], said: [{ name: 'Invited', deviceName: 'pad-02', expiresAt: 9, seconds: 9 }] }, { left: true, found: [] }], undefined], // biome-ignore format: a row
  ['who was invited is not there', [{ receipts: ['0x1', '0x2'], said: [{ name: 'Invited', deviceName: 'pad-07', expiresAt: 9 }] }, {}], undefined], // biome-ignore format: a row
  ['the disk has lost one', [{ receipts: ['0x1'], spoiled: ['pool/0x2'] }, {}], undefined],
  ['the disk has lost another', [{ receipts: ['0x1'], spoiled: ['pool/0x1'] }, {}], 'no transaction lost'],
  ['a transaction still waits for its block', [{ receipts: ['0x1'] }, {}], 'no transaction lost'],
];

for (const [name, pictures, rule] of settles) {
  test(`in the end: ${name}`, async () => {
    const acknowledged = new Map([['0x1', 'proposal 1'], ['0x2', 'approval of r1']]); // biome-ignore format: a row
    assert.is((await watch(...pictures).unsettled(acknowledged))?.rule, rule);
  });
}

test('liars: a vote that another has signed', async () => {
  const account = privateKeyToAccount(`0x${'11'.repeat(32)}`);
  const raw = await account.signTransaction({ chainId: 1, nonce: 0, gas: 1n, maxFeePerGas: 0n, to: `0x${'22'.repeat(20)}` });
  const world = { sequencer: { rpc: async () => JSON.stringify({ result: raw }) } } as unknown as World;
  const vote = { ...release, name: 'Attested', healthy: true, hash: '0x1' };
  await ownHands(world, [{ ...vote, device: account.address.toLowerCase() as Hex }]);
  const error = await ownHands(world, [{ ...vote, device: '0x1' }]).catch((reason: Error) => reason);
  assert.ok(error instanceof Violation && error.rule === 'no vote for another');
});

test.run();
