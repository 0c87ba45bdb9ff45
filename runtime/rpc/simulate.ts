import { bigintToBytes, bytesToHex, concat, EMPTY, hexToBytes, ZERO_WORD } from '../bytes.ts';
import { layOver, type Overlay } from '../execution/overlay.ts';
import { bloomOf, mergeBlooms } from '../ledger/bloom.ts';
import type { HashedHeader } from '../ledger/chain.ts';
import type { Core } from '../ledger/core.ts';
import { MAX_TRANSACTION_GAS } from '../ledger/gas.ts';
import { type Header, hashHeader, itemWithWithdrawals } from '../ledger/header.ts';
import { encodeReceipt as packReceipt } from '../ledger/receipt.ts';
import type { Transaction } from '../ledger/transaction.ts';
import type { BlockContext, Executed, Log, Message, Refused, Word } from '../ports/index.ts';
import { encodeRlp, type RlpItem } from '../rlp/index.ts';
import { listRoot } from '../state/list-root.ts';
import { viewOf } from '../state/state.ts';
import * as read from './decode.ts';
import { blockItem, encodeBlock, encodeLog, encodeTransaction, type Json, type JsonObject, quantity } from './encode.ts';
import { invalidParams, RpcError } from './errors.ts';
import { failureOf } from './failure.ts';
import { type BlockOverrides, blockOverrides, differences, type StateOverrides, stateOverrides } from './overrides.ts';
import { CALLS_ONLY, traced } from './tracer.ts';
import { logsWithTransfers } from './transfers.ts';
import { encodeWithdrawal, payment, type Withdrawal, withdrawalItem, withdrawalList, withdrawalsRoot } from './withdrawals.ts';

/** Blocks of one request, those included that fill gaps. */
const MAX_BLOCKS = 256;
const MAX_CALLS = 1000;
/** Gas of all calls together. */
const MAX_GAS = 60_000_000n;
const NOBODY = `0x${'00'.repeat(20)}` as const;

/** Codes of the execution API for `eth_simulateV1`, by the VM's refusal. */
const CODES: Readonly<Record<string, number>> = {
  NonceTooLow: -38010,
  NonceTooHigh: -38011,
  MaxFeeBelowBaseFee: -38012,
  IntrinsicGas: -38013,
  FloorGas: -38013,
  InsufficientFunds: -38014,
  SenderHasCode: -38024,
  InitCodeTooLarge: -38025,
};
const BLOCK_GAS = -38015;
const NUMBER = -38020;
const TIME = -38021;
const LIMIT = -38026;
const VM_ERROR = -32015;

interface BlockCalls {
  readonly block: BlockOverrides;
  readonly state: StateOverrides | undefined;
  readonly calls: readonly read.CallParameter[];
  readonly withdrawals: readonly Withdrawal[];
}

export interface Simulation {
  readonly blocks: readonly BlockCalls[];
  readonly validation: boolean;
  /** Transfers of wei are told as logs. */
  readonly transfers: boolean;
  readonly whole: boolean;
}

const oneBlock: read.Decoder<BlockCalls> = (value, name) => {
  const given = read.record(value, name);
  const { withdrawals, ...block } = read.optional<Record<string, unknown>, Record<string, unknown>>(read.record, {})(
    given['blockOverrides'],
    `${name}.blockOverrides`,
  );
  return {
    block: blockOverrides(block, `${name}.blockOverrides`) ?? {},
    withdrawals: withdrawalList(withdrawals, `${name}.blockOverrides.withdrawals`),
    state: stateOverrides(given['stateOverrides'], `${name}.stateOverrides`),
    calls: read.optional(read.list(read.call, MAX_CALLS), [])(given['calls'], `${name}.calls`),
  };
};

/** The first parameter of `eth_simulateV1`. */
export const simulation: read.Decoder<Simulation> = (value, name) => {
  const given = read.record(value, name);
  const flag = (key: string) => read.optional(read.flag, false)(given[key], `${name}.${key}`);
  const blocks = read.list(oneBlock, MAX_BLOCKS)(given['blockStateCalls'], `${name}.blockStateCalls`);
  if (blocks.length === 0) throw invalidParams(`${name}.blockStateCalls should have at least one block`);
  return { blocks, validation: flag('validation'), transfers: flag('traceTransfers'), whole: flag('returnFullTransactions') };
};

/** `eth_simulateV1`: blocks that could follow, each on what those before it left. Nothing is kept. */
export async function simulateBlocks(core: Core, request: Simulation, base: HashedHeader): Promise<Json> {
  const run = new Run(core, request, base);
  const told: Json[] = [];
  for (const each of request.blocks) {
    for (const gap of run.gapBefore(each)) told.push(run.block(gap));
    told.push(run.block(each));
    if (told.length > MAX_BLOCKS) throw limit(`more than ${MAX_BLOCKS} blocks`);
    await core.pause();
  }
  return told;
}

/** A call with what came of it. */
interface Done {
  readonly transaction: Transaction;
  readonly outcome: Executed;
  /** What the answer tells as logs. */
  readonly logs: readonly Log[];
}

