import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Fleet, ReleaseRow } from '../../runtime/contracts/fleet.ts';
import { createInsight, LogTail } from '../../runtime/insight.ts';
import type { NodeStatus } from '../../runtime/node.ts';
import type { Wanted } from '../../runtime/reconcile/wanted.ts';
import { someConfig } from '../emulator/support.ts';
import { nodeStatus, release } from '../support/screens.ts';

const s = suite('insight');

function insightOf(latest: Record<string, number>, status: Partial<NodeStatus> = {}) {
  const asked: string[] = [];
  const fleet = {
    release: (app: string, revision: number) => {
      asked.push(`${app} ${revision}`);
      return {
        revision,
        phase: revision === 3 ? 'rolling out' : 'active',
        proposedAt: revision,
        startedAt: revision,
      } as ReleaseRow;
    },
    jury: () => ({ voters: 4, needed: 3 }),
  } as unknown as Fleet;
  let now = nodeStatus('healthy', [release({ revision: 2, vote: 'healthy' })], status);
  const tail = new LogTail();
  const insight = createInsight({
    config: someConfig,
    device: { address: someConfig.genesis.sequencer },
    fleet,
    tail,
    status: () => now,
    wanted: () => ({ apps: [], latest: new Map(Object.entries(latest)) }) as Wanted,
    overAtMs: () => 9,
  });
  const next = (changes: Partial<NodeStatus>) => {
    now = { ...now, ...changes };
  };
  return { insight, asked, tail, next };
}

s('releases are read once for a block, newest first, and the running one is marked', () => {
  const { insight, asked, next } = insightOf({ hello: 2 });
  for (let times = 0; times < 3; times++) insight.releases();
  assert.equal(asked, ['hello 2', 'hello 1']);
  assert.equal(
    insight.releases().map(({ revision, isRunning }) => [revision, isRunning]),
    [
      [2, true],
      [1, false],
    ],
  );
  next({ head: { ...nodeStatus('healthy', []).head, hash: '0x02' } });
  insight.releases();
  assert.is(asked.length, 4);
});

s('of an app at most eight revisions are listed', () => assert.is(insightOf({ hello: 40 }).insight.releases().length, 8));

s('the ballot is the open one, with its end; without one the last that was', () => {
  const open = insightOf({ hello: 3 }).insight.ballot()!;
  assert.equal([open.release.revision, open.voters, open.needed, open.endsAtMs, open.mine], [3, 4, 3, 9, undefined]);
  const past = insightOf({ hello: 2 }).insight.ballot()!;
  assert.equal([past.release.revision, past.endsAtMs, past.mine], [2, undefined, 'healthy']);
  assert.is(insightOf({}).insight.ballot(), undefined);
});

s('it knows whether this device makes the blocks', () => assert.ok(insightOf({}).insight.makesBlocks));

s('the log keeps a hundred lines, newest first, no debug lines, and cuts long ones', () => {
  const { insight, tail } = insightOf({});
  for (let line = 0; line < 120; line++) tail.add(line, line % 2 ? 'info' : 'warn', `line ${line}`);
  tail.add(200, 'debug', 'noise');
  tail.add(201, 'error', 'x'.repeat(2000));
  const log = insight.log();
  assert.equal([log.length, log[0]!.message.length, log[1]!.message, log.at(-1)!.message], [100, 500, 'line 119', 'line 21']);
  assert.is(new Set(log.map(({ id }) => id)).size, 100);
});

s.run();
