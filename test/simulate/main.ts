/**
 * `npm run simulate -- [--seed N | --seeds N] [--minutes M]`: random worlds with faults of every kind, and checkers that watch from
 * outside. A world that breaks a rule is made smaller until nothing can be left out, told, and can be lived again by its seed.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { tellAct } from './acts.ts';
import { bugNames } from './bugs.ts';
import { live, readParts } from './live.ts';
import { minimise } from './minimise.ts';
import { drawPlan } from './plan.ts';

const HELP = `npm run simulate -- [OPTIONS]

  --seed N       live this world alone, and tell of it
  --seeds N      live the worlds 1 to N, or from --first on (default: 50)
  --first N      the first of them (default: 1)
  --minutes M    go on with further worlds until M minutes have passed
  --fresh        one world of a seed that nobody has chosen
  --quickjs      every firmware in its own QuickJS: slower, the same worlds
  --bug NAME     plant a bug: ${bugNames.join(', ')}
  --json         the outcome as JSON
`;

const options = {
  seed: { type: 'string' },
  seeds: { type: 'string' },
  first: { type: 'string', default: '1' },
  minutes: { type: 'string' },
  fresh: { type: 'boolean' },
  quickjs: { type: 'boolean' },
  bug: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  for (const name of ['seeds', 'first', 'minutes'] as const) {
    if (values[name] !== undefined && !/^\d{1,9}$/.test(values[name])) throw new Error(`--${name} takes a whole number`);
  }
  if (values.bug !== undefined && !bugNames.includes(values.bug)) throw new Error(`--bug takes one of ${bugNames.join(', ')}`);
  const parts = await readParts(values.quickjs ? 'inline' : 'native', values.bug);
  const startedMs = performance.now();
  const untilMs = values.minutes === undefined ? 0 : startedMs + Number(values.minutes) * 60_000;
  const seeds = seedsOf(values, untilMs);
  let worlds = 0;
  let virtualMs = 0;
  const broken: string[] = [];
  const seen: Record<string, number> = {};
  for (const seed of seeds) {
    const plan = drawPlan(seed);
    const lived = await live(plan, parts);
    worlds += 1;
    virtualMs += lived.virtualMs;
    for (const [what, times] of Object.entries(lived.seen)) seen[what] = (seen[what] ?? 0) + times;
    if (lived.violation) {
      broken.push(seed);
      console.log(`\nseed ${seed}: ${lived.violation.rule}: ${lived.violation.message}`);
      const small = await minimise(plan, lived.violation.rule, (candidate) => live(candidate, parts));
      console.log(
        `  ${plan.devices} devices, ${plan.liars} lie; what is left of ${plan.acts.length} acts when nothing more can be left out:`,
      );
      for (const act of small.acts) console.log(`  ${tellAct(act)}`);
      for (const line of lived.complaints.slice(-8)) console.log(`    ${line}`);
      console.log(`  again: npm run simulate -- --seed ${seed}${values.bug ? ` --bug ${values.bug}` : ''}`);
    } else if (values.seed !== undefined) {
      for (const act of plan.acts) console.log(tellAct(act));
      console.log(`seed ${seed}: all rules kept; trace ${lived.hash}`);
    } else if (worlds % 10 === 0) {
      console.error(
        `${worlds} worlds, ${(virtualMs / 3_600_000).toFixed(1)} virtual hours, ${((performance.now() - startedMs) / 60_000).toFixed(1)} minutes, ${broken.length} broken`,
      );
    }
  }
  const minutes = (performance.now() - startedMs) / 60_000;
  const summary = { worlds, virtualHours: virtualMs / 3_600_000, minutes, broken, seen };
  if (values.json) console.log(JSON.stringify(summary));
  else
    console.log(
      `${worlds} worlds, ${summary.virtualHours.toFixed(2)} virtual hours in ${minutes.toFixed(1)} minutes, ${broken.length} broken${broken.length > 0 ? `: seeds ${broken.join(', ')}` : ''}`,
    );
  return broken.length > 0 ? 1 : 0;
}

interface Asked {
  readonly seed?: string | undefined;
  readonly seeds?: string | undefined;
  readonly first: string;
  readonly fresh?: boolean | undefined;
}

function* seedsOf({ seed, seeds, first, fresh }: Asked, untilMs: number): Generator<string> {
  if (seed !== undefined) {
    yield seed;
    return;
  }
  if (fresh) yield String(randomInt(1_000_000_000, 10_000_000_000));
  const count = seeds === undefined ? (fresh || untilMs > 0 ? 0 : 50) : Number(seeds);
  for (let number = Number(first), end = number + count; number < end || performance.now() < untilMs; number += 1)
    yield String(number);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(`simulate: ${(error as Error).message}`);
  process.exitCode = 2;
}
