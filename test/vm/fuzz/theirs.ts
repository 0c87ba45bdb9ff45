import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { createEVM, type EVM, type EVMResult, type ExecResult, getActivePrecompiles } from '@ethereumjs/evm';
import { SimpleStateManager } from '@ethereumjs/statemanager';
import { Account, type Address, createAddressFromString } from '@ethereumjs/util';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { ForkName, Address as Hex20, Word } from '../../../runtime/ports/index.ts';
import { toCode } from './chunk.ts';
import { BLOCK, GAS_PRICE, logLine, type Result, type ResultAccount } from './result.ts';
import { COINBASE, dataOf, FORKS, type Scenario, SENDER } from './scenario.ts';

const [LONDON, SHANGHAI, CANCUN, PRAGUE] = [1, 3, 4, 5];
/** BLOBBASEFEE of the block's excess blob gas, from EIP-4844's own formula. */
const BLOB_FRACTION: Readonly<Partial<Record<ForkName, bigint>>> = { Cancun: 3338477n, Prague: 5007716n, Osaka: 5007716n };

type Gas = Pick<Result, 'gasUsed' | 'gasRefunded'>;

/** No generated input holds a proof, so none is right. */
const customCrypto = { kzg: { verifyProof: () => false } } as never;

const commons = new Map<ForkName, Common>(
  FORKS.map((fork) => [fork, new Common({ chain: Mainnet, hardfork: Hardfork[fork as keyof typeof Hardfork], customCrypto })]),
);

/**
 * Runs the scenario in EthereumJS: its EVM, and around it what a transaction does (its own vm package is not needed for that).
 * `undefined` where it comes upon an error that it is known to have.
 */
export async function runTheirs(scenario: Scenario): Promise<Result | undefined> {
  const common = commons.get(scenario.fork)!;
  const state = new SimpleStateManager({ common });
  await fill(state, scenario);
  // Every EVM listens to its Common for good; here they share one.
  common.events.removeAllListeners();
  const evm = (await createEVM({ common, stateManager: state, blockchain: chain as never })) as EVM;
  let isMistaken = false;
  onRevertedEf(evm, () => {
    isMistaken = true;
  });
  const fork = FORKS.indexOf(scenario.fork);
  const data = dataOf(scenario);
  const [intrinsic, floor] = intrinsicGas(scenario, data, fork);
  const refusal = refusalOf(scenario, data, fork, intrinsic, floor);
  if (refusal) return { outcome: `refused: ${refusal}`, output: '', gasUsed: 0n, gasRefunded: 0n, logs: [], state: dump(state) };

  await evm.journal.checkpoint();
  warm(evm, scenario, common, fork);
  const sender = (await state.getAccount(address(SENDER)))!;
  sender.balance -= scenario.gasLimit * GAS_PRICE;
  await evm.journal.putAccount(address(SENDER), sender);
  const result = await evm.runCall(callOf(scenario, data, intrinsic));
  const gasSpent = result.execResult.executionGasUsed + intrinsic;
  if (isMistaken) return undefined;
  const gas = await settle(evm, state, scenario, result, gasSpent, fork, floor);
  return describe(scenario, result, gas, state);
}

/**
 * EthereumJS 10.1.3 applies EIP-3541 to what a creation reverts with: bytes from 0xef on then cost all gas. The EIP speaks of code that
 * is to be deployed.
 */
function onRevertedEf(evm: EVM, report: () => void): void {
  const inner = evm as unknown as Inner;
  const run = inner.runInterpreter.bind(evm);
  inner.runInterpreter = async (message, options) => {
    const result = await run(message, options);
    if (message.isCreate && result.exceptionError && result.returnValue[0] === 0xef) report();
    return result;
  };
}

/** What EthereumJS keeps to itself. */
interface Inner {
  runInterpreter(message: { readonly isCreate?: boolean }, options: unknown): Promise<ExecResult>;
}

const chain = {
  getBlock: async (number: bigint) => ({ hash: () => keccak_256(Buffer.from(number.toString())) }),
  putBlock: async () => undefined,
  shallowCopy: () => chain,
};

async function fill(state: SimpleStateManager, scenario: Scenario): Promise<void> {
  for (const { address: at, nonce, balance, code, storage } of scenario.accounts) {
    await state.putAccount(address(at), new Account(nonce, balance));
    const bytes = toCode(code);
    if (bytes.length > 0) await state.putCode(address(at), bytes);
    for (const [slot, value] of storage) await state.putStorage(address(at), bytesOf(slot), strip(bytesOf(value)));
  }
}

function intrinsicGas(scenario: Scenario, data: Uint8Array, fork: number): [intrinsic: bigint, floor: bigint] {
  const zeros = data.filter((byte) => byte === 0).length;
  const others = data.length - zeros;
  let gas = 21000 + 4 * zeros + 16 * others;
  if (!scenario.to) gas += 32000 + (fork >= SHANGHAI! ? 2 * Math.ceil(data.length / 32) : 0);
  for (const { slots } of scenario.accessList) gas += 2400 + 1900 * slots.length;
  return [BigInt(gas), fork >= PRAGUE! ? BigInt(21000 + 10 * (zeros + 4 * others)) : 0n];
}

function refusalOf(scenario: Scenario, data: Uint8Array, fork: number, intrinsic: bigint, floor: bigint): string | undefined {
  if (!scenario.to && fork >= SHANGHAI! && data.length > 49152) return 'InitCodeTooLarge';
  if (scenario.gasLimit < intrinsic) return 'IntrinsicGas';
  return scenario.gasLimit < floor ? 'FloorGas' : undefined;
}

