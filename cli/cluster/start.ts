import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { askHeights, type LeftBehind, leftBehind } from '../../firmware-bridge/cometbft/left-behind.ts';
import { bracketed, type Cluster, type ClusterNode } from '../../firmware-bridge/cometbft/testnet.ts';
import { Exit, Failure, type Io } from '../command.ts';
import { sleep } from '../progress.ts';
import { demandPorts } from './ports.ts';
import { rejoinCluster } from './rejoin.ts';

const PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** Whoever ran so long was well, and the next end is the first again. */
const HEALTHY_MS = 20_000;
const STOP_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 10_000;
/** A node takes over the state of others by itself where it can check it (`cometbft.rejoin`). */
const PATIENCE_LOOKS = 6;
/** Of whom a node takes the state: they may contradict each other. */
const SERVERS = 2;

/**
 * Every node in a process of its own, until told to end; one that ends by itself is started again, ever more slowly. Answers the
 * exit code. Throws a {@link Failure} if a port is taken before any is started.
 * @param rejoining The name of a node that takes over the state of the others before it starts.
 */
export async function startCluster(
  folder: string,
  { nodes }: Cluster,
  io: Io,
  ending: AbortSignal,
  rejoining?: string,
): Promise<number> {
  await demandPorts(folder, nodes);
  const width = Math.max(...nodes.map(({ name }) => name.length));
  const running = nodes.map(async (node) => {
    const say = (line: string) => io.out(`${node.name.padEnd(width)} │ ${line}`);
    if (node.name === rejoining) await rejoin(folder, node, nodes, say, ending);
    await keepRunning(folder, node, say, ending);
  });
  await tellLeftBehind(folder, nodes, io, ending, rejoining);
  io.err('the nodes end; their containers keep running');
  await Promise.all(running);
  return 0;
}

/** Takes over the state of two others as soon as they answer; whatever goes wrong is tried again, since they may be about to start. */
async function rejoin(
  folder: string,
  node: ClusterNode,
  nodes: readonly ClusterNode[],
  say: (line: string) => void,
  ending: AbortSignal,
) {
  const others = nodes.filter(({ name }) => name !== node.name).map(rpcOf);
  say('waits for the others, whose state it takes over');
  for (let complaint = ''; !ending.aborted; await sleep(PAUSE_MS)) {
    try {
      const there = (await askHeights(others)).filter(({ latest }) => latest > 0).map(({ name }) => name);
      if (there.length < Math.min(SERVERS, others.length)) continue;
      const servers = others.filter(({ name }) => there.includes(name)).map(({ url }) => url);
      await rejoinCluster(join(folder, node.folder), { servers: servers.slice(0, SERVERS) });
      return say('begins with the state of the others; its keys and its vote stay');
    } catch (error) {
      if (error instanceof Failure && error.exitCode === Exit.badInput) throw error;
      if ((error as Error).message !== complaint) say((error as Error).message);
      complaint = (error as Error).message;
    }
  }
}

function rpcOf({ name, host, engineRpc }: ClusterNode) {
  return { name, url: `http://${bracketed(host)}:${engineRpc}` };
}

/** Until it is to end: says once of each node that cannot catch up, and has not helped itself, how it can. */
async function tellLeftBehind(
  folder: string,
  nodes: readonly ClusterNode[],
  io: Io,
  ending: AbortSignal,
  rejoining?: string,
): Promise<void> {
  const told = new Set([rejoining]);
  const stood = new Map<string, { readonly at: number; readonly looks: number }>();
  while (!ending.aborted) {
    await setTimeout(LOOK_EVERY_MS, undefined, { signal: ending }).catch(() => {});
    for (const behind of ending.aborted ? [] : leftBehind(await askHeights(nodes.map(rpcOf)))) {
      const before = stood.get(behind.name);
      const looks = before?.at === behind.latest ? before.looks + 1 : 1;
      stood.set(behind.name, { at: behind.latest, looks });
      if (told.has(behind.name) || looks < PATIENCE_LOOKS) continue;
      told.add(behind.name);
      for (const line of wayOut(folder, behind)) io.err(line);
    }
  }
}

/** What to do about a node that was away for too long. */
export function wayOut(folder: string, { name, latest, earliest }: LeftBehind): string[] {
  return [
    `${name} stands at height ${latest}, and the others keep their blocks only from ${earliest} on: it cannot catch up block by block.`,
    `To let it take over their state, with its keys and its vote: end this by Ctrl-C, and: classpad cluster start ${folder} --rejoin ${name}`,
  ];
}

async function keepRunning(folder: string, node: ClusterNode, say: (line: string) => void, ending: AbortSignal): Promise<void> {
  for (let pauseMs = PAUSE_MS; !ending.aborted; pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs)) {
    const startedMs = performance.now();
    const code = await runOnce(join(folder, node.folder, 'node.yaml'), say, ending);
    if (ending.aborted) return;
    if (performance.now() - startedMs > HEALTHY_MS) pauseMs = PAUSE_MS;
    say(`the node ended (${code}); it is started again in ${pauseMs / 1000} s`);
    await setTimeout(pauseMs, undefined, { signal: ending }).catch(() => {});
  }
}

function runOnce(config: string, say: (line: string) => void, ending: AbortSignal): Promise<string> {
  const cli = process.argv[1] ?? fileURLToPath(import.meta.url);
  // Ctrl-C reaches the whole group of a terminal: the nodes are told by us alone, in good order.
  const child = spawn(process.execPath, [...process.execArgv, cli, 'node', '--config', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const end = () => endGently(child);
  ending.addEventListener('abort', end, { once: true });
  for (const stream of [child.stdout, child.stderr]) lines(stream, say);
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, signal) => {
      ending.removeEventListener('abort', end);
      resolve(signal ?? `exit code ${code}`);
    });
  });
}

function endGently(child: ChildProcess): void {
  child.kill('SIGTERM');
  globalThis.setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS).unref();
}

function lines(stream: NodeJS.ReadableStream, say: (line: string) => void): void {
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString('utf8')).split('\n');
    rest = parts.pop()!;
    for (const part of parts) say(part);
  });
}
