import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Board } from '../../emulator/board.ts';
import { cable, type Link, type VirtualNetwork } from '../../emulator/network.ts';
import { inherit, type Population, populate } from '../../emulator/population.ts';
import { seededRandom } from '../../emulator/random.ts';

const test = suite('emulator/population');

function peopled(devices: number) {
  const gone: string[] = [];
  const make = (name: string, looks: string | undefined) =>
    ({ identity: { name, address: `0x${name}` }, looks, takeAway: () => gone.push(name) }) as unknown as Board;
  return { population: populate(devices, seededRandom('one'), make), gone };
}

const told = ({ boards, sites }: Population): string =>
  sites()
    .map(
      ({ name, from, to }) =>
        `${name} ${boards
          .slice(from, to)
          .map(({ identity }) => identity.name.slice(-2))
          .join('.')}`,
    )
    .join(', ');

type Act = readonly ['add', site?: string] | readonly ['remove', name: string];
const rows: [what: string, devices: number, acts: Act[], then: string][] = [
  ['as at the beginning', 5, [], 'Harbour 01.02.03, Quarry 04.05'],
  ['one comes, to the last site', 5, [['add']], 'Harbour 01.02.03, Quarry 04.05.06'],
  ['one comes to the first site', 5, [['add', 'Harbour']], 'Harbour 01.02.03.06, Quarry 04.05'],
  ['one goes', 5, [['remove', 'pad-02']], 'Harbour 01.03, Quarry 04.05'],
  ['a name is not given again', 5, [['remove', 'pad-05'], ['add']], 'Harbour 01.02.03, Quarry 04.06'],
  [
    'a site is left empty, and filled',
    4,
    [
      ['remove', 'pad-04'],
      ['add', 'Quarry'],
    ],
    'Harbour 01.02.03, Quarry 05',
  ],
  ['a single site', 1, [['add'], ['add'], ['add']], 'Harbour 01.02.03.04'],
];
for (const [what, devices, acts, then] of rows) {
  test(what, () => {
    const { population, gone } = peopled(devices);
    let heard = 0;
    population.onChange(() => {
      heard += 1;
    });
    for (const [act, name] of acts)
      act === 'add' ? population.add(name === undefined ? {} : { site: name }) : population.remove(name!);
    assert.is(told(population), then);
    assert.is(heard, acts.length);
    assert.equal(
      gone,
      acts.flatMap(([act, name]) => (act === 'remove' ? [name!] : [])),
    );
  });
}

const refused: [what: string, act: (population: Population) => void, sentence: RegExp][] = [
  ['the one that makes the blocks stays', (population) => population.remove('pad-01'), /pad-01 makes the blocks/],
  ['who is not there cannot go', (population) => population.remove('pad-09'), /there is no device "pad-09"/],
  ['nobody comes to no site', (population) => population.add({ site: 'Moon' }), /no site "Moon"; there are Harbour, Quarry/],
];
for (const [what, act, sentence] of refused) {
  test(what, () => {
    const { population } = peopled(4);
    assert.throws(() => act(population), sentence);
    assert.is(told(population), 'Harbour 01.02.03, Quarry 04');
  });
}

test('more than 256 are refused', () => {
  const { population } = peopled(256);
  assert.throws(() => population.add({}), /at most 256/);
});

test('links are those of the sites, also for who comes later; somebody from outside is near to all', () => {
  const { population } = peopled(7);
  population.add({ site: 'Harbour' });
  const { usual } = population;
  assert.equal(usual('pad-08', 'pad-02'), usual('pad-01', 'pad-02'));
  assert.equal(usual('pad-08', 'pad-06'), usual('pad-01', 'pad-06'));
  assert.ok(usual('pad-08', 'pad-06').maxDelayMs > usual('pad-08', 'pad-02').maxDelayMs);
  assert.equal(usual('pad-08', 'guest'), cable);
});

const cuts: [what: string, cut: (a: string, b: string) => boolean, then: string][] = [
  ['nothing is cut', () => false, ''],
  ['the trunk', (a, b) => [a, b].filter((one) => one <= 'pad-03').length === 1, 'pad-04 pad-05'],
  ['the cable of one beside it', (a, b) => [a, b].includes('pad-02'), 'pad-02'],
  ['the cable of one far away', (a, b) => [a, b].includes('pad-05'), 'pad-05'],
];
for (const [what, cut, then] of cuts) {
  test(`who comes finds cut what is cut for its neighbours: ${what}`, () => {
    const { population } = peopled(5);
    const set: string[] = [];
    const network = {
      link: (a: string, b: string): Link => ({ ...cable, cut: cut(a, b) }),
      setLink: (_: string, b: string) => set.push(b),
    } as unknown as VirtualNetwork;
    inherit(population, network, population.add({ site: 'Harbour' }));
    assert.is(set.join(' '), then);
  });
}

test.run();
