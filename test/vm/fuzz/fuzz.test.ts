import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { code, join, push, pushOffset, toCode } from './chunk.ts';
import { minimise } from './minimise.ts';
import { runOurs } from './ours.ts';
import { differences } from './result.ts';
import { dataOf, type Scenario, SENDER, scenarioOf } from './scenario.ts';
import { runTheirs } from './theirs.ts';

/** Enough that a broken opcode, price or rule shows; the long runs are `npm run fuzz`. */
const SEEDS = 400;

const test = suite('fuzz: the VM beside EthereumJS');

test('the same seed is the same scenario', () => {
  assert.equal(scenarioOf(7), scenarioOf(7));
  assert.not.equal(scenarioOf(7), scenarioOf(8));
});

test('offsets of jumps follow their chunk', () => {
  const jump = join([pushOffset(0), code(0x56)]);
  assert.equal([...toCode([code(0x5b), jump])], [0x5b, 0x61, 0, 1, 0x56]);
  assert.equal([...toCode([code(push(1), 0x50), join([code(0x5b), jump])])], [0x60, 1, 0x50, 0x5b, 0x61, 0, 4, 0x56]);
});

test(`no difference in ${SEEDS} programs`, async () => {
  const outcomes = new Set<string>();
  for (let seed = 0; seed < SEEDS; seed++) {
    const scenario = scenarioOf(seed);
    const theirs = await runTheirs(scenario);
    if (!theirs) continue;
    const ours = runOurs(scenario);
    outcomes.add(ours.outcome);
    assert.equal(differences(ours, theirs), [], `seed ${seed}`);
  }
  for (const outcome of ['success', 'revert', 'failure']) assert.ok(outcomes.has(outcome), `some programs end in ${outcome}`);
});

test('a difference is made small', async () => {
  const hasLog = async (scenario: Scenario) => dataOf(scenario).length >= 0 && runOurs(scenario).logs.length > 0;
  let seed = 0;
  while (!(await hasLog(scenarioOf(seed)))) seed++;
  const large = scenarioOf(seed);
  const small = await minimise(large, hasLog);
  const sizeOf = (scenario: Scenario) => scenario.accounts.reduce((sum, account) => sum + toCode(account.code).length, 0);
  assert.ok(sizeOf(small) < sizeOf(large), `${sizeOf(large)} bytes became ${sizeOf(small)}`);
  assert.ok(small.accounts.some(({ address }) => address === SENDER));
});

test.run();
