import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { WebSocket } from 'ws';
import { readCompose } from '../../cli/compose.ts';
import { type DockerEngine, dockerEngine } from '../../firmware-bridge/docker/index.ts';
import { events } from '../../runtime/contracts/interface.ts';
import type { Manifest } from '../../runtime/manifest/index.ts';
import { FLEET, type NodeProcess, nodeProcess } from '../../test/support/node-process.ts';
import { operatorOf } from '../../test/support/operator.ts';
import { pinnedBytes } from '../../test/support/pins.ts';
import { answerAt, momentOf } from './measure.ts';

/** Times of one release and of one rollback. */
export interface Side {
  /** From the decision to the new one answering. */
  release(revision: number): Promise<number>;
  /** From the decision to go back to the old one answering and the other's container gone. */
  rollback(revision: number): Promise<number>;
  close(): Promise<void>;
}

export const HEALTH = { intervalMs: 200, timeoutMs: 2_000, retries: 2 } as const;

/**
 * A node of ours: the decision is a block.
 * @param words Further options of its command.
 */
export async function ourSide(engineUrl: string, words: readonly string[] = []): Promise<Side & { readonly node: NodeProcess }> {
  const engine = dockerEngine(engineUrl, 'pad-1');
  await engine.ensureHelloImage();
  const node = await nodeProcess(engineUrl);
  await node.start(words);
  const operator = operatorOf(node);
  await operator.begin();
  const heard = await listen(node);
  const proxy = `http://127.0.0.1:${node.ports.proxy}/`;
  const answers = (revision: number) => async () => (await answerAt(proxy)) === `revision ${revision}`;
  let proposed = 0;
  let serving = 0;
  const propose = async (greeting: number, isBroken: boolean) => {
    proposed++;
    return operator.propose('hello', await pinnedBytes(manifest(node.folder, greeting, isBroken), engine.containers));
  };
  return {
    node,
    async release(revision) {
      const atMs = heard.next('RollingOut');
      await propose(revision, false);
      const doneMs = await momentOf(`revision ${revision} to answer`, answers(revision));
      serving = revision;
      await operator.decided('hello', proposed);
      return doneMs - (await atMs);
    },
    async rollback() {
      const atMs = heard.next('RolledBack');
      await propose(0, true);
      const decidedMs = await atMs;
      const name = `classpad-pad-1-hello-r${proposed}-web-1`;
      const gone = async () => !(await engine.containers.list()).some((container) => container.name === name);
      const goneMs = await momentOf(`${name} to go`, gone);
      const doneMs = await momentOf(`revision ${serving} to answer`, answers(serving));
      return Math.max(goneMs, doneMs) - decidedMs;
    },
    close: () => close(node, engine, heard.close),
  };
}

async function close(node: NodeProcess, engine: DockerEngine, end: () => void): Promise<void> {
  end();
  await node.stop();
  await engine.clear();
  engine.close();
  node.remove();
}

interface Heard {
  /** The moment at which the next event of the Fleet arrives here, in its block. */
  next(event: 'RollingOut' | 'RolledBack'): Promise<number>;
  close(): void;
}

async function listen({ ports }: NodeProcess): Promise<Heard> {
  const waiting = new Map<string, (moment: number) => void>();
  const socket = new WebSocket(`ws://127.0.0.1:${ports.rpc}`);
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  socket.on('message', (data) => {
    const topic = JSON.parse(String(data))?.params?.result?.topics?.[0];
    waiting.get(topic)?.(performance.now());
    waiting.delete(topic);
  });
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['logs', { address: FLEET }] }));
  return {
    next: (event) => new Promise((resolve) => waiting.set(events[event].topic, resolve)),
    close: () => socket.close(),
  };
}

function manifest(folder: string, greeting: number, isBroken: boolean): Manifest {
  const file = join(folder, 'compose.yaml');
  writeFileSync(
    file,
    `name: hello
services:
  web:
    image: classpad/hello:1
    environment:
      GREETING: revision ${greeting}
      BROKEN: "${isBroken ? 1 : 0}"
    ports: [8080]
    healthcheck:
      test: ["CMD", "wget", "-q", "-O-", "http://127.0.0.1:8080/"]
      interval: ${HEALTH.intervalMs}ms
      timeout: ${HEALTH.timeoutMs}ms
      retries: ${HEALTH.retries}
`,
  );
  return readCompose(file).manifest;
}
