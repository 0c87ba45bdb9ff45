import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { startDockerd } from '../../test/support/dockerd.ts';
import { medianMs } from './measure.ts';
import { ourSide, type Side } from './ours.ts';
import { swarmSide } from './swarm.ts';

/** What was measured on one side, in milliseconds. */
interface Times {
  readonly release: number[];
  readonly rollback: number[];
}

/** `npm run bench -- fleet [--count N] [--network overlay|host] [--json]`: releases and rollbacks of ours beside those of Docker's Swarm mode. */
export async function benchFleet(args: string[]): Promise<void> {
  const text = (fallback: string) => ({ type: 'string', default: fallback }) as const;
  const { values } = parseArgs({ args, options: { count: text('20'), network: text('overlay'), json: { type: 'boolean' } } });
  const { network } = values;
  if (network !== 'overlay' && network !== 'host') throw new Error('--network takes overlay or host');
  const count = Number(values.count);
  if (!Number.isInteger(count) || count < 1) throw new Error('--count takes a whole number from 1');
  const daemon = await startDockerd();
  if (!daemon) throw new Error('it needs a Docker Engine of its own: root, and the packages docker.io and busybox-static');
  try {
    const sides = { classpad: await ourSide(daemon.url), 'docker service': await swarmSide(daemon.url, network) };
    const { classpad: ours, 'docker service': swarm } = await measure(sides, count);
    if (values.json) console.log(JSON.stringify({ network, ...report(count, ours, swarm) }));
    else for (const line of table(count, network, ours, swarm)) console.log(line);
  } finally {
    await daemon.stop();
  }
}

/** In turns: whatever else the machine does, it does to both. */
async function measure<Name extends string>(sides: Readonly<Record<Name, Side>>, count: number): Promise<Record<Name, Times>> {
  const names = Object.keys(sides) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, { release: [], rollback: [] }])) as unknown as Record<Name, Times>;
  try {
    for (let round = 0; round < count; round++) {
      for (const name of names) {
        const { release, rollback } = times[name];
        release.push(await sides[name].release(2 * round + 1));
        rollback.push(await sides[name].rollback(2 * round + 2));
        const [now, back] = [release.at(-1)!, rollback.at(-1)!].map((ms) => `${ms.toFixed(0)} ms`);
        console.error(`${name}: ${round + 1} of ${count}: ${now}, ${back}`);
      }
    }
  } finally {
    for (const name of names) await sides[name].close();
  }
  return times;
}

const ROWS = ['release', 'rollback'] as const;
const WORDS = {
  release: 'from the decision to the new one serving',
  rollback: 'from the last vote to the rollback finished',
} as const;

function report(count: number, ours: Times, swarm: Times) {
  const rows = ROWS.map((what) => {
    const [oursMs, dockerMs] = [medianMs(ours[what]), medianMs(swarm[what])];
    return [what, { oursMs, dockerMs, ratio: oursMs / dockerMs, ours: ours[what], docker: swarm[what] }];
  });
  return { count, machine: `${cpus()[0]?.model}, ${cpus().length} cores`, ...Object.fromEntries(rows) };
}

function table(count: number, network: string, ours: Times, swarm: Times): string[] {
  const head = `medians of ${count}, ${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}; Docker's tasks: ${network} network`;
  const rows = ROWS.map((what) => {
    const [oursMs, dockerMs] = [medianMs(ours[what]), medianMs(swarm[what])];
    const cells = [oursMs.toFixed(0), dockerMs.toFixed(0), (oursMs / dockerMs).toFixed(2)].map((cell) => cell.padStart(18));
    return `${WORDS[what].padEnd(46)}${cells.join('')}`;
  });
  const columns = ['classpad ms', 'docker service ms', 'ratio'].map((cell) => cell.padStart(18));
  return [head, '', `${''.padEnd(46)}${columns.join('')}`, ...rows];
}