class Run {
  private readonly core: Core;
  private readonly request: Simulation;
  private readonly base: HashedHeader;
  private readonly hashes = new Map<bigint, Word>();
  private readonly overlay: Overlay;
  private parent: HashedHeader;
  private gasLeft = MAX_GAS;

  constructor(core: Core, request: Simulation, base: HashedHeader) {
    this.core = core;
    this.request = request;
    this.base = base;
    this.parent = base;
    const before = core.chain.hashesBefore(base.header.number + 1);
    this.overlay = layOver(viewOf(core.stateAt(base), (number) => this.hashes.get(number) ?? before(number)));
  }

  /** Blocks without calls up to the one with that number. */
  gapBefore({ block: { number } }: BlockCalls): BlockCalls[] {
    const missing = number === undefined ? 0n : number - BigInt(this.parent.header.number) - 1n;
    if (missing > BigInt(MAX_BLOCKS)) throw limit(`more than ${MAX_BLOCKS} blocks`);
    return Array.from({ length: Math.max(0, Number(missing)) }, () => ({
      block: {},
      state: undefined,
      calls: [],
      withdrawals: [],
    }));
  }

  block({ block, state, calls, withdrawals }: BlockCalls): JsonObject {
    const context = this.contextOf(block);
    if (state) this.overlay.absorb(differences(this.overlay.view, state, this.core.vm.keccak256));
    const done: Done[] = [];
    let gasUsed = 0n;
    for (const call of calls) {
      const one = this.call(context, call, context.gasLimit - gasUsed);
      gasUsed += one.outcome.gasUsed;
      done.push(one);
    }
    for (const each of withdrawals) this.overlay.absorb(payment(each, this.overlay.view));
    const hashed = this.seal(context, done, gasUsed, withdrawals);
    this.hashes.set(context.number, hashed.hash);
    this.parent = hashed;
    return this.told(hashed, done, withdrawals);
  }

  private contextOf(given: BlockOverrides): BlockContext {
    const { header } = this.parent;
    const number = given.number ?? BigInt(header.number + 1);
    const timestamp = given.timestamp ?? BigInt(header.timestamp + 1);
    if (number <= BigInt(header.number)) throw refusal(NUMBER, `block numbers must be in order: ${number} <= ${header.number}`);
    if (timestamp < BigInt(header.timestamp))
      throw refusal(TIME, `block timestamps must be in order: ${timestamp} < ${header.timestamp}`);
    if (number >= 2n ** 48n || timestamp >= 2n ** 48n) throw invalidParams('number and time should be less than 2^48');
    return {
      gasLimit: header.gasLimit,
      coinbase: header.coinbase,
      baseFee: this.request.validation ? this.base.header.baseFee : 0n,
      prevRandao: ZERO_WORD,
      excessBlobGas: 0n,
      chainId: this.core.chainId,
      ...given,
      number,
      timestamp,
    };
  }

  private call(context: BlockContext, call: read.CallParameter, room: bigint): Done {
    const message = this.messageOf(call, room);
    if (message.gasLimit > room)
      throw refusal(BLOCK_GAS, `block gas limit reached: ${room} left, the call asks for ${message.gasLimit}`);
    if (this.gasLeft <= 0n) throw limit(`all calls together use more than ${MAX_GAS} gas`);
    const { vm } = this.core;
    const { outcome, logs } = this.execute(context, message);
    if (outcome.kind === 'refused') {
      const { code, message: sentence } = failureOf(outcome);
      throw refusal(CODES[outcome.reason] ?? code, sentence);
    }
    this.gasLeft -= outcome.gasUsed;
    this.overlay.absorb(outcome.diff);
    return { transaction: unsigned(message, context.chainId, vm.keccak256), outcome, logs };
  }

  private execute(context: BlockContext, message: Message): { outcome: Executed | Refused; logs: readonly Log[] } {
    const { vm } = this.core;
    const simulate = !this.request.validation;
    if (!this.request.transfers) {
      const outcome = vm.execute(context, message, this.overlay.view, { simulate });
      return { outcome, logs: outcome.kind === 'executed' ? logsOf(outcome) : [] };
    }
    const { outcome, recording } = traced(vm, context, message, this.overlay.view, { ...CALLS_ONLY, simulate });
    return { outcome, logs: logsWithTransfers(recording) };
  }

  private messageOf(call: read.CallParameter, room: bigint): Message {
    const { to, sender = NOBODY, ...rest } = call;
    const most = [room, this.gasLeft, MAX_TRANSACTION_GAS].reduce((a, b) => (a < b ? a : b));
    return {
      type: rest.authorizations ? 4 : 2,
      sender,
      ...(to && { to }),
      nonce: this.overlay.view.account(sender)?.nonce ?? 0n,
      value: 0n,
      data: EMPTY,
      maxFeePerGas: 0n,
      maxPriorityFeePerGas: 0n,
      gasLimit: most < 0n ? 0n : most,
      ...rest,
    };
  }

