import { hexToBytes } from '../../runtime/bytes.ts';
import { decodeTransaction, type Transaction, TransactionRefused } from '../../runtime/ledger/transaction.ts';
import type { BlockContext, Executed, Log, Refused, Vm, Word } from '../../runtime/ports/index.ts';
import { encodeRlp } from '../../runtime/rlp/index.ts';
import { viewOf } from '../../runtime/state/state.ts';
import { explain } from './explain.ts';
import type { Fixture, FixtureCase } from './fixtures.ts';
import { blockHashOf, blockOf, toHex, type World, worldOf } from './world.ts';

/** A case that did not come out as it should: what differs, a line each. */
export interface Failure {
  /** Or `RLP`, or `Trie`. */
  readonly fork: string;
  readonly name: string;
  readonly differences: readonly string[];
}

const CHAIN_ID = 1n;

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
  const outcome = transact(vm, block, before, hexToBytes(expected.txbytes));
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

/** What the ledger does with bytes from outside: decode, recover the sender, look at the chain id, execute. */
function transact(vm: Vm, block: BlockContext, before: World, raw: Uint8Array): Executed | Refused {
  let transaction: Transaction;
  try {
    transaction = decodeTransaction(raw, vm);
  } catch (error) {
    if (error instanceof TransactionRefused) return { kind: 'refused', reason: error.message };
    throw error;
  }
  const { chainId } = transaction;
  if (chainId !== undefined && chainId !== CHAIN_ID) return { kind: 'refused', reason: `chain id ${chainId}` };
  return vm.execute(
    block,
    transaction,
    viewOf(
      before.state,
      blockHashOf((data) => vm.keccak256(data)),
    ),
  );
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

function logsHash(logs: readonly Log[], vm: Vm): Word {
  const items = logs.map(({ address, topics, data }) => [hexToBytes(address), topics.map(hexToBytes), data]);
  return toHex(vm.keccak256(encodeRlp(items)));
}

function attempt(run: () => string[]): string[] {
  try {
    return run();
  } catch (error) {
    return [`threw ${(error as Error).stack ?? error}`];
  }
}
