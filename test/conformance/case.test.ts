import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Fixture, type FixtureCase, readFixtures } from '../../cli/statetest/fixtures.ts';
import type { ForkName } from '../../runtime/ports/index.ts';
import { createVm } from '../../vm/embed/index.ts';
import { sharedPath } from '../support/need.ts';
import { runFixture } from './case.ts';

const shard = sharedPath('fixtures/state/berlin-00.jsonl.br');
const fork: ForkName = 'Prague';
const vm = createVm({ fork });

function firstFixture(path: string): Fixture {
  for (const { tests } of readFixtures([path], 0, 1)) {
    for (const fixture of Object.values(tests)) if (fixture.post[fork]) return fixture;
  }
  throw new Error(`${path} holds no case of ${fork}`);
}

const wrong: [name: string, change: (each: FixtureCase) => FixtureCase, difference: RegExp][] = [
  ['state root', (each) => ({ ...each, hash: `0x${'11'.repeat(32)}` }), /^state root 0x[0-9a-f]{64}, expected 0x1111/],
  ['logs hash', (each) => ({ ...each, logs: `0x${'22'.repeat(32)}` }), /^logs hash 0x[0-9a-f]{64}, expected 0x2222/],
  ['exception', (each) => ({ ...each, expectException: 'SOME_REASON' }), /to be refused: SOME_REASON$/],
  ['signed bytes', (each) => ({ ...each, txbytes: each.txbytes!.slice(0, -2) }), /^refused \(/],
];

const test = suite('conformance: a case');

test('an official case passes', () => {
  if (!shard) return;
  const fixture = firstFixture(shard);
  assert.equal(runFixture(vm, 'official', fixture, fixture.post[fork]!), []);
});

for (const [name, change, difference] of wrong) {
  test(`a wrong ${name} is noticed`, () => {
    if (!shard) return;
    const fixture = firstFixture(shard);
    const [failure] = runFixture(vm, 'official', fixture, [change(fixture.post[fork]![0]!)]);
    assert.ok(
      failure?.differences.some((line) => difference.test(line)),
      failure?.differences.join('\n'),
    );
  });
}

test('a difference names the account and what of it differs', () => {
  if (!shard) return;
  const fixture = firstFixture(shard);
  const official = fixture.post[fork]![0]!;
  const [address, account] = Object.entries(official.state!)[0]!;
  const state = { ...official.state, [address]: { ...account, nonce: '0xff' } };
  const [failure] = runFixture(vm, 'official', fixture, [{ ...official, state, hash: `0x${'11'.repeat(32)}` }]);
  assert.ok(failure?.differences.some((line) => line.startsWith(`${address}: nonce`) && line.endsWith('expected 255')));
});

test.run();