  private seal(context: BlockContext, done: readonly Done[], gasUsed: bigint, withdrawals: readonly Withdrawal[]): HashedHeader {
    const { keccak256 } = this.core.vm;
    const logsBloom = mergeBlooms(done.map(({ outcome }) => bloomOf(logsOf(outcome), keccak256)));
    const root = (values: readonly Uint8Array[]) => listRoot(values, keccak256);
    const header: Header = {
      parentHash: this.parent.hash,
      coinbase: context.coinbase,
      stateRoot: this.core.stateAt(this.base).apply(this.overlay.diff()).state.root,
      transactionsRoot: root(done.map(({ transaction }) => transaction.raw)),
      receiptsRoot: root(receiptsOf(done, keccak256)),
      logsBloom,
      number: Number(context.number),
      gasLimit: context.gasLimit,
      gasUsed,
      timestamp: Number(context.timestamp),
      extraData: EMPTY,
      mixHash: context.prevRandao,
      baseFee: context.baseFee,
    };
    if (withdrawals.length === 0) return { header, hash: hashHeader(header, keccak256) };
    const item = itemWithWithdrawals(header, withdrawalsRoot(withdrawals, keccak256));
    return { header, hash: bytesToHex(keccak256(encodeRlp(item))) };
  }

  private told(block: HashedHeader, done: readonly Done[], withdrawals: readonly Withdrawal[]): JsonObject {
    const raws = done.map(({ transaction }) => transaction.raw);
    const shown = done.map(({ transaction, outcome }, index) =>
      this.request.whole ? encodeTransaction(transaction, { block, index }, outcome.gasPrice) : transaction.hash,
    );
    let firstLog = 0;
    const calls = done.map(({ transaction, outcome, logs: told }, index) => {
      const logs = told.map((log, i) => encodeLog(log, transaction.hash, { block, index }, firstLog + i));
      firstLog += logs.length;
      return resultOf(outcome, logs);
    });
    if (withdrawals.length === 0) return { ...encodeBlock(block, raws, shown), calls };
    const root = withdrawalsRoot(withdrawals, this.core.vm.keccak256);
    const [, body, ommers] = blockItem(block.header, raws) as readonly RlpItem[];
    const item = [itemWithWithdrawals(block.header, root), body!, ommers!, withdrawals.map(withdrawalItem)];
    const paid = { withdrawals: withdrawals.map(encodeWithdrawal), withdrawalsRoot: root };
    return { ...encodeBlock(block, raws, shown, item), ...paid, calls };
  }
}

function resultOf(outcome: Executed, logs: readonly Json[]): JsonObject {
  const { output, gasUsed, gasRefunded, succeeded, status } = outcome;
  const result = {
    status: succeeded ? '0x1' : '0x0',
    returnData: bytesToHex(output),
    gasUsed: quantity(gasUsed),
    maxUsedGas: quantity(gasUsed + gasRefunded),
    logs,
  };
  if (succeeded) return result;
  const { code, message, data } = failureOf(outcome);
  const error =
    status === 'Revert' ? { code, message, data: data as Json } : { code: VM_ERROR, message: `vm execution error: ${message}` };
  return { ...result, error };
}

function logsOf({ succeeded, logs }: Executed): Executed['logs'] {
  return succeeded ? logs : [];
}

function receiptsOf(done: readonly Done[], keccak256: Core['vm']['keccak256']): Uint8Array[] {
  let cumulativeGasUsed = 0n;
  return done.map(({ transaction, outcome }) => {
    cumulativeGasUsed += outcome.gasUsed;
    const logs = logsOf(outcome);
    const { succeeded, gasUsed, gasPrice } = outcome;
    const own = { type: transaction.type, succeeded, cumulativeGasUsed, logs, logsBloom: bloomOf(logs, keccak256) };
    return packReceipt({ ...own, gasUsed, gasPrice, sender: transaction.sender });
  });
}

/** A call as the transaction that nobody signed: its signature is zero, and its hash goes over that. */
function unsigned(message: Message, chainId: bigint, keccak256: Core['vm']['keccak256']): Transaction {
  const { nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit, to, value, data, accessList = [], authorizations = [] } = message;
  const numbers = [chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit].map((each) => bigintToBytes(each));
  const list = accessList.map(({ address, slots }) => [hexToBytes(address), slots.map(hexToBytes)]);
  const signed = authorizations.map((each) => [
    bigintToBytes(each.chainId),
    hexToBytes(each.address),
    ...[each.nonce, each.yParity, each.r, each.s].map((number) => bigintToBytes(number)),
  ]);
  const body = [
    ...numbers,
    to ? hexToBytes(to) : EMPTY,
    bigintToBytes(value),
    data,
    list,
    ...(message.type === 4 ? [signed] : []),
  ];
  const raw = concat(Uint8Array.of(message.type), encodeRlp([...body, EMPTY, EMPTY, EMPTY]));
  return { ...message, accessList, chainId, raw, hash: bytesToHex(keccak256(raw)), v: 0n, yParity: 0, r: 0n, s: 0n };
}

function refusal(code: number, message: string): RpcError {
  return new RpcError(code, message);
}

function limit(what: string): RpcError {
  return refusal(LIMIT, `${what}; simulate less at once`);
}
