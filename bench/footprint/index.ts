import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { privateKeyToAccount } from 'viem/accounts';
import { Exit } from '../../cli/command.ts';
import { type Script, wholeOf } from '../../cli/script.ts';
import { demandDockerd } from '../../test/support/dockerd.ts';
import { type NodeProcess, OPERATOR_KEY } from '../../test/support/node-process.ts';
import { pause } from '../../test/support/wait.ts';
import { ourSide } from '../fleet/ours.ts';

/** Of one process, in bytes; `file` are pages of files that it has mapped, which the kernel takes back when it needs them. */
interface Memory {
  readonly all: number;
  readonly own: number;
  readonly file: number;
}

const AIM_MB = 100;
const AIM_PERCENT = 1;
const HERTZ = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** `npm run bench -- footprint`: what the agent takes, beside the engine that it drives. */
export const benchFootprint: Script = {
  name: 'footprint',
  summary: 'memory and processor time of a node, beside the Docker Engine that it drives',
  options: {
    blocks: { value: 'N', fallback: '3600', help: 'blocks of one transaction that it makes' },
    idle: { value: 'SECONDS', fallback: '60', help: 'how long it is watched at rest' },
    'low-memory': { help: 'start it with --low-memory' },
    json: { help: 'print the figures as JSON' },
  },
  async run(input, io) {
    const [blocks, idle] = [wholeOf(input, 'blocks'), wholeOf(input, 'idle')];
    const words = input.has('low-memory') ? ['--low-memory'] : [];
    const daemon = await demandDockerd();
    try {
      const side = await ourSide(daemon.url, words);
      const outcome = await measure(side.node, () => side.release(1), blocks, idle).finally(() => side.close());
      if (input.has('json')) io.out(JSON.stringify({ ...outcome, words }));
      else for (const line of table(outcome, words)) io.out(line);
    } finally {
      await daemon.stop();
    }
    return Exit.ok;
  },
};

async function measure(node: NodeProcess, release: () => Promise<number>, blocks: number, idle: number) {
  await release();
  const id = node.processId();
  const fresh = memoryOf(id);
  const { seconds, most } = await live(node, blocks);
  const after = memoryOf(id);
  // Collectors run when they like; what is left after a pause is what the device has to live with.
  await pause(10_000);
  const ticks = ticksOf(id);
  const startMs = performance.now();
  await pause(idle * 1000);
  const idlePercent = ((ticksOf(id) - ticks) / HERTZ / ((performance.now() - startMs) / 1000)) * 100;
  const engine = engineProcesses();
  return { blocks, seconds, fresh, most, after, rest: memoryOf(id), idlePercent, idleSeconds: idle, engine };
}

/** As many blocks as an hour has seconds, each with one transaction, as fast as they come. */
async function live(node: NodeProcess, blocks: number): Promise<{ readonly seconds: number; readonly most: number }> {
  const account = privateKeyToAccount(OPERATOR_KEY);
  const chainId = Number(await node.call('eth_chainId'));
  let nonce = Number(await node.call('eth_getTransactionCount', [account.address, 'latest']));
  let most = 0;
  const startMs = performance.now();
  for (let block = 0; block < blocks; block++, nonce++) {
    const call = { to: account.address, value: 1n, nonce, gas: 21_000n, gasPrice: 0n, type: 'legacy', chainId } as const;
    await node.call('eth_sendRawTransactionSync', [await account.signTransaction(call), 20_000]);
    if (block % 50 === 0) most = Math.max(most, memoryOf(node.processId()).all);
    if (block % 600 === 599) console.error(`${block + 1} of ${blocks} blocks: ${megabytes(memoryOf(node.processId()).all)} MB`);
  }
  return { seconds: (performance.now() - startMs) / 1000, most };
}

function memoryOf(id: number): Memory {
  const text = readFileSync(`/proc/${id}/status`, 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { all: field('VmRSS'), own: field('RssAnon'), file: field('RssFile') + field('RssShmem') };
}

/** Of a process and all its threads. */
function ticksOf(id: number): number {
  const fields = readFileSync(`/proc/${id}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** The engine's own processes, those of our private one: they are this process's descendants. */
function engineProcesses(): { readonly name: string; readonly bytes: number }[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((id) => statOf(Number(id))),
  );
  const isOurs = (id: number): boolean => id === process.pid || (parents.has(id) && isOurs(parents.get(id)!.parent));
  return [...parents]
    .filter(([id, { name }]) => /^(dockerd|containerd)/.test(name) && isOurs(id))
    .map(([id, { name }]) => ({ name, bytes: memoryOf(id).all }));
}

function statOf(id: number): [number, { readonly name: string; readonly parent: number }][] {
  try {
    const [, name = '', rest = ''] = /^\d+ \((.*)\) (.*)$/s.exec(readFileSync(`/proc/${id}/stat`, 'utf8')) ?? [];
    return [[id, { name, parent: Number(rest.split(' ')[1]) }]];
  } catch {
    return [];
  }
}

type Outcome = Awaited<ReturnType<typeof measure>>;

function table(
  { blocks, seconds, fresh, most, after, rest, idlePercent, idleSeconds, engine }: Outcome,
  words: readonly string[],
): string[] {
  const row = (what: string, { all, own, file }: Memory) =>
    `${what.padEnd(44)}${[all, own, file].map((bytes) => megabytes(bytes).padStart(12)).join('')}`;
  const engineBytes = engine.reduce((sum, { bytes }) => sum + bytes, 0);
  const parts = engine.map(({ name, bytes }) => `${name} ${megabytes(bytes)}`).join(', ');
  return [
    `${blocks} blocks of one transaction each in ${seconds.toFixed(0)} s (an hour's at one a second, compressed), one app running; ${cpus()[0]?.model}, Node ${process.version}`,
    '',
    `${['classpad node', ...words].join(' ').concat(', MB').padEnd(44)}${['resident', 'of its own', 'of files'].map((word) => word.padStart(12)).join('')}`,
    row('after its first release', fresh),
    row('after the last block', after),
    row('at rest', rest),
    `${'most while they came'.padEnd(44)}${megabytes(most).padStart(12)}`,
    '',
    `${"the engine's own processes, MB".padEnd(44)}${megabytes(engineBytes).padStart(12)}   (${parts})`,
    `classpad beside them: ${(rest.all / engineBytes).toFixed(2)}; aimed below ${AIM_MB} MB: ${rest.all < AIM_MB * 1e6 ? 'reached' : 'missed'}`,
    `CPU at rest over ${idleSeconds} s: ${idlePercent.toFixed(2)} %; aimed below ${AIM_PERCENT} %: ${idlePercent < AIM_PERCENT ? 'reached' : 'missed'}`,
  ];
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
