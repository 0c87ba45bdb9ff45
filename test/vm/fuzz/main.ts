/**
 * Differential fuzzing against @ethereumjs/evm: `npm run fuzz`.
 * Each seed is a scenario; a difference is made as small as possible and written to build/fuzz. Ends with counts, and 1 on a difference.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Exit } from '../../../cli/command.ts';
import { runAlone, wholeOf } from '../../../cli/script.ts';
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

/** Answers how many differences there are. */
async function fuzz(first: number, count: number, minutes: number): Promise<number> {
  const startMs = Date.now();
  const endMs = startMs + minutes * 60_000;
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

await runAlone('fuzz', {
  summary: 'random transactions executed by the VM and by @ethereumjs/evm; what differs is made small and kept',
  options: {
    seed: { value: 'N', fallback: '1', help: 'of the first program; those after it follow' },
    minutes: { value: 'M', fallback: '1', help: 'how long' },
    count: { value: 'N', help: 'at most so many programs' },
    one: { value: 'SEED', help: 'only the program of this seed' },
  },
  async run(input) {
    const isOne = input.text('one') !== undefined;
    const count = isOne ? 1 : input.text('count') === undefined ? Number.POSITIVE_INFINITY : wholeOf(input, 'count');
    return (await fuzz(wholeOf(input, isOne ? 'one' : 'seed', 0), count, wholeOf(input, 'minutes'))) > 0 ? Exit.failed : Exit.ok;
  },
});