function warm(evm: EVM, scenario: Scenario, common: Common, fork: number): void {
  for (const number of getActivePrecompiles(common).keys()) evm.journal.addAlwaysWarmAddress(number);
  evm.journal.addAlwaysWarmAddress(SENDER.slice(2));
  if (scenario.to) evm.journal.addAlwaysWarmAddress(scenario.to.slice(2));
  if (fork >= SHANGHAI!) evm.journal.addAlwaysWarmAddress(COINBASE.slice(2));
  for (const { address: at, slots } of scenario.accessList) {
    evm.journal.addAlwaysWarmAddress(at.slice(2));
    for (const slot of slots) evm.journal.addAlwaysWarmSlot(at.slice(2), slot.slice(2));
  }
}

function callOf(scenario: Scenario, data: Uint8Array, intrinsic: bigint) {
  const header = {
    number: BLOCK.number,
    coinbase: address(COINBASE),
    timestamp: BLOCK.timestamp,
    difficulty: BigInt(BLOCK.prevRandao),
    prevRandao: bytesOf(BLOCK.prevRandao),
    gasLimit: BLOCK.gasLimit,
    baseFeePerGas: BLOCK.baseFee,
    getBlobGasPrice: () => blobBaseFee(scenario.fork),
  };
  return {
    block: { header } as never,
    gasPrice: GAS_PRICE,
    caller: address(SENDER),
    gasLimit: scenario.gasLimit - intrinsic,
    ...(scenario.to && { to: address(scenario.to) }),
    value: scenario.value,
    data,
  };
}

function blobBaseFee(fork: ForkName): bigint {
  const fraction = BLOB_FRACTION[fork];
  if (!fraction) return 1n;
  let sum = 0n;
  for (let i = 1n, term = fraction; term > 0n; i++) {
    sum += term;
    term = (term * BLOCK.excessBlobGas) / (fraction * i);
  }
  return sum / fraction;
}

/** Refund, fees, self-destructed and empty accounts. */
async function settle(
  evm: EVM,
  state: SimpleStateManager,
  scenario: Scenario,
  result: EVMResult,
  gasSpent: bigint,
  fork: number,
  floor: bigint,
): Promise<Gas> {
  const most = gasSpent / (fork >= LONDON! ? 5n : 2n);
  const refund = result.execResult.gasRefund ?? 0n;
  const afterRefund = gasSpent - (refund < most ? refund : most);
  const gasUsed = afterRefund > floor ? afterRefund : floor;
  const sender = (await state.getAccount(address(SENDER))) ?? new Account();
  sender.balance += (scenario.gasLimit - gasUsed) * GAS_PRICE;
  await evm.journal.putAccount(address(SENDER), sender);
  const coinbase = (await state.getAccount(address(COINBASE))) ?? new Account();
  coinbase.balance += gasUsed * (fork >= LONDON! ? GAS_PRICE - BLOCK.baseFee : GAS_PRICE);
  await evm.journal.putAccount(address(COINBASE), coinbase);
  for (const destroyed of result.execResult.selfdestruct?.keys() ?? []) {
    if (fork >= CANCUN! && !result.execResult.createdAddresses?.has(destroyed)) continue;
    await evm.journal.deleteAccount(address(destroyed));
  }
  await evm.journal.commit();
  await evm.journal.cleanup();
  return { gasUsed, gasRefunded: gasSpent > gasUsed ? gasSpent - gasUsed : 0n };
}

function describe(scenario: Scenario, result: EVMResult, gas: Gas, state: SimpleStateManager): Result {
  const { exceptionError, returnValue, logs } = result.execResult;
  const outcome = !exceptionError ? 'success' : String(exceptionError.error) === 'revert' ? 'revert' : 'failure';
  return {
    outcome,
    output: outcome === 'failure' ? '' : Buffer.from(returnValue).toString('hex'),
    ...gas,
    ...(!scenario.to && outcome === 'success' && { created: String(result.createdAddress) as Hex20 }),
    logs: (logs ?? []).map(([at, topics, data]) => logLine(hex(at), topics.map(hex), data)),
    state: dump(state),
  };
}

function dump(state: SimpleStateManager): Result['state'] {
  const storage = new Map<string, Record<Word, Word>>();
  for (const [key, value] of top(state, 'storageStack')) {
    const [at, slot] = split(key);
    if (value.length > 0 && value.some((byte: number) => byte !== 0)) {
      const slots = storage.get(at) ?? {};
      slots[`0x${slot}`] = `0x${Buffer.from(value).toString('hex').padStart(64, '0')}`;
      storage.set(at, slots);
    }
  }
  const accounts: [string, ResultAccount][] = [];
  for (const [at, account] of top(state, 'accountStack')) {
    if (!account) continue;
    const code = account.isContract() ? Buffer.from(top(state, 'codeStack').get(at) ?? []).toString('hex') : '';
    accounts.push([at, { nonce: account.nonce, balance: account.balance, code, storage: storage.get(at) ?? {} }]);
  }
  return Object.fromEntries(accounts);
}

// biome-ignore lint/suspicious/noExplicitAny: its stacks hold different things and are protected
function top(state: SimpleStateManager, stack: 'accountStack' | 'codeStack' | 'storageStack'): Map<string, any> {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  return ((state as any)[stack] as Map<string, any>[]).at(-1)!;
}

/** A key of the storage map: address and slot, in one string. */
function split(key: string): [address: string, slot: string] {
  const digits = key.replaceAll(/0x|_|:|-/g, '');
  return [`0x${digits.slice(0, 40)}`, digits.slice(40)];
}

function address(hex20: string): Address {
  return createAddressFromString(hex20.startsWith('0x') ? hex20 : `0x${hex20}`);
}

function bytesOf(value: string): Uint8Array {
  return Uint8Array.from(Buffer.from(value.slice(2), 'hex'));
}

function strip(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? new Uint8Array() : bytes.slice(first);
}

function hex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}
