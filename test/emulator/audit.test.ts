import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { auditFindings, auditLines, type Trail } from '../../emulator/audit.ts';
import type { FleetEvent } from '../../emulator/fleet.ts';

const test = suite('emulator/audit');
const of = (name: string, revision: number, more: Partial<FleetEvent> = {}): FleetEvent => ({
  name,
  app: 'hello',
  revision,
  ...more,
});
const vote = (revision: number, device: number, healthy: boolean) => of('Attested', revision, { device: `0x${device}`, healthy });
const start = (revision: number) => [
  of('Proposed', revision),
  of('Approved', revision),
  of('Approved', revision),
  of('RollingOut', revision),
];

const events: FleetEvent[] = [
  { name: 'ActionProposed', id: 1 },
  { name: 'ActionApproved', id: 1 },
  { name: 'ActionApproved', id: 1 },
  ...[1, 2, 3, 4].map((device): FleetEvent => ({ name: 'DeviceEnrolled', device: `0x${device}` })),
  { name: 'ActionDone', id: 1 },
  ...start(1),
  ...[1, 2, 3].map((device) => vote(1, device, true)),
  of('Promoted', 1),
  ...start(2),
  ...[1, 4].map((device) => vote(2, device, false)),
  of('RolledBack', 2, { backTo: 1 }),
];
const sound: Trail = { events, broken: [], devices: 4, threshold: 2 };
const without = (index: number): FleetEvent[] => events.filter((_, at) => at !== index);

const rows: [name: string, trail: Trail, findings: string[]][] = [
  ['as told', sound, []],
  [
    'an approval missing',
    { ...sound, events: without(10) },
    ['entry 11 of the trail should be "Approved r1" and is "RollingOut r1"'],
  ],
  [
    'cut short',
    { ...sound, events: events.slice(0, -1) },
    ['entry 18 of the trail should be "RolledBack r2 to r1" and is "missing"'],
  ],
  ['too much', { ...sound, events: [...events, of('Proposed', 3)] }, ['"Proposed r3" stands in the trail and was not to happen']],
  ['a vote too few for r1', { ...sound, events: without(12) }, ['r1 was promoted by 2 votes, 3 are needed']],
  ['a vote too few against r2', { ...sound, events: without(21) }, ['r2 was rolled back by 1 vote, 2 are needed']],
  [
    'one device voting twice',
    { ...sound, events: [...without(21), vote(2, 1, false)] },
    ['r2 was rolled back by 1 vote, 2 are needed'],
  ],
  [
    'back to nothing',
    { ...sound, events: [...events.slice(0, -1), of('RolledBack', 2, { backTo: 0 })] },
    ['entry 18 of the trail should be "RolledBack r2 to r1" and is "RolledBack r2 to r0"'],
  ],
  ['a broken chain', { ...sound, broken: [5] }, ['block 5 does not name the block before it']],
];

for (const [name, trail, findings] of rows) {
  test(`finds: ${name}`, () => {
    assert.equal(auditFindings(trail), findings);
  });
}

test('prints columns', () => {
  const row = { index: 0, state: 'neutral' as const, gas: 1 };
  const lines = auditLines([
    { ...row, block: 1, timestamp: 1_767_225_600, who: 'ops-1', what: 'Proposed', text: 'hello r1 was proposed' },
    { ...row, block: 12, timestamp: 1_767_225_601, who: 'fleet', what: 'RollingOut', text: 'hello r1 rolls out' },
  ]);
  assert.equal(lines, [
    '  block  time                  who    what',
    '      1  2026-01-01T00:00:00Z  ops-1  Proposed    hello r1 was proposed',
    '     12  2026-01-01T00:00:01Z  fleet  RollingOut  hello r1 rolls out',
  ]);
});

test.run();
