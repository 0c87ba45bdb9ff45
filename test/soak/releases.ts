import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCompose } from '../../cli/compose.ts';
import { type DockerEngine, dockerEngine } from '../../firmware-bridge/docker/index.ts';
import type { Manifest } from '../../runtime/manifest/index.ts';
import { chatCompose, ensureChatImage } from '../support/chat-image.ts';
import { demandDockerd } from '../support/dockerd.ts';
import { type NodeProcess, nodeProcess } from '../support/node-process.ts';
import { type Operator, operatorOf, PHASE } from '../support/operator.ts';
import { pinnedBytes } from '../support/pins.ts';
import { until } from '../support/wait.ts';
import { type Load, startLoad } from './load.ts';
import type { Outcome, Soak } from './soak.ts';

/** Releases in a row on a real Docker Engine through a real node, under load; the last one is broken. */
export const releases: Soak = {
  summary: 'releases in a row under load on a real Docker Engine: not one failed request, and the last, broken one rolls back',
  options: {
    count: { fallback: 10, help: 'releases, the broken one included' },
    connections: { fallback: 20, help: 'connections that ask all the time' },
    rate: { fallback: 400, help: 'requests per second, all connections together; 0: as many as there can be' },
  },
  async run({ count = 10, connections = 20, rate = 400 }, say) {
    const daemon = await demandDockerd();
    const engine = dockerEngine(daemon.url, 'pad-1');
    const node = await nodeProcess(daemon.url);
    try {
      await ensureChatImage(daemon.url);
      await node.start();
      const operator = operatorOf(node);
      await operator.begin();
      return await soak({ node, engine, operator, count, connections, rate, say });
    } finally {
      await node.stop();
      await engine.clear();
      engine.close();
      await daemon.stop();
      node.remove();
    }
  },
};

interface Stage {
  readonly engine: DockerEngine;
  readonly node: NodeProcess;
  readonly operator: Operator;
  readonly count: number;
  readonly connections: number;
  readonly rate: number;
  readonly say: (line: string) => void;
}

interface Row {
  readonly revision: number;
  readonly isBroken: boolean;
  readonly phase: number;
  /** From the proposal's block to the first answer of the new revision; of a broken one to its end. */
  readonly tookMs: number;
}

async function soak(stage: Stage): Promise<Outcome> {
  const rows: Row[] = [await release(stage, 1)];
  const load = startLoad(stage.node.ports.proxy, stage);
  for (let revision = 2; revision <= stage.count; revision++) rows.push(await release(stage, revision));
  return outcomeOf(stage, rows, await load.end());
}

async function release({ node, engine, operator, count, say }: Stage, revision: number): Promise<Row> {
  const isBroken = revision === count && count > 1;
  const startedMs = performance.now();
  await operator.propose('chat', await pinnedBytes(manifest(node.folder, revision, isBroken), engine.containers));
  const phase = await operator.decided('chat', revision);
  const serving = isBroken ? revision - 1 : revision;
  await until(`revision ${serving} to be the only one`, async () =>
    (await served(node)) === `revision ${serving}` ? true : undefined,
  );
  const tookMs = performance.now() - startedMs;
  say(
    `r${revision}${isBroken ? ', broken,' : ''} ${phase === PHASE.active ? 'is active' : 'is rolled back'} after ${(tookMs / 1000).toFixed(1)} s`,
  );
  return { revision, isBroken, phase, tookMs };
}

async function served({ ports }: NodeProcess): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${ports.proxy}/`, { signal: AbortSignal.timeout(5000) });
  return (await response.text()).trim();
}

function manifest(folder: string, revision: number, isBroken: boolean): Manifest {
  const file = join(folder, 'compose.yaml');
  writeFileSync(file, chatCompose(revision, isBroken));
  return readCompose(file).manifest;
}

function outcomeOf({ count, connections, rate }: Stage, rows: readonly Row[], load: Load): Outcome {
  const wrong = rows.filter(({ isBroken, phase }) => phase !== (isBroken ? PHASE.rolledBack : PHASE.active));
  const ok = wrong.length === 0 && load.failed === 0 && load.answered > 0;
  const tookMs = rows.map((row) => Math.round(row.tookMs));
  const { answered, failed, latencyMs, seconds } = load;
  return {
    ok,
    report: { ok, count, connections, rate, tookMs, rolledBack: rows.at(-1)?.phase === PHASE.rolledBack, ...load },
    lines: [
      `${rows.length} releases, ${rows.filter(({ phase }) => phase === PHASE.rolledBack).length} of them rolled back, in ${seconds.toFixed(0)} s under ${connections} connections`,
      `${answered} requests answered (${(answered / seconds).toFixed(0)} a second), ${failed} failed`,
      `latency ms: p50 ${latencyMs.p50}, p90 ${latencyMs.p90}, p99 ${latencyMs.p99}, most ${latencyMs.max}`,
      ...load.complaints.map((text) => `failed: ${text}`),
      ...wrong.map(({ revision }) => `revision ${revision} was decided wrongly`),
    ],
  };
}
