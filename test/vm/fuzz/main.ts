/**
 * Differential fuzzing against @ethereumjs/evm: `npm run fuzz -- [--seed N] [--minutes M] [--count N] [--one SEED]`.
 * Each seed is a scenario; a difference is made as small as possible and written to build/fuzz. Ends with counts, and 1 on a difference.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../../support/need.ts';
import { toCode } from './chunk.ts';
import { minimise } from './minimise.ts';
import { runOurs } from './ours.ts';
import { differences } from './result.ts';
import { type Scenario, scenarioOf } from './scenario.ts';
import { runTheirs } from './theirs.ts';

const FOLDER = join(root, 'build/fuzz');
const MOST_DIFFERENCES = 20;
const PROGRESS_MS = 60_000;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '1' },
    count: { type: 'string' },
    one: { type: 'string' },
  },
});

/** Programs in which EthereumJS comes upon an error that it is known to have. */
let setAside = 0;

async function compare(scenario: Scenario): Promise<string[]> {
  const theirs = await runTheirs(scenario);
  if (!theirs) {
    setAside++;
    return [];
  }
  try {
    return differences(runOurs(scenario), theirs);
  } catch (error) {
    return [`we threw ${error}`];
  }
}

async function report(seed: number): Promise<void> {
  const smallest = await minimise(scenarioOf(seed), async (scenario) => (await compare(scenario)).length > 0);
  const lines = await compare(smallest);
  const file = join(FOLDER, `seed-${seed}.json`);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(file, JSON.stringify({ seed, differences: lines, scenario: readable(smallest) }, undefined, 2));
  console.log(`seed ${seed} (${smallest.fork}): ${lines.length} differences; reproducer in ${file}`);
  for (const line of lines.slice(0, 6)) console.log(`  ${line.slice(0, 300)}`);
}

function readable(scenario: Scenario): unknown {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  return {
    fork: scenario.fork,
    to: scenario.to ?? 'creation',
    init: hex(toCode(scenario.init)),
    data: hex(scenario.data),
    value: `${scenario.value}`,
    gasLimit: `${scenario.gasLimit}`,
    accessList: scenario.accessList,
    accounts: scenario.accounts.map(({ address, nonce, balance, code, storage }) => {
      return { address, nonce: `${nonce}`, balance: `${balance}`, code: hex(toCode(code)), storage };
    }),
  };
}

async function fuzz(): Promise<number> {
  const first = Number(values.one ?? values.seed);
  const count = values.one ? 1 : Number(values.count ?? Number.MAX_SAFE_INTEGER);
  const startMs = Date.now();
  const endMs = startMs + Number(values.minutes) * 60_000;
  let found = 0;
  let run = 0;
  let nextProgressMs = startMs + PROGRESS_MS;
  while (run < count && Date.now() < endMs && found < MOST_DIFFERENCES) {
    if ((await compare(scenarioOf(first + run))).length > 0) {
      found++;
      await report(first + run);
    }
    run++;
    if (Date.now() > nextProgressMs) {
      console.log(`${run} programs, ${found} differences`);
      nextProgressMs += PROGRESS_MS;
    }
  }
  const seconds = (Date.now() - startMs) / 1000;
  console.log(
    `seeds ${first} to ${first + run - 1}: ${run} programs executed in ${seconds.toFixed(0)} s, ${found} differences, ${setAside} set aside`,
  );
  return found;
}

process.exit((await fuzz()) > 0 ? 1 : 0);
