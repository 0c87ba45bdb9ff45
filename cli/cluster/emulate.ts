import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { getContractAddress } from 'viem';
import { ledgerFeed } from '../../emulator/feed.ts';
import { readFleet } from '../../emulator/fleet.ts';
import { type Identity, identityOf } from '../../emulator/identity.ts';
import { writeOperators } from '../../emulator/operators.ts';
import { liveStage, type Stage } from '../../emulator/stage.ts';
import { playStory, StoryFailed } from '../../emulator/story.ts';
import { lineTeller, type Out } from '../../emulator/teller.ts';
import { CHAIN_ID, OPERATORS } from '../../emulator/world.ts';
import { HOW_TO_GET } from '../../firmware-bridge/cometbft/process.ts';
import { type Cluster, writeCluster } from '../../firmware-bridge/cometbft/testnet.ts';
import type { DockerEngine } from '../../firmware-bridge/docker/index.ts';
import { type RunningNode, readConfig, runNode } from '../../firmware-bridge/main.ts';
import type { Address } from '../../runtime/ports/index.ts';
import { Failure } from '../command.ts';
import { openEngine, VIRTUAL } from '../engine.ts';
import { watchCluster } from './watch.ts';

export interface ClusterStory {
  readonly nodes: number;
  readonly docker?: string;
  readonly binary: string;
  readonly once: boolean;
  readonly seed: string;
  readonly paceMs: number;
  readonly root: string;
  readonly version: string;
}

const STEP_DEADLINE_MS = 120_000;
const COMMIT_MS = 200;
const INTERRUPTED = 130;

/** The main job on a ledger that several nodes of this machine agree on, each beside a CometBFT of its own. Answers the exit code. */
export async function emulateCluster(options: ClusterStory, out: Out, ending: AbortSignal): Promise<number> {
  demandCometbft(options.binary);
  const folder = join(options.root, 'build', 'cluster');
  rmSync(folder, { recursive: true, force: true });
  const operators = Array.from({ length: OPERATORS }, (_, index) => identityOf(options.seed, `ops-${index + 1}`));
  const fleet = getContractAddress({ from: operators[0]!.address, nonce: 0n }).toLowerCase() as Address;
  const cluster = writeCluster({
    folder,
    hosts: Array.from({ length: options.nodes }, () => '127.0.0.1'),
    chainId: CHAIN_ID,
    timestamp: Math.floor(Date.now() / 1000),
    funded: operators.map(({ address }) => address),
    fleet,
    engine: options.docker ?? VIRTUAL,
    binary: options.binary,
    commitMs: COMMIT_MS,
  });
  const engines = new Map<string, DockerEngine>();
  const running: RunningNode[] = [];
  try {
    for (const line of greeting(cluster)) out.line(line);
    for (const { folder: name } of cluster.nodes)
      running.push(await startNode(join(folder, name, 'node.yaml'), options, engines, out));
    return await tell({ options, cluster, operators, running, engines, out, ending });
  } finally {
    await Promise.all(running.map((node) => node.stop()));
    for (const engine of engines.values()) await engine.clear().catch((error: Error) => out.line(error.message));
    for (const engine of engines.values()) engine.close();
  }
}

function demandCometbft(binary: string): void {
  try {
    execFileSync(binary, ['version'], { stdio: 'ignore' });
  } catch {
    throw new Failure(`CometBFT (${binary}) is not on this machine: ${HOW_TO_GET}`);
  }
}

async function startNode(
  file: string,
  options: ClusterStory,
  engines: Map<string, DockerEngine>,
  out: Out,
): Promise<RunningNode> {
  const config = readConfig(file);
  const engine = await openEngine(config.engine, config.name, {});
  engines.set(config.name, engine);
  if (options.docker) await engine.ensureHelloImage();
  const log = {
    write(level: string, message: string) {
      if (level === 'error') out.line(`    ${config.name}: ${message}`);
    },
  };
  return runNode({ config, version: options.version, log, openEngine: () => engine });
}

interface Telling {
  readonly options: ClusterStory;
  readonly cluster: Cluster;
  readonly operators: readonly Identity[];
  readonly running: readonly RunningNode[];
  readonly engines: ReadonlyMap<string, DockerEngine>;
  readonly out: Out;
  readonly ending: AbortSignal;
}

