/** The Fleet on our VM beside the Fleet on EthereumJS: the same random actions, the same events, refusals and gas. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Machine, Outcome } from '../support/contract.ts';
import { ownMachine } from '../support/machine.ts';
import { ethereumjsMachine } from '../support/machine-ethereumjs.ts';
import { devices, operators, type Step, stage, tell } from './actors.ts';

const s = suite('Fleet: our VM beside EthereumJS');
const RUNS = 15;

const who = fc.constantFrom(...operators, ...devices, 'X');
const revision = fc.integer({ min: 1, max: 3 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(who, fc.integer({ min: 0, max: 3000 })).map(([by, size]): Step => [by, 'propose', 'hello', size]),
  fc
    .tuple(who, fc.constantFrom('0', '2', '50%'), fc.constantFrom('', 'site=a', 'Site'))
    .map(([by, canary, labels]): Step => [by, 'proposeTo', canary, labels]),
  fc.tuple(who, fc.constantFrom(...devices, 'd5')).map(([by, device]): Step => [by, 'enrolLabelled', device, 'site=a']),
  fc.tuple(who, revision).map(([by, of]): Step => [by, 'approve', of]),
  fc.tuple(who, revision).map(([by, of]): Step => [by, 'healthy', of]),
  fc.tuple(who, revision).map(([by, of]): Step => [by, 'unhealthy', of]),
  fc.tuple(who, who).map(([by, device]): Step => [by, 'revoke', device]),
  fc.tuple(who, who).map(([by, device]): Step => [by, 'enrol', device, device.toLowerCase()]),
  fc.tuple(who, revision).map(([by, to]): Step => [by, 'rollback', to]),
  fc.tuple(who, fc.constantFrom('AB', 'ABC', 'AA')).map(([by, names]): Step => [by, 'setOperators', names]),
  fc.constantFrom<Step>(['-', 'wait', 10], ['-', 'wait', 60]),
  fc.constant<Step>(['X', 'expire']),
);

/** Writes down what each transaction cost and logged. */
function watched(machine: Machine): Machine & { readonly outcomes: string[] } {
  const outcomes: string[] = [];
  const note = (outcome: Outcome): Outcome => {
    const logs = outcome.logs.map(({ topics, data }) => `${topics} ${Buffer.from(data).toString('hex')}`);
    outcomes.push(`${outcome.succeeded} ${outcome.gasUsed} ${Buffer.from(outcome.output).toString('hex')} ${logs}`);
    return outcome;
  };
  return {
    outcomes,
    get timestamp() {
      return machine.timestamp;
    },
    set timestamp(seconds) {
      machine.timestamp = seconds;
    },
    send: async (from, to, data) => note(await machine.send(from, to, data)),
    read: (from, to, data) => machine.read(from, to, data),
  };
}

s('the same actions have the same outcome and the same price', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 20, maxLength: 40 }), async (steps) => {
      const [ours, theirs] = [watched(await ownMachine()), watched(await ethereumjsMachine())];
      const stages = [await stage(ours), await stage(theirs)] as const;
      for (const step of steps) assert.is(await tell(stages[0], step), await tell(stages[1], step));
      for (const [index, outcome] of ours.outcomes.entries()) assert.is(outcome, theirs.outcomes[index], `transaction ${index}`);
      assert.ok(ours.outcomes.length >= 2);
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});

s.run();
