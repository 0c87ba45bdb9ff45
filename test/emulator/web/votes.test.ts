import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DeviceView, LedgerRow, ViewState } from '../../../emulator/protocol.ts';
import { decisionOn, type Release, reasonsOf, rowsOn, tallyOf } from '../../../emulator/web/votes.ts';

const votes = suite('votes');

const row = (who: string, text: string, state: LedgerRow['state'], what = 'Attested') =>
  ({ who, text, state, what }) as LedgerRow;
const device = (name: string, state: ViewState = 'healthy') => ({ name, state }) as DeviceView;
const yes = (who: string) => row(who, 'hello r2 is healthy', 'healthy');
const no = (who: string) => row(who, 'hello r2 is unhealthy: exit 1', 'failed');

function release(healthyVotes: number, unhealthyVotes: number, phase = 'rolling out'): Release {
  return { app: 'hello', revision: 2, phase, healthyVotes, unhealthyVotes, quorum: 3, voters: 4 };
}

const fleet = ['a', 'b', 'c', 'd'].map((name) => device(name));
const rows: [what: string, release: Release, devices: DeviceView[], ledger: LedgerRow[], line: string, needed: number][] = [
  ['nobody voted', release(0, 0), fleet, [], 'a b c d', 3],
  ['two for it', release(2, 0), fleet, [yes('c'), yes('b')], 'b+ c+ a d', 3],
  ['one against', release(0, 1), fleet, [no('d')], 'd- a b c', 2],
  ['those against lead', release(1, 2, 'rolled back'), fleet, [yes('a'), no('b'), no('c')], 'b- c- a+ d', 2],
  ['a changed mind', release(1, 0), fleet, [no('a'), yes('a')], 'a+ b c d', 3],
  ['cut off stands last', release(1, 0), [device('a', 'offline'), ...fleet.slice(1)], [yes('d')], 'd+ b c a', 3],
  ['votes on another revision', release(0, 0), fleet, [row('a', 'hello r21 is healthy', 'healthy')], 'a b c d', 3],
];
for (const [what, given, devices, ledger, line, needed] of rows) {
  votes(what, () => {
    const tally = tallyOf(given, { devices, ledger });
    const signs = { healthy: '+', unhealthy: '-' };
    assert.is(tally.boxes.map(({ device: { name }, vote }) => `${name}${vote ? signs[vote] : ''}`).join(' '), line);
    assert.is(tally.needed, needed);
    assert.is(tally.count, tally.isBack ? given.unhealthyVotes : given.healthyVotes);
  });
}

votes('rows on a release', () => {
  const ledger = [
    row('ops', 'hello r2', 'neutral'),
    row('ops', 'hello r2 was proposed', 'neutral'),
    row('ops', 'other r2 is', 'neutral'),
  ];
  assert.equal(rowsOn(release(0, 0), ledger), ledger.slice(0, 2));
});

votes('reasons are grouped, and told once for a device', () => {
  const ledger = [no('a'), yes('b'), row('c', 'hello r2 is unhealthy: no answer', 'failed'), no('d'), no('a')];
  assert.equal(reasonsOf(release(1, 3), ledger), [
    { reason: 'exit 1', who: ['a', 'd'] },
    { reason: 'no answer', who: ['c'] },
  ]);
});

votes('the last decision, votes and other releases left out', () => {
  const decided = row('fleet', 'hello r2 rolls out, after r1', 'changing', 'RollingOut');
  const ledger = [decided, no('a'), row('ops', 'hello r3 was proposed', 'neutral', 'Proposed')];
  assert.is(decisionOn(release(0, 1), ledger), decided);
  assert.is(decisionOn(release(0, 1), []), undefined);
});

votes.run();
