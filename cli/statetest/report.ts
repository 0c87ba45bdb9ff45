/** Runs state tests and says of each case whether it came out as its file says, in the shape of geth's `evm statetest`. */
import type { ForkName, Vm, Word } from '../../runtime/ports/index.ts';
import { createVm, type Watcher } from '../../vm/embed/index.ts';
import { type Fixture, type FixtureCase, FORKS } from './fixtures.ts';
import { logsHash, transact } from './transact.ts';
import { blockOf, worldOf } from './world.ts';

export interface StateTestResult {
  readonly name: string;
  readonly pass: boolean;
  readonly stateRoot: Word;
  readonly fork: ForkName;
  readonly error?: string;
}

/** All cases of the fork, or of every fork that the VM knows. `done` is told the state root after each. */
export function runStateTests(
  tests: Readonly<Record<string, Fixture>>,
  fork: ForkName | undefined,
  watcher: Watcher,
  done: (root: Word) => void,
): StateTestResult[] {
  const wanted = fork ? [fork] : FORKS;
  return wanted.flatMap((name) => {
    const cases = Object.entries(tests).flatMap(([test, fixture]) =>
      (fixture.post[name] ?? []).map((expected) => ({ test, fixture, expected })),
    );
    if (cases.length === 0) return [];
    const vm = createVm({ fork: name, ...watcher });
    return cases.map(({ test, fixture, expected }) => {
      const result = runCase(vm, test, fixture, expected);
      done(result.stateRoot);
      return result;
    });
  });
}

function runCase(vm: Vm, name: string, fixture: Fixture, expected: FixtureCase): StateTestResult {
  const before = worldOf(fixture.pre, (data) => vm.keccak256(data));
  const outcome = transact(vm, blockOf(fixture.env, vm.fork), before, fixture, expected);
  const isRefused = outcome.kind === 'refused';
  const stateRoot = isRefused ? before.state.root : before.after(outcome.diff).state.root;
  const logs = logsHash(isRefused ? [] : outcome.logs, vm);
  const error = differenceOf(expected, stateRoot, logs, isRefused ? outcome.reason : undefined);
  return { name, pass: error === undefined, stateRoot, fork: vm.fork, ...(error && { error }) };
}

function differenceOf(expected: FixtureCase, root: Word, logs: Word, refusal: string | undefined): string | undefined {
  if (refusal !== undefined && expected.expectException === undefined) return `unexpected error: ${refusal}`;
  if (refusal === undefined && expected.expectException !== undefined)
    return `expected error "${expected.expectException}", got none`;
  if (root !== expected.hash) return `post state root mismatch: got ${root}, want ${expected.hash}`;
  if (logs !== expected.logs) return `post state logs hash mismatch: got ${logs}, want ${expected.logs}`;
  return undefined;
}
