/**
 * `npm run bench -- cluster`: four validators on this machine under signed ERC-20 transfers, beside CometBFT's own `kvstore` with the
 * same configuration, driven the same way in the same run; then what a node takes of memory and disk, at rest and at one transaction a
 * second.
 */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { Exit } from '../../cli/command.ts';
import { type Script, wholeOf } from '../../cli/script.ts';
import { pause } from '../../test/support/wait.ts';
import { type Driven, drive, type Target } from './drive.ts';
import { type Application, type Disk, type Nodes, startNodes } from './nodes.ts';
import { accounts, erc20Target, kvstoreTarget } from './targets.ts';

interface Measured {
  readonly full: Driven;
  readonly steady: Driven;
  /** Mean time between two blocks while there was work. */
  readonly blockMs: number;
  readonly memory: ReturnType<Nodes['memory']>;
  readonly disk: ReturnType<Nodes['disk']>;
  /** Bytes that a node's disk grows by in a day: at rest, and at one transaction a second. */
  readonly growth: Disk & { readonly idle: number };
}

const COMMIT_MS = 200;
const STEADY_RATE = 10;
const STEADY_SECONDS = 15;
const DAY_S = 86_400;

export const benchCluster: Script = {
  name: 'cluster',
  summary: "four CometBFT validators beside CometBFT's own kvstore",
  options: {
    clients: { value: 'N', fallback: '32', help: 'accounts that send' },
    each: { value: 'N', fallback: '100', help: 'transactions of each' },
    seconds: {
      value: 'S',
      fallback: '60',
      help: 'how long growth of disks is measured, at rest and at one transaction a second',
    },
    json: { help: 'print the figures as JSON' },
  },
  async run(input, io) {
    const [clients, each, seconds] = [wholeOf(input, 'clients'), wholeOf(input, 'each'), wholeOf(input, 'seconds')];
    const isJson = input.has('json');
    demandCometbft();
    const log = isJson ? () => {} : io.out;
    log(
      `4 validators on ${cpus().length} × ${cpus()[0]?.model.trim()}, load ${loadavg()[0]!.toFixed(1)}; ${clients} clients, pause between blocks ${COMMIT_MS} ms`,
    );
    const theirs = await measure('kvstore', clients, each, seconds);
    log(lineOf('kvstore', theirs));
    const ours = await measure('classpad', clients, each, seconds);
    log(lineOf('classpad', ours));
    const ratio = ours.full.perSecond / theirs.full.perSecond;
    if (isJson) io.out(JSON.stringify({ load: loadavg()[0], clients, each, seconds, ratio, ours, theirs }, undefined, 2));
    else for (const line of linesOf(ours, theirs, ratio, seconds)) log(line);
    return Exit.ok;
  },
};

async function measure(application: Application, clients: number, each: number, seconds: number): Promise<Measured> {
  const nodes = await startNodes(
    application,
    accounts.map(({ address }) => address),
    COMMIT_MS,
  );
  try {
    const steadyEach = Math.ceil((STEADY_RATE * STEADY_SECONDS) / clients);
    const slow = Math.ceil(seconds / clients);
    const target =
      application === 'kvstore' ? await kvstoreTarget(nodes) : await erc20Target(nodes, clients, each + steadyEach + slow);
    const from = await heightOf(nodes);
    const full = await drive(target, { clients, each, from: 0 });
    const blockMs = await meanBlockMs(nodes, from, await heightOf(nodes));
    const steady = await drive(target, { clients, each: steadyEach, rate: STEADY_RATE, from: each });
    const memory = nodes.memory();
    const disk = nodes.disk();
    const growth = await grow(nodes, target, { clients, each: slow, from: each + steadyEach }, seconds);
    return { full, steady, blockMs, memory, disk, growth };
  } finally {
    await nodes.stop();
  }
}

async function grow(nodes: Nodes, target: Target, load: { clients: number; each: number; from: number }, seconds: number) {
  // Confirmations of the last work are no rest yet.
  await pause(8_000);
  const before = nodes.disk();
  await pause(seconds * 1000);
  const rested = nodes.disk();
  const startedMs = performance.now();
  await drive(target, { ...load, rate: 1 });
  const worked = nodes.disk();
  const daily = (bytes: number, sinceSeconds: number) => (bytes / sinceSeconds) * DAY_S;
  const took = (performance.now() - startedMs) / 1000;
  return {
    idle: daily(rested.ledger + rested.engine + rested.log - before.ledger - before.engine - before.log, seconds),
    ledger: daily(worked.ledger - rested.ledger, took),
    engine: daily(worked.engine - rested.engine, took),
    log: daily(worked.log - rested.log, took),
  };
}

async function heightOf(nodes: Nodes): Promise<number> {
  const { sync_info } = (await nodes.engine(0, 'status')) as unknown as { sync_info: { latest_block_height: string } };
  return Number(sync_info.latest_block_height);
}

async function meanBlockMs(nodes: Nodes, from: number, to: number): Promise<number> {
  const timeAt = async (height: number) => {
    const { signed_header } = (await nodes.engine(0, `commit?height=${height}`)) as unknown as {
      signed_header: { header: { time: string } };
    };
    return Date.parse(signed_header.header.time);
  };
  return to > from + 1 ? ((await timeAt(to)) - (await timeAt(from + 1))) / (to - from - 1) : 0;
}

function lineOf(name: string, { full, steady, blockMs }: Measured): string {
  const { p50, p90, p99 } = steady.latencyMs;
  return `${name.padEnd(9)} ${full.perSecond.toFixed(0)} transactions/s (p50 ${full.latencyMs.p50} ms); at ${STEADY_RATE}/s p50 ${p50} ms, p90 ${p90} ms, p99 ${p99} ms; a block every ${blockMs.toFixed(0)} ms`;
}

function linesOf(ours: Measured, theirs: Measured, ratio: number, seconds: number): string[] {
  const row = (name: string, { memory, disk, growth }: Measured) =>
    `${name.padEnd(9)} memory: node ${mib(memory.node)}, engine ${mib(memory.engine)}; disk: ledger ${mib(disk.ledger)}, engine ${mib(disk.engine)}, its log ${mib(disk.log)}; ` +
    `growth in a day: at rest ${mib(growth.idle)}, at 1/s ledger ${mib(growth.ledger)}, engine ${mib(growth.engine)}, its log ${mib(growth.log)}`;
  return [
    row('kvstore', theirs),
    row('classpad', ours),
    `throughput of classpad is ${ratio.toFixed(2)} of that of kvstore, which checks no signature and executes nothing`,
    `growth is measured over ${seconds} s each; of it a node of ours keeps the engine's last 100000 blocks and 30 MB of its log, and all of its own`,
  ];
}

function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

function demandCometbft(): void {
  try {
    execFileSync(process.env['CLASSPAD_COMETBFT'] ?? 'cometbft', ['version'], { stdio: 'ignore' });
  } catch {
    throw new Error('bench cluster needs CometBFT: go install github.com/cometbft/cometbft/cmd/cometbft@v0.38.25');
  }
}