async function tell(telling: Telling): Promise<number> {
  const { options, cluster, operators, out, ending } = telling;
  const stage = stageOf(telling);
  const rpcUrl = urlOf(cluster.nodes[0]!.rpc);
  writeOperators(stage.world, rpcUrl, join(options.root, 'build'));
  const fleet = readFleet(join(options.root, 'build'));
  const names = new Map([
    ...operators.map(({ address, name }) => [address, name] as const),
    ...cluster.nodes.map(({ device, name }) => [device, name] as const),
  ]);
  const story = playStory({
    stage,
    fleet,
    feed: ledgerFeed({ door: doorOf(rpcUrl), abi: fleet.abi, fleet: cluster.fleet, names }),
    teller: lineTeller(out, () => performance.now()),
    exampleFolder: join(options.root, 'examples', 'hello'),
    paceMs: options.paceMs,
    deadlineMs: STEP_DEADLINE_MS,
  });
  const startedMs = performance.now();
  const code = await Promise.race([
    story.then(
      () => 0,
      (error: Error) => failed(error, out, ending),
    ),
    ended(ending),
  ]);
  if (code !== 0) return options.once || !ending.aborted ? code : 0;
  out.line('');
  out.line(`All as told, in ${((performance.now() - startedMs) / 1000).toFixed(1)} s.`);
  if (options.once) return 0;
  for (const line of whatNext(cluster)) out.line(line);
  const folder = join(options.root, 'build', 'cluster');
  await watchCluster(folder, cluster, () => Math.max(...telling.running.map((node) => node.status().head.number)), out, ending);
  return 0;
}

function failed(error: Error, out: Out, ending: AbortSignal): number {
  if (!(error instanceof StoryFailed)) throw error;
  if (ending.aborted) return INTERRUPTED;
  out.redraw?.('');
  out.line(`  ✗ ${error.message}`);
  return 1;
}

/** Real nodes as the story sees its boards. */
function stageOf({ cluster, operators, running, engines }: Telling): Stage {
  const boards = cluster.nodes.map(({ name, device }, index) => ({
    identity: { name, address: device },
    engine: { containers: engines.get(name)!.containers },
    status: () => running[index]!.status(),
    fault: undefined,
  }));
  const sequencer = { identity: { name: 'the validator whose turn it is' } };
  const world = { boards, operators, sequencer, config: { fleet: cluster.fleet } } as unknown as Stage['world'];
  const proxyUrls = cluster.nodes.map(({ proxy }) => urlOf(proxy));
  return liveStage(world, { rpcUrl: urlOf(cluster.nodes[0]!.rpc), proxyUrls });
}

function doorOf(url: string): (request: string) => Promise<string> {
  return async (body) => {
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    return response.text();
  };
}

function ended(ending: AbortSignal): Promise<number> {
  if (ending.aborted) return Promise.resolve(INTERRUPTED);
  return new Promise((resolve) => ending.addEventListener('abort', () => resolve(INTERRUPTED), { once: true }));
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`;
}

function greeting({ nodes }: Cluster): string[] {
  return [
    `classpad cluster: ${nodes.length} nodes that agree by CometBFT; ${nodes.length - Math.floor((2 * nodes.length) / 3) - 1} may fail`,
    ...nodes.map(({ name, rpc, proxy }) => `  ${name}  JSON-RPC ${urlOf(rpc)}  apps ${urlOf(proxy)}`),
    '',
  ];
}

function whatNext({ nodes }: Cluster): string[] {
  return [
    '',
    'The cluster stays up. What to try next:',
    `  curl ${urlOf(nodes.at(-1)!.proxy)}/   what the last device serves`,
    '  npx classpad status --watch   how the fleet stands, as it changes',
    '  npx classpad deploy examples/hello/compose.broken.yaml   release what breaks: it comes back by itself',
    `  curl ${urlOf(nodes[0]!.rpc)}/cometbft/commit?height=1   a block to trust: its height and block_id.hash`,
    '  npx classpad verify hello --trust 1:HASH   prove which revision is active',
    '  Ctrl-C   end the cluster',
  ];
}
