import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cablesOf, groupsOf } from '../../emulator/cables.ts';
import type { FaultCall } from '../../emulator/faults.ts';
import { cable, type Link } from '../../emulator/network.ts';
import { sitesOf } from '../../emulator/sites.ts';
import type { World } from '../../emulator/world.ts';

const test = suite('emulator/cables');

/** A world of which nothing exists but its links, and controls that set them. */
function benchOf(count: number) {
  const names = Array.from({ length: count }, (_, index) => `pad-${index}`);
  const links = new Map<string, Link>();
  let changes = 0;
  const link = (a: string, b: string) => links.get(`${a}>${b}`) ?? cable;
  const boards = names.map((name) => ({ identity: { name }, running: true }));
  const network = {
    link,
    usual: () => cable,
    get changes() {
      return changes;
    },
  };
  const world = { boards, network, sites: sitesOf(count) } as unknown as World;
  const inject = async ({ fault, devices = names, others }: FaultCall) => {
    const ends = others ?? names.filter((name) => !devices.includes(name));
    const set = (a: string, b: string) => links.set(`${a}>${b}`, { ...link(a, b), cut: fault === 'cut-network' });
    changes += 1;
    for (const a of devices) for (const b of ends) if (a !== b) [set(a, b), set(b, a)];
    return '';
  };
  return { cables: cablesOf(world, { inject }), boards, links };
}

type Act = readonly ['cable', device: number, cut: boolean] | readonly ['trunk', site: number, cut: boolean];

// Seven devices: 0 to 3 in Harbour, 4 to 6 in Quarry.
const rows: [what: string, acts: Act[], cut: string, trunk: string, groups: string][] = [
  ['nothing cut', [], '', 'linked', '0000000'],
  ['one cable', [['cable', 6, true]], '6', 'linked', '0000001'],
  [
    'one cable, mended',
    [
      ['cable', 6, true],
      ['cable', 6, false],
    ],
    '',
    'linked',
    '0000000',
  ],
  ['the trunk', [['trunk', 0, true]], '', 'cut', '0000111'],
  [
    'the trunk, mended',
    [
      ['trunk', 0, true],
      ['trunk', 0, false],
    ],
    '',
    'linked',
    '0000000',
  ],
  [
    'two cables, one mended: the other stays cut',
    [
      ['cable', 0, true],
      ['cable', 1, true],
      ['cable', 0, false],
    ],
    '1',
    'linked',
    '0100000',
  ],
  [
    'cable and trunk, the cable mended: the trunk stays cut',
    [
      ['cable', 0, true],
      ['trunk', 0, true],
      ['cable', 0, false],
    ],
    '',
    'cut',
    '0000111',
  ],
  [
    'cable and trunk, the trunk mended: the cable stays cut',
    [
      ['trunk', 0, true],
      ['cable', 5, true],
      ['trunk', 0, false],
    ],
    '5',
    'linked',
    '0000010',
  ],
];
for (const [what, acts, cut, trunk, groups] of rows) {
  test(what, async () => {
    const { cables } = benchOf(7);
    for (const [kind, at, isCut] of acts) {
      if (kind === 'cable') await cables.setCable(`pad-${at}`, isCut);
      else await cables.setTrunk(at, isCut);
    }
    const view = cables.look();
    assert.is(view.devices.flatMap((state, index) => (state === 'cut' ? [index] : [])).join(), cut);
    assert.equal(view.trunks, [trunk]);
    assert.is(view.groups.join(''), groups);
  });
}

test('a slow or lossy cable is worn', () => {
  const { cables, links } = benchOf(3);
  for (const other of ['pad-1', 'pad-2']) links.set(`pad-0>${other}`, { ...cable, lossRate: 0.3 });
  assert.equal(cables.look().devices, ['worn', 'linked', 'linked']);
});

test('delays are the mean of what messages take, within a site and over a trunk', () => {
  const { cables, links } = benchOf(4);
  links.set('pad-2>pad-3', { ...cable, minDelayMs: 100, maxDelayMs: 200 });
  // Three ways lead over the trunk: 7 ms, 7 ms and 150 ms.
  assert.equal(cables.look().delays, { sites: [7, 0], trunks: [55] });
});

test('a device without a running firmware reaches nobody', () => {
  const { cables, boards } = benchOf(3);
  boards[1]!.running = false;
  assert.equal(cables.look().groups, [0, 1, 0]);
});

test('what is not there is refused', async () => {
  const { cables } = benchOf(3);
  await cables
    .setCable('pad-9', true)
    .then(assert.unreachable, (error: Error) => assert.match(error.message, 'no device "pad-9"'));
  await cables.setTrunk(0, true).then(assert.unreachable, (error: Error) => assert.match(error.message, 'no such trunk'));
});

test('groups are transitive and numbered in order', () => {
  const pairs = ['0-2', '2-4', '1-3'];
  const reaches = (a: number, b: number) => pairs.includes(`${Math.min(a, b)}-${Math.max(a, b)}`);
  assert.equal(groupsOf(6, reaches), [0, 1, 0, 1, 0, 2]);
});

test.run();
