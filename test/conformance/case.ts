import type { Fixture, FixtureCase } from '../../cli/statetest/fixtures.ts';
import { logsHash, transact } from '../../cli/statetest/transact.ts';
import { blockOf, type World, worldOf } from '../../cli/statetest/world.ts';
import type { BlockContext, Vm, Word } from '../../runtime/ports/index.ts';
import { explain } from './explain.ts';

/** A case that did not come out as it should: what differs, a line each. */
export interface Failure {
  /** Or `RLP`, or `Trie`. */
  readonly fork: string;
  readonly name: string;
  readonly differences: readonly string[];
}

/** Runs all cases of a fixture for one fork: signed bytes in, state root and logs hash out. */
export function runFixture(vm: Vm, name: string, fixture: Fixture, cases: readonly FixtureCase[]): Failure[] {
  const block = blockOf(fixture.env, vm.fork);
  const before = worldOf(fixture.pre, (data) => vm.keccak256(data));
  const failures: Failure[] = [];
  for (const [index, expected] of cases.entries()) {
    const differences = attempt(() => runCase(vm, block, before, fixture, expected));
    if (differences.length > 0) failures.push({ fork: vm.fork, name: `${name} [${vm.fork} ${index}]`, differences });
  }
  return failures;
}

function runCase(vm: Vm, block: BlockContext, before: World, fixture: Fixture, expected: FixtureCase): string[] {
  const outcome = transact(vm, block, before, fixture, expected);
  if (outcome.kind === 'refused') {
    if (expected.expectException === undefined) return [`refused (${outcome.reason}), but the transaction is valid`];
    return compareRoots(expected, before.state.root, emptyLogs(vm));
  }
  if (expected.expectException !== undefined) {
    return [`executed (${outcome.status}), but to be refused: ${expected.expectException}`];
  }
  const after = before.after(outcome.diff);
  const differences = compareRoots(expected, after.state.root, logsHash(outcome.logs, vm));
  if (differences.length === 0) return [];
  return [`${outcome.status}, ${outcome.gasUsed} gas used`, ...differences, ...explain(after.state, outcome, fixture, expected)];
}

function compareRoots(expected: FixtureCase, root: Word, logs: Word): string[] {
  const differences: string[] = [];
  if (root !== expected.hash) differences.push(`state root ${root}, expected ${expected.hash}`);
  if (logs !== expected.logs) differences.push(`logs hash ${logs}, expected ${expected.logs}`);
  return differences;
}

function emptyLogs(vm: Vm): Word {
  return logsHash([], vm);
}

function attempt(run: () => string[]): string[] {
  try {
    return run();
  } catch (error) {
    return [`threw ${(error as Error).stack ?? error}`];
  }
}
