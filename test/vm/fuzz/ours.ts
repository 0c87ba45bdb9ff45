import { keccak_256 } from '@noble/hashes/sha3.js';
import type { AccountDiff, Address, ForkName, StateView, Vm, Word } from '../../../runtime/ports/index.ts';
import { createVm } from '../../../vm/embed/index.ts';
import { toCode } from './chunk.ts';
import { BLOCK, GAS_PRICE, logLine, type Result, type ResultAccount } from './result.ts';
import { dataOf, type Scenario, SENDER, wordOf } from './scenario.ts';

type World = Map<Address, { nonce: bigint; balance: bigint; code: Uint8Array; storage: Map<Word, Word> }>;

const ZERO = wordOf(0n);
const vms = new Map<ForkName, Vm>();

/** Runs the scenario in our VM. */
export function runOurs(scenario: Scenario): Result {
  const vm = vms.get(scenario.fork) ?? createVm({ fork: scenario.fork });
  vms.set(scenario.fork, vm);
  const world = worldOf(scenario);
  const outcome = vm.execute(BLOCK, messageOf(scenario), viewOf(world));
  if (outcome.kind === 'refused') return { outcome: `refused: ${outcome.reason}`, ...nothing, state: stateOf(world) };
  for (const change of outcome.diff) apply(world, change);
  return {
    outcome: outcome.succeeded ? 'success' : outcome.status === 'Revert' ? 'revert' : 'failure',
    output: Buffer.from(outcome.output).toString('hex'),
    gasUsed: outcome.gasUsed,
    gasRefunded: outcome.gasRefunded,
    ...(outcome.created && outcome.succeeded && { created: outcome.created }),
    logs: outcome.logs.map(({ address, topics, data }) => logLine(address, topics, data)),
    state: stateOf(world),
  };
}

const nothing = { output: '', gasUsed: 0n, gasRefunded: 0n, logs: [] };

function messageOf(scenario: Scenario) {
  const sender = scenario.accounts.find(({ address }) => address === SENDER);
  return {
    type: 1,
    sender: SENDER,
    nonce: sender?.nonce ?? 0n,
    gasLimit: scenario.gasLimit,
    maxFeePerGas: GAS_PRICE,
    maxPriorityFeePerGas: GAS_PRICE,
    ...(scenario.to && { to: scenario.to }),
    value: scenario.value,
    data: dataOf(scenario),
    accessList: scenario.accessList,
  } as const;
}

function worldOf(scenario: Scenario): World {
  return new Map(
    scenario.accounts.map(({ address, nonce, balance, code, storage }) => [
      address,
      { nonce, balance, code: toCode(code), storage: new Map(storage) },
    ]),
  );
}

function hash(bytes: Uint8Array): Word {
  return `0x${Buffer.from(keccak_256(bytes)).toString('hex')}`;
}

function viewOf(world: World): StateView {
  const codes = new Map([...world.values()].map(({ code }) => [hash(code), code]));
  return {
    account(address) {
      const found = world.get(address);
      if (!found) return undefined;
      return { nonce: found.nonce, balance: found.balance, codeHash: hash(found.code), hasStorage: found.storage.size > 0 };
    },
    slot: (address, slot) => world.get(address)?.storage.get(slot) ?? ZERO,
    code: (codeHash) => codes.get(codeHash) ?? new Uint8Array(),
    blockHash: (number) => hash(Buffer.from(number.toString())),
  };
}

function apply(world: World, { address, account, code, cleared, slots }: AccountDiff): void {
  if (!account) {
    world.delete(address);
    return;
  }
  const before = world.get(address);
  const storage = new Map(cleared ? [] : before?.storage);
  for (const [slot, value] of slots) {
    if (value === ZERO) storage.delete(slot);
    else storage.set(slot, value);
  }
  world.set(address, { nonce: account.nonce, balance: account.balance, code: code ?? before?.code ?? new Uint8Array(), storage });
}

function stateOf(world: World): Result['state'] {
  const accounts: [Address, ResultAccount][] = [...world].map(([address, { nonce, balance, code, storage }]) => [
    address,
    {
      nonce,
      balance,
      code: Buffer.from(code).toString('hex'),
      storage: Object.fromEntries([...storage].filter(([, value]) => value !== ZERO)),
    },
  ]);
  return Object.fromEntries(accounts);
}
