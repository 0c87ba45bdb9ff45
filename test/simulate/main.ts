/**
 * `npm run simulate -- [--seed N | --seeds N] [--minutes M]`: random worlds with faults of every kind, and checkers that watch from
 * outside. A world that breaks a rule is made smaller until nothing can be left out, told, and can be lived again by its seed.
 */
import { randomInt } from 'node:crypto';
import { Exit, Failure, type Input, type Io } from '../../cli/command.ts';
import { runAlone, wholeOf } from '../../cli/script.ts';
import { tellAct } from './acts.ts';
import { bugNames } from './bugs.ts';
import { live, readParts } from './live.ts';
import { minimise } from './minimise.ts';
import { drawPlan } from './plan.ts';

/** As many as CI lives. */
const USUAL_SEEDS = 50;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

async function simulate(input: Input, io: Io): Promise<number> {
  const bug = input.text('bug');
  if (bug !== undefined && !bugNames.includes(bug))
    throw new Failure(`--bug takes one of ${bugNames.join(', ')}, not "${bug}"`, Exit.badInput);
  const seeds = seedsOf(input);
  const parts = await readParts(input.has('quickjs') ? 'inline' : 'native', bug);
  const startedMs = performance.now();
  const minutesSoFar = () => (performance.now() - startedMs) / MINUTE_MS;
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
      io.out(`\nseed ${seed}: ${lived.violation.rule}: ${lived.violation.message}`);
      const small = await minimise(plan, lived.violation.rule, (candidate) => live(candidate, parts));
      io.out(
        `  ${plan.devices} devices, ${plan.liars} lie; what is left of ${plan.acts.length} acts when nothing more can be left out:`,
      );
      for (const act of small.acts) io.out(`  ${tellAct(act)}`);
      for (const line of lived.complaints.slice(-8)) io.out(`    ${line}`);
      io.out(`  again: npm run simulate -- --seed ${seed}${bug === undefined ? '' : ` --bug ${bug}`}`);
    } else if (input.text('seed') !== undefined) {
      for (const act of plan.acts) io.out(tellAct(act));
      io.out(`seed ${seed}: all rules kept; trace ${lived.hash}`);
    } else if (worlds % 10 === 0) {
      const hours = (virtualMs / HOUR_MS).toFixed(1);
      io.err(`${worlds} worlds, ${hours} virtual hours, ${minutesSoFar().toFixed(1)} minutes, ${broken.length} broken`);
    }
  }
  const summary = { worlds, virtualHours: virtualMs / HOUR_MS, minutes: minutesSoFar(), broken, seen };
  io.out(input.has('json') ? JSON.stringify(summary) : tell(summary));
  return broken.length > 0 ? Exit.failed : Exit.ok;
}

interface Summary {
  readonly worlds: number;
  readonly virtualHours: number;
  readonly minutes: number;
  readonly broken: readonly string[];
}

function tell({ worlds, virtualHours, minutes, broken }: Summary): string {
  const seeds = broken.length > 0 ? `: seeds ${broken.join(', ')}` : '';
  return `${worlds} worlds, ${virtualHours.toFixed(2)} virtual hours in ${minutes.toFixed(1)} minutes, ${broken.length} broken${seeds}`;
}

/** The one that was asked for; else a fresh one, so many from the first on, and as many more as there is time for. */
function seedsOf(input: Input): Iterable<string> {
  const seed = input.text('seed');
  if (seed !== undefined) return [seed];
  const isFresh = input.has('fresh');
  const minutes = input.text('minutes') === undefined ? 0 : wholeOf(input, 'minutes');
  const usual = isFresh || minutes > 0 ? 0 : USUAL_SEEDS;
  const count = input.text('seeds') === undefined ? usual : wholeOf(input, 'seeds', 0);
  return drawn(isFresh, wholeOf(input, 'first'), count, performance.now() + minutes * MINUTE_MS);
}

function* drawn(isFresh: boolean, first: number, count: number, untilMs: number): Generator<string> {
  if (isFresh) yield String(randomInt(1_000_000_000, 10_000_000_000));
  for (let number = first; number < first + count || performance.now() < untilMs; number += 1) yield String(number);
}

await runAlone('simulate', {
  summary: 'random worlds with faults of every kind, and checkers that watch from outside',
  options: {
    seed: { value: 'N', help: 'live this world alone, and tell of it' },
    seeds: { value: 'N', help: `live so many worlds; without it and without --minutes and --fresh ${USUAL_SEEDS}` },
    first: { value: 'N', fallback: '1', help: 'the first of them' },
    minutes: { value: 'M', help: 'go on with further worlds until M minutes have passed' },
    fresh: { help: 'one world of a seed that nobody has chosen' },
    quickjs: { help: 'every firmware in its own QuickJS: slower, the same worlds' },
    bug: { value: 'NAME', help: `plant a bug: ${bugNames.join(', ')}` },
    json: { help: 'print the outcome as JSON' },
  },
  run: simulate,
});
