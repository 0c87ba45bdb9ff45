import { cpus } from 'node:os';
import { Exit, Failure } from '../../cli/command.ts';
import { type Script, wholeOf } from '../../cli/script.ts';
import { demandDockerd } from '../../test/support/dockerd.ts';
import { medianMs } from './measure.ts';
import { ourSide, type Side } from './ours.ts';
import { swarmSide } from './swarm.ts';

/** What was measured on one side, in milliseconds. */
interface Times {
  readonly release: number[];
  readonly rollback: number[];
}

/** `npm run bench -- fleet`: releases and rollbacks of ours beside those of Docker's Swarm mode. */
export const benchFleet: Script = {
  name: 'fleet',
  summary: 'releases and rollbacks on a private Docker Engine beside `docker service update`',
  options: {
    count: { value: 'N', fallback: '20', help: 'releases, and as many rollbacks, of each side' },
    network: { value: 'KIND', fallback: 'overlay', help: "the network of Docker's tasks: overlay or host" },
    json: { help: 'print the figures as JSON' },
  },
  async run(input, io) {
    const count = wholeOf(input, 'count');
    const network = input.text('network');
    if (network !== 'overlay' && network !== 'host') throw new Failure('--network takes overlay or host', Exit.badInput);
    const daemon = await demandDockerd();
    try {
      const sides = { classpad: await ourSide(daemon.url), 'docker service': await swarmSide(daemon.url, network) };
      const { classpad: ours, 'docker service': swarm } = await measure(sides, count);
      if (input.has('json')) io.out(JSON.stringify({ network, ...report(count, ours, swarm) }));
      else for (const line of table(count, network, ours, swarm)) io.out(line);
    } finally {
      await daemon.stop();
    }
    return Exit.ok;
  },
};

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
