import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Site } from '../../../runtime/ports/index.ts';
import { STAND_IN_MS, turnOf } from '../../../runtime/swarm/turn.ts';

const s = suite('swarm/turn');
const NOW = 1_000_000;
const site = (over: Partial<Site>): Site => ({ role: 'manager', isLeader: false, devices: [], actedAt: 0, ...over });

const rows: readonly [what: string, site: Site, block: number, dueSinceMs: number, turn: string][] = [
  ['the elected one acts', site({ isLeader: true }), 5, NOW, 'mine'],
  ['another waits', site({}), 5, NOW, `not yet ${NOW + STAND_IN_MS}`],
  ['but not for ever', site({}), 5, NOW - STAND_IN_MS, 'mine'],
  [
    'the elected one that is behind does not',
    site({ isLeader: true, actedAt: 6 }),
    5,
    NOW,
    'never another manager acts by block 6, and this copy of the ledger ends with 5: it must catch up',
  ],
  ['one that has caught up does', site({ isLeader: true, actedAt: 6 }), 6, NOW, 'mine'],
  [
    'a worker never does',
    site({ role: 'worker' }),
    5,
    0,
    'never its engine is a worker of its Swarm; make it a manager (docker node promote), or run it without a node',
  ],
  [
    'nor an engine in no Swarm',
    site({ role: 'none' }),
    5,
    0,
    'never its engine is in no Swarm; join one as a manager (docker swarm join), or begin one with --swarm-init ADDRESS',
  ],
];
for (const [what, where, block, dueSinceMs, expected] of rows) {
  s(what, () => {
    const turn = turnOf(where, block, dueSinceMs, NOW);
    const more = turn.is === 'not yet' ? ` ${turn.untilMs}` : turn.is === 'never' ? ` ${turn.reason}` : '';
    assert.is(turn.is + more, expected);
  });
}
s.run();
