import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Core } from '../../../runtime/ledger/core.ts';
import { EXECUTION_MS, giveBack, lendTimed } from '../../../runtime/rpc/deadline.ts';
import { createVm } from '../../../vm/embed/index.ts';
import { assembleCode, BLOCK, MESSAGE, SENDER, TARGET, viewOf } from '../../support/evm.ts';

const test = suite('rpc/deadline');
const vm = createVm({ fork: 'Osaka' });
const gas = 16_000_000n;
const message = { ...MESSAGE, gasLimit: gas };
const block = { ...BLOCK, gasLimit: gas };
const view = viewOf({ [SENDER]: { balance: 10n ** 18n }, [TARGET]: { code: assembleCode('JUMPDEST PUSH0 JUMP') } });

/** A node whose clock moves by so much whenever it is looked at. */
function nodeOf(stepMs: number): Core {
  return lendTimed(untimed(stepMs)).core;
}

function untimed(stepMs: number): Core {
  let nowMs = 0;
  const detached = {
    ...vm,
    execute: vm.execute.bind(vm),
    trace: vm.trace!.bind(vm),
  };
  return {
    vm: detached,
    nowMs: () => {
      nowMs += stepMs;
      return nowMs;
    },
  } as unknown as Core;
}

const tooLong = /^execution aborted \(timeout = 5s\)$/;
const options = { simulate: true };
const record = { steps: false, stack: false, memory: false, maxSteps: 0, maxWords: 1000 };
const messageOf = (run: () => unknown): string => {
  try {
    run();
    return 'no error';
  } catch (error) {
    return (error as Error).message;
  }
};

test('an endless loop ends with its gas while there is time, and with the time otherwise', () => {
  const quick = nodeOf(0).vm.execute(block, message, view, options) as { status: string };
  assert.is(quick.status, 'OutOfGas');
  assert.match(
    messageOf(() => nodeOf(EXECUTION_MS / 50).vm.execute(block, message, view, options)),
    tooLong,
  );
  assert.match(
    messageOf(() => nodeOf(EXECUTION_MS / 50).vm.trace!(block, message, view, record)),
    tooLong,
  );
});

test('all executions of a request share its time', () => {
  const node = nodeOf(EXECUTION_MS / 1000);
  const runs: string[] = [];
  while (runs.at(-1) !== 'execution aborted (timeout = 5s)') {
    runs.push(messageOf(() => node.vm.execute(block, { ...message, gasLimit: 1_000_000n }, view, options)));
  }
  assert.ok(runs.length > 10 && runs.length < 200, `${runs.length} executions`);
});

test('the next request has its own time, and two at once have one each', () => {
  const node = untimed(EXECUTION_MS / 4);
  const first = lendTimed(node);
  const run = ({ core }: typeof first) =>
    messageOf(() => core.vm.execute(block, { ...message, gasLimit: 21_000n }, view, options));
  const second = lendTimed(node);
  assert.is.not(first, second);
  while (run(first) === 'no error');
  giveBack(node, first);
  const third = lendTimed(node);
  assert.is(third, first);
  assert.is(run(third), 'no error');
  assert.match(run(second), tooLong);
});

test.run();
